# SPDX-License-Identifier: Apache-2.0
"""Compiled reading of found fields into arrays: numbers, times, addresses, choices, texts of one width; and the cells of tab-separated lines.

The rules are those of `instants.py`, `rows.py` and `json_records.py`; what is not plain is ODD and left to them.
"""

from __future__ import annotations

from teiten.importers.field_layout import NONE, ODD, Array, Look
from teiten.packets.jit import byte, compiled, load64, prefetch

MISSING, STRING, ESCAPED, INTEGER, DECIMAL, NULL = (
    int(look) for look in (Look.MISSING, Look.STRING, Look.ESCAPED, Look.INTEGER, Look.DECIMAL, Look.NULL)
)
AHEAD = 16  # lines; a batch is larger than the caches, and the processor would wait at each of them
FIRST_YEAR, LAST_YEAR = 1971, 9997


@compiled
def digits(at: int, end: int) -> int:
    """The number written in `at:end` (at most 18 digits), or ODD."""
    if at >= end or end - at > 18:
        return ODD
    value = 0
    while at < end:
        digit = byte(at) - 48
        if digit < 0 or digit > 9:
            return ODD
        value, at = value * 10 + digit, at + 1
    return value


@compiled
def read_integers(base: int, starts: Array, ends: Array, looks: Array, found: Array) -> None:
    """Numbers, also written as text; NONE where there is nothing, ODD for anything else."""
    for i in range(len(found)):
        prefetch(base + starts[min(i + AHEAD, len(starts) - 1)])
        look = looks[i]
        if look in (INTEGER, STRING):
            found[i] = digits(base + starts[i], base + ends[i])
        else:
            found[i] = NONE if look in (MISSING, NULL) else ODD


@compiled
def seconds(at: int, end: int) -> int:
    """`1379288650.690013` in microseconds, cut below one; ODD if its seconds need more than ten digits or its digits might be rounded."""
    point = at
    while point < end and byte(point) != 46:
        point += 1
    whole = digits(at, point)
    if whole < 0 or (point - at > 9 and whole > 9_000_000_000):
        return ODD
    fraction, place, nines, written = 0, point + 1, 0, max(0, end - point - 1)
    while place < end:
        digit = byte(place) - 48
        if digit < 0 or digit > 9:
            return ODD
        if place - point <= 6:
            fraction = fraction * 10 + digit
        elif place - point <= 9:
            nines += digit == 9
        place += 1
    if (point < end and written == 0) or (written > 6 and (whole >= 1_000_000 or nines == min(written, 9) - 6)):
        return ODD  # as a binary number it might be rounded up to the next microsecond
    for _ in range(6 - min(written, 6)):
        fraction *= 10
    return whole * 1_000_000 + fraction


@compiled
def read_seconds(base: int, starts: Array, ends: Array, looks: Array, found: Array) -> None:
    for i in range(len(found)):
        prefetch(base + starts[min(i + AHEAD, len(starts) - 1)])
        look = looks[i]
        if look in (INTEGER, DECIMAL, STRING):
            found[i] = seconds(base + starts[i], base + ends[i])
        else:
            found[i] = NONE if look in (MISSING, NULL) else ODD


@compiled
def days_from_civil(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a day of the Gregorian calendar (years counted from March, in eras of 400)."""
    if month <= 2:
        year -= 1
    era = year // 400
    of_era = year - era * 400
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@compiled
def longest_day(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


@compiled
def two(at: int) -> int:
    """Two digits as a number; below zero for anything else."""
    tens, ones = byte(at) - 48, byte(at + 1) - 48
    return tens * 10 + ones if 0 <= tens <= 9 and 0 <= ones <= 9 else -10_000


@compiled
def minute_of(at: int) -> int:
    """`2016-01-11T05:10:` as microseconds, or ODD."""
    year, month, day = two(at) * 100 + two(at + 2), two(at + 5), two(at + 8)
    hour, minute = two(at + 11), two(at + 14)
    if byte(at + 4) != 45 or byte(at + 7) != 45 or byte(at + 13) != 58 or byte(at + 16) != 58 or (byte(at + 10) != 84 and byte(at + 10) != 32):
        return ODD
    if year < FIRST_YEAR or year > LAST_YEAR or month < 1 or month > 12 or day < 1 or day > longest_day(year, month):
        return ODD
    if hour < 0 or hour > 23 or minute < 0 or minute > 59:
        return ODD
    return (days_from_civil(year, month, day) * 1440 + hour * 60 + minute) * 60_000_000


@compiled
def offset_of(at: int, end: int, naive_is_utc: bool) -> int:
    """What `Z`, `+0900`, `+09:00` or `+09` adds, in microseconds; the least of all numbers for anything else."""
    none = -(1 << 62)
    if at == end:
        return 0 if naive_is_utc else none
    if end - at == 1:
        return 0 if byte(at) == 90 else none
    if byte(at) != 43 and byte(at) != 45:
        return none
    hours, minutes = two(at + 1), 0
    if end - at == 5:
        minutes = two(at + 3)
    elif end - at == 6 and byte(at + 3) == 58:
        minutes = two(at + 4)
    elif end - at != 3:
        return none
    if hours < 0 or minutes < 0 or hours > 23 or minutes > 59:
        return none
    return (hours * 60 + minutes) * (60_000_000 if byte(at) == 43 else -60_000_000)


@compiled
def instant(at: int, end: int, minute: int, naive_is_utc: bool) -> int:
    second, place = two(at + 17), at + 19
    if minute < 0 or second < 0 or second > 60:
        return ODD
    fraction, places = 0, 0
    if place < end and (byte(place) == 46 or byte(place) == 44):
        place += 1
        while place < end and 48 <= byte(place) <= 57:
            if places < 6:
                fraction = fraction * 10 + byte(place) - 48
            places, place = places + 1, place + 1
        if places == 0 or places > 9:
            return ODD
    while places < 6:
        fraction, places = fraction * 10, places + 1
    offset = offset_of(place, end, naive_is_utc)
    return ODD if offset == -(1 << 62) else minute - offset + second * 1_000_000 + fraction


@compiled
def read_instants(base: int, starts: Array, ends: Array, looks: Array, naive_is_utc: bool, found: Array) -> None:
    """Lines of the same minute follow each other, so its microseconds are counted once for all of them."""
    last, minute = 0, ODD
    for i in range(len(found)):
        prefetch(base + starts[min(i + AHEAD, len(starts) - 1)])
        found[i] = NONE if looks[i] == MISSING else ODD
        at, end = base + starts[i], base + ends[i]
        if looks[i] == STRING and 19 <= end - at <= 40:
            if last == 0 or load64(at) != load64(last) or load64(at + 8) != load64(last + 8) or byte(at + 16) != 58:
                last, minute = at, minute_of(at)
            found[i] = instant(at, end, minute, naive_is_utc)


@compiled
def local_instant(at: int, end: int, months: Array) -> int:
    """`05/Nov/2024:10:00:00 +0100`, or ODD."""
    if end - at != 26 or byte(at + 2) != 47 or byte(at + 6) != 47 or byte(at + 11) != 58 or byte(at + 14) != 58 or byte(at + 17) != 58:
        return ODD
    name, month = byte(at + 3) << 16 | byte(at + 4) << 8 | byte(at + 5), 0
    for number in range(12):
        if months[number] == name:
            month = number + 1
    day, year, hour, minute, second = two(at), two(at + 7) * 100 + two(at + 9), two(at + 12), two(at + 15), two(at + 18)
    if month == 0 or year < FIRST_YEAR or year > LAST_YEAR or day < 1 or day > longest_day(year, month):
        return ODD
    offset = offset_of(at + 21, end, False)
    if byte(at + 20) != 32 or offset == -(1 << 62) or hour < 0 or hour > 23 or minute < 0 or minute > 59 or second < 0 or second > 60:
        return ODD
    return ((days_from_civil(year, month, day) * 1440 + hour * 60 + minute) * 60 + second) * 1_000_000 - offset


@compiled
def read_local_instants(base: int, starts: Array, ends: Array, looks: Array, months: Array, found: Array) -> None:
    for i in range(len(found)):
        prefetch(base + starts[min(i + AHEAD, len(starts) - 1)])
        found[i] = local_instant(base + starts[i], base + ends[i], months) if looks[i] == STRING else NONE if looks[i] == MISSING else ODD


@compiled
def address(at: int, end: int) -> int:
    """Dotted IPv4 as a number, or ODD."""
    value, part, places, dots = 0, 0, 0, 0
    while at < end:
        digit = byte(at) - 48
        if digit == -2:
            if places == 0 or dots == 3:
                return ODD
            value, part, places, dots = value * 256 + part, 0, 0, dots + 1
        elif digit < 0 or digit > 9 or (places > 0 and part == 0):
            return ODD
        else:
            part, places = part * 10 + digit, places + 1
            if part > 255:
                return ODD
        at += 1
    return value * 256 + part if places > 0 and dots == 3 else ODD


@compiled
def read_addresses(base: int, starts: Array, ends: Array, looks: Array, found: Array) -> None:
    for i in range(len(found)):
        prefetch(base + starts[min(i + AHEAD, len(starts) - 1)])
        found[i] = address(base + starts[i], base + ends[i]) if looks[i] == STRING else NONE if looks[i] == MISSING else ODD


@compiled
def choose(base: int, starts: Array, ends: Array, looks: Array, text: Array, offsets: Array, found: Array) -> None:
    """Which of the texts `text[offsets[k]:offsets[k + 1]]` a string is; NONE where there is none, ODD for another."""
    for i in range(len(found)):
        prefetch(base + starts[min(i + AHEAD, len(starts) - 1)])
        found[i] = ODD if looks[i] > NONE + 1 else NONE
        if looks[i] != STRING:
            continue
        for k in range(len(offsets) - 1):
            if ends[i] - starts[i] == offsets[k + 1] - offsets[k]:
                same = True
                for place in range(offsets[k + 1] - offsets[k]):
                    if byte(base + starts[i] + place) != text[offsets[k] + place]:
                        same = False
                        break
                if same:
                    found[i] = k
                    break


@compiled
def fill(base: int, starts: Array, ends: Array, table: Array) -> None:
    """Bytes of each span into a row of `table`, whose rest is zero."""
    for i in range(len(starts)):
        prefetch(base + starts[min(i + AHEAD, len(starts) - 1)])
        for place in range(ends[i] - starts[i]):
            table[i, place] = byte(base + starts[i] + place)


@compiled
def split_cells(
    base: int, lines: Array, line_ends: Array, separator: int, places: Array, unset: tuple[Array, Array], starts: Array, ends: Array, looks: Array
) -> None:
    """Cells `places` (field by number of cell, -1 for unwanted) of separated lines; a cell that is one of the unset texts is missing."""
    for i in range(len(lines)):
        at, end, cell = base + lines[i], base + line_ends[i], 0
        start = at
        while True:
            if at == end or byte(at) == separator:
                field = places[cell] if cell < len(places) else -1
                if field >= 0 and not is_unset(start, at, unset[0], unset[1]):
                    starts[field, i], ends[field, i], looks[field, i] = start - base, at - base, cell_look(start, at)
                if at == end:
                    break
                cell, start = cell + 1, at + 1
            at += 1


@compiled
def cell_look(at: int, end: int) -> int:
    while at < end:
        if byte(at) == 92 or byte(at) > 127 or byte(at) == 0:
            return ESCAPED
        at += 1
    return STRING


@compiled
def is_unset(at: int, end: int, unset: Array, unset_ends: Array) -> bool:
    first = 0
    for k in range(len(unset_ends)):
        same = unset_ends[k] - first == end - at
        place = 0
        while same and place < end - at:
            same = byte(at + place) == unset[first + place]
            place += 1
        if same:
            return True
        first = unset_ends[k]
    return False
