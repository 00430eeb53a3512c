# SPDX-License-Identifier: Apache-2.0
"""Regions of registration: known addresses, IPv6, mapped addresses, and everything that has no region."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pytest

from teiten.addresses import pack
from teiten.enrichers import region
from teiten.enrichers.region import data_name, data_on, regions


def test_registered_addresses_have_their_region() -> None:
    """M-24, R-19: sources are told apart by the region where they are registered."""
    assert regions([pack("8.8.8.8"), pack("2001:200::1"), bytes(10) + b"\xff\xff" + pack("8.8.8.8")]) == ["US", "JP", "US"]


RESERVED = ("10.0.0.1", "127.0.0.1", "192.168.1.1", "100.64.0.1", "224.0.0.1", "203.0.113.5", "::1", "fe80::1", "2001:db8::1")


@pytest.mark.parametrize("address", RESERVED)
def test_reserved_addresses_are_unknown(address: str) -> None:
    assert regions([pack(address)]) == [""]


def test_no_addresses_no_regions() -> None:
    assert regions([]) == []


def test_wrong_length_is_refused() -> None:
    with pytest.raises(ValueError, match="address"):
        regions([b"12345"])


def test_the_date_of_the_data_is_known() -> None:
    found = data_on()
    assert isinstance(found, date)
    assert found >= date(2026, 1, 1)
    assert data_name().startswith("iptocc ")


def test_each_address_is_looked_up_once_and_a_given_region_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []

    def look_up(sources: Sequence[bytes]) -> list[str]:
        asked.extend(sources)
        return [f"R{source[-1]}" for source in sources]

    monkeypatch.setattr(region, "regions", look_up)
    sources = np.array([bytes([192, 0, 2, n]) for n in (1, 1, 2)], dtype=object)
    found = region.with_regions({"observed_at": np.zeros(3, np.int64), "source": sources})
    assert found["region"].tolist() == ["R1", "R1", "R2"]
    assert len(asked) == 2
    assert region.with_regions(found) is found
    assert region.with_regions({}) == {}
