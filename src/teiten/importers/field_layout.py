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


class Names(NamedTuple):
    """Wanted names, in the form that the compiled search compares with. A dotted name is one inside an object that is itself wanted."""

    text: Array
    offsets: Array
    lengths: Array
    heads: Array  # the first eight bytes as a little-endian number
    space: Array  # 0: a name of the record itself; else the number of the object that holds it
    opens: Array  # number of the object that this name opens, or 0


def prepare(names: tuple[str, ...], objects: tuple[str, ...] = ()) -> Names:
    """`objects` are those of `names` whose inner names are wanted too, written `object.name`."""
    placed = [_place(name, objects) for name in names]
    texts = [text for text, _ in placed]
    offsets = np.cumsum([0, *(len(text) for text in texts[:-1])])
    heads = [int.from_bytes(text[:8], "little", signed=len(text) >= 8) for text in texts]
    return Names(
        np.frombuffer(b"".join(texts) + bytes(8), np.uint8),
        offsets.astype(np.int64),
        np.array([len(text) for text in texts], np.int64),
        np.array(heads, np.int64),
        np.array([space for _, space in placed], np.int64),
        np.array([objects.index(name) + 1 if name in objects else 0 for name in names], np.int64),
    )


def _place(name: str, objects: tuple[str, ...]) -> tuple[bytes, int]:
    for number, outer in enumerate(objects, 1):
        if name.startswith(outer + "."):
            return name[len(outer) + 1 :].encode(), number
    return name.encode(), 0
