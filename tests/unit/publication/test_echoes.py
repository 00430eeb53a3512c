# SPDX-License-Identifier: Apache-2.0
"""No encoding of a sensor's address leaves in a text (P1; seed caution O-05); ordinary targets stay as they are."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from teiten.model import SensorEntry
from teiten.publication.echoes import MASK, Redactor, own_networks, redactor
from teiten.publication.encodings import LONGEST
from tests.unit.publication.disguises import AROUND, IPV4, IPV6

SENSORS = ["61.126.109.106", "198.51.100.23", "9.20.3.4", "97.98.99.100", "255.1.255.255"]
SENSORS6 = ["2001:db8:ab1::5", "2400:1234:5:6:7:8:9:a", "2001:db8::1"]
addresses = some.builds(ipaddress.IPv4Address, some.integers(0x01000000, 0xDFFFFFFF))


@pytest.mark.parametrize("around", AROUND)
@pytest.mark.parametrize("name", IPV4)
def test_every_way_to_write_an_ipv4_address_is_found(name: str, around: tuple[bytes, bytes]) -> None:
    for text in SENSORS:
        hidden = Redactor([text])
        value = around[0] + IPV4[name](ipaddress.IPv4Address(text)) + around[1]
        masked = hidden.mask(value)
        assert MASK in masked, (text, value)
        assert not hidden.betrays(masked), masked


@pytest.mark.parametrize("name", IPV6)
def test_every_way_to_write_an_ipv6_address_is_found(name: str) -> None:
    for text in SENSORS6:
        for before, after in AROUND:
            hidden = Redactor([text])
            value = before + IPV6[name](ipaddress.IPv6Address(text)) + after
            assert MASK in hidden.mask(value), (text, value)


@settings(max_examples=150, deadline=None)
@given(addresses, some.sampled_from(sorted(IPV4)), some.sampled_from(AROUND), some.integers(0, 255))
def test_any_address_of_the_network_in_any_disguise(sensor: ipaddress.IPv4Address, name: str, around: tuple[bytes, bytes], host: int) -> None:
    """The /24 is as secret as the address in it."""
    neighbour = ipaddress.IPv4Address(sensor.packed[:3] + bytes([host]))
    hidden = Redactor([str(sensor)])
    masked = hidden.mask(around[0] + IPV4[name](neighbour) + around[1])
    assert MASK in masked
    assert not hidden.betrays(masked)


@settings(max_examples=60, deadline=None)
@given(addresses, some.sampled_from(sorted(IPV4)), some.sampled_from(["percent", "base64", "hex", "entities"]))
def test_a_disguise_over_a_disguise(sensor: ipaddress.IPv4Address, name: str, over: str) -> None:
    import base64

    inner = IPV4[name](sensor)
    outer = {
        "percent": lambda: b"".join(b"%%%02x" % byte for byte in inner),
        "base64": lambda: base64.b64encode(inner),
        "hex": lambda: inner.hex().encode(),
        "entities": lambda: b"".join(b"&#%d;" % byte for byte in inner) if inner.isascii() else inner,
    }[over]()
    assert MASK in Redactor([str(sensor)]).mask(outer)


@settings(max_examples=200, deadline=None)
@given(some.binary(max_size=200))
def test_never_raises_and_a_second_pass_changes_nothing(value: bytes) -> None:
    hidden = Redactor([*SENSORS, *SENSORS6, "sensor7.example", "00:11:22:aa:bb:cc"])
    masked = hidden.mask(value)
    assert hidden.mask(masked) == masked
    assert not hidden.betrays(masked)


@pytest.mark.parametrize(
    "value",
    [b"GET http://SENSOR7.example/", b"EHLO sensor7%2eexample", b"c2Vuc29yNy5leGFtcGxl", b"00-11-22-AA-BB-CC", b"001122aabbcc", b"0011.22aa.bbcc"],
)
def test_host_names_and_macs(value: bytes) -> None:
    assert MASK in Redactor(["sensor7.example", "00:11:22:aa:bb:cc"]).mask(value)


def test_only_the_word_is_masked_when_the_rest_is_clean() -> None:
    assert Redactor(["61.126.109.106"]).mask(b"relay test via 61.126.109.106 done") == b"relay test via [masked] done"


def test_ordinary_targets_stay() -> None:
    """What the demo world and the dictionaries ask for is not mistaken for an address."""
    hidden = Redactor([*SENSORS, *SENSORS6, "sensor7.example"])
    listed = (Path(__file__).parents[3] / "src/teiten/publication/known_targets.txt").read_text(encoding="utf-8").splitlines()
    targets = [line.partition(" ")[2].encode() for line in listed if line and not line.startswith("#")]
    assert len(targets) > 200
    assert [target for target in targets if hidden.mask(target) != target] == []


def test_without_secrets_nothing_is_masked() -> None:
    assert Redactor([]).mask(b"61.126.109.106") == b"61.126.109.106"
    assert Redactor([" "]).betrays(b"x") is False


def test_a_value_with_room_for_anything_is_masked_whole() -> None:
    assert Redactor(["61.126.109.106"]).mask(b"a" * (LONGEST + 1)) == MASK


def test_secrets_come_from_the_registry_and_the_settings() -> None:
    hidden = redactor([SensorEntry("one", "g", addresses=("61.126.109.106",))], ["203.0.113.0/24"])
    assert hidden.mask(b"61.126.109.7 203.0.113.9 192.0.2.1") == b"[masked] [masked] 192.0.2.1"


def test_a_network_too_large_to_hide_is_refused() -> None:
    with pytest.raises(ValueError, match="too large"):
        Redactor(["10.0.0.0/8"])


def test_loopback_is_no_secret() -> None:
    assert own_networks([bytes([127, 0, 0, 1]), bytes([61, 126, 109, 106]), bytes(15) + b"\1"]) == ["61.126.109.106"]
