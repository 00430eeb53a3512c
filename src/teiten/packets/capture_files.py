# SPDX-License-Identifier: Apache-2.0
"""Opening captures: compression by magic bytes, format by magic bytes, and clear words for what is no capture.

Decompression is streamed and never trusts a stated size. Imports no numba and no numpy, so recognising a file stays cheap.
"""

from __future__ import annotations

import gzip
import io
import lzma
import sys
import zlib
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from teiten.errors import TeitenError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

HEAD_BYTES: Final = 24
BROKEN: Final = (EOFError, OSError, zlib.error, lzma.LZMAError, zstd.ZstdError, RuntimeError)
"""What decompressors and disks raise: the data ends here, and what was read before counts. lz4 raises RuntimeError."""
_GZIP, _ZSTD, _XZ, _LZ4 = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\x00", (b"\x04\x22\x4d\x18", b"\x02\x21\x4c\x18")
_ORDERS: Final[tuple[Literal["little", "big"], ...]] = ("little", "big")
_PCAP: Final = tuple(n.to_bytes(4, order) for n in (0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34) for order in _ORDERS)
_PCAPNG: Final = b"\x0a\x0d\x0d\x0a"


class CaptureError(TeitenError):
    """The input can't be read as a capture at all; damage inside a capture never raises."""


def compression_of(head: bytes) -> str | None:
    for name, magics in (("gzip", (_GZIP,)), ("zstd", (_ZSTD,)), ("xz", (_XZ,)), ("lz4", _LZ4)):
        if head.startswith(magics):
            return name
    return None


def format_of(head: bytes) -> str | None:
    """`pcap` or `pcapng`, from the first 12 bytes."""
    if head[:4] in _PCAP:
        return "pcap"
    return "pcapng" if head[:4] == _PCAPNG and head[8:12] in (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a") else None


def open_capture(path: str | Path) -> BinaryIO:
    """The file's bytes, decompressed; `-` is standard input. Raises CaptureError for what can't be opened."""
    if str(path) == "-":
        return decompressed(sys.stdin.buffer)
    try:
        return decompressed(cast(BinaryIO, io.FileIO(path)))
    except OSError as error:
        raise CaptureError(f"{path}: cannot be read: {error.strerror}", "Check the name and the file's rights.") from error


def decompressed(stream: BinaryIO) -> BinaryIO:
    """`stream` itself, or a reader of what it holds compressed. Works on pipes: nothing is sought."""
    head = read_fully(stream, 6)
    whole = cast(BinaryIO, Prefixed(head, stream))
    kind = compression_of(head)
    if kind == "gzip":
        return cast(BinaryIO, gzip.GzipFile(fileobj=whole))
    if kind == "xz":
        return cast(BinaryIO, lzma.LZMAFile(whole))
    if kind == "zstd":
        return cast(BinaryIO, zstd.ZstdFile(whole))
    if kind == "lz4":
        if head.startswith(_LZ4[1]):
            raise CaptureError("the legacy form of lz4 is not supported", "Decompress it first: lz4 -dc FILE | teiten import - …")
        from lz4.frame import LZ4FrameFile

        return cast(BinaryIO, LZ4FrameFile(whole))
    return whole


def read_fully(stream: BinaryIO, size: int) -> bytes:
    """Up to `size` bytes; fewer only at the end, also from pipes that give them in pieces."""
    parts, missing = list[bytes](), size
    while missing:
        part = stream.read(missing)
        if not part:
            break
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


class Prefixed(io.RawIOBase):
    """A stream whose first bytes were already read."""

    def __init__(self, head: bytes, rest: BinaryIO) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, target: memoryview) -> int:  # type: ignore[override]
        if not self._head:
            into = getattr(self._rest, "readinto", None)
            if into is not None:
                return int(into(target) or 0)
            self._head = self._rest.read(len(target)) or b""
        count = min(len(target), len(self._head))
        target[:count] = self._head[:count]
        self._head = self._head[count:]
        return count

    def close(self) -> None:
        if not self.closed:
            self._rest.close()
        super().close()


def explain(head: bytes) -> CaptureError:
    """Why a stream that starts with these bytes is no capture."""
    if not head:
        return CaptureError("the file is empty", "A capture has at least a header of 24 bytes; was the capture stopped before it began?")
    if format_of(head) == "pcap":
        return CaptureError(f"the file ends inside its header: {len(head)} of 24 bytes", "Copy it again; nothing can be read from it.")
    return CaptureError(f"not a capture: it begins with {head[:4].hex()}", "Readable are pcap and pcapng, plain or as gzip, zstd or xz.")
