# SPDX-License-Identifier: Apache-2.0
"""What the compiled search for fields and the columns made of them agree on: what a value looks like, and which names are wanted."""

from __future__ import annotations

from enum import IntEnum
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


START_BITS, LOOK_AT = 28, 56
"""A found field is one number: its first byte, its end shifted by START_BITS, its look by LOOK_AT (a batch has fewer bytes than 2**28)."""
NAME_WORDS = 5


class Names(NamedTuple):
    """Wanted names in the form that the compiled search compares with: plain memory, because arrays cost it reference counts.

    `table` has NAME_WORDS numbers a name: its first eight bytes (little-endian), its length, the number of the object that holds it (0 for
    the record itself), the number of the object that it opens (0 for none), and where in `text` it stands.
    """

    table: Array
    text: Array


def prepare(names: tuple[str, ...], objects: tuple[str, ...] = ()) -> Names:
    """`objects` are those of `names` whose inner names are wanted too, written `object.name`."""
    rows, text = [], b""
    for name in names:
        own, space = _place(name, objects)
        head = int.from_bytes(own[:8], "little", signed=len(own) >= 8)
        rows.append((head, len(own), space, objects.index(name) + 1 if name in objects else 0, len(text)))
        text += own
    return Names(np.array(rows, np.int64), np.frombuffer(text, np.uint8))


def _place(name: str, objects: tuple[str, ...]) -> tuple[bytes, int]:
    for number, outer in enumerate(objects, 1):
        if name.startswith(outer + "."):
            return name[len(outer) + 1 :].encode(), number
    return name.encode(), 0
