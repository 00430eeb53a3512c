# SPDX-License-Identifier: Apache-2.0
"""Counts as the public gets them (P5): two significant digits, noise that is the same at every asking, nothing below ten.

The noise is a pseudo-random function of a secret key, the item and the period; so asking again, or another page, averages nothing out.
"""

from __future__ import annotations

import hashlib
from typing import Final

import msgspec

NOISE: Final = 0.10  # largest relative deviation
SMALLEST: Final = 2.0  # and at least this many, so that small counts move too


class Coarsener(msgspec.Struct, frozen=True):
    """`count` gives None for what is withheld as too small. `key` must stay secret and be the same for ever; `mark` is a partner's."""

    key: bytes
    least: int = 10
    mark: str = ""

    def count(self, value: int, *about: object) -> int | None:
        """`about` names the item and the measure, and the day if it is a day's count. A window's count has no date among them: the same
        noise in every window, or the mean of many windows would be the truth."""
        if value < self.least:
            return None
        return max(self.least, two_digits(value + self._noise(value, about)))

    def _noise(self, value: int, about: tuple[object, ...]) -> float:
        text = "\0".join([self.mark, *(one.hex() if isinstance(one, bytes) else str(one) for one in about)])
        drawn = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), key=self.key, digest_size=16).digest()
        unit = (int.from_bytes(drawn[:8]) + int.from_bytes(drawn[8:])) / 2**64 - 1  # triangular over -1 … 1
        return unit * max(SMALLEST, NOISE * value)


def two_digits(value: float) -> int:
    """Rounded half up to two significant digits."""
    whole = max(0, int(value + 0.5))
    if whole < 100:
        return whole
    unit = int(10 ** (len(str(whole)) - 2))
    return (whole + unit // 2) // unit * unit
