# SPDX-License-Identifier: Apache-2.0
"""What the compiled search for fields and the columns made of them agree on: what a value looks like, and which names are wanted."""

from __future__ import annotations

from enum import IntEnum
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
NONE, ODD = -1, -2
"""In columns of numbers: there is no value; or there is one that only the careful reader understands."""


class Look(IntEnum):
    MISSING = 0
    STRING = 1  # its bytes are its value
    ESCAPED = 2  # a string that must be decoded first
    INTEGER = 3  # digits
    DECIMAL = 4  # digits, a point, digits
    NUMBER = 5  # any other number
    WORD = 6  # true or false
    NULL = 7
    OBJECT = 8
    LIST = 9


class Read(IntEnum):
    """What a wanted value is read as, in the same pass that finds it."""

    INTEGER = 1
    SECONDS = 2
    INSTANT = 3
    UTC_INSTANT = 4  # also without an offset
    ADDRESS = 5
    CHOICE = 6


START_BITS, LOOK_AT = 28, 56
"""A found field is one number: its first byte, its end shifted by START_BITS, its look by LOOK_AT (a batch has fewer bytes than 2**28)."""
NAME_WORDS, SLOTS = 6, 256
SPREAD = 0x9E3779B97F4A7C15 - (1 << 64)
"""Multiplied by it, the first bytes of a name are spread over its upper bits (2**64 divided by the golden ratio)."""


class Names(NamedTuple):
    """Wanted names in the form that the compiled search compares with: plain memory, because arrays cost it reference counts.

    `table` begins with SLOTS numbers, one for each value of `slot_of`: the number of the first name with it plus one, or 0. Then come NAME_WORDS
    numbers a name: its first eight bytes (little-endian), its length, the number of the object that holds it (0 for the record itself), the
    number of the object that it opens (0 for none), where in `text` it stands, and the next name of its slot plus one, or 0.
    """

    table: Array
    text: Array


def prepare(names: tuple[str, ...], objects: tuple[str, ...] = ()) -> Names:
    """`objects` are those of `names` whose inner names are wanted too, written `object.name`."""
    rows, text, slots = [], b"", [0] * SLOTS
    for number, name in enumerate(names, 1):
        own, space = _place(name, objects)
        head = int.from_bytes(own[:8], "little", signed=len(own) >= 8)
        rows.append((head, len(own), space, objects.index(name) + 1 if name in objects else 0, len(text), slots[slot_of(head, len(own))]))
        slots[slot_of(head, len(own))] = number
        text += own
    return Names(np.array([*slots, *chain.from_iterable(rows)], np.int64), np.frombuffer(text, np.uint8))


def slot_of(head: int, size: int) -> int:
    """`compiled_fields.find_name` counts the same."""
    return ((head * SPREAD >> 48) ^ size) & (SLOTS - 1)


def _place(name: str, objects: tuple[str, ...]) -> tuple[bytes, int]:
    for number, outer in enumerate(objects, 1):
        if name.startswith(outer + "."):
            return name[len(outer) + 1 :].encode(), number
    return name.encode(), 0
