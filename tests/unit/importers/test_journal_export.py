# SPDX-License-Identifier: Apache-2.0
"""An exported journal is the same in any pieces, and broken bytes neither raise nor hang (U-33)."""

from __future__ import annotations

import io
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from teiten.importers.journal_export import BEGINNING, ExportedJournal

MESSAGE = b"Failed password for \xff\n from 198.51.100.8 port 4 ssh2"
ENTRIES = (
    b"__CURSOR=a\n__REALTIME_TIMESTAMP=1709251200000000\n_HOSTNAME=h\nMESSAGE=one=two\n\n"
    b"__CURSOR=b\n__REALTIME_TIMESTAMP=1709251201000000\nMESSAGE\n" + len(MESSAGE).to_bytes(8, "little") + MESSAGE + b"\n_PID=5\n\n"
)


class Pieces:
    """A stream that hands out `size` bytes at a time."""

    def __init__(self, data: bytes, size: int) -> None:
        self._stream, self._size = io.BytesIO(data), size

    def read1(self, _size: int) -> bytes:
        return self._stream.read(self._size)


def read(data: bytes, size: int = 1 << 17) -> list[Any]:
    journal, text = ExportedJournal(Pieces(data[len(BEGINNING) :], size), data[: len(BEGINNING)]), b""
    while piece := journal.read1():
        text += piece
    return [json.loads(line) for line in text.splitlines()]


def test_fields_of_both_forms_in_any_pieces() -> None:
    whole = read(ENTRIES)
    assert whole == [
        {"__REALTIME_TIMESTAMP": "1709251200000000", "_HOSTNAME": "h", "MESSAGE": "one=two"},
        {"__REALTIME_TIMESTAMP": "1709251201000000", "MESSAGE": list(MESSAGE), "_PID": "5"},
    ]
    assert all(read(ENTRIES, size) == whole for size in (1, 3, 17))


def test_the_last_entry_counts_without_its_end() -> None:
    assert read(ENTRIES[:-1])[1]["_PID"] == "5"
    assert len(read(ENTRIES[:70])) == 1


@given(data=st.binary(max_size=200), size=st.integers(1, 50))
@settings(max_examples=80, deadline=None, database=None)
def test_any_bytes_end(data: bytes, size: int) -> None:
    read(BEGINNING + data, size)
