# SPDX-License-Identifier: Apache-2.0
"""Secret networks of one address family, packed. Wide ones are compared by their leading bits, never enumerated: their size costs nothing."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from copy import copy
from typing import Final

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LISTED: Final = 4  # bits above the unit up to which a network is the list of its units, which is quicker to find in a text
# Of everybody: an echo tells nobody where a sensor is, and probes name the first addresses of home networks all the time.
_EVERYBODYS: Final = [ipaddress.ip_network(net) for net in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")]


class Prefixes:
    """`units`: bytes of the /24s (/48s) that a network covers or lies in; a single address that is everybody's is whole.

    `part in prefixes` is for a part as long as a unit, or a whole address. `wide`: leading bits and how many, of networks that aren't listed.
    """

    def __init__(self, version: int, networks: Iterable[Network]) -> None:
        self.unit: Final = 3 if version == 4 else 6  # bytes
        units: set[bytes] = set()
        wide: dict[int, set[int]] = {}
        for network in networks:
            if network.version != version:
                continue
            above = self.unit * 8 - network.prefixlen
            packed = network.network_address.packed
            if network.prefixlen == network.max_prefixlen and _everybodys(network):
                units.add(packed)
            elif above <= _LISTED:
                first = int.from_bytes(packed[: self.unit])
                units.update((first + n).to_bytes(self.unit) for n in range(1 << max(above, 0)))
            else:
                wide.setdefault(above, set()).add(int.from_bytes(packed[: self.unit]) >> above)
        self.units = frozenset(units)
        self.wide: tuple[tuple[int, frozenset[int]], ...] = tuple((above, frozenset(values)) for above, values in sorted(wide.items()))

    def __bool__(self) -> bool:
        return bool(self.units or self.wide)

    def __contains__(self, part: bytes) -> bool:
        return part in self.units or (len(part) == self.unit and self.covers(part))

    def covers(self, unit: bytes) -> bool:
        """Whether a wide network holds the unit, given in its `unit` bytes."""
        number = int.from_bytes(unit)
        return any(number >> above in values for above, values in self.wide)

    def listed(self) -> Prefixes:
        """Without the wide ones."""
        narrow = copy(self)
        narrow.wide = ()
        return narrow

    def begin(self, address: bytes) -> bool:
        """Whether a whole address is one of these, or in one of them."""
        return address[: self.unit] in self or address in self.units


def _everybodys(network: Network) -> bool:
    return any(network.version == one.version and network.subnet_of(one) for one in _EVERYBODYS)  # type: ignore[arg-type]
