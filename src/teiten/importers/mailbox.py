# SPDX-License-Identifier: Apache-2.0
"""Mails as files: mbox, Maildir, one message a file -> mail channel, with the subject decoded as the mail sensor decodes it.

The source is the host that handed the mail to our side: the address in brackets of the first Received line from the top that is a public one
and no fetching by POP or IMAP. Lines below may be forged. The time is that line's own; `Date` is the sender's claim (years like 102 occur).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_tz
from typing import Any, NamedTuple

from teiten.addresses import unpack
from teiten.clock import to_microseconds
from teiten.importers.instants import MONTHS, is_plausible
from teiten.importers.interface import Chunk, Reading, ReadOptions, Recognition, Records
from teiten.importers.rows import FIELD_BYTES, Packed, Tally, turn
from teiten.protocols.smtp import Mail

_NAMES = (
    "observed_at", "source", "target", "client", "request", "headers", "body", "size", "digest", "sender", "recipients", "outcome", "truncated",
)  # fmt: skip
_FIELD = re.compile(rb"(?:^|\n)([A-Za-z][A-Za-z0-9-]{0,60})[ \t]*:[ \t]*([^\n]*(?:\n[ \t]+[^\n]*)*)")
_ADDRESS = re.compile(rb"\[(?:IPv6:)?([0-9a-fA-F.:]{2,45})\]")
_FETCHED = re.compile(rb"\bwith\s+(?:POP3|IMAP|ETRN|ODMR)\b", re.IGNORECASE)
_POSTMARK = re.compile(rb"From (\S*).*?([A-Z][a-z]{2}) +(\d{1,2}) (\d\d):(\d\d)(?::(\d\d))?(?: [A-Z+-]\S*)? (\d{4})\s*$")
_ANGLED = re.compile(rb"<([^<>\s]*)>")
_QUOTED_FROM = re.compile(rb"^>(>*From )", re.MULTILINE)
_BODY_BYTES = 4096


class Mailbox:
    name = "mailbox"
    label = "mails (mbox, Maildir, message files)"
    records: Records = "mails"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        if head.startswith(b"From ") and _POSTMARK.match(head.partition(b"\n")[0][:400]):
            return Recognition(0.95, "begins with an mbox `From ` line")
        fields = {found[1].lower() for found in _FIELD.finditer(head[:16_384].partition(b"\n\n")[0].replace(b"\r", b""))}
        if re.match(rb"[A-Za-z-]{2,40}:", head) and len(fields & {b"received", b"from", b"subject", b"message-id", b"date", b"return-path"}) >= 3:
            return Recognition(0.85, "begins with the header of a mail")
        return None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return _Reading(options)

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


class _Received(NamedTuple):
    source: bytes | None
    at: int | None
    name: bytes | None  # what the host called itself


class _Reading:
    def __init__(self, options: ReadOptions) -> None:
        self._zone = options.zone
        self._packed = Packed()

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        rows: list[tuple[Any, ...]] = []
        tally = Tally()
        for number, record in enumerate(records, first):
            if not record.strip():
                tally.count("blank line")
                continue
            row = self._row(number, record.replace(b"\r\n", b"\n"), tally)
            if row is not None:
                rows.append(row)
        columns = turn(_NAMES, rows, channel="mail", kind="mail", protocol="tcp", handshake=True)
        return tally.chunk(columns, len(rows))

    def finish(self) -> Chunk | None:
        return None

    def _row(self, number: int, record: bytes, tally: Tally) -> tuple[Any, ...] | None:
        postmark = b""
        if record.startswith(b"From "):
            postmark, _, record = record.partition(b"\n")
            record = _QUOTED_FROM.sub(rb"\1", record)
        fields = [(name.lower(), value) for name, value in _FIELD.findall(record.partition(b"\n\n")[0][:65_536])]
        received = self._received([value for name, value in fields if name == b"received"])
        at = received.at if received.at is not None else self._postmark_at(postmark) or _date_at(_value(fields, b"date"))
        if at is None or not fields:
            tally.reject(number, "no header" if not fields else "no time in header or `From ` line", record)
            return None
        if received.source is None:
            tally.reject(number, "no Received line with an address", record)
            return None
        return self._mail_row(at, received, record, postmark, fields)

    def _mail_row(self, at: int, received: _Received, record: bytes, postmark: bytes, fields: list[tuple[bytes, bytes]]) -> tuple[Any, ...]:
        mail = Mail(_BODY_BYTES)
        for line in record.split(b"\n"):
            mail.feed((b"." if line.startswith(b".") else b"") + line + b"\r\n")
        returned = _ANGLED.search(_value(fields, b"return-path"))
        mark = _POSTMARK.match(postmark)
        sender = returned[1] if returned else mark[1] if mark else None
        to = _value(fields, b"x-original-to") or _value(fields, b"delivered-to")
        return (
            at, received.source, mail.subject[:FIELD_BYTES], received.name, mail.raw_subject, mail.headers, mail.body, mail.size, mail.digest,
            sender[:FIELD_BYTES] if sender is not None else None, to.strip()[:FIELD_BYTES] or None, None, mail.truncated,
        )  # fmt: skip

    def _received(self, values: list[bytes]) -> _Received:
        """The line of the border: our first one from the top that names a public address; else the lowest of our own hosts."""
        inner = _Received(None, None, None)
        for value in values[:100]:
            if _FETCHED.search(value):
                continue
            found = _ADDRESS.search(value.partition(b";")[0])
            source = self._packed[found[1]] if found else None
            if source is None:
                continue
            inner = _Received(source, _date_at(value.rpartition(b";")[2]), _name_in(value))
            if ipaddress.ip_address(unpack(source)).is_global:
                break
        return inner

    def _postmark_at(self, postmark: bytes) -> int | None:
        found = _POSTMARK.match(postmark[:400])
        if found is None or found[2] not in MONTHS:
            return None
        try:
            local = datetime(int(found[7]), MONTHS[found[2]], int(found[3]), int(found[4]), int(found[5]), int(found[6] or 0), tzinfo=self._zone)
            at = to_microseconds(local)
        except (ValueError, OverflowError):
            return None
        return at if is_plausible(at) else None


def _value(fields: list[tuple[bytes, bytes]], name: bytes) -> bytes:
    return next((value for field, value in fields if field == name), b"")


def _name_in(received: bytes) -> bytes | None:
    words = received.split(None, 2)
    return words[1][:FIELD_BYTES] if len(words) > 1 and words[0].lower() == b"from" else None


def _date_at(value: bytes) -> int | None:
    """An RFC 5322 date in microseconds UTC; None for none, and for years before mail (a two-digit year is the parser's to mend)."""
    try:
        parts = parsedate_tz(value.decode("ascii", "replace")[:200])
        if parts is None or parts[0] < 1971:
            return None
        naive = datetime(*parts[:6], tzinfo=UTC)
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    at = to_microseconds(naive) - (parts[9] or 0) * 1_000_000
    return at if is_plausible(at) else None
