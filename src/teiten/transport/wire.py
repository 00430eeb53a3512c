# SPDX-License-Identifier: Apache-2.0
"""A batch on the wire: MessagePack in one zstd frame with a checksum. Only the shipper and the receiver import this.

Unpacking is for bytes from a network: bounded in size, ratio and window, whatever they say.
"""

from __future__ import annotations

import sys
from typing import Final

import msgspec

from teiten.transport.batches import Batch
from teiten.transport.frames import content_hash

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

MEDIA_TYPE: Final = "application/vnd.teiten.batch.v1+zstd"
MAX_WIRE_BYTES: Final = 16 << 20
MAX_BATCH_BYTES: Final = 16 << 20
# reliability §4 asks for 20:1. Thousands of equal probes compress better than that, so small batches are let through whatever their ratio.
MAX_RATIO: Final = 20
ALWAYS_ALLOWED_BYTES: Final = 4 << 20
_WINDOW_LOG = 23
_OPTIONS: Final[dict[int, int]] = {zstd.CompressionParameter.compression_level: 3, zstd.CompressionParameter.checksum_flag: 1}


class WireError(Exception):
    """The bytes are no batch."""


class TooLarge(WireError):
    """More than a batch may have."""


def pack(batch: Batch) -> bytes:
    return zstd.compress(msgspec.msgpack.encode(batch), options=_OPTIONS)


class Unpacker:
    """Takes the wire bytes piece by piece; raises WireError as soon as a limit is passed."""

    def __init__(self) -> None:
        self._zstd = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
        self._taken = 0
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> None:
        self._taken += len(data)
        if self._taken > MAX_WIRE_BYTES:
            raise TooLarge(f"more than {MAX_WIRE_BYTES} bytes on the wire")
        if self._zstd.eof and data:
            raise WireError("bytes after the end")
        while not self._zstd.eof and (data or not self._zstd.needs_input):
            self._add(data)
            data = b""

    def _add(self, data: bytes) -> None:
        try:
            part = self._zstd.decompress(data, max_length=1 << 20)
        except zstd.ZstdError as error:
            raise WireError("not zstd, or it needs too large a window") from error
        self._parts.append(part)
        self._size += len(part)
        if self._size > MAX_BATCH_BYTES or self._size > max(ALWAYS_ALLOWED_BYTES, MAX_RATIO * self._taken):
            raise TooLarge("more than a batch may have after decompression")

    def batch(self) -> Batch:
        if not self._zstd.eof or self._zstd.unused_data:
            raise WireError("cut short or with bytes after the end")
        try:
            batch = _decoder.decode(b"".join(self._parts))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise WireError("not a batch") from error
        if content_hash(batch.payloads) != batch.sent_hash:
            raise WireError("content does not match its hash")
        return batch


_decoder = msgspec.msgpack.Decoder(Batch)
