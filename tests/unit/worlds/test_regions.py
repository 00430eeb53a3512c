# SPDX-License-Identifier: Apache-2.0
"""Addresses of worlds are registered where the world says, judged by the registries' data in the package iptocc."""

from __future__ import annotations

import iptocc
import numpy as np

from teiten.addresses import unpack
from teiten.worlds.dice import Dice
from teiten.worlds.regions import MIXES, blocks, draw_addresses


def text(addresses: np.ndarray) -> list[str]:
    return [unpack(int(address).to_bytes(4, "big")) for address in addresses]


def test_every_network_of_the_table_is_in_its_region() -> None:
    for region, networks in blocks().items():
        assert set(iptocc.country_code(text(networks + 1))) == {region}


def test_every_mix_has_addresses() -> None:
    assert set().union(*MIXES.values()) <= set(blocks())


def test_no_two_addresses_alike_and_shares_as_asked() -> None:
    mix_of = np.repeat([0, 1], [20_000, 10_000])
    addresses = draw_addresses(Dice(3, "test"), mix_of, ("usual", "popup"))
    assert len(np.unique(addresses)) == len(addresses)
    assert not set(np.unique(addresses & 255)) & {0, 255}
    for mix, part in (("usual", addresses[:20_000]), ("popup", addresses[20_000:])):
        regions = np.array(iptocc.country_code(text(part)))
        for region in ("CN", "JP", "US"):
            assert abs(np.mean(regions == region) - MIXES[mix][region] / sum(MIXES[mix].values())) < 0.02


def test_apart_means_one_for_each_network() -> None:
    addresses = draw_addresses(Dice(3, "test"), np.zeros(5_000, dtype=np.int64), ("near",), apart=True)
    assert len(np.unique(addresses >> 8)) == 5_000
