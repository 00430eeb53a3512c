# SPDX-License-Identifier: Apache-2.0
"""Source addresses that are registered where the world says they are. The blocks are in regions.csv, made by tests/worlds/make_regions.py.

The mixes follow what Japanese observers published for 2007 (police, October 2007: CN 24.4, JP 22.5, US 10.4, TW 6.5, KR 5.4 % of sources).
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Final

import numpy as np
from numpy.typing import NDArray

from teiten.worlds.dice import Dice, Integers

_REST: Final[dict[str, float]] = {
    "HK": 2.4,
    "BR": 2.3,
    "DE": 2.4,
    "FR": 2.0,
    "GB": 1.9,
    "RU": 1.9,
    "CA": 1.7,
    "IT": 1.7,
    "IN": 1.6,
    "ES": 1.4,
    "PL": 1.4,
    "TH": 1.2,
    "NL": 1.1,
    "TR": 1.0,
    "RO": 1.0,
    "AU": 1.0,
    "MY": 0.9,
    "MX": 0.8,
    "AR": 0.8,
    "VN": 0.7,
    "ID": 0.7,
    "PH": 0.7,
    "SG": 0.6,
    "SE": 0.6,
    "IL": 0.6,
    "UA": 0.6,
    "CZ": 0.5,
    "HU": 0.4,
    "CL": 0.4,
    "PT": 0.4,
    "NZ": 0.3,
    "ZA": 0.3,
}
MIXES: Final[dict[str, dict[str, float]]] = {
    "usual": {"CN": 24.0, "JP": 19.0, "US": 11.0, "TW": 7.0, "KR": 6.0, **_REST},
    # worms of the Windows ports scan near themselves, so that many neighbours are seen
    "near": {"CN": 19.0, "JP": 31.0, "US": 7.0, "TW": 7.0, "KR": 4.5, **_REST},
    "popup": {"CN": 58.0, "US": 22.0, "CA": 6.0, "KR": 3.0, "HK": 3.0, "TW": 2.0, "JP": 2.0, "GB": 2.0, "DE": 2.0},
    "database": {"CN": 47.0, "US": 12.0, "KR": 7.0, "TW": 5.0, "JP": 4.0, **_REST},
    "surge": {"CN": 30.0, "US": 19.0, "KR": 12.0, "TW": 9.0, "JP": 6.0, **_REST},
}


@cache
def blocks() -> dict[str, NDArray[np.int64]]:
    """Region -> the first address of each of its /24s, as integers."""
    found: dict[str, list[int]] = {}
    for line in (files("teiten.worlds") / "regions.csv").read_text(encoding="ascii").splitlines()[1:]:
        region, block = line.split(",")
        first, second = block.split(".")[:2]
        found.setdefault(region, []).extend((int(first) << 24) + (int(second) << 16) + (third << 8) for third in range(256))
    return {region: np.array(networks, dtype=np.int64) for region, networks in found.items()}


def draw_addresses(dice: Dice, mix_of: NDArray[np.int64], mixes: tuple[str, ...], apart: bool = False) -> NDArray[np.uint32]:
    """One IPv4 address for each entry of `mix_of` (an index into `mixes`), no two alike; with `apart` no two in one /24."""
    regions, chosen = _draw_regions(dice, mix_of, mixes)
    drawn = np.zeros(len(mix_of), dtype=np.int64)
    open_places = np.arange(len(mix_of))
    while len(open_places):
        drawn[open_places] = _draw_hosts(dice, regions, chosen[open_places])
        seen = drawn >> 8 if apart else drawn
        first = np.zeros(len(drawn), dtype=np.bool_)
        first[np.unique(seen, return_index=True)[1]] = True
        open_places = np.flatnonzero(~first)
    return drawn.astype(np.uint32)


def _draw_regions(dice: Dice, mix_of: NDArray[np.int64], mixes: tuple[str, ...]) -> tuple[list[str], Integers]:
    regions = sorted(set().union(*(MIXES[mix] for mix in mixes)))
    luck = dice.uniform(len(mix_of))
    chosen = np.zeros(len(mix_of), dtype=np.int64)
    for number, mix in enumerate(mixes):
        edges = np.cumsum([MIXES[mix].get(region, 0.0) for region in regions])
        mine = mix_of == number
        chosen[mine] = np.minimum(np.searchsorted(edges, luck[mine] * edges[-1], side="right"), len(regions) - 1)
    return regions, chosen


def _draw_hosts(dice: Dice, regions: list[str], chosen: Integers) -> Integers:
    """Networks are used unevenly (density falls from 1.5 to 0.75 over a region's list), hosts .1 to .254 evenly."""
    sizes = np.array([len(blocks()[region]) for region in regions])
    offsets = np.cumsum(sizes) - sizes
    every = np.concatenate([blocks()[region] for region in regions])
    luck = dice.uniform(len(chosen))
    place = (sizes[chosen] * luck * (0.67 + 0.33 * luck)).astype(np.int64)
    hosts: Integers = every[offsets[chosen] + place] + 1 + dice.below(254, len(chosen))
    return hosts
