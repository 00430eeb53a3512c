# SPDX-License-Identifier: Apache-2.0
"""Finds simulated outbreaks with our detector and with published ones, at the same number of false alarms, in the same worlds.

    ./run bench detection [--full] [--seeds 101,102] [--targets 20000] [--days 28]

Thresholds of this project were chosen on seeds below 100; the table uses seeds from 101 on. `as is`: all sources of a day. `[clean]`: clean
networks, corrected for live sensors. `[new+spread]`: what our detector sees, and the rise must stand without the busiest sensor at enough sensors.
"""

from __future__ import annotations

import argparse
import time
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from bench.detection_counts import Counted, Series, count_world
from bench.detection_judging import Alarms, Verdict, at_threshold, causes, judge, verdict
from bench.detection_ours import daily_scores
from bench.detection_rivals import RIVALS
from bench.detection_world import CLASSES, SHAPES, SIZES, Shape, World, make_world
from bench.machine import command, describe

RATES = (0.2, 1.0, 5.0)


class Prepared(NamedTuple):
    world: World
    counted: Counted


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench detection")
    parser.add_argument("--full", action="store_true", help="three worlds of 70 days instead of one of 28")
    parser.add_argument("--seeds", help="comma-separated")
    parser.add_argument("--targets", type=int, default=20_000)
    parser.add_argument("--days", type=int)
    asked = parser.parse_args(arguments)
    seeds = [int(seed) for seed in asked.seeds.split(",")] if asked.seeds else [101, 102, 103] if asked.full else [101]
    days = asked.days or (70 if asked.full else 28)
    shape = Shape(targets=asked.targets, days=days, outbreaks_per_day=asked.targets / 20_000 * 400 / 70)
    print(f"{command()}\n{describe('numpy')}\nseeds {seeds}; {asked.targets:,} targets, {days} days judged, {shape.sensors} sensors", flush=True)
    started = time.perf_counter()
    worlds = [prepare(seed, shape) for seed in seeds]
    print(f"{sum(len(one.world.outbreaks) for one in worlds)} outbreaks; made in {time.perf_counter() - started:.0f} s\n")
    ours = table(worlds, full=asked.full)
    detail(worlds, ours)
    print(f"\n{time.perf_counter() - started:.0f} s in all")
    return 0


def prepare(seed: int, shape: Shape) -> Prepared:
    world = make_world(seed, shape)
    return Prepared(world, count_world(world))


def table(worlds: list[Prepared], *, full: bool) -> tuple[list[Alarms], list[NDArray[Any]]]:
    print(f"{'detector':44}" + "".join(f"  found @{rate:g}" for rate in RATES) + "   delay @0.2  precision @0.2")
    for name, rival in RIVALS.items():
        for counts in ("as is", "clean", "new+spread") if full or name.startswith(("NB", "EARS C3", "Farr", "BOCPD")) else ("as is",):
            alarms = [judge(one.world, rival_scores(rival, one.counted.series, counts)) for one in worlds]
            tell(f"{name} [{counts}]", alarms)
    scores = [daily_scores(one.world, one.counted) for one in worlds]
    alarms = [judge(one.world, score) for one, score in zip(worlds, scores, strict=True)]
    tell("ours", alarms)
    return alarms, scores


def rival_scores(rival: Any, series: Series, counts: str) -> NDArray[Any]:
    if counts == "as is":
        return np.asarray(rival(series.sources, series.all_sensors))
    exposed = series.live.max() / np.maximum(series.live, 0.5)
    if counts == "clean":
        return np.asarray(rival(series.clean * exposed, series.all_sensors))
    both = np.minimum(rival(series.new * exposed, series.sensors), rival(series.new_elsewhere * exposed, series.sensors))
    return np.where(series.sensors >= 3, both, 0.0)


def tell(name: str, alarms: list[Alarms]) -> None:
    found = [verdict(alarms, rate) for rate in RATES]
    cells = "".join(f"{one.found:>{9 + len(f'{rate:g}')}.2f}" for one, rate in zip(found, RATES, strict=True))
    print(f"{name:44}{cells}{found[0].delay_days:>11.0f} d{found[0].precision:>16.2f}", flush=True)


def detail(worlds: list[Prepared], ours: tuple[list[Alarms], list[NDArray[Any]]]) -> None:
    alarms, scores = ours
    at = verdict(alarms, 0.2)
    print(f"\nours at 0.2 a day (score {at.threshold:.2f}), found by")
    for field, values in (("kind", CLASSES), ("shape", SHAPES), ("size", SIZES)):
        print(f"  {field:6}" + "  ".join(f"{value}: {share(worlds, alarms, at, field, value):.2f}" for value in values))
    for threshold in (3.0, 5.0):
        one = at_threshold(alarms, threshold)
        print(
            f"score >= {threshold:g}: {one.false_per_day:.2f} false a day, found {one.found:.2f}, precision {one.precision:.2f}, median {one.delay_days:.0f} d"
        )
    told: dict[str, int] = {}
    for one_world, score in zip(worlds, scores, strict=True):
        for cause, number in causes(one_world.world, score, at.threshold).items():
            told[cause] = told.get(cause, 0) + number
    print("false findings at 0.2 a day lie in: " + ", ".join(f"{cause} {number}" for cause, number in sorted(told.items())))


def share(worlds: list[Prepared], alarms: list[Alarms], at: Verdict, field: str, value: Any) -> float:
    hits = []
    for one, alarm in zip(worlds, alarms, strict=True):
        place = int(np.flatnonzero(alarm.thresholds >= at.threshold)[-1])
        hits += [alarm.found[place, n] for n, outbreak in enumerate(one.world.outbreaks) if getattr(outbreak, field) == value]
    return float(np.mean(hits)) if hits else float("nan")
