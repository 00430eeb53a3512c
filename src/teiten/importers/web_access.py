# SPDX-License-Identifier: Apache-2.0
r"""Access logs of Apache and nginx (common, combined, with a virtual host before or more fields behind) -> web requests as they were sent.

Servers escape what they log (`\x16`, `\"`, `\\`); the bytes that came are restored. A request may be anything: empty, binary (TLS to a
plain port), without version, a proxy's. A name instead of an address is never resolved. A line that breaks off after its request is
taken and reported as damaged. A forwarded address (X-Forwarded-For) is what a stranger claims and is not used.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import timezone
from typing import Any

from teiten.importers.instants import MONTHS, minute_at, offset
from teiten.importers.interface import Chunk, ReadOptions, Recognition, Records
from teiten.importers.rows import FIELD_BYTES, Packed, Tally, address_reason, turn
from teiten.importers.web_requests import kind_and_target

_NAMES = ("observed_at", "kind", "source", "target", "request", "client", "outcome", "account", "truncated")
_TIME = rb"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d):(\d\d)(?:\.\d{1,9})? ([+-]\d{4})\]"
_QUOTED = rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_COMMON = re.compile(
    rb"(\S+) \S+ (?:(?!\[)(\S+)|(.*?)) " + _TIME + rb" " + _QUOTED + rb" (\d{3}|-) (?:\d+|-)(?: " + _QUOTED + rb" " + _QUOTED + rb"(?: .*)?)?$",
    re.DOTALL,
)
_LOGGED = re.compile(rb"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d [\d:]{8}|\d{4}-\d\d-\d\dT\S+) \S+ [^\s:]+: ")
_HOSTED = re.compile(rb"([^\s\[\"]+) (?=[^\s\[\"]+ \S+ \S.*? \[\d\d/)")
_STUMP = re.compile(rb"(\S+) \S+ (?:(?!\[)(\S+)|(.*?)) " + _TIME + rb' "(.*)$', re.DOTALL)
_STUMP_REST = re.compile(rb'(.*?)" (\d{3}) (?:\d+|-)(?: |$)(.*)', re.DOTALL)
_WHOLE_TAIL = re.compile(_QUOTED + rb" " + _QUOTED + rb"(?: .*)?", re.DOTALL)
_ERROR_LOG = re.compile(rb"\[[A-Z][a-z]{2} [A-Z][a-z]{2} |\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[")
_ESCAPE = re.compile(rb"\\(?:x([0-9a-fA-F]{2})|(.))", re.DOTALL)
_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"v": b"\v", b"f": b"\f", b"a": b"\a", b'"': b'"', b"\\": b"\\"}
_STATUSES = {b"%d" % status: str(status) for status in range(100, 1000)}
_CACHED_MINUTES = 20_000


class WebAccess:
    name = "web_access"
    label = "Apache or nginx access log (common or combined)"
    records: Records = "lines"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        lines = [line[:4096].rstrip(b"\r") for line in head.split(b"\n")[:200] if line.strip()]
        if len(head) > 4096 and len(lines) > 1:
            lines.pop()  # may be cut
        whole = sum(1 for line in lines if _COMMON.match(line) or _COMMON.match(line, _behind_host(line)))
        stumps = sum(1 for line in lines if _STUMP.match(line, _behind_host(line)))
        if not stumps:
            return None
        return Recognition(
            0.9 if 2 * whole >= len(lines) else 0.6, f'{whole} of the first {len(lines)} lines are `address - user [time] "request" status bytes …`'
        )

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> _Reading:
        return _Reading()

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


def _behind_host(line: bytes) -> int:
    """Where the address stands if the line begins with a frame of syslog or a virtual host, else 0."""
    logged = _LOGGED.match(line)
    start = logged.end() if logged else 0
    hosted = _HOSTED.match(line, start)
    return hosted.end() if hosted else start


class _Reading:
    def __init__(self) -> None:
        self._packed = Packed()
        self._minutes: dict[tuple[bytes, bytes], int | None] = {}
        self._zones: dict[bytes, timezone | None] = {}
        self._rows: list[tuple[Any, ...]] = []
        self._tally = Tally()

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        self._rows, self._tally = [], Tally()
        match, packed, at = _COMMON.match, self._packed, self._at
        row = self._row
        for number, line in enumerate(records, first):
            found = match(line)
            if found is not None:
                address, user, odd_user, minute, second, zone, request, status, _, client = found.groups()
                source = packed[address]
                if source is not None:
                    when = at(minute, second, zone)
                    if when is not None:
                        row(when, source, request, status, client, user or odd_user)
                        continue
            self._odd(number, line.rstrip(b"\r"))
        return self._tally.chunk(turn(_NAMES, self._rows, channel="web", protocol="tcp", handshake=True), len(self._rows))

    def finish(self) -> Chunk | None:
        return None

    def _at(self, minute: bytes, second: bytes, zone: bytes) -> int | None:
        key = (minute, zone)
        start = self._minutes.get(key)
        if start is None:
            if len(self._minutes) >= _CACHED_MINUTES:
                self._minutes.clear()
            start = self._minutes[key] = self._start(minute, zone)
        return None if start is None or second > b"60" else start + int(second) * 1_000_000

    def _start(self, minute: bytes, zone: bytes) -> int | None:
        there, month = offset(zone), MONTHS.get(minute[3:6])
        if there is None or month is None:
            return None
        return minute_at(int(minute[7:11]), month, int(minute[:2]), int(minute[12:14]), int(minute[15:17]), there)

    def _row(self, at: int, source: bytes, request: bytes, status: bytes, client: bytes | None, user: bytes | None) -> None:
        if b"\\" in request:
            request = unescape(request)
        cut = len(request) > FIELD_BYTES or (client is not None and len(client) > FIELD_BYTES)
        if cut:
            request, client = request[:FIELD_BYTES], client[:FIELD_BYTES] if client is not None else None
        if request == b"-":
            request = b""
        if client is not None and b"\\" in client:
            client = unescape(client)
        kind, target = kind_and_target(request)
        self._rows.append((
            at, kind, source, target, request, None if client == b"-" else client,
            _STATUSES.get(status), None if user == b"-" or user is None else unescape(user)[:FIELD_BYTES], cut,
        ))  # fmt: skip

    def _odd(self, number: int, line: bytes) -> None:
        """A line that the common pattern doesn't fit or whose address or time is none."""
        if not line.strip():
            self._tally.count("blank line")
            return
        start = _behind_host(line) if self._packed[line.split(b" ", 1)[0]] is None else 0
        found = _COMMON.match(line, start)
        if found is None:
            self._broken(number, line, start)
            return
        address, user, odd_user, minute, second, zone, request, status, _, client = found.groups()
        source, at = self._packed[address], self._at(minute, second, zone)
        if source is None:
            self._tally.reject(number, address_reason(address), line)
        elif at is None:
            self._tally.reject(number, "impossible time", line)
        else:
            self._row(at, source, request, status, client, user or odd_user)

    def _broken(self, number: int, line: bytes, start: int) -> None:
        """Take what can be told apart for sure: address, time and request; the rest of the line is damaged."""
        if _ERROR_LOG.match(line):
            self._tally.count("line of an error log")
            return
        stump = _STUMP.match(line, start)
        if stump is None:
            self._tally.reject(number, "no address, time and request", line)
            return
        address, user, odd_user, minute, second, zone, rest = stump.groups()
        source, at = self._packed[address], self._at(minute, second, zone)
        if source is None or at is None:
            self._tally.reject(number, address_reason(address) if source is None else "impossible time", line)
            return
        request, status, client, reason = _pick(rest)
        self._tally.damage(number, reason, line)
        self._row(at, source, request, status, client, user or odd_user)


def _pick(rest: bytes) -> tuple[bytes, bytes, bytes | None, str]:
    """Request, status, client and the reason, from what stands behind the opening quote of a request."""
    found = _STUMP_REST.match(rest)
    if found is None:
        return rest.removesuffix(b'"'), b"-", None, "breaks off within the request" if b'"' not in rest else "breaks off behind the request"
    request, status, tail = found.groups()
    client = tail.rpartition(b' "')[2].removesuffix(b'"') if tail.count(b' "') and tail.count(b'"') > 1 else None
    whole = _WHOLE_TAIL.fullmatch(tail) is not None
    return request, status, client, "a quote inside the request is not escaped" if whole else "breaks off behind the status"


def unescape(text: bytes) -> bytes:
    if b"\\" not in text:
        return text
    return _ESCAPE.sub(lambda found: bytes([int(found[1], 16)]) if found[1] else _LETTERS.get(found[2], found[0]), text)
