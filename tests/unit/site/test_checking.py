# SPDX-License-Identifier: Apache-2.0
"""What a site owner pastes becomes targets as they are counted; limits on how much is asked (M-17 … M-19)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from teiten.site.checking import MOST_ENTRIES, entries, entry
from teiten.site.throttling import MOST_CALLERS, Throttle


@pytest.mark.parametrize(
    ("typed", "targets"),
    [
        ("22", [("packet", b"22/tcp"), ("packet", b"22/udp")]),
        ("0445/TCP", [("packet", b"445/tcp")]),
        ("ping", [("packet", b"ping/icmp")]),
        ("/a?b", [("web", b"GET /a?b"), ("web", b"POST /a?b"), ("web", b"HEAD /a?b")]),
        ("https://shop.example:8443/a?b#c", [("web", b"GET /a?b"), ("web", b"POST /a?b"), ("web", b"HEAD /a?b")]),
        ("PUT /x", [("web", b"PUT /x")]),
        ("admin", [("ssh", b"admin"), ("mail", b"admin")]),
        ("99999", [("ssh", b"99999"), ("mail", b"99999")]),
        ("caf\\xff", [("ssh", b"caf\xff"), ("mail", b"caf\xff")]),
        ("http://[", [("ssh", b"http://["), ("mail", b"http://[")]),
    ],
)
def test_one_entry(typed: str, targets: list[tuple[str, bytes]]) -> None:
    assert list(entry(typed).targets) == targets


def test_addresses_are_no_targets() -> None:
    assert entry("192.0.2.1").address
    assert entry("2001:db8::1").address


def test_lines_commas_and_limits() -> None:
    assert [one.typed for one in entries("22, 80\n22\n\n /a,b \nRe: hello, you")] == ["22", "80", "/a,b", "Re: hello, you"]
    assert len(entries("\n".join(str(number) for number in range(500)))) == MOST_ENTRIES


@given(some.text(max_size=300))
def test_never_raises(text: str) -> None:
    assert all(one.typed for one in entries(text))


def test_throttle_gives_back_with_time_and_stays_small() -> None:
    now = [0.0]
    throttle = Throttle(per_second=1, burst=2, together=1000, now=lambda: now[0])
    assert [throttle.allows("a") for _ in range(3)] == [True, True, False]
    assert throttle.allows("b")
    now[0] = 1.0
    assert [throttle.allows("a") for _ in range(2)] == [True, False]
    for number in range(MOST_CALLERS + 10):
        throttle.allows(str(number))
    assert len(throttle._callers) == MOST_CALLERS


def test_all_callers_together_have_a_limit() -> None:
    throttle = Throttle(per_second=0, burst=2, together=2, now=lambda: 0.0)
    assert [throttle.allows(str(number)) for number in range(5)] == [True, True, True, True, False]
