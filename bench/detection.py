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
from bench.detection_early import early
from bench.detection_judging import Alarms, Verdict, at_threshold, causes, explained, findings, judge, verdict
from bench.detection_ours import Ours, run_daily
from bench.detection_replay import PLAYED, replays
from bench.detection_rivals import RIVALS
from bench.detection_world import CLASSES, PER_DAY, SHAPES, SIZES, WARMUP_DAYS, Shape, World, make_world
from bench.machine import command, describe

RATES = (0.2, 1.0, 5.0)
GIVEN_OURS = ("EARS C3", "Farrington Flexible", "NB-CUSUM", "NB-GLR", "BOCPD")  # the best of them, also on what our detector sees


class Prepared(NamedTuple):
    world: World
    counted: Counted
    days: float  # that its false findings are spread over: judged days of a world of 20,000 targets


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
    shipped(worlds, ours)
    real([seeds[0] + n for n in range(len(SIZES) if asked.full else 1)], full=asked.full)  # each seed has outbreaks of one size or two
    early(seeds[0], asked.targets if asked.full else min(asked.targets, 10_000))
    if asked.full:
        disturbed(seeds[0], shape)
    print(f"\n{time.process_time():.0f} s of processor time, {time.perf_counter() - started:.0f} s in all")
    return 0


def prepare(seed: int, shape: Shape) -> Prepared:
    world = make_world(seed, shape)
    return Prepared(world, count_world(world), shape.days * shape.targets / 20_000)


def table(worlds: list[Prepared], rates: tuple[float, ...] = RATES, *, full: bool) -> tuple[list[Alarms], list[Ours]]:
    print(f"{'detector':44}" + "".join(f"  found @{rate:g}" for rate in rates) + f"   delay @{rates[0]:g}  precision @{rates[0]:g}")
    for name, rival in RIVALS.items():
        for counts in ("as is", "clean", "new+spread") if full else ("as is", "new+spread") if name in GIVEN_OURS else ("as is",):
            alarms = [judge(one.world, rival_scores(rival, one.counted.series, counts), one.days) for one in worlds]
            tell(f"{name} [{counts}]", alarms, rates)
    ours = [run_daily(one.world, one.counted) for one in worlds]
    alarms = [judge(one.world, run.score, one.days) for one, run in zip(worlds, ours, strict=True)]
    tell("ours", alarms, rates)
    return alarms, ours


def real(seeds: list[int], days: int = 28, *, full: bool) -> None:
    """On the logs of real hosts, played by ten sensors a channel; false findings are those of both channels together."""
    try:
        made = replays(seeds, days)
    except FileNotFoundError as missing:
        print(f"\nno real background: {missing} is missing (set TEITEN_DATA)")
        return
    worlds = [Prepared(world, counted, days / len(PLAYED)) for world, counted in made]
    print(f"\nreal background: {sum(len(one.world.outbreaks) for one in worlds)} outbreaks set into {len(seeds) * days} days")
    ours = table(worlds, (0.1, 0.3, 1.0), full=full)
    shipped(worlds, ours)


def rival_scores(rival: Any, series: Series, counts: str) -> NDArray[Any]:
    if counts == "as is":
        return np.asarray(rival(series.sources, series.all_sensors))
    exposed = series.live.max() / np.maximum(series.live, 0.5)
    if counts == "clean":
        return np.asarray(rival(series.clean * exposed, series.all_sensors))
    both = np.minimum(rival(series.new * exposed, series.sensors), rival(series.new_elsewhere * exposed, series.sensors))
    return np.where(series.sensors >= 3, both, 0.0)


def tell(name: str, alarms: list[Alarms], rates: tuple[float, ...]) -> None:
    found = [verdict(alarms, rate) for rate in rates]
    cells = "".join(f"{one.found:>{9 + len(f'{rate:g}')}.2f}" for one, rate in zip(found, rates, strict=True))
    print(f"{name:44}{cells}{found[0].delay_days:>11.0f} d{found[0].precision:>16.2f}", flush=True)


def detail(worlds: list[Prepared], ours: tuple[list[Alarms], list[Ours]]) -> None:
    alarms, runs = ours
    at = verdict(alarms, 0.2)
    print(f"\nours at 0.2 a day (score {at.threshold:.2f}), found by")
    for field, values in (("kind", CLASSES), ("shape", SHAPES), ("size", SIZES)):
        print(f"  {field:6}" + "  ".join(f"{value}: {share(worlds, alarms, at, field, value):.2f}" for value in values))
    for threshold in (3.5, 5.0):
        one = at_threshold(alarms, threshold)
        told_at = f"score >= {threshold:g}: {one.false_per_day:.2f} false a day, found {one.found:.2f}"
        print(f"{told_at}, precision {one.precision:.2f}, median {one.delay_days:.0f} d")
    told: dict[str, int] = {}
    for one_world, run in zip(worlds, runs, strict=True):
        for cause, number in causes(one_world.world, run.score, at.threshold).items():
            told[cause] = told.get(cause, 0) + number
    print("false findings at 0.2 a day lie in: " + ", ".join(f"{cause} {number}" for cause, number in sorted(told.items())))


def shipped(worlds: list[Prepared], ours: tuple[list[Alarms], list[Ours]]) -> None:
    """The lists as they would be, with the thresholds as they are."""
    days = sum(alarm.days for alarm in ours[0])
    for name, level in (("attention", 2), ("risk or attention", 1)):
        false = hits = total = large = of_large = 0
        for one, run in zip(worlds, ours[1], strict=True):
            judged = run.level[:, WARMUP_DAYS:]
            false += len(findings(np.where(explained(one.world)[:, WARMUP_DAYS:], 0, judged), level))
            found = [(run.level[o.target, o.first_day : o.last_day + 1] >= level).any() for o in one.world.outbreaks]
            hits, total = hits + sum(found), total + len(found)
            large += sum(hit for hit, o in zip(found, one.world.outbreaks, strict=True) if o.size >= 4)
            of_large += sum(o.size >= 4 for o in one.world.outbreaks)
        print(
            f"{name}: {false / days:.2f} false a day, found {hits / total:.2f} (of size 4 and more {large / max(of_large, 1):.2f}),"
            f" precision {hits / max(hits + false, 1):.2f}"
        )


def disturbed(seed: int, shape: Shape) -> None:
    """The same calm world with one kind of disturbance at a time: false findings a day at risk, beside those in calm."""
    print("\nfalse findings a day at the shipped thresholds, one disturbance at a time")
    for kinds in ((), *[(kind,) for kind in (*PER_DAY, "churn")]):
        one = prepare(seed, shape._replace(disturbances=kinds, outbreaks_per_day=0.0))
        run = run_daily(one.world, one.counted)
        days = shape.days * shape.targets / 20_000
        false = [len(findings(run.level[:, WARMUP_DAYS:], level)) / days for level in (1, 2)]
        print(f"  {kinds[0] if kinds else 'calm':10} risk or attention {false[0]:.2f}, attention {false[1]:.2f}", flush=True)


def share(worlds: list[Prepared], alarms: list[Alarms], at: Verdict, field: str, value: Any) -> float:
    hits = []
    for one, alarm in zip(worlds, alarms, strict=True):
        place = int(np.flatnonzero(alarm.thresholds >= at.threshold)[-1])
        hits += [alarm.found[place, n] for n, outbreak in enumerate(one.world.outbreaks) if getattr(outbreak, field) == value]
    return float(np.mean(hits)) if hits else float("nan")
