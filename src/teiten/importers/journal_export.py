# SPDX-License-Identifier: Apache-2.0
"""systemd's export format (`journalctl -o export`) read as if it were `journalctl -o json`: one entry a line, so that all importers know it.

An entry is lines `NAME=value`, or `NAME`, a length of eight bytes and as many bytes, up to an empty line. Only the fields that importers use
are kept; an entry that is broken comes out as far as it goes. Bounded: a longer entry is cut.
"""

from __future__ import annotations

from typing import Any

import msgspec

BEGINNING = b"__CURSOR="
_WANTED = frozenset((b"__REALTIME_TIMESTAMP", b"_HOSTNAME", b"SYSLOG_IDENTIFIER", b"_COMM", b"_PID", b"SYSLOG_PID", b"MESSAGE", b"_TRANSPORT"))
_ENTRY_BYTES = 1 << 20
_PIECE = 1 << 17


class ExportedJournal:
    """`read1` gives lines of JSON; `inner` is the unpacked stream."""

    def __init__(self, inner: Any, beginning: bytes) -> None:
        self._inner = inner
        self._rest = beginning
        self._entry: dict[str, Any] = {}
        self._ended = False

    def read1(self, _size: int = -1) -> bytes:
        while not self._ended:
            piece = self._inner.read1(_PIECE)
            self._ended = not piece
            said = self._feed(piece)
            if said:
                return said
        return b""

    def _feed(self, piece: bytes) -> bytes:
        text, at, entries = self._rest + piece, 0, list[bytes]()
        while (end := text.find(b"\n", at)) >= 0:
            line = text[at:end]
            name, equals, value = line.partition(b"=")
            if not line:
                self._finish(entries)
            elif equals:
                self._keep(name, value)
            else:
                size = int.from_bytes(text[end + 1 : end + 9], "little")
                if size > _ENTRY_BYTES or end + 9 + size + 1 > len(text):
                    if size <= _ENTRY_BYTES and not self._ended:
                        break  # its bytes are still to come
                    size = 0  # no such field: go on behind the name
                    at = end + 1
                    continue
                self._keep(name, text[end + 9 : end + 9 + size])
                end += 9 + size
            at = end + 1
        self._rest = text[at:][-2 * _ENTRY_BYTES :]
        if self._ended:
            self._keep(*self._rest.partition(b"=")[::2])
            self._finish(entries)
        return b"".join(entries)

    def _keep(self, name: bytes, value: bytes) -> None:
        if name in _WANTED:
            try:
                self._entry[name.decode()] = value.decode()
            except UnicodeDecodeError:
                self._entry[name.decode()] = list(value)

    def _finish(self, entries: list[bytes]) -> None:
        if self._entry:
            entries.append(msgspec.json.encode(self._entry) + b"\n")
            self._entry = {}
