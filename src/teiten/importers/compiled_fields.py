# SPDX-License-Identifier: Apache-2.0
"""Compiled search for the wanted fields of JSON and tab-separated lines: where each value begins and ends, without making an object.

Stricter than any reader: a line with anything unusual (bytes above 127, control characters, repeated names, escaped names, great depth,
bad syntax) is not `plain` and is left to the reader in Python. Lines end in a newline or in the zero byte behind the last one, which
no rule here accepts, so nothing reads past a line. Imported only when a log is long enough to be worth it.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from teiten.importers.compiled_values import address, digits, instant, minute_of, seconds
from teiten.importers.field_layout import LOOK_AT, NAME_WORDS, NONE, ODD, SLOTS, SPREAD, START_BITS, Array, Look, Read
from teiten.packets.jit import byte, compiled, load64, store64

STRING, ESCAPED, INTEGER, DECIMAL, NUMBER = int(Look.STRING), int(Look.ESCAPED), int(Look.INTEGER), int(Look.DECIMAL), int(Look.NUMBER)
WORD, NULL, OBJECT, LIST = int(Look.WORD), int(Look.NULL), int(Look.OBJECT), int(Look.LIST)
ONES, HIGHS = 0x0101010101010101, -0x7F7F7F7F7F7F7F80
NEWLINES = 0x0A0A0A0A0A0A0A0A
QUOTES, SLASHES, BLANKS = 0x2222222222222222, 0x5C5C5C5C5C5C5C5C, 0x2020202020202020
DEEPEST, ROW_BYTES, SLOT_BYTES = 60, 8 * NAME_WORDS, 8 * SLOTS
PLACE = (1 << START_BITS) - 1
AS_INTEGER, AS_SECONDS, AS_INSTANT, AS_UTC, AS_ADDRESS, AS_CHOICE = (int(read) for read in Read)


def _count_zeros(_context: Any, _value: Any) -> Any:
    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.int64), generate


trailing_zeros = cast(Any, intrinsic(_count_zeros))


@compiled
def skip_blank(at: int) -> int:
    while byte(at) == 32 or byte(at) == 9 or byte(at) == 13:
        at += 1
    return at


@compiled
def is_hex(value: int) -> bool:
    return 48 <= value <= 57 or 65 <= value <= 70 or 97 <= value <= 102


@compiled
def escape_end(at: int) -> int:
    """Behind an escape whose backslash is at `at`; -1 for one that is none, or half a surrogate."""
    kind = byte(at + 1)
    if kind in (34, 92, 47, 98, 102, 110, 114, 116):
        return at + 2
    if kind != 117:
        return -1
    for place in range(at + 2, at + 6):
        if not is_hex(byte(place)):
            return -1
    if (byte(at + 2) | 32) == 100 and byte(at + 3) not in (48, 49, 50, 51, 52, 53, 54, 55):
        return -1
    return at + 6


@compiled
def string_end(at: int, limit: int) -> tuple[int, bool]:
    """Place of the closing quote of a string whose first byte is at `at` (-1 for none), and whether anything in it is escaped."""
    escaped = False
    while True:
        while at + 8 <= limit:
            word = load64(at)
            quotes, slashes = word ^ QUOTES, word ^ SLASHES
            found = ((quotes - ONES) & ~quotes | (slashes - ONES) & ~slashes | (word - BLANKS) & ~word | word) & HIGHS
            if found:
                at += trailing_zeros(found) >> 3
                break
            at += 8
        value = byte(at)
        if value == 34:
            return at, escaped
        if value == 92:
            escaped, at = True, escape_end(at)
            if at < 0:
                return -1, escaped
        elif value < 32 or value > 127:
            return -1, escaped
        else:
            at += 1


@compiled
def number_end(at: int) -> tuple[int, int]:
    """Behind a number, and its look; (-1, …) where there is none."""
    look, start = INTEGER, at
    if byte(at) == 45:
        look, at = NUMBER, at + 1
    digits = at
    while 48 <= byte(at) <= 57:
        at += 1
    if at == digits or (byte(digits) == 48 and at > digits + 1) or at - start > 18:
        return -1, look
    if byte(at) == 46:
        look, fraction = DECIMAL if look == INTEGER else NUMBER, at + 1
        at = fraction
        while 48 <= byte(at) <= 57:
            at += 1
        if at == fraction or at - fraction > 40:
            return -1, look
    return (-1, look) if (byte(at) | 32) == 101 else (at, look)  # numbers with an exponent are for the careful reader


@compiled
def spells(at: int, word: int, size: int) -> bool:
    """Whether the `size` (4 or 5) bytes at `at` are `word`, little-endian."""
    same = True
    for place in range(size):
        same &= byte(at + place) == (word >> (8 * place)) & 255
    return same


@compiled
def value_end(at: int, limit: int) -> tuple[int, int, int, int]:
    """(first byte, end, place behind, look) of a value that is no container; a look of 0 where there is none."""
    first = byte(at)
    if first == 34:
        end, escaped = string_end(at + 1, limit)
        return at + 1, end, end + 1, 0 if end < 0 else ESCAPED if escaped else STRING
    if 48 <= first <= 57:
        end, look = number_end(at)
        return at, end, end, 0 if end < 0 else look
    if first == 116:
        return at, at + 4, at + 4, WORD if spells(at, 0x65757274, 4) else 0
    if first == 102:
        return at, at + 5, at + 5, WORD if spells(at, 0x65736C6166, 5) else 0
    if first == 110:
        return at, at + 4, at + 4, NULL if spells(at, 0x6C6C756E, 4) else 0
    end, look = number_end(at)
    return at, end, end, 0 if end < 0 else look


@compiled
def head_of(at: int, size: int, limit: int) -> int:
    """The first eight bytes of a name as a number."""
    if at + 8 <= limit:
        return load64(at) if size >= 8 else load64(at) & ((1 << (8 * size)) - 1)
    head = 0
    for place in range(min(size, 8)):
        head |= byte(at + place) << (8 * place)
    return head


@compiled
def find_name(at: int, end: int, limit: int, space: int, table: int, text: int) -> int:
    """Address of the row in `table` for the name at `at:end`, or 0."""
    size = end - at
    head = head_of(at, size, limit)
    number = load64(table + 8 * (((head * SPREAD >> 48) ^ size) & (SLOTS - 1)))
    while number > 0:
        row = table + SLOT_BYTES + (number - 1) * ROW_BYTES
        if load64(row) == head and load64(row + 8) == size and load64(row + 16) == space:
            name, place = text + load64(row + 32), 8
            while place < size and byte(at + place) == byte(name + place):
                place += 1
            if place >= size:
                return row
        number = load64(row + 40)
    return 0


@compiled
def member_value(at: int, limit: int, space: int, table: int, text: int) -> tuple[int, int]:
    """From the opening quote of a name to its value, and the row of the wanted name it is; (-1, 0) for bad or escaped names."""
    if byte(at) != 34:
        return -1, 0
    end, escaped = string_end(at + 1, limit)
    if end < 0 or escaped:
        return -1, 0
    row = find_name(at + 1, end, limit, space, table, text) if space >= 0 else 0
    at = skip_blank(end + 1)
    return (skip_blank(at + 1), row) if byte(at) == 58 else (-1, 0)


@compiled
def find_in_object(at: int, line_end: int, limit: int, base: int, table: int, text: int, out: int, stride: int, enough: int) -> bool:
    """Writes what is found in one line to `out`, fields `stride` bytes apart; False if the line is not plain.

    After `enough` values the rest of the line is not looked at.
    """
    at = skip_blank(at)
    if byte(at) != 123:
        return False
    at, depth, objects, inner, fresh = at + 1, 1, 1, -1, True
    while True:
        at, row, place = skip_blank(at), 0, 0
        is_object = (objects >> (depth - 1)) & 1
        if not (fresh and byte(at) == (125 if is_object else 93)):
            if is_object:
                at, row = member_value(at, limit, 0 if depth == 1 else inner if depth == 2 else -1, table, text)
                if at < 0:
                    return False
                if row:
                    place = out + (row - table - SLOT_BYTES) // ROW_BYTES * stride
                    if load64(place) != 0:
                        return False
            if byte(at) == 123 or byte(at) == 91:
                if depth == DEEPEST:
                    return False
                opens = byte(at) == 123
                if row:
                    store64(place, (OBJECT if opens else LIST) << LOOK_AT)
                if depth == 1:
                    inner = load64(row + 24) if row and opens and load64(row + 24) else -1
                objects = objects | (1 << depth) if opens else objects & ~(1 << depth)
                at, depth, fresh = at + 1, depth + 1, True
                continue
            start, end, at, look = value_end(at, limit)
            if look == 0:
                return False
            if row:
                store64(place, (start - base) | (end - base) << START_BITS | look << LOOK_AT)
                enough -= 1
                if enough == 0:
                    return True
        at, depth = behind_value(at, depth, objects)
        if depth <= 0:
            return depth == 0 and skip_blank(at) == line_end
        fresh = False


@compiled
def behind_value(at: int, depth: int, objects: int) -> tuple[int, int]:
    """Past all that closes here, to the next element (depth > 0), to the end of the record (0), or nowhere (-1)."""
    while depth > 0:
        at = skip_blank(at)
        if byte(at) == 44:
            return at + 1, depth
        if byte(at) != (125 if (objects >> (depth - 1)) & 1 else 93):
            return at, -1
        at, depth = at + 1, depth - 1
    return at, 0


@compiled
def find_in_objects(
    base: int, size: int, lines: Array, line_ends: Array, table: int, text: int, found: Array, plain: Array, enough: int,
    reads: Array, choices: tuple[Array, Array], values: Array,
) -> None:  # fmt: skip
    """`found` has a row of zeros for each name and a column for each line; `values` a row for each of `reads`: the row in `found`, what its
    values are read as, and the first and last of its choices in `choices`. A line is read while it is in the processor's nearest cache.
    """
    out, stride = found.ctypes.data, found.shape[1] * 8
    last, minutes = np.zeros(len(reads), np.int64), np.zeros(len(reads), np.int64)  # lines of the same minute follow each other
    letters, offsets = choices
    for i in range(len(lines)):
        plain[i] = find_in_object(base + lines[i], base + line_ends[i], base + size, base, table, text, out + 8 * i, stride, enough)
        for k in range(len(reads)):
            place, kind, value = found[reads[k, 0], i], reads[k, 1], ODD
            start, end, look = base + (place & PLACE), base + ((place >> START_BITS) & PLACE), place >> LOOK_AT
            if look == 0 or (look == NULL and kind <= AS_SECONDS):
                value = NONE
            elif kind == AS_INTEGER:
                if look in (INTEGER, STRING):
                    value = digits(start, end)
            elif kind == AS_SECONDS:
                if look in (INTEGER, DECIMAL, STRING):
                    value = seconds(start, end)
            elif look != STRING:
                pass
            elif kind == AS_ADDRESS:
                value = address(start, end)
            elif kind == AS_CHOICE:
                for choice in range(reads[k, 2], reads[k, 3]):
                    if end - start == offsets[choice + 1] - offsets[choice]:
                        at = 0
                        while at < end - start and byte(start + at) == letters[offsets[choice] + at]:
                            at += 1
                        if at == end - start:
                            value = choice - reads[k, 2]
                            break
            elif 19 <= end - start <= 40:
                if last[k] == 0 or load64(start) != load64(last[k]) or load64(start + 8) != load64(last[k] + 8) or byte(start + 16) != 58:
                    last[k], minutes[k] = start, minute_of(start)
                value = instant(start, end, minutes[k], kind == AS_UTC)
            values[k, i] = value


@compiled
def find_newlines(base: int, size: int, places: Array) -> int:
    """Fills `places` and tells how many there are."""
    at, limit, count = base, base + size, 0
    while at < limit:
        if at + 8 <= limit:
            word = load64(at) ^ NEWLINES
            found = (word - ONES) & ~word & HIGHS
            if not found:
                at += 8
                continue
            at += trailing_zeros(found) >> 3
        if byte(at) == 10:
            places[count] = at - base
            count += 1
        at += 1
    return count
