# SPDX-License-Identifier: Apache-2.0
"""Group talot2 of world ipa2007: ten packet sensors from March to August 2007, whose August is the published one.

Published (N-01 … N-06, N-13): 263,940 accesses, 851 accesses and 323 sources per sensor and day, 1026-1028/udp one quarter, a gentle
decline over six months, July like August, a surge on 5168/tcp. All other numbers are invented so that these come out.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from teiten.worlds.dice import Dice, Floats, Integers, apportion, starts, within
from teiten.worlds.interface import WorldBatch
from teiten.worlds.regions import draw_addresses
from teiten.worlds.rows import Rows, batch, day_number, instants, port_kind, tables

FIRST_ON: Final = date(2007, 3, 1)
LAST_ON: Final = date(2007, 8, 31)
SENSORS: Final = tuple(f"talot2-{number:02}" for number in range(1, 11))


class Month(NamedTuple):
    """Totals over the ten sensors; sources are summed over sensor-days (the month's mean is this divided by ten times its days)."""

    first_on: date
    days: int
    accesses: int
    sources: int


MONTHS: Final = (
    Month(date(2007, 3, 1), 31, 287_400, 108_500),
    Month(date(2007, 4, 1), 30, 272_700, 103_200),
    Month(date(2007, 5, 1), 31, 276_200, 104_780),
    Month(date(2007, 6, 1), 30, 262_200, 99_600),
    Month(date(2007, 7, 1), 31, 266_000, 101_060),
    Month(date(2007, 8, 1), 31, 263_940, 100_130),
)


class Family(NamedTuple):
    """Accesses with one cause. `ports`: kinds and their weights; `by_source`: a source stays with one of them."""

    name: str
    accesses: int  # in August
    sources: float  # distinct sources per sensor and day, for each access
    mix: str = "usual"
    drift: float = 0.0  # how much more (share) a month earlier
    ports: tuple[tuple[str, float], ...] = ()
    by_source: bool = False


def _port(name: str, accesses: int, sources: float = 0.62, mix: str = "usual", drift: float = 0.0) -> Family:
    return Family(name, accesses, sources, mix, drift, ((name, 1.0),))


# The order of the ten kinds that the published report explains, by accesses in August, is a fact of this world.
_MESSENGER: Final = (("1026/udp", 0.41), ("1027/udp", 0.365), ("1028/udp", 0.225))
_SWEPT: Final = (
    *(135, 445, 139, 1433, 80, 22, 8080, 5900, 3389, 4899, 25, 21, 23, 110, 143, 443),
    *(1080, 3128, 3306, 6129, 10000, 111, 2967, 1025, 8000, 8888, 5000, 1521, 81, 389, 636, 995),
)
_PEERS: Final = ("4662/tcp", "6881/tcp", "4672/udp", "6346/tcp", "6882/tcp", "6881/udp", "6346/udp", "7871/udp", "49152/udp", "33435/udp")
_TAIL_KINDS: Final = 1200


def _tail_ports() -> tuple[tuple[str, float], ...]:
    """File-sharing leftovers first, then ports all over the range; weights fall like 1/rank."""
    named = {"5168/tcp", "1026/udp", "1027/udp", "1028/udp", "1434/udp", *_PEERS, *(f"{port}/tcp" for port in _SWEPT)}
    spread = [f"{1024 + (place * 40_503) % 64_512}/{'udp' if place % 5 == 0 else 'tcp'}" for place in range(_TAIL_KINDS)]
    ports = [*_PEERS, *(port for port in dict.fromkeys(spread) if port not in named)]
    return tuple((port, 1.0 / (rank + 9)) for rank, port in enumerate(ports))


FAMILIES: Final = (
    _port("135/tcp", 57_800, 0.40, "near", 0.004),
    Family("messenger", 65_985, 0.10, "popup", 0.002, _MESSENGER),
    _port("445/tcp", 22_300, 0.50, "near", 0.002),
    _port("ping/icmp", 20_100, 0.72, "usual", 0.006),
    _port("139/tcp", 17_100, 0.50, "near", 0.002),
    _port("1433/tcp", 9_600, 0.60, "database", -0.004),
    _port("8080/tcp", 6_100, 0.45, "database", -0.01),
    _port("2967/tcp", 4_800, 0.60, "usual", 0.01),
    _port("5168/tcp", 2_650, 0.70, "surge"),
    _port("22/tcp", 3_700, 0.30, "usual", -0.006),
    _port("1434/udp", 3_500, 0.70, "database", 0.008),
    _port("80/tcp", 3_200, 0.60),
    _port("5900/tcp", 2_900, 0.60, "usual", -0.01),
    _port("4899/tcp", 2_700, 0.60, "usual", 0.004),
    _port("1025/tcp", 2_400, 0.55, "near", 0.01),
    _port("137/udp", 2_300, 0.65, "near", 0.012),
    _port("25/tcp", 1_900),
    _port("3389/tcp", 1_500),
    _port("21/tcp", 1_300),
    _port("3306/tcp", 1_200, 0.55, "database"),
    _port("1080/tcp", 1_100),
    _port("3128/tcp", 1_000),
    _port("10000/tcp", 900),
    _port("23/tcp", 850),
    _port("6129/tcp", 800, 0.60, "usual", 0.01),
    _port("443/tcp", 700),
    _port("6101/tcp", 600, 0.60, "usual", 0.01),
    _port("53/udp", 500),
    _port("111/tcp", 420),
    _port("5554/tcp", 360, 0.65, "usual", 0.01),
    _port("9898/tcp", 300, 0.65, "usual", 0.01),
    _port("161/udp", 290),
    Family("sweep", 1_500, 0.03, "usual", 0.0, tuple((f"{port}/tcp", 1.0) for port in _SWEPT)),
    Family("tail", 21_585, 0.80, "usual", 0.002, _tail_ports(), by_source=True),
)
KINDS: Final = tuple(dict.fromkeys(port for family in FAMILIES for port, _ in family.ports))
MIX_NAMES: Final = tuple(dict.fromkeys(family.mix for family in FAMILIES))

# 5168/tcp: a stray access now and then, then from the day of the maker's patch a few days of wide interest, quiet again at the end.
SURGE_FIRST_ON: Final = date(2007, 8, 22)
SURGE_PEAK_ON: Final = date(2007, 8, 24)
_SURGE: Final = (0.30, 0.82, 1.00, 0.78, 0.52, 0.30, 0.15, 0.07, 0.025, 0.008)
_SURGE_CALM: Final = 8  # accesses of all sensors in each month before it

_WEEKDAYS: Final = (1.02, 1.03, 1.02, 1.02, 1.01, 0.96, 0.94)  # Monday first; mild, as real port counts are


class _Slots(NamedTuple):
    """One entry for each distinct source of a cell (sensor, day, family): the number of the source, and which port it keeps to."""

    source: Integers
    port: Integers
    family_of_source: Integers


def batches(seed: int, epoch: str, shift_days: int) -> Iterator[WorldBatch]:
    """One batch for each sensor and month of the world's own calendar."""
    dice = Dice(seed, "talot2")
    accesses, sources = _cells(dice)
    slots = _slots(dice, sources)
    addresses = draw_addresses(dice, _mix_numbers()[slots.family_of_source], MIX_NAMES)
    known = tables([port_kind(kind) for kind in KINDS])
    first_slot = starts(sources.ravel())
    for place, sensor in enumerate(SENSORS):
        for seq, month in enumerate(MONTHS):
            span = _span(place, month)
            chunk = Dice(seed, f"talot2/{sensor}/{month.first_on}")
            counts = (accesses.reshape(-1)[span], sources.reshape(-1)[span], first_slot[span])
            rows = _rows(chunk, counts, slots, addresses, day_number(month.first_on) + shift_days)
            yield batch(sensor, epoch, seq, rows, known)


def _span(place: int, month: Month) -> slice:
    """The cells of one sensor and month in the flat order sensor, day, family."""
    start = place * _day_count() + (month.first_on - FIRST_ON).days
    return slice(start * len(FAMILIES), (start + month.days) * len(FAMILIES))


def _day_count() -> int:
    return (LAST_ON - FIRST_ON).days + 1


def _mix_numbers() -> Integers:
    return np.array([MIX_NAMES.index(family.mix) for family in FAMILIES], dtype=np.int64)


def _cells(dice: Dice) -> tuple[Integers, Integers]:
    """Accesses and distinct sources of each (sensor, day, family); both add up to the month's totals exactly."""
    shape = (len(SENSORS), _day_count(), len(FAMILIES))
    accesses = np.zeros(shape, dtype=np.int64)
    sources = np.zeros(shape, dtype=np.int64)
    sensor_weights = 0.86 + 0.28 * dice.uniform(len(SENSORS), 1)
    for number, month in enumerate(MONTHS):
        first = (month.first_on - FIRST_ON).days
        days = slice(first, first + month.days)
        totals = _family_totals(month, earlier=len(MONTHS) - 1 - number)
        for place, family in enumerate(FAMILIES):
            weights = sensor_weights * _day_weights(dice, family, month) * dice.around(0.16, len(SENSORS), month.days)
            accesses[:, days, place] = apportion(int(totals[place]), weights, float(dice.uniform()))
        sources[:, days] = _distinct(dice, accesses[:, days], month.sources)
    return accesses, sources


def _family_totals(month: Month, earlier: int) -> Integers:
    """The month's accesses by family: August as listed, earlier months scaled, 5168/tcp apart."""
    surge = [family.name for family in FAMILIES].index("5168/tcp")
    weights = np.array([family.accesses * (1.0 + family.drift * earlier) for family in FAMILIES])
    if not earlier:
        return np.array([family.accesses for family in FAMILIES], dtype=np.int64)
    weights[surge] = 0.0
    totals = apportion(month.accesses - _SURGE_CALM, weights)
    totals[surge] = _SURGE_CALM
    return totals


def _day_weights(dice: Dice, family: Family, month: Month) -> Floats:
    dates = [month.first_on + timedelta(days=day) for day in range(month.days)]
    if family.name == "5168/tcp" and month is MONTHS[-1]:
        return np.array([_surge_weight(day) for day in dates])
    rhythm = np.array([_WEEKDAYS[day.weekday()] for day in dates])
    return rhythm * dice.around(0.07, month.days)


def _surge_weight(day: date) -> float:
    since = (day - SURGE_FIRST_ON).days
    return _SURGE[since] if 0 <= since < len(_SURGE) else 0.0006


def _distinct(dice: Dice, accesses: Integers, total: int) -> Integers:
    """Distinct sources of each cell: about the family's share of its accesses, at least one where there is an access, `total` in all."""
    share = np.array([family.sources for family in FAMILIES])
    wanted = np.floor(accesses * share * dice.around(0.08, *accesses.shape) + dice.uniform(*accesses.shape)).astype(np.int64)
    counts = np.clip(wanted, np.minimum(accesses, 1), accesses)
    missing = total - int(counts.sum())
    if missing >= 0:
        return np.asarray(counts + apportion(missing, accesses - counts), dtype=np.int64)
    return np.asarray(counts - apportion(-missing, np.maximum(counts - 1, 0)), dtype=np.int64)


def _slots(dice: Dice, sources: Integers) -> _Slots:
    """Who is seen where. Of a cell's sources about a quarter were there the day before, a fifth is seen by other sensors too."""
    before = np.concatenate([np.zeros_like(sources[:, :1]), sources[:, :-1]], axis=1)
    # never more than half of the day before; half of each day is new, so that they can be taken from those
    returning = np.minimum((sources * 0.26 + dice.uniform(*sources.shape)).astype(np.int64), before // 2)
    shared = np.minimum((sources * 0.22 + dice.uniform(*sources.shape)).astype(np.int64), sources - returning - sources // 2)
    fresh = sources - returning - shared
    fresh_start = starts(fresh.ravel()).reshape(sources.shape)
    fresh_before = np.concatenate([np.zeros_like(sources[:, :1]), fresh_start[:, :-1]], axis=1)
    pool_sizes = np.maximum((shared.max(axis=0) * 1.6).astype(np.int64), 1)
    pool_start = int(fresh.sum()) + starts(pool_sizes.ravel()).reshape(pool_sizes.shape)
    turn = (dice.uniform(*sources.shape) * pool_sizes).astype(np.int64)
    counts = sources.ravel()
    inside = within(counts)
    cell = np.repeat(np.arange(len(counts)), counts)
    pool = cell % pool_sizes.size
    back, common = returning.ravel()[cell], shared.ravel()[cell]
    number = np.where(
        inside < back,
        fresh_before.ravel()[cell] + inside,
        np.where(
            inside < back + common,
            pool_start.ravel()[pool] + (turn.ravel()[cell] + inside - back) % pool_sizes.ravel()[pool],
            fresh_start.ravel()[cell] + inside - back - common,
        ),
    )
    family_of_source = np.concatenate([np.repeat(cells % len(FAMILIES), sizes) for cells, sizes in _runs(fresh, pool_sizes)])
    return _Slots(number, _ports(dice, cell % len(FAMILIES), len(number)), family_of_source)


def _runs(fresh: Integers, pools: Integers) -> list[tuple[Integers, Integers]]:
    return [(np.arange(part.size), part.ravel()) for part in (fresh, pools)]


def _ports(dice: Dice, families: Integers, count: int) -> Integers:
    """A port (index into KINDS) by the weights of each entry's family."""
    luck = dice.uniform(count)
    chosen = np.zeros(count, dtype=np.int64)
    for place, family in enumerate(FAMILIES):
        numbers = np.array([KINDS.index(port) for port, _ in family.ports])
        if len(numbers) == 1:
            chosen[families == place] = numbers[0]
            continue
        mine = np.flatnonzero(families == place)
        edges = np.cumsum([weight for _, weight in family.ports])
        chosen[mine] = numbers[np.minimum(np.searchsorted(edges, luck[mine] * edges[-1], side="right"), len(numbers) - 1)]
    return chosen


def _rows(
    dice: Dice,
    counts: tuple[Integers, Integers, Integers],
    slots: _Slots,
    addresses: NDArray[np.uint32],
    first_day: int,
) -> Rows:
    """Every source of a cell once, then the rest of the accesses by a steep law: a few sources knock again and again."""
    accesses, sources, first_slot = counts
    total = int(accesses.sum())
    cell = np.repeat(np.arange(len(accesses)), accesses)
    inside = within(accesses)
    luck = dice.uniform(total)
    known = sources[cell]
    slot = first_slot[cell] + np.where(inside < known, inside, (known * luck * luck * luck).astype(np.int64))
    family = cell % len(FAMILIES)
    by_source = np.array([family.by_source for family in FAMILIES])[family]
    port = np.where(by_source, slots.port[slot], _ports(dice, family, total))
    return Rows(instants(dice, first_day + cell // len(FAMILIES)), addresses[slots.source[slot]], 1024 + dice.below(64_000, total), port)
