# SPDX-License-Identifier: Apache-2.0
"""Maintainer's script: prints src/teiten/worlds/regions.csv anew from the registries' data in the package iptocc.

A block is taken when every one of its /24s is registered in the same region. Only blocks that were in use in 2007 are looked at.
Run: python tests/worlds/make_regions.py > src/teiten/worlds/regions.csv
"""

from __future__ import annotations

from collections import defaultdict

import iptocc

# First octets that the registries had handed out to networks before 2007.
OCTETS = (
    *(24, 41, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 74, 76, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 121, 122, 124, 125),
    *(189, 190, 195, 200, 201, 202, 203, 210, 211, 212, 213, 217, 218, 219, 220, 221, 222),
)
# region -> how many /16s at most: the regions with many sources in 2007 get more room.
MANY = {"CN": 96, "JP": 96, "US": 64, "TW": 40, "KR": 40}
SOME = ("HK", "DE", "FR", "GB", "CA", "RU", "BR", "IT", "ES", "PL", "NL", "IN", "TH", "AU", "RO", "TR", "MY", "VN", "MX", "AR", "SE")
FEW = ("ID", "PH", "SG", "IL", "UA", "CZ", "HU", "CL", "NZ", "PT", "ZA")
WANTED = MANY | dict.fromkeys(SOME, 8) | dict.fromkeys(FEW, 4)


def region_of_block(octet: int, second: int) -> str | None:
    """The one region of the /16, or None when its /24s differ."""
    regions = set(iptocc.country_code([f"{octet}.{second}.{third}.1" for third in range(256)]))
    return regions.pop() if len(regions) == 1 else None


def main() -> None:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for octet in OCTETS:
        for second in range(256):
            region = region_of_block(octet, second)
            if region in WANTED:
                found[region].append(f"{octet}.{second}.0.0/16")
    print("region,block")
    for region, room in WANTED.items():
        blocks = found[region]
        step = max(1, len(blocks) // room)
        for block in blocks[::step][:room]:
            print(f"{region},{block}")


if __name__ == "__main__":
    main()
