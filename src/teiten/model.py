# SPDX-License-Identifier: Apache-2.0
"""The nouns of Teiten: what a sensor states, how a batch is named, what a question is about.

Frozen values, no input or output. `Access`, `Heartbeat` and `Gap` are what travels from a sensor to the collector; their field
order is the wire format (arrays in MessagePack), so new fields are only ever appended, with a default.
What is stated here is *what happened*, never what it means: a remote address is a source, not an attacker.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import msgspec

Channel = str
CHANNELS: Final[tuple[Channel, ...]] = ("packet", "web", "ssh", "mail")

Category = str
# An access opens something; backscatter answers something we never sent; other is all the rest. Only accesses are counted unless asked.
CATEGORIES: Final[tuple[Category, ...]] = ("access", "backscatter", "other")


class Access(msgspec.Struct, frozen=True, array_like=True, tag="a", kw_only=True):
    """One arrival as a sensor saw it. Attacker-controlled values are bytes, exactly as sent, capped by the sensor.

    The sensor's own name and addresses are not here: the collector adds the name from the authenticated batch.
    """

    observed_at: int  # microseconds since 1970-01-01 UTC
    channel: Channel
    kind: str  # what arrived: syn, udp, echo-request, request, password, publickey, mail, auth, vrfy, connection, ...
    source: bytes  # 4 bytes (IPv4) or 16 bytes (IPv6), network order; IPv4-mapped IPv6 is stored as IPv4
    target: bytes  # the key of the channel: b"445/tcp", b"GET /path", account, subject (UTF-8)
    category: Category = "access"
    times: int = 1  # how many identical arrivals this row stands for
    source_port: int | None = None
    destination_port: int | None = None
    protocol: str = "tcp"
    handshake: bool = False  # True when the source proved its address (completed TCP handshake)
    account: bytes | None = None
    credential: bytes | None = None  # password, or public key blob's fingerprint; restricted
    client: bytes | None = None  # SSH version line, User-Agent, EHLO name
    fingerprint: str | None = None  # HASSH or alike, lower-case hex
    request: bytes | None = None  # request line, raw subject or command as sent
    headers: bytes | None = None
    body: bytes | None = None  # first bytes of the body or payload; `size` and `digest` tell of the whole
    size: int | None = None  # true length in bytes before any cap
    digest: bytes | None = None  # SHA-256 of the whole body or payload
    sender: bytes | None = None  # mail envelope
    recipients: bytes | None = None  # mail envelope, joined by LF
    server_name: bytes | None = None  # TLS SNI
    encrypted: bool = False  # came over TLS
    session: str | None = None  # random id that all rows of one connection share
    outcome: str | None = None  # closing or refusal reason in our own words
    duration_us: int | None = None
    tcp_flags: int | None = None
    truncated: bool = False  # some field was longer than its cap


class Heartbeat(msgspec.Struct, frozen=True, array_like=True, tag="h", kw_only=True):
    """A sensor says it was observing from `from_at` to `to_at` (microseconds UTC) on `channel`; coverage is made of these."""

    from_at: int
    to_at: int
    channel: Channel
    emitted: int  # records since the sensor process started
    dropped: int = 0  # accesses counted but not kept, by limits or a full spool
    backlog_bytes: int = 0
    detail: str = ""
    addresses: tuple[str, ...] = ()  # what the sensor is called from outside; goes to the registry and nowhere else


class Gap(msgspec.Struct, frozen=True, array_like=True, tag="g", kw_only=True):
    """Something was not kept, and this says so: how many records, since when, and why (spool full, damaged frame, flood limit)."""

    from_at: int
    to_at: int
    channel: Channel
    records: int  # 0 when the number can't be known
    reason: str


Record = Access | Heartbeat | Gap


class BatchKey(msgspec.Struct, frozen=True):
    """Names a batch for ever. Same key and hash: a repetition, changes nothing. Same key, other hash: a conflict, both are kept."""

    sensor: str
    epoch: str  # random id of a spool (16 hex digits), or `file-…` of an imported file, or `world-…`
    seq: int  # 0, 1, 2 … within the epoch
    content_hash: bytes  # 16 bytes, BLAKE2b over the content


class Receipt(msgspec.Struct, frozen=True):
    """The collector's answer, given only when data and key are durable."""

    status: str  # stored | duplicate | conflict
    rows: int  # accesses rows of the batch that are now in the store (0 for a duplicate)


class SensorEntry(msgspec.Struct, frozen=True):
    """A row of the sensor registry; `addresses` never leave it."""

    name: str
    group: str
    demo: bool = False
    addresses: tuple[str, ...] = ()


class Period(msgspec.Struct, frozen=True):
    """Calendar days of the configured zone, half-open: `from_on` included, `to_on` excluded."""

    from_on: date
    to_on: date

    @property
    def days(self) -> int:
        return (self.to_on - self.from_on).days

    def dates(self) -> list[date]:
        return [self.from_on + timedelta(days=n) for n in range(self.days)]
