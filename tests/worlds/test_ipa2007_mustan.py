# SPDX-License-Identifier: Apache-2.0
"""World ipa2007, group mustan, recounted: the four Top 5 tables with ranks and marks (N-07, N-08, N-09, N-11, A-02, M-12)."""

from __future__ import annotations

from collections import defaultdict
from datetime import date

import numpy as np
import pytest

from teiten.detectors.trend import Arrow, DailySpread, standing_mark, trend_mark
from teiten.worlds.interface import WorldBatch
from teiten.worlds.ipa2007 import Ipa2007
from tests.worlds.conftest import Counted, count, ordinal

WINDOW = (date(2007, 8, 16), date(2007, 8, 27))
FIRST = date(2007, 7, 1)
PORTS = [(1, "→", 1659, b"135/tcp"), (2, "→", 469, b"445/tcp"), (3, "→", 379, b"139/tcp"), (4, "→", 271, b"1433/tcp"), (5, "↑", 263, b"5900/tcp")]
ACCOUNTS = [(1, "→", 157, b"test"), (2, "→", 143, b"admin"), (3, "→", 135, b"guest"), (4, "→", 127, b"user"), (5, "→", 112, b"oracle")]
URLS = [
    *[(1, "→", 308, b"GET /"), (2, "→", 2, b"POST http://69.61.54.154:80/post.php")],
    *[(3, "↓", 1, b"GET /asa./"), (3, "↓", 1, b"GET /env.cgi"), (3, "↓", 1, b"HEAD /")],
]
MAIL_COUNTS = [20, 5, 3, 1]


def networks_by_day(part: Counted, channel: str, target: bytes) -> list[int]:
    """Distinct /24s of each day from 07-01 to 08-26."""
    mine = part.target == part.targets.index((channel, target))
    days = part.day[mine] - ordinal(FIRST)
    pairs = np.unique(days << 24 | part.source[mine] >> 8)
    return np.bincount(pairs >> 24, minlength=57).tolist()


def mark_of(part: Counted, channel: str, target: bytes) -> Arrow:
    """The mark on 08-27, reached by looking every day since 07-10, so that what was shown the day before is known."""
    return standing_mark(DailySpread(tuple(networks_by_day(part, channel, target)), (8.0,) * 57)).arrow


def table(part: Counted, everything: Counted, channel: str, top: int = 5) -> list[tuple[int, str, int, bytes]]:
    counts = part.accesses_by_target(channel)
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:top]
    return [(1 + sum(other > number for other in counts.values()), mark_of(everything, channel, name), number, name) for name, number in ranked]


def everything_of(counted: Counted) -> Counted:
    return counted.between("mustan", date(2000, 1, 1), date(2030, 1, 1))


@pytest.fixture(scope="session", params=[2007, 1, 77])
def by_seed(request: pytest.FixtureRequest, counted: Counted) -> tuple[Counted, Counted]:
    """Window and whole of the group, for the world's own seed and two others."""
    whole = counted if request.param == 2007 else count([b for b in Ipa2007(request.param).batches() if b.key.sensor.startswith("mustan")])
    return whole.between("mustan", *WINDOW), everything_of(whole)


def test_ports(by_seed: tuple[Counted, Counted]) -> None:
    """N-07"""
    assert table(*by_seed, "packet") == PORTS
    assert sum(number for _, _, number, _ in PORTS) == 3041


def test_accounts(by_seed: tuple[Counted, Counted]) -> None:
    """N-08"""
    assert table(*by_seed, "ssh") == ACCOUNTS
    assert sum(number for _, _, number, _ in ACCOUNTS) == 674


def test_urls(by_seed: tuple[Counted, Counted]) -> None:
    """N-09: five items and no sixth."""
    assert table(*by_seed, "web", top=99) == URLS
    assert sum(number for _, _, number, _ in URLS) == 313


def test_mail(by_seed: tuple[Counted, Counted]) -> None:
    """N-10 as corrected by O-06: four subjects, in the order of their counts."""
    rows = table(*by_seed, "mail", top=99)
    assert [(rank, mark, number) for rank, mark, number, _ in rows] == [(n + 1, "→", c) for n, c in enumerate(MAIL_COUNTS)]


def test_period(counted: Counted) -> None:
    """N-11: eleven dates, ten days between the first and the last, and nothing after."""
    window = counted.between("mustan", *WINDOW)
    assert len(np.unique(window.day)) == 11
    assert (window.day.max() - window.day.min()) == 10
    everything = everything_of(counted)
    assert everything.day.max() == ordinal(date(2007, 8, 26))
    assert everything.day.min() == ordinal(FIRST)


def test_growing_port_is_seen_everywhere(counted: Counted) -> None:
    """A-02, A-03: 5900/tcp grows by sources, at all sensors; before the window it was level."""
    everything = everything_of(counted)
    mine = everything.target == everything.targets.index(("packet", b"5900/tcp"))
    assert len(set(everything.sensor[mine])) == 8
    series = networks_by_day(everything, "packet", b"5900/tcp")
    mark = trend_mark(DailySpread(tuple(series), (8.0,) * 57))
    assert mark.growth >= 1.4 and mark.z >= 2.5
    assert abs(trend_mark(DailySpread(tuple(series[:46]), (8.0,) * 46)).z) < 1


def test_flat_rows_are_far_from_the_thresholds(counted: Counted) -> None:
    everything = everything_of(counted)
    for channel, rows in (("packet", PORTS[:4]), ("ssh", ACCOUNTS), ("web", URLS[:1])):
        for _, _, _, target in rows:
            assert abs(trend_mark(DailySpread(tuple(networks_by_day(everything, channel, target)), (8.0,) * 57)).z) < 1


def test_fallen_urls_were_busy_before(counted: Counted) -> None:
    """N-09: the three ↓ rows had many sources in the weeks before the window."""
    before = counted.between("mustan", date(2007, 7, 20), WINDOW[0])
    for target in (b"GET /env.cgi", b"HEAD /", b"GET /asa./"):
        mine = before.target == before.targets.index(("web", target))
        assert 15 <= int(mine.sum()) <= 30
        assert len(np.unique(before.source[mine] >> 8)) >= 12


def test_new_account_is_new(counted: Counted) -> None:
    """M-18: tried for the first time less than 72 hours before the end, by at least three networks at two sensors."""
    everything = everything_of(counted)
    mine = everything.target == everything.targets.index(("ssh", b"tomcat"))
    assert everything.day[mine].min() >= ordinal(date(2007, 8, 25))
    assert len(np.unique(everything.source[mine] >> 8)) >= 3
    assert len(set(everything.sensor[mine])) >= 2


def test_rows_say_what_their_sensor_would(batches: list[WorldBatch]) -> None:
    """M-13: four channels; a login has account and password, a request its line, a mail its envelope."""
    needed = {
        "ssh": ("account", "credential", "client", "destination_port"),
        "web": ("request", "client", "destination_port"),
        "mail": ("request", "sender", "recipients", "size", "client"),
        "packet": (),
    }
    seen: defaultdict[str, int] = defaultdict(int)
    for batch in [batch for batch in batches if batch.key.sensor.startswith("mustan")]:
        columns = batch.columns
        for row, channel in enumerate(columns["channel"]):
            seen[channel] += 1
            assert all(columns[name][row] is not None for name in needed[channel])
            assert columns["handshake"][row] == (channel != "packet")
            if channel == "ssh":
                assert columns["account"][row] == columns["target"][row]
    assert set(seen) == set(needed)
