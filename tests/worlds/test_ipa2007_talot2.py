# SPDX-License-Identifier: Apache-2.0
"""World ipa2007, group talot2, recounted: the numbers of the published monthly report (N-01 … N-06, N-13)."""

from __future__ import annotations

import itertools
from datetime import date, timedelta

import iptocc
import numpy as np
import pytest

from teiten.addresses import unpack
from tests.worlds.conftest import Counted, ordinal

AUGUST = (date(2007, 8, 1), date(2007, 9, 1))
MONTHS = [date(2007, month, 1) for month in range(3, 10)]


@pytest.fixture(scope="session")
def august(counted: Counted) -> Counted:
    return counted.between("talot2", *AUGUST)


def sources_of_sensor_days(part: Counted) -> int:
    return len(np.unique((part.sensor * 100_000 + part.day) << 32 | part.source))


def test_accesses_of_august(august: Counted) -> None:
    """N-01"""
    assert len(august.day) == 263_940


def test_every_sensor_day_has_accesses(august: Counted) -> None:
    """N-02"""
    assert len({*zip(august.sensor.tolist(), august.day.tolist(), strict=True)}) == 310


def test_means_per_sensor_and_day(august: Counted) -> None:
    """N-03, N-04, N-05"""
    accesses, sources = len(august.day) / 310, sources_of_sensor_days(august) / 310
    assert round(accesses) == 851
    assert 322.5 <= sources < 323.5
    assert round(round(accesses) / round(sources)) == 3


def test_popup_messages_are_one_quarter(august: Counted) -> None:
    """N-06"""
    by_target = august.accesses_by_target("packet")
    assert sum(by_target[port] for port in (b"1026/udp", b"1027/udp", b"1028/udp")) == 65_985
    assert 65_985 / 263_940 == 0.25


def test_the_ten_explained_kinds_lead_in_order(august: Counted) -> None:
    """R-24: the order of the report's last table."""
    ranked = sorted(august.accesses_by_target("packet").items(), key=lambda item: -item[1])
    order = b"135/tcp 1026/udp 1027/udp 445/tcp ping/icmp 139/tcp 1028/udp 1433/tcp 8080/tcp 2967/tcp".split()
    assert [target for target, _ in ranked[:10]] == order
    assert len({number for _, number in ranked[:11]}) == 11
    assert len(ranked) > 300


def test_six_months_gently_declining(counted: Counted) -> None:
    """N-13, R-08, R-09: a gentle decline, and August is like July."""
    accesses, sources = [], []
    for first, after in itertools.pairwise(MONTHS):
        part = counted.between("talot2", first, after)
        sensor_days = 10 * (after - first).days
        accesses.append(len(part.day) / sensor_days)
        sources.append(sources_of_sensor_days(part) / sensor_days)
    for series in (accesses, sources):
        changes = [later / earlier - 1 for earlier, later in itertools.pairwise(series)]
        assert all(-0.025 <= change <= -0.015 for change in changes[:-1])
        assert -0.01 <= changes[-1] < 0
    everything = counted.between("talot2", date(2000, 1, 1), date(2030, 1, 1))
    assert (everything.day.min(), everything.day.max()) == (ordinal(date(2007, 3, 1)), ordinal(date(2007, 8, 31)))


def test_surge_on_5168(counted: Counted) -> None:
    """R-11 … R-13: nothing before, from 08-22 a surge by many sources of several regions at all sensors, over by the end."""
    wanted = counted.targets.index(("packet", b"5168/tcp"))
    part = counted.between("talot2", date(2007, 3, 1), date(2007, 9, 1))
    mine = part.target == wanted
    by_day = np.bincount(part.day[mine] - ordinal(date(2007, 3, 1)), minlength=184)
    first = (date(2007, 8, 22) - date(2007, 3, 1)).days
    assert by_day[:first].max() <= 5
    assert int(by_day.argmax()) == first + 2
    assert by_day[first] >= 20 * max(by_day[:first].max(), 1)
    assert by_day[-2:].max() < 0.06 * by_day.max()
    inside = mine & (part.day >= ordinal(date(2007, 8, 22)))
    sources = np.unique(part.source[inside])
    assert len(sources) > 900
    assert len(set(part.sensor[inside])) == 10
    regions = iptocc.country_code([unpack(int(source).to_bytes(4, "big")) for source in sources[::5]])
    assert len(set(regions)) >= 10


def test_weekly_rhythm_is_mild(counted: Counted) -> None:
    part = counted.between("talot2", date(2007, 7, 2), date(2007, 8, 20))
    by_weekday = np.bincount((part.day + 3) % 7, minlength=7) / 7  # 1970-01-01 was a Thursday
    assert by_weekday[5:].mean() < by_weekday[:5].mean()
    assert by_weekday.min() > 0.85 * by_weekday.max()


def test_regions_are_those_of_2007(august: Counted) -> None:
    """The police's shares of sources for October 2007: CN 24.4, JP 22.5, US 10.4, TW 6.5, KR 5.4 %."""
    sources = np.unique(august.source)
    regions = iptocc.country_code([unpack(int(source).to_bytes(4, "big")) for source in sources])
    assert None not in regions
    names, counts = np.unique(np.array(regions), return_counts=True)
    shares = dict(zip(names.tolist(), (100 * counts / len(sources)).tolist(), strict=True))
    assert sorted(shares, key=lambda name: -shares[name])[:5] == ["CN", "JP", "US", "TW", "KR"]
    for region, share in {"CN": 24.4, "JP": 22.5, "US": 10.4, "TW": 6.5, "KR": 5.4}.items():
        assert abs(shares[region] - share) < 3


def test_sources_are_like_real_ones(august: Counted) -> None:
    """Heavy tail; some return on the next day; most are seen by one sensor, as on real sensors (detection.md §1)."""
    key = np.unique(august.day << 32 | august.source)
    following = np.intersect1d(key + (1 << 32), key)
    assert 0.15 < len(following) / len(key) < 0.4
    counts = np.sort(np.unique(august.source, return_counts=True)[1])[::-1]
    assert counts[: len(counts) // 100].sum() > 0.1 * counts.sum()
    triples = np.unique((august.day << 32 | august.source) * 16 + august.sensor)
    at_one = np.unique(triples // 16, return_counts=True)[1]
    assert 0.78 < np.mean(at_one == 1) < 0.95


def test_august_reaches_to_its_last_day(august: Counted) -> None:
    by_day = np.bincount(august.day - ordinal(AUGUST[0]), minlength=31)
    assert by_day.min() > 0.7 * by_day.mean()
    assert AUGUST[0] + timedelta(days=len(by_day)) == AUGUST[1]
