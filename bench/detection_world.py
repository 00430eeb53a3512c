# SPDX-License-Identifier: Apache-2.0
"""Simulated internets with known outbreaks for the detection bench: single meetings of a source's network, a target and a sensor, hour by hour.

Background: heavy-tailed targets, negative binomial days, drifting levels, weak weeks, sensors of unlike size, networks that come back
(28 % on the next day), 84 % of them met by one sensor only. Disturbances: crowds at one sensor, floods from one source or spoofed ones,
sweeps over all targets, survey scanners, repeaters, sensors added, lost and silent. Nothing here knows how any detector works.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

WARMUP_DAYS = 52
HOURS = 24
SHAPES = ("step", "linear", "exponential", "creep")
SIZES = (1.5, 2.5, 4.0, 6.0, 10.0)
CLASSES = ("new", "rare", "medium", "busy")
PER_DAY = {"crowd": 2.0, "flood": 3.0, "sweep": 0.25, "scanner": 0.3, "repeater": 0.5}
_NETWORKS = 1 << 24


class Outbreak(NamedTuple):
    target: int
    first_day: int
    length: int
    last_day: int  # the world may end before the outbreak
    size: float  # mean networks a day beyond the usual ones, in standard deviations of the target's usual day (at least one network)
    shape: str
    kind: str


class Disturbance(NamedTuple):
    kind: str
    targets: NDArray[Any]
    first_day: int
    last_day: int


class Meetings(NamedTuple):
    """One row for each meeting, in no order."""

    target: NDArray[Any]
    hour: NDArray[Any]
    sensor: NDArray[Any]
    network: NDArray[Any]

    def joined(self, *others: Meetings) -> Meetings:
        return Meetings(*[np.concatenate(parts) for parts in zip(self, *others, strict=True)])

    def take(self, chosen: NDArray[Any]) -> Meetings:
        return Meetings(*[part[chosen] for part in self])


class World(NamedTuple):
    targets: int
    days: int  # warm-up included; findings are judged from WARMUP_DAYS on
    live: NDArray[Any]  # [sensors, hours]
    meetings: Meetings
    outbreaks: list[Outbreak]
    disturbances: list[Disturbance]
    rates: NDArray[Any]  # usual networks a day


class Shape(NamedTuple):
    """What a world is made of. Outbreaks a day are for the whole world."""

    targets: int = 20_000
    days: int = 28
    sensors: int = 20
    outbreaks_per_day: float = 400 / 70
    disturbances: tuple[str, ...] = (*PER_DAY, "churn")
    hourly: bool = False


def make_world(seed: int, shape: Shape) -> World:
    dice = np.random.default_rng(seed)
    days = WARMUP_DAYS + shape.days
    rates = np.minimum(10 ** dice.normal(-1.4, 0.9, shape.targets), 300.0)  # with 20 sensors some 330 networks per sensor and day
    rates[dice.random(shape.targets) < 0.05] = 0.0  # never met before
    live = _live(dice, shape.sensors, days, "churn" in shape.disturbances)
    weights = dice.gamma(5, 0.2, shape.sensors) * dice.gamma(1.5, 1 / 1.5, (shape.targets, shape.sensors))
    reach = np.cumsum(weights, 1) / weights.sum(1, keepdims=True)
    background = _arrivals(dice, _daily(dice, rates, days), reach)
    outbreaks = plan(dice, rates, shape, days)
    broken = [_outbreak(dice, one, rates, reach, days) for one in outbreaks]
    disturbances, disturbed = _disturb(dice, shape, days)
    everything = come_back(dice, background.joined(*broken), reach).joined(*disturbed)
    seen = everything.take((everything.hour < days * HOURS) & (everything.hour >= 0))
    return World(shape.targets, days, live, seen.take(live[seen.sensor, seen.hour] > 0), outbreaks, disturbances, rates)


def _live(dice: np.random.Generator, sensors: int, days: int, churn: bool) -> NDArray[Any]:
    live = np.ones((sensors, days * HOURS))
    if not churn:
        return live
    for sensor in dice.permutation(sensors)[: sensors // 5]:
        moment = int(dice.integers(WARMUP_DAYS // 2, days) * HOURS)
        live[sensor, : moment if dice.random() < 0.6 else 0] = 0
        live[sensor, moment if dice.random() < 0.3 else days * HOURS :] = 0
    for _ in range(2):  # two days on which two fifths are silent
        start = int(dice.integers(WARMUP_DAYS, days) * HOURS + dice.integers(0, HOURS))
        live[dice.permutation(sensors)[: sensors * 2 // 5], start : start + int(dice.integers(12, 48))] = 0
    for _ in range(days // 4):
        start = int(dice.integers(0, days * HOURS))
        live[dice.integers(0, sensors), start : start + int(dice.integers(1, 36))] = 0
    return live


def dispersion_of(rates: NDArray[Any]) -> NDArray[Any]:
    """Variance over mean of a day: 1.25 for rare targets, 4 for the busiest, as on real sensors."""
    return np.clip(1.25 + np.log10(np.maximum(rates, 1e-3) / 3) * 2.2, 1.25, 4.0)


def _daily(dice: np.random.Generator, rates: NDArray[Any], days: int) -> NDArray[Any]:
    """Arrivals of new networks for each target and day."""
    level = np.zeros((len(rates), days))
    level[:, 0] = dice.normal(0, 0.15, len(rates))
    for day in range(1, days):  # drifts back within a month, sets off anew every day
        level[:, day] = level[:, day - 1] * 0.965 + dice.normal(0, 0.04, len(rates))
    week = 1 + dice.uniform(0, 0.15, (len(rates), 1)) * np.cos((np.arange(days) + dice.integers(0, 7, (len(rates), 1))) * 2 * np.pi / 7)
    mean = rates[:, None] * np.exp(level) * week
    extra = (dispersion_of(rates)[:, None] - 1) / np.maximum(mean, 1e-9)
    return dice.poisson(mean * dice.gamma(1 / extra, extra))


def _arrivals(dice: np.random.Generator, counts: NDArray[Any], reach: NDArray[Any]) -> Meetings:
    target = np.repeat(np.repeat(np.arange(len(counts)), counts.shape[1]), counts.ravel())
    day = np.repeat(np.tile(np.arange(counts.shape[1]), len(counts)), counts.ravel())
    hour = day * HOURS + _hour_of_day(dice, len(day))
    return Meetings(target, hour, _sensor(dice, reach, target), dice.integers(0, _NETWORKS, len(target)))


def _hour_of_day(dice: np.random.Generator, count: int) -> NDArray[Any]:
    weights = 1 + 0.2 * np.cos((np.arange(HOURS) - 15) * 2 * np.pi / HOURS)
    return np.searchsorted(np.cumsum(weights) / weights.sum(), dice.random(count))


def _sensor(dice: np.random.Generator, reach: NDArray[Any], target: NDArray[Any]) -> NDArray[Any]:
    found = np.empty(len(target), np.int64)
    for start in range(0, len(target), 500_000):
        part = target[start : start + 500_000]
        found[start : start + 500_000] = (reach[part] < dice.random((len(part), 1))).sum(1)
    return np.minimum(found, reach.shape[1] - 1)


def come_back(dice: np.random.Generator, first: Meetings, reach: NDArray[Any]) -> Meetings:
    """The same networks on the following days, and at other sensors on the same day."""
    parts, coming = [first], first
    while len(coming.target) and len(parts) < 12:
        coming = coming.take(dice.random(len(coming.target)) < 0.28)
        again = coming.hour // HOURS * HOURS + HOURS + _hour_of_day(dice, len(coming.hour))
        coming = coming._replace(hour=again)
        parts.append(coming)
    wider = first.take(dice.random(len(first.target)) < 0.16)
    for _ in range(2):
        parts.append(wider._replace(sensor=_sensor(dice, reach, wider.target), hour=wider.hour + dice.integers(0, 6, len(wider.hour))))
    return parts[0].joined(*parts[1:])


def plan(dice: np.random.Generator, rates: NDArray[Any], shape: Shape, days: int, first: int = 0) -> list[Outbreak]:
    """All kinds, shapes and sizes in turn, from the `first` on; a kind that no target is of is left out."""
    pools = {
        "new": np.flatnonzero(rates == 0),
        "rare": np.flatnonzero((rates > 0) & (rates < 0.3)),
        "medium": np.flatnonzero((rates >= 0.3) & (rates < 10)),
        "busy": np.flatnonzero(rates >= 10),
    }
    found, used = [], set()
    for number in range(first, first + round(shape.outbreaks_per_day * shape.days)):
        kind, pattern, size = CLASSES[number % 4], SHAPES[number // 4 % 4], SIZES[number // 16 % 5]
        target = int(dice.choice(pools[kind])) if len(pools[kind]) else -1
        if target in used or target < 0:
            continue
        used.add(target)
        begins = int(dice.integers(WARMUP_DAYS, days - 7))
        length = {"step": (5, 15), "linear": (8, 15), "exponential": (5, 12), "creep": (18, 29)}[pattern]
        lasts = int(dice.integers(*length))
        found.append(Outbreak(target, begins, lasts, min(begins + lasts - 1, days - 1), size, pattern, kind))
    return found


def course(one: Outbreak) -> NDArray[Any]:
    """Parts of the mean on each day of the outbreak's planned length; they average to one."""
    length = one.length
    shape = {
        "step": np.ones(length),
        "linear": np.arange(1.0, length + 1),
        "exponential": 2.0 ** (np.arange(length) / 1.5),
        "creep": np.arange(1.0, length + 1),
    }[one.shape]
    return np.asarray(shape / shape.mean())


def _outbreak(dice: np.random.Generator, one: Outbreak, rates: NDArray[Any], reach: NDArray[Any], days: int) -> Meetings:
    rate = rates[one.target]
    return arrive(dice, one, one.size * max(np.sqrt(rate * dispersion_of(np.array([rate]))[0]), 1.0), reach[one.target], days)


def arrive(dice: np.random.Generator, one: Outbreak, mean: float, reach: NDArray[Any], days: int) -> Meetings:
    """Its first meetings, `mean` a day, at most of the sensors; `reach` [sensors] cumulates their shares."""
    counts = np.zeros((1, days), np.int64)
    counts[0, one.first_day : one.last_day + 1] = dice.poisson(mean * course(one))[: one.last_day + 1 - one.first_day]
    sensors = len(reach)
    wide = np.diff(reach, prepend=0) * (dice.random(sensors) < dice.uniform(0.6, 1.0)) + 1e-9
    met = _arrivals(dice, counts, (np.cumsum(wide) / wide.sum())[None, :])
    return met._replace(target=np.full(len(met.target), one.target))


def _disturb(dice: np.random.Generator, shape: Shape, days: int) -> tuple[list[Disturbance], list[Meetings]]:
    told, met = [], []
    for kind, per_day in PER_DAY.items():
        if kind not in shape.disturbances:
            continue
        for _ in range(dice.poisson(per_day * days)):
            day = int(dice.integers(0, days))
            targets, lasts, meetings = _MAKERS[kind](dice, shape, day)
            told.append(Disturbance(kind, targets, day, day + lasts - 1))
            met.append(meetings)
    return told, met


def _meet(dice: np.random.Generator, target: Any, day: Any, sensor: Any, network: Any) -> Meetings:
    target, day, sensor, network = np.broadcast_arrays(target, day, sensor, network)
    hour = day.ravel() * HOURS + _hour_of_day(dice, day.size)
    return Meetings(target.ravel().astype(np.int64), hour, sensor.ravel().astype(np.int64), network.ravel().astype(np.int64))


Made = tuple[NDArray[Any], int, Meetings]


def _crowd(dice: np.random.Generator, shape: Shape, day: int) -> Made:
    """Many sources at one sensor: a peer-to-peer neighbour, a returned address."""
    target, sensor, lasts = dice.integers(0, shape.targets, 1), dice.integers(0, shape.sensors), int(dice.integers(1, 4))
    parts = [_meet(dice, target, day + n, sensor, dice.integers(0, _NETWORKS, int(dice.integers(10, 60)))) for n in range(lasts)]
    return target, lasts, parts[0].joined(*parts[1:])


def _flood(dice: np.random.Generator, shape: Shape, day: int) -> Made:
    """One source that never stops, at every sensor; or spoofed addresses at one."""
    target = dice.integers(0, shape.targets, 1)
    if dice.random() < 0.3:
        return target, 1, _meet(dice, target, day, dice.integers(0, shape.sensors), dice.integers(0, _NETWORKS, int(dice.integers(50, 500))))
    return target, 1, _meet(dice, target, day, np.arange(shape.sensors), dice.integers(0, _NETWORKS))


def _sweep(dice: np.random.Generator, shape: Shape, day: int) -> Made:
    """A campaign over a tenth of all targets from some sources, at every sensor's turn."""
    targets = dice.permutation(shape.targets)[: max(shape.targets // 10, 60)]
    sources, lasts = dice.integers(0, _NETWORKS, (int(dice.integers(5, 40)), 1)), int(dice.integers(1, 3))
    days = day + dice.integers(0, lasts, (len(sources), len(targets)))
    return targets, lasts, _meet(dice, targets[None, :], days, dice.integers(0, shape.sensors, days.shape), sources)


def _scanner(dice: np.random.Generator, shape: Shape, day: int) -> Made:
    """A survey of a few targets from a few networks, everywhere."""
    targets, lasts = dice.integers(0, shape.targets, int(dice.integers(1, 12))), int(dice.integers(1, 8))
    networks = dice.integers(0, _NETWORKS, int(dice.integers(1, 4)))
    grid = np.broadcast_arrays(targets[:, None, None, None], day + np.arange(lasts)[:, None, None], np.arange(shape.sensors)[:, None], networks)
    return targets, lasts, _meet(dice, *grid)


def _repeater(dice: np.random.Generator, shape: Shape, day: int) -> Made:
    """A handful of networks that come back every day for weeks."""
    target, lasts = dice.integers(0, shape.targets, 1), int(dice.integers(10, 30))
    networks = dice.integers(0, _NETWORKS, (1, int(dice.integers(3, 8))))
    days = day + np.arange(lasts)[:, None] + np.zeros_like(networks)
    return target, lasts, _meet(dice, target[0], days, dice.integers(0, shape.sensors, days.shape), networks)


_MAKERS = {"crowd": _crowd, "flood": _flood, "sweep": _sweep, "scanner": _scanner, "repeater": _repeater}
