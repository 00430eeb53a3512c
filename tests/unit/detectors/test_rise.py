# SPDX-License-Identifier: Apache-2.0
"""The score of a rise (A-01, A-03, A-05): what raises it, and what must not: one sensor, churn, few networks, a short past."""

from __future__ import annotations

import numpy as np
import pytest

from teiten.detectors.rise import Rise, looked_at, measure_rise
from teiten.detectors.rules import LEVEL_REASONS, RISE_REASONS, STATE_REASONS, LevelRule, RiseRule, StateRule
from teiten.detectors.sightings import Sightings

DAYS, SENSORS = 45, 10


def seen(*rows: tuple[int, int, int, int], live: np.ndarray | None = None, targets: int = 2) -> Sightings:
    """Rows are (target, sensor, hour, networks)."""
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    return Sightings(targets, *columns, np.ones((SENSORS, DAYS * 24)) if live is None else live)


def steady(target: int, per_day: int, days: range = range(DAYS), sensors: int = SENSORS) -> list[tuple[int, int, int, int]]:
    return [(target, (day * 7 + n) % sensors, day * 24 + n % 24, 1) for day in days for n in range(per_day)]


def burst(target: int, networks: int, sensors: list[int], hour: int = 3) -> list[tuple[int, int, int, int]]:
    return [(target, sensors[n % len(sensors)], hour, 1) for n in range(networks)]


def only(rise: Rise, target: int = 0) -> Rise:
    return rise.take(rise.target == target)


def score(rise: Rise, target: int = 0) -> float:
    return float(only(rise, target).score[0]) if (rise.target == target).any() else 0.0


def test_a_burst_at_many_sensors() -> None:
    rise = measure_rise(seen(*steady(0, 2), *burst(0, 30, [1, 2, 3, 4, 5, 6])))
    one = only(rise)
    assert one.score[0] > 5
    assert (one.hours[0], one.observed[0], one.sensors[0], one.live[0]) == (24, 32, 7, 10)
    assert one.expected[0] == pytest.approx(2, rel=0.1)
    assert one.ratio[0] == pytest.approx(32.5 / (one.expected[0] + 0.5))
    assert one.observed_elsewhere[0] == 26
    assert 3 <= one.usual[0] <= 8
    assert score(rise, 1) == 0


def test_a_crowd_at_one_sensor_is_no_rise() -> None:
    """A flood of spoofed addresses at one sensor, however large, gives no more than the others."""
    assert score(measure_rise(seen(*steady(0, 2), *burst(0, 500, [4])))) < 1
    never = burst(0, 500, [4])
    assert score(measure_rise(seen(*never))) == 0


def test_two_sensors_are_not_wide() -> None:
    assert score(measure_rise(seen(*burst(0, 40, [1, 2])))) == 0
    assert score(measure_rise(seen(*burst(0, 40, [1, 2, 3])))) > 5


def test_a_site_of_one_sensor_still_sees_rises() -> None:
    live = np.ones((1, DAYS * 24))
    rise = measure_rise(seen(*steady(0, 2, sensors=1), *burst(0, 40, [0]), live=live))
    assert score(rise) > 5
    assert only(rise).live[0] == 1
    assert score(measure_rise(seen(*steady(0, 2, sensors=1), live=live))) < 1


def test_twice_the_sensors_are_no_rise() -> None:
    """Sensors added lately see what the others always saw: left out, since they have no past."""
    live = np.ones((20, DAYS * 24))
    live[10:, 5 * 24 :] = 0
    more = [(target, sensor + 10, hour, n) for target, sensor, hour, n in steady(0, 20, range(5))]
    assert score(measure_rise(seen(*steady(0, 20), *more, live=live))) < 1
    assert score(measure_rise(seen(*steady(0, 20), *more, *burst(0, 80, [1, 2, 3, 4]), live=live))) > 5


def test_lost_and_silent_sensors_are_no_rise() -> None:
    live = np.ones((SENSORS, DAYS * 24))
    live[6:, : 3 * 24] = 0  # four have been silent for three days
    rows = [row for row in steady(0, 20) if live[row[1], row[2]]]
    assert score(measure_rise(seen(*rows, live=live))) < 1
    live = np.ones((SENSORS, DAYS * 24))
    live[:, 10 * 24 : 20 * 24] = 0  # nobody observed for ten days: not a level of zero
    rows = [row for row in steady(0, 20) if live[row[1], row[2]]]
    assert score(measure_rise(seen(*rows, live=live))) < 1


def test_a_short_past_says_nothing() -> None:
    live = np.zeros((SENSORS, DAYS * 24))
    live[:, : 9 * 24] = 1
    rows = [row for row in steady(0, 2) if row[2] < 9 * 24]
    assert score(measure_rise(seen(*rows, *burst(0, 50, [1, 2, 3, 4]), live=live))) == 0
    live[:, : 12 * 24] = 1
    assert score(measure_rise(seen(*rows, *burst(0, 50, [1, 2, 3, 4]), live=live))) > 5


def test_nothing_at_all() -> None:
    empty = measure_rise(seen())
    assert all(len(part) == 0 for part in empty)
    assert len(measure_rise(Sightings(0, *np.zeros((4, 0), np.int64), np.zeros((0, 0)))).score) == 0


def test_hours_are_early() -> None:
    """Run at an hour, an outbreak of the last two hours is told by a window of hours."""
    rows = [*steady(0, 6), *burst(0, 12, [1, 2, 3, 4, 5], hour=1)]
    daily, hourly = only(measure_rise(seen(*rows))), only(measure_rise(seen(*rows), hourly=True))
    assert hourly.score[0] > daily.score[0]
    assert hourly.hours[0] == 2
    assert hourly.onset[0] <= 1


def test_a_calm_past_is_believed() -> None:
    """A-01: the same rise is rarer where every day had eight networks than where days differ as chance has it, and the usual range is narrower."""
    rows = [*burst(0, 9, [1, 2, 3, 4, 5, 6]), *burst(0, 9, [1, 2, 3, 4, 5, 6], hour=27)]
    dice = np.random.default_rng(4)
    chance = [(0, int(dice.integers(SENSORS)), day * 24, 1) for day in range(DAYS) for _ in range(dice.poisson(8) if day > 1 else 8)]
    calm, usual = (only(measure_rise(seen(*steady(0, 8, sensors=SENSORS), *rows))), only(measure_rise(seen(*chance, *rows))))
    assert calm.score[0] > usual.score[0] + 1
    assert calm.usual[0] / calm.expected[0] < usual.usual[0] / usual.expected[0]
    assert score(measure_rise(seen(*steady(0, 8)))) < 1


def test_creeping_is_seen_in_long_windows() -> None:
    rows = [*steady(0, 1), *[(0, n % SENSORS, n * 5, 1) for n in range(60)]]
    assert only(measure_rise(seen(*rows))).hours[0] == 336


def test_a_past_outbreak_does_not_hide_a_new_one() -> None:
    past = [(0, n % SENSORS, 30 * 24 + n % 48, 1) for n in range(200)]
    with_past, without = (score(measure_rise(seen(*steady(0, 2), *old, *burst(0, 30, [1, 2, 3, 4, 5])))) for old in (past, []))
    assert with_past > 2.5  # a hundred a day would be the level, were the days not capped
    assert with_past < without


def test_order_of_rows_and_split_rows_change_nothing() -> None:
    rows = [*steady(0, 3), *steady(1, 1), *burst(0, 20, [1, 2, 3, 4])]
    dice = np.random.default_rng(3)
    mixed = [rows[n] for n in dice.permutation(len(rows))]
    for one, other in zip(measure_rise(seen(*rows)), measure_rise(seen(*mixed)), strict=True):
        assert np.array_equal(one, other)


def test_rows_older_than_the_history_change_nothing() -> None:
    rows = [*steady(0, 3), *burst(0, 20, [1, 2, 3, 4])]
    older = [(0, 1, DAYS * 24 + 5, 999)]
    live = np.ones((SENSORS, DAYS * 24 + 24))
    assert score(measure_rise(seen(*rows, *older, live=live))) == score(measure_rise(seen(*rows)))


def test_flat_targets_are_rarely_scored() -> None:
    """Goal: at most 0.25 false a day for 20,000 targets at the shipped threshold; here 2,000 on one day, Poisson."""
    dice = np.random.default_rng(11)
    rates = 10 ** dice.normal(-1.0, 0.9, 2000)
    counts = dice.poisson(rates[:, None] * np.ones(DAYS))
    target = np.repeat(np.repeat(np.arange(2000), DAYS), counts.ravel())
    day = np.repeat(np.tile(np.arange(DAYS), 2000), counts.ravel())
    field = Sightings(2000, target, dice.integers(0, SENSORS, len(target)), day * 24, np.ones(len(target), np.int64), np.ones((SENSORS, DAYS * 24)))
    assert np.sum(measure_rise(field).score >= 3.5) <= 1


def test_looked_at() -> None:
    rows = [*burst(0, 3, [1, 2, 3], hour=10), *burst(1, 3, [1, 2, 3], hour=80)]
    assert looked_at(seen(*rows)).tolist() == [0]


@pytest.mark.parametrize(("rule", "reasons"), [(RiseRule, RISE_REASONS), (LevelRule, LEVEL_REASONS), (StateRule, STATE_REASONS)])
def test_every_number_has_its_reason(rule: type, reasons: dict[str, str]) -> None:
    assert set(reasons) == set(rule.__struct_fields__)
    assert all(len(reason) > 15 for reason in reasons.values())


def test_onset_is_where_the_rise_begins() -> None:
    """A lone network days before doesn't move it."""
    rows = [*[(0, n % SENSORS, n, 1) for n in range(40)], (0, 3, 300, 1), *steady(0, 1, range(20, 45))]
    one = only(measure_rise(seen(*rows)))
    assert 35 <= one.onset[0] <= 39


def test_what_is_over_is_no_rise() -> None:
    """A surge that ended five days ago, with a few stragglers at several sensors: the long windows still hold it, the score doesn't."""
    surge = [(0, n % SENSORS, 5 * 24 + n % 48, 1) for n in range(300)]
    stragglers = [(0, n, n * 10, 1) for n in range(5)]
    assert score(measure_rise(seen(*steady(0, 1, range(10, 45)), *surge, *stragglers))) < 2
    going = [(0, n % SENSORS, n % 72, 1) for n in range(80)]
    assert score(measure_rise(seen(*steady(0, 1, range(10, 45)), *surge, *going))) > 5
