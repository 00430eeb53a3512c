# SPDX-License-Identifier: Apache-2.0
"""From the questions' answers at one tick to arrays for the detectors, and from their scores to evidence per target."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np

from teiten.detectors.evidence import Evidence
from teiten.detectors.rise import Rise, least_sensors, measure_rise
from teiten.detectors.rules import RISE, STATE
from teiten.detectors.sightings import HISTORY_DAYS, HOURS, Floats, Sightings
from teiten.detectors.states import is_confirmed
from teiten.questions.tick import HOUR_US, Enough, Newcomer, NewNetworks, Tick, new_networks, observed_intervals
from teiten.store.days import start_of
from teiten.store.interface import Store

_HISTORY_HOURS = HISTORY_DAYS * HOURS


def live_hours(store: Store, tick: Tick, hours: int = _HISTORY_HOURS) -> dict[str, Floats]:
    """For each sensor that observed at all: which part of each hour back from the tick."""
    intervals, days = observed_intervals(store, tick, hours)
    whole = [(sensor, *_day(day, tick)) for sensor, day in days]
    live: dict[str, Floats] = {}
    for sensor, low, high in (*intervals, *whole):
        parts = live.setdefault(sensor, np.zeros(hours))
        _cover(parts, low, min(high, tick.at), tick.at)
    return {sensor: np.minimum(parts, 1.0) for sensor, parts in live.items() if parts.any()}


def evidence_of(store: Store, tick: Tick, live: dict[str, Floats], news: Iterable[Newcomer], *, hourly: bool) -> dict[bytes, Evidence]:
    """Of every target with a score, and of every new one; `news` as `newcomers` tells them of this group and channel."""
    sensors = sorted(live)
    rows = new_networks(store, tick, _HISTORY_HOURS, _enough(live)) if sensors else []
    seen, targets = sightings_of([row for row in rows if row.sensor in live], sensors, live)
    rise = measure_rise(seen, hourly=hourly)
    found = {targets[int(rise.target[n])]: _evidence(rise, n, tick.at) for n in np.flatnonzero(rise.score > 0).tolist()}
    live_now = sum(parts[: STATE.new_hours].any() for parts in live.values())
    for new in news if _long_enough(live) else ():
        confirmed = is_confirmed(new.networks, new.sensors, int(live_now))
        before = found.get(new.target) or _unrisen(tick.at, new.networks, new.sensors, int(live_now), new.first_at)
        found[new.target] = _with_newness(before, new.first_at, confirmed)
    return found


def sightings_of(rows: Iterable[NewNetworks], sensors: list[str], live: dict[str, Floats]) -> tuple[Sightings, list[bytes]]:
    rows = list(rows)
    targets = list(dict.fromkeys(row.target for row in rows))
    place, number = {target: n for n, target in enumerate(targets)}, {sensor: n for n, sensor in enumerate(sensors)}
    columns = np.array([(place[row.target], number[row.sensor], row.age_hours, row.networks) for row in rows], np.int64).reshape(-1, 4)
    matrix = np.stack([live[sensor] for sensor in sensors]) if sensors else np.zeros((0, _HISTORY_HOURS))
    target, sensor, hour, networks = columns.T
    return Sightings(len(targets), target, sensor, hour, networks, matrix), targets


def _enough(live: dict[str, Floats]) -> Enough:
    """As detectors.rise looks at targets: it would drop the others anyway."""
    near = 3 * HOURS
    sensors = least_sensors(sum(bool(parts[:near].any()) for parts in live.values()), RISE.least_sensors, RISE.least_sensors_share)
    return Enough(RISE.least_networks, max(RISE.day_windows) * HOURS, sensors, near)


def _evidence(rise: Rise, n: int, at: int) -> Evidence:
    return Evidence(
        at=at,
        hours=int(rise.hours[n]),
        score=round(float(rise.score[n]), 3),
        networks=int(rise.observed[n]),
        expected=round(float(rise.expected[n]), 3),
        usual=int(rise.usual[n]),
        ratio=round(float(rise.ratio[n]), 3),
        sensors=int(rise.sensors[n]),
        live=int(rise.live[n]),
        elsewhere=int(rise.observed_elsewhere[n]),
        expected_elsewhere=round(float(rise.expected_elsewhere[n]), 3),
        onset_at=at - (int(rise.onset[n]) + 1) * HOUR_US,
    )


def _unrisen(at: int, networks: int, sensors: int, live: int, first_at: int) -> Evidence:
    """Of a new target without a score: nothing was usual before."""
    return Evidence(
        at=at,
        hours=STATE.new_hours,
        score=0.0,
        networks=networks,
        expected=0.0,
        usual=0,
        ratio=2 * networks + 1.0,
        sensors=sensors,
        live=live,
        elsewhere=0,
        expected_elsewhere=0.0,
        onset_at=first_at - first_at % HOUR_US,
    )


def _with_newness(evidence: Evidence, first_at: int, confirmed: bool) -> Evidence:
    fields = {name: getattr(evidence, name) for name in Evidence.__struct_fields__}
    return Evidence(**{**fields, "first_at": first_at, "confirmed": confirmed})


def _long_enough(live: dict[str, Floats]) -> bool:
    """After less than a week of observing everything would be new."""
    days = np.sum([parts.reshape(-1, HOURS).any(1) for parts in live.values()], axis=0) if live else np.zeros(1)
    return bool(np.sum(days[STATE.new_hours // HOURS :] > 0) >= RISE.least_days)


def _day(day: date, tick: Tick) -> tuple[int, int]:
    return start_of(day, tick.zone), start_of(date.fromordinal(day.toordinal() + 1), tick.zone)


def _cover(parts: Floats, low: int, high: int, at: int) -> None:
    """Add an interval to the parts of hours back from the tick."""
    low = max(low, at - len(parts) * HOUR_US)
    if low >= high:
        return
    newest, oldest = (at - high) // HOUR_US, (at - 1 - low) // HOUR_US
    parts[newest : oldest + 1] += 1.0
    parts[newest] -= (at - newest * HOUR_US - high) / HOUR_US
    parts[oldest] -= (low - (at - (oldest + 1) * HOUR_US)) / HOUR_US
