# SPDX-License-Identifier: Apache-2.0
"""No encoding of a sensor's address leaves in a text (P1; seed caution O-05); ordinary targets stay as they are."""

from __future__ import annotations

import ipaddress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from teiten.model import SensorEntry
from teiten.publication.echoes import MASK, Redactor, redactor
from teiten.publication.encodings import LONGEST
from teiten.publication.vocabulary import known
from tests.unit.publication.disguises import AROUND, IPV4, IPV6, SEPARATED, WRAPS

SENSORS = ["61.126.109.106", "198.51.100.23", "9.20.3.4", "97.98.99.100", "255.1.255.255"]
SENSORS6 = ["2001:db8:ab1::5", "2400:1234:5:6:7:8:9:a", "2001:db8::1"]
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
addresses = some.builds(ipaddress.IPv4Address, some.integers(0x01000000, 0xDFFFFFFF)).filter(
    lambda a: a.is_global and a.packed[1] > 0 < a.packed[2]
)  # "1.0" is 1.0.0.0 too


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


@settings(max_examples=150, deadline=None)
@given(addresses, some.sampled_from(sorted(IPV4)), some.lists(some.sampled_from(sorted(WRAPS)), min_size=1, max_size=3))
def test_disguises_over_disguises(sensor: ipaddress.IPv4Address, name: str, over: list[str]) -> None:
    """P1, B11: any way to write the address, inside up to three encodings in any order."""
    value = IPV4[name](sensor)
    for wrap in over:
        value = WRAPS[wrap](value)
    assert len(value) > LONGEST or Redactor([str(sensor)]).betrays(value), value


@pytest.mark.parametrize("between", SEPARATED)
def test_what_stands_between_the_numbers_does_not_count(between: str) -> None:
    """P1: no list of separators can be complete."""
    for written in (["61", "126", "109", "106"], ["106", "109", "126", "61"], ["0x3d", "0x7e", "0x6d", "0x6a"], ["3d", "7e", "6d", "6a"]):
        assert Redactor(["61.126.109.106"]).betrays(b"GET /" + between.join(written).encode()), written
    assert Redactor(["2001:db8:ab1::5"]).betrays(between.join(["2001", "0db8", "0ab1"]).encode())
    assert Redactor(["sensor7.example"]).betrays(("sensor7" + between.replace("dot", "") + "example").encode()) or between in ("x", "<b>.</b>")


def test_an_address_behind_many_readings_is_still_masked() -> None:
    """P1: whoever floods the reader with encodings to hide one has hidden nothing."""
    noise = b" ".join(b"QUJD%04dQUJD" % n for n in range(250))
    assert Redactor(["61.126.109.106"]).betrays(noise + b" NjEuMTI2LjEwOS4xMDY=")


@pytest.mark.parametrize("word", ["10qxhy2", "4HZP9B", "17z1CY"])
def test_short_words_are_numbers_too(word: str) -> None:
    """P1: bases 36 and 62, as link shorteners write numbers."""
    number = int(word, 36) if word.islower() else sum(BASE62.index(c) * 62**n for n, c in enumerate(reversed(word)))
    assert Redactor([str(ipaddress.IPv4Address(number))]).betrays(b"GET /" + word.encode())


def test_an_address_of_everybody_is_secret_alone(tmp_path: Path) -> None:
    """P1: the sensor's own private address is masked, not the home router's that every probe names."""
    hidden = Redactor(["192.168.1.57", "fc00::57"])
    assert hidden.mask(b"GET http://192.168.1.1/ 192.168.1.57") == b"GET http://192.168.1.1/ [masked]"
    assert not hidden.betrays(b"fc00::1")
    assert hidden.betrays(b"wKgBOQ==")
    assert Redactor(["192.168.1.0/24"]).betrays(b"192.168.1.1")


WIDE = [
    ("10.0.0.0/8", "10.126.109.106"),
    ("44.128.0.0/9", "44.200.3.4"),
    ("2001:db8::/32", "2001:db8:ab1::5"),
    ("2400::/11", "2401:1234:5:6:7:8:9:a"),
]


@pytest.mark.parametrize(("network", "inside"), WIDE)
def test_a_network_of_any_width_is_hidden_by_comparing(network: str, inside: str) -> None:
    """P1: what a telescope observes may be a /8; every address in it is secret in every writing, and no list of its parts is made."""
    hidden = Redactor([network])
    address = ipaddress.ip_address(inside)
    ways: list[bytes] = [way(address) for way in (IPV4 if address.version == 4 else IPV6).values()]  # type: ignore[operator]
    assert [way for way in ways if MASK not in hidden.mask(b"GET /" + way)] == []
    assert not any(hidden.betrays(other) for other in (b"8.8.8.8", b"445/tcp"))
    assert Redactor(["0.0.0.0/0", "::/0"]).betrays(b"192.0.2.7")


def test_what_is_our_own_is_not_lost_beside_a_wide_network() -> None:
    """P1: words lie in a /8 by chance; those of the curated list stay."""
    hidden = Redactor(["10.0.0.0/8", "61.126.109.106"])
    assert [target for _, target in sorted(known()) if hidden.spells(target)] == []
    assert hidden.spells(b"61.126.109.7")


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
