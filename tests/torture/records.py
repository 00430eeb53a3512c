# SPDX-License-Identifier: Apache-2.0
"""The load's accesses: record number N is always the same, so the checker can tell an altered one from its number alone."""

from __future__ import annotations

from hashlib import blake2b

from teiten.clock import MICROSECONDS
from teiten.model import Access

_BEGIN_AT = 1_790_000_000 * MICROSECONDS  # whole days of 2026, so that sealing has days to seal while late rows come
_DAYS = 4


def access_of(number: int) -> Access:
    """Full of odd bytes; `session` holds the number."""
    noise = blake2b(number.to_bytes(8, "little"), digest_size=64).digest()
    return Access(
        observed_at=_BEGIN_AT + int.from_bytes(noise[:6], "little") % (_DAYS * 86_400 * MICROSECONDS),
        channel="web",
        kind="request",
        source=noise[6:10] if number % 5 else noise[6:22],
        target=b"GET /" + noise[22 : 22 + number % 9],
        times=1 + number % 3,
        source_port=int.from_bytes(noise[10:12], "little"),
        destination_port=80,
        handshake=True,
        account=noise[12:20] if number % 4 == 0 else None,
        client=b"\x00\xff\r\n" + noise[20:30],
        body=noise * (number % 7),
        size=number,
        digest=noise[:32],
        session=str(number),
        outcome="answered" if number % 2 else None,
        truncated=number % 11 == 0,
    )
