# SPDX-License-Identifier: Apache-2.0
"""Opens what a person names (files, folders, globs, stdin) and cuts it into records, in bounded memory.

Compression is told by the first bytes, never by the name. How a stream is cut depends on its bytes alone, so that the same content
gives the same records whether it comes compressed, renamed or through a pipe. Nothing here knows a log format.
"""

from __future__ import annotations

import bz2
import glob
import gzip
import lzma
import os
import re
import sys
import tempfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from teiten.importers import nfcapd
from teiten.importers.avro import AvroCutter
from teiten.importers.exports import MessageCutter
from teiten.importers.interface import Records
from teiten.importers.journal_export import BEGINNING, ExportedJournal
from teiten.importers.lines import Lines, newlines

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

BLOCK_BYTES = 1 << 20
RECORD_BYTES = 1 << 20
"""A longer line is read as several records, which then say what is wrong with them."""
MAIL_BYTES = 64 << 20
HEAD_BYTES = 1 << 16
STDIN = "-"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
BROKEN = (EOFError, zlib.error, lzma.LZMAError, zstd.ZstdError, OSError, RuntimeError)
"""What decompressors and disks raise: the file ends here, and what was read before counts. lz4 raises RuntimeError."""


def find_files(paths: list[str]) -> Iterator[str]:
    """Every file behind `paths`, folders from top to bottom in order of name; a glob or name that matches nothing is given back as it is."""
    for path in paths:
        if path == STDIN or Path(path).is_file():
            yield path
        elif Path(path).is_dir():
            yield from _below(path)
        else:
            matches = sorted(glob.glob(path, recursive=True)) if glob.has_magic(path) else []  # noqa: PTH207 (also absolute and **)
            yield from find_files(matches) if matches else [path]


def _below(folder: str) -> Iterator[str]:
    for where, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(where) / name
            if path.is_file():
                yield str(path)


class Opened:
    """A file that can be read, once from the start and, if it is asked for, surveyed before. Raises OSError if it can't be opened."""

    def __init__(self, name: str, zone_name: str = "UTC") -> None:
        self.name = name
        self._raw: IO[bytes] = _on_disk(sys.stdin.buffer) if name == STDIN else _seekable(Path(name))
        self.size = os.fstat(self._raw.fileno()).st_size
        self.changed_at = None if name == STDIN else int(os.fstat(self._raw.fileno()).st_mtime * 1_000_000)
        self.conversion_problem: str | None = None  # why nfdump could not read its own file
        self.problem: str | None = None  # why the stream broke; all that came before it was given out
        self._packing: str | None = None  # besides that of the stream
        if name != STDIN:
            self._convert(name, zone_name)
        self.rewind()

    def _convert(self, name: str, zone_name: str) -> None:
        """A binary file of nfdump is read as what nfdump makes of it; where it can't, the file is as it is, and no format knows it."""
        is_binary = self._raw.read(4) in nfcapd.MAGIC
        self._raw.seek(0)
        if not is_binary:
            return
        try:
            converted = nfcapd.as_json(name, zone_name)
        except nfcapd.NotConverted as error:
            self.conversion_problem = str(error)
            return
        self._raw.close()
        self._raw, self._packing = converted, "nfdump"
        self.size = os.fstat(converted.fileno()).st_size

    def rewind(self) -> None:
        self._raw.seek(0)
        self.problem = None
        self._stream, packing = _unpacked(self._raw)
        self._read_journal()
        self.packing = self._packing or packing
        self._block = self._next_block().removeprefix(_BYTE_ORDER_MARK)

    def _read_journal(self) -> None:
        """An exported journal is read as journalctl's JSON."""
        try:
            beginning = self._stream.read1(len(BEGINNING))
        except BROKEN:
            return  # said when the first block is read
        if beginning == BEGINNING:
            self._stream, self._packing = ExportedJournal(self._stream, beginning), "journal export"
        elif self._stream is self._raw:
            self._raw.seek(0)
        else:
            self._raw.seek(0)
            self._stream, _ = _unpacked(self._raw)

    def head(self) -> bytes:
        """The first bytes, unpacked; stays readable."""
        return self._block[:HEAD_BYTES]

    def done_bytes(self) -> int:
        return self._raw.tell()

    def blocks(self) -> Iterator[bytes]:
        """All of the file in blocks of BLOCK_BYTES, whatever pieces it comes in."""
        while self._block:
            block, self._block = self._block, self._next_block()
            yield block

    def _next_block(self) -> bytes:
        """Piece by piece, because a reader that breaks keeps what it had not handed over yet."""
        pieces, missing = [], BLOCK_BYTES
        most = BLOCK_BYTES if self._stream is self._raw else 1 << 17  # a plain file gives one piece that needs no copy
        try:
            while missing > 0 and self.problem is None and (piece := self._stream.read1(min(missing, most))):
                pieces.append(piece)
                missing -= len(piece)
        except BROKEN as error:
            self.problem = f"broken off ({self.packing}): {error}"
        return b"".join(pieces)

    def close(self) -> None:
        self._raw.close()


def _seekable(path: Path) -> IO[bytes]:
    raw = path.open("rb")
    if raw.seekable():
        return raw
    with raw:
        return _on_disk(raw)


def _on_disk(pipe: IO[bytes]) -> IO[bytes]:
    """A pipe can't be surveyed and then read, so its bytes go to a nameless file first."""
    copy = tempfile.TemporaryFile(prefix="teiten-import-")  # noqa: SIM115 (closed by Opened.close)
    while block := pipe.read(BLOCK_BYTES):
        copy.write(block)
    copy.seek(0)
    return copy


def _unpacked(raw: IO[bytes]) -> tuple[Any, str]:
    """Something with `read1`, and the name of the packing."""
    magic = raw.read(6)
    raw.seek(0)
    if magic.startswith(b"\x1f\x8b"):
        return gzip.GzipFile(fileobj=raw), "gzip"
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return zstd.ZstdFile(raw), "zstd"
    if magic == b"\xfd7zXZ\x00":
        return lzma.LZMAFile(raw), "xz"
    if magic.startswith(b"BZh"):
        return bz2.BZ2File(raw), "bzip2"
    if magic.startswith(b"\x04\x22\x4d\x18"):
        from lz4.frame import LZ4FrameFile

        return LZ4FrameFile(raw), "lz4"
    return raw, "plain"


class Cut:
    """Records in blocks as they come off a file; `unfinished` says that the last one had no end."""

    def __init__(self, opened: Opened, records: Records) -> None:
        self._blocks = opened.blocks()
        self._mbox = records == "mails"
        self._capture = records == "capture"
        self._avro = records == "avro"
        self._exports = records == "exports"
        self.is_array = records == "json" and is_array(opened.head())
        self._answer = answer_end(opened.head()) if self.is_array else 0
        self.unfinished = False

    def __iter__(self) -> Iterator[Sequence[bytes]]:
        if self._mbox:
            return self._mails(self._blocks)
        if self._capture:
            return self._packets(self._blocks)
        if self._avro:
            return self._data(self._blocks)
        if self._exports:
            return self._messages(self._blocks)
        return self._values(self._blocks) if self.is_array else self._lines(self._blocks)

    def _lines(self, blocks: Iterator[bytes]) -> Iterator[Sequence[bytes]]:
        rest = b""
        for block in blocks:
            text = rest + block
            last = text.rfind(b"\n")
            rest = text[last + 1 :]
            if last >= 0:
                yield _bounded(Lines(text, newlines(text)))
            if len(rest) > RECORD_BYTES:
                *pieces, rest = _pieces(rest)
                yield pieces
        if rest:
            self.unfinished = True
            yield [rest]

    def _packets(self, blocks: Iterator[bytes]) -> Iterator[list[bytes]]:
        from teiten.packets.captures import use_numba
        from teiten.packets.cutting import CaptureCutter  # here, because only captures should pay for loading it

        cutter = CaptureCutter(use_numba())
        for block in blocks:
            yield cutter.feed(block)
        last, self.unfinished = cutter.finish()
        if last:
            yield last

    def _data(self, blocks: Iterator[bytes]) -> Iterator[list[bytes]]:
        cutter = AvroCutter()
        for block in blocks:
            yield from cutter.feed(block)
        if left := cutter.left():
            yield [left]

    def _messages(self, blocks: Iterator[bytes]) -> Iterator[list[bytes]]:
        cutter = MessageCutter()
        for block in blocks:
            yield cutter.feed(block)
        yield cutter.feed(b"", is_last=True)

    def _mails(self, blocks: Iterator[bytes]) -> Iterator[list[bytes]]:
        """Mails without the empty lines behind them, so that the last one is the same when another follows it."""
        rest = b""
        for block in blocks:
            text = rest + block
            *whole, rest = _BETWEEN_MAILS.split(text) if text.startswith(b"From ") else (text,)
            if len(rest) > MAIL_BYTES:
                whole, rest = [*whole, rest[:MAIL_BYTES]], rest[MAIL_BYTES:]
            yield [mail.rstrip(b"\r\n") for mail in whole]
        if rest.strip():
            yield [rest.rstrip(b"\r\n")]

    def _values(self, blocks: Iterator[bytes]) -> Iterator[list[bytes]]:
        """The values of an array of objects; brackets inside strings are text. Bytes between values that are no comma come out as records."""
        scanner, before = _ArrayScanner(), self._answer
        for block in blocks:
            found = scanner.feed(block[before:])
            yield [block[:before], *found] if before else found
            before = 0
        left = scanner.left()
        if left:
            self.unfinished = not (self._answer and is_envelope(left))
            yield [left]


def _bounded(lines: Lines) -> Sequence[bytes]:
    longest = int(np.diff(lines.ends, prepend=lines.start - 1).max()) - 1
    return lines if longest <= RECORD_BYTES else [piece for line in lines for piece in _pieces(line)]


_BETWEEN_MAILS = re.compile(rb"\n\r?\n(?=From [^\n]{0,300}\d\d:\d\d)")


def _pieces(line: bytes) -> list[bytes]:
    return [line[at : at + RECORD_BYTES] for at in range(0, len(line), RECORD_BYTES)] or [b""]


_TOKEN = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"|[{}]', re.DOTALL)


class _ArrayScanner:
    """Finds the end of each top-level object of a JSON array; holds at most one object and RECORD_BYTES."""

    def __init__(self) -> None:
        self._rest = b""
        self._scanned = 0  # bytes of _rest already known to hold no end
        self._depth = 0

    def feed(self, block: bytes) -> list[bytes]:
        text, start, found = self._rest + block, 0, []
        at = self._scanned
        while token := _TOKEN.search(text, at):
            at = token.end()
            what = token[0]
            if what == b"{":
                if self._depth == 0:
                    found += _between(text[start : token.start()])
                    start = token.start()
                self._depth += 1
            elif what == b"}" and self._depth > 0:
                self._depth -= 1
                if self._depth == 0:
                    found.append(text[start:at])
                    start = at
        quote = text.find(b'"', at)  # a string that goes on in the next block is scanned again from its start
        self._keep(text, start, quote if quote >= 0 else len(text), found)
        return found

    def _keep(self, text: bytes, start: int, scanned: int, found: list[bytes]) -> None:
        self._rest = text[start:]
        self._scanned = scanned - start
        if len(self._rest) > 2 * RECORD_BYTES:  # no object of a log is that long: give it up as a record and begin anew
            found += _pieces(self._rest)
            self._rest, self._scanned, self._depth = b"", 0, 0

    def left(self) -> bytes:
        return b"" if self._depth == 0 and not _between(self._rest) else self._rest


_ANSWER = re.compile(rb'\s*\{\s*"(?:took|_scroll_id|pit_id|timed_out|hits)"\s*:')
_HITS = re.compile(rb'"hits"\s*:\s*\[')
_CLOSING = re.compile(rb"\s*\]\s*\}\s*\}\s*")
_ARRAY = re.compile(rb"\s*(?:\[\s*(?:[{\]]|$)|\{[ \t]*\r?\n)")


def is_array(head: bytes) -> bool:
    """Whether JSON begins with an array of objects, or with an object that goes over lines; a bracket before anything else is text."""
    return _ARRAY.match(head) is not None or answer_end(head) > 0


def answer_end(head: bytes) -> int:
    """Where the documents of an Elasticsearch `_search` answer begin: behind the bracket of its inner `hits`; 0 if it is none."""
    hits = _HITS.search(head) if _ANSWER.match(head) else None
    return hits.end() if hits else 0


def is_envelope(record: bytes) -> bool:
    """What stands before and behind the documents of such an answer."""
    return 0 < len(record) == answer_end(record) or _CLOSING.fullmatch(record) is not None


def objects_of_array(head: bytes) -> list[bytes]:
    """The whole objects in the beginning of a JSON array."""
    skipped = answer_end(head)
    return _ArrayScanner().feed(head[skipped:])


def _between(text: bytes) -> list[bytes]:
    text = text.strip(b" \t\r\n,[]\xef\xbb\xbf")
    return [text] if text else []
