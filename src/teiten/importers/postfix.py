# SPDX-License-Identifier: Apache-2.0
"""Postfix logs (smtpd) -> what came to a mail server, in the mail channel.

An access of the mail channel is a mail and its target the subject. Postfix tells subjects only through a `header_checks` rule; those lines
are accesses. Refused recipients, logins and broken dialogues are kept with their kinds as category `other`, as the mail sensor keeps them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from teiten.importers.interface import Chunk, Reading, ReadOptions, Recognition, Records
from teiten.importers.rows import FIELD_BYTES, Packed, Tally, address_reason, capped, turn
from teiten.importers.syslog import Framed, Frames, survey_years
from teiten.protocols.subject import decode_subject

_NAMES = (
    "observed_at", "kind", "source", "target", "category", "source_port", "account", "client", "request", "sender", "recipients", "outcome",
)  # fmt: skip
_PEER = rb"\S*\[([0-9a-fA-F.:]+|unknown)\](?::(\d{1,5}))?"
_REJECT = re.compile(rb"(?:\S+: )?(?:milter-)?(?:reject|hold|discard|warn): (\S+(?: \w+)?) from " + _PEER + rb": ?(.*)$", re.DOTALL)
_SUBJECT = re.compile(rb"\S+: (?:\w+: )?header Subject: (.*) from " + _PEER + rb"; (.*)$", re.DOTALL)
_SASL = re.compile(rb"warning: " + _PEER + rb": SASL (\S+) authentication failed(?::? ?(.*))?$", re.DOTALL)
_SASL_USER = re.compile(rb"sasl_username=(.*)$", re.DOTALL)
_ENVELOPE = re.compile(rb"from=<([^>]*)>,?(?: to=<([^>]*)>,?)? proto=[^\s,]+,?(?: helo=<([^>]*)>)?")
_OTHERS = tuple(
    (re.compile(pattern, re.DOTALL), kind)
    for pattern, kind in (
        (rb"warning: non-SMTP command from " + _PEER + rb": (.*)$", "not-smtp"),
        (rb"improper command pipelining after (?:\S+(?: \S+)?) from " + _PEER + rb"(?:: (.*))?$", "not-smtp"),
        (rb"(?:lost connection|timeout|SSL_accept error) (?:after \S+(?: \([^)]*\))? )?from " + _PEER + rb"(?:: (.*))?$", "connection"),
        (rb"PREGREET \d+ after \S+ from " + _PEER + rb": (.*)$", "not-smtp"),
        (rb"(?:HANGUP after \S+|COMMAND \S+ LIMIT|BARE NEWLINE|NON-SMTP COMMAND) from " + _PEER + rb"()", "connection"),
        (rb"warning: Connection (?:rate|concurrency) limit exceeded: \d+ from " + _PEER + rb"()", "connection"),
        (rb"too many errors after \S+(?: \([^)]*\))? from " + _PEER + rb"()$", "connection"),
    )
)
_CLIENT = re.compile(rb"[0-9A-Za-z]+: client=" + _PEER)


class Postfix:
    name = "postfix"
    label = "Postfix log"
    records: Records = "lines"
    surveys = True

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        lines = head.split(b"\n")[:2000]
        frames = Frames(ZoneInfo("UTC"), 2000)
        framed = [found for line in lines if b"postfix" in line and (found := frames.read(line)) is not None]
        ours = sum(1 for found in framed if found.program.startswith(b"postfix"))
        return Recognition(0.94, f"{ours} of the first {len(lines)} lines are messages of postfix") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> int:
        return survey_years(blocks).first_year(options.newest_at, options.zone)

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        return _Reading(options, survey if isinstance(survey, int) else 2000)

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


class _Reading:
    def __init__(self, options: ReadOptions, first_year: int) -> None:
        self._frames = Frames(options.zone, first_year)
        self._packed = Packed()
        self._rows: list[tuple[Any, ...]] = []
        self._tally = Tally()

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        self._rows, self._tally = [], Tally()
        for number, line in enumerate(records, first):
            line = line.rstrip()
            framed = self._frames.read(line)
            if framed is not None:
                self._judge(number, line, framed)
            elif line:
                self._tally.reject(number, "no time, host and program", line)
            else:
                self._tally.count("blank line")
        columns = turn(_NAMES, self._rows, channel="mail", protocol="tcp", handshake=True)
        return self._tally.chunk(columns, len(self._rows), {"mail": self._frames.take_shown()})

    def finish(self) -> Chunk | None:
        return None

    def _judge(self, number: int, line: bytes, framed: Framed) -> None:
        if not framed.program.startswith(b"postfix"):
            self._tally.count("line of another program")
            return
        said = _say(framed.message) if b"smtpd" in framed.program or b"postscreen" in framed.program or b"cleanup" in framed.program else None
        if said is None:
            self._tally.count("message about no peer")
            return
        peer, port, kind, category, target, account, client, request, sender, recipients, outcome = said
        source = self._packed[peer]
        if source is None:
            self._tally.reject(number, address_reason(peer), line)
        elif framed.at is None:
            self._tally.reject(number, "impossible time", line)
        else:
            self._rows.append((
                framed.at, kind, source, target, category, int(port) if port and int(port) < 65536 else None, account, client, request, sender,
                recipients, outcome,
            ))  # fmt: skip


def _say(message: bytes) -> tuple[Any, ...] | None:
    """Peer, port, kind, category, target, account, client, request, sender, recipients, outcome."""
    if found := _REJECT.match(message):
        sender, recipient, helo = _envelope(found[4])
        return (found[2], found[3], "reject", "other", b"", None, helo, capped(found[1]), sender, recipient, "refused")
    if found := _SASL.match(message):
        user = _SASL_USER.search(found[4] or b"")
        account = capped(user[1]) if user else None
        return (found[1], found[2], "auth", "other", account or b"", account, None, capped(b"AUTH " + found[3]), None, None, "refused")
    if found := _SUBJECT.match(message):
        sender, recipient, helo = _envelope(found[4])
        subject = capped(found[1])
        return (found[2], found[3], "mail", "access", decode_subject(found[1])[:FIELD_BYTES], None, helo, subject, sender, recipient, None)
    if found := _CLIENT.match(message):
        return (found[1], found[2], "mail-begun", "other", b"", None, None, None, None, None, None)
    for pattern, kind in _OTHERS:
        if found := pattern.match(message):
            return (found[1], found[2], kind, "other", b"", None, None, capped(found[3]), None, None, None)
    return None


def _envelope(text: bytes) -> tuple[bytes | None, bytes | None, bytes | None]:
    found = _ENVELOPE.search(text)
    return (capped(found[1]), capped(found[2]), capped(found[3])) if found else (None, None, None)
