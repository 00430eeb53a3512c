# SPDX-License-Identifier: Apache-2.0
"""Regions of registration: known addresses, IPv6, mapped addresses, and everything that has no region."""

from __future__ import annotations

from datetime import date

import pytest

from teiten.addresses import pack
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
