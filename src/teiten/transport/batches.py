# SPDX-License-Identifier: Apache-2.0
"""A batch: the content of one sealed segment on its way to the collector. Its form on the wire is in `wire.py`."""

from __future__ import annotations

import msgspec

from teiten.model import BatchKey, Gap
from teiten.transport.frames import content_hash


class Batch(msgspec.Struct, frozen=True):
    """`key.content_hash` is the hash at sealing time, so a segment damaged later keeps its identity; `sent_hash` is of what is here."""

    key: BatchKey
    channel: str
    payloads: list[bytes]  # MessagePack of model.Record, as the sensor wrote them
    sent_hash: bytes
    gaps: list[Gap] = []  # what the reader of the segment found missing


def make_batch(key: BatchKey, channel: str, payloads: list[bytes], gaps: list[Gap]) -> Batch:
    return Batch(key, channel, payloads, content_hash(payloads), gaps)
