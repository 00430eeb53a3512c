# SPDX-License-Identifier: Apache-2.0
"""The detection bench on one small world: known truth is found, disturbances are not, and our counts are what makes the difference."""

from __future__ import annotations

import numpy as np
import pytest

from bench.detection import Prepared, prepare, rival_scores
from bench.detection_judging import explained, findings, judge, verdict
from bench.detection_ours import run_daily
from bench.detection_replay import Log, replay
from bench.detection_rivals import RIVALS
from bench.detection_world import WARMUP_DAYS, Shape


@pytest.fixture(scope="module")
def prepared() -> Prepared:
    return prepare(7, Shape(targets=4000, days=14, outbreaks_per_day=6.0))


def test_large_outbreaks_are_found_and_little_else(prepared: Prepared) -> None:
    world = prepared.world
    ours = run_daily(world, prepared.counted)
    large = [one for one in world.outbreaks if one.size >= 4]
    found = [(ours.level[one.target, one.first_day : one.last_day + 1] > 0).any() for one in large]
    assert np.mean(found) >= 0.85
    false = findings(np.where(explained(world)[:, WARMUP_DAYS:], 0, ours.level[:, WARMUP_DAYS:]), 1)
    assert len(false) <= 2, "goal: 0.25 a day for 20,000 targets, 0.7 here"
    attention = findings(np.where(explained(world)[:, WARMUP_DAYS:], 0, ours.level[:, WARMUP_DAYS:]), 2)
    assert len(attention) <= 1


def test_it_is_better_than_each_rival_as_published(prepared: Prepared) -> None:
    ours = verdict([judge(prepared.world, run_daily(prepared.world, prepared.counted).score, prepared.days)], 1.0).found
    for name, rival in RIVALS.items():
        theirs = verdict([judge(prepared.world, rival_scores(rival, prepared.counted.series, "as is"), prepared.days)], 1.0).found
        assert ours > theirs + 0.3, name


def test_a_world_is_the_same_twice(prepared: Prepared) -> None:
    again = prepare(7, Shape(targets=4000, days=14, outbreaks_per_day=6.0))
    assert np.array_equal(again.counted.series.new, prepared.counted.series.new)
    assert again.world.outbreaks == prepared.world.outbreaks


def test_a_world_has_what_it_says(prepared: Prepared) -> None:
    """Tuning aside: heavy tail, one in four back on the next day, five in six met by one sensor."""
    world, series = prepared.world, prepared.counted.series
    assert {one.kind for one in world.disturbances} == {"crowd", "flood", "sweep", "scanner", "repeater"}
    assert np.median(world.rates) < 0.1 < world.rates.mean()
    assert 1.2 < series.clean[:, 10:].sum() / series.new[:, 10:].sum() < 1.6
    assert (world.live < 1).any()


def test_a_log_is_played_round_and_round() -> None:
    """Each sensor has the log's own sequence from a day of its own, with other networks in each round; hours it doesn't cover are not observed."""
    covered = np.ones(72, bool)
    covered[:10] = False
    log = Log(np.arange(40), np.arange(40) + 20, np.arange(40), 3, covered)
    world = replay(5, [(log, 4)], 40, 14)
    assert world.live.mean() == pytest.approx(62 / 72, abs=0.02)
    untouched = min(set(range(40)) - {one.target for one in world.outbreaks})
    for sensor in range(4):
        mine = world.meetings.take((world.meetings.sensor == sensor) & (world.meetings.target == untouched))
        assert set(np.diff(np.sort(mine.hour)).tolist()) == {72}
        assert len(set(mine.network.tolist())) == len(mine.hour)
    assert {one.kind for one in world.outbreaks} == {"new", "medium"}
