# SPDX-License-Identifier: Apache-2.0
"""OpenSSH and Dropbear server logs (syslog, ISO times, journald JSON) -> attempts to log in, each counted once.

The one rule of counting is in `openssh_evidence.py`: the strongest trace that a host's log holds of refused attempts is the attempt, weaker
traces of the same are kept as rows of category `other`. Accepted logins and messages about connections are `other` too, never published.
User names are written by strangers and may contain blanks and ` from `: every pattern is anchored from the right.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from teiten.importers import dropbear_messages
from teiten.importers.interface import Chunk, ReadOptions, Recognition, Records
from teiten.importers.openssh_evidence import DROPBEAR, Evidence, Repeated, Survey, as_sshd, candidate, is_sshd, unrepeat
from teiten.importers.openssh_messages import Said, say
from teiten.importers.rows import FIELD_BYTES, Packed, Tally, address_reason, turn
from teiten.importers.syslog import Framed, Frames, YearSurvey

_NAMES = (
    "observed_at", "kind", "source", "target", "category", "times", "source_port",
    "account", "credential", "session", "outcome", "request", "truncated",
)  # fmt: skip
_REMEMBERED = 10_000
_HINT = re.compile(rb"\b(?:sshd(?:-session|-auth)?|dropbear)\b")


class OpenSSH:
    name = "openssh"
    label = "OpenSSH or Dropbear server log"
    records: Records = "lines"
    surveys = True

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        lines = head.split(b"\n")[:2000]
        ours = sum(1 for line in lines if _HINT.search(line))
        if not ours:
            return None
        frames = Frames(ZoneInfo("UTC"), 2000)
        framed = [found for line in lines if (found := frames.read(line)) is not None]
        dropbear = sum(1 for found in framed if found.program == DROPBEAR)
        sshd = sum(1 for found in framed if is_sshd(found.program)) - dropbear
        if not (sshd or dropbear):
            return None
        count, program = (sshd, "sshd") if sshd else (dropbear, "dropbear")
        return Recognition(0.95, f"{count} of the first {len(lines)} lines are messages of {program}")

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> Survey:
        years, evidence, frames = YearSurvey(), Evidence(), Frames(options.zone, 2000)
        for lines in blocks:
            years.see(lines)
            for line in lines:
                if candidate(line) and (framed := frames.read(line)) is not None and is_sshd(framed.program):
                    evidence.see(framed)
        return evidence.survey(years.first_year(options.newest_at, options.zone))

    def start(self, options: ReadOptions, survey: object | None) -> _Reading:
        return _Reading(options, survey if isinstance(survey, Survey) else Survey(options_year(options)))

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


def options_year(options: ReadOptions) -> int:
    return YearSurvey().first_year(options.newest_at, options.zone)


class _Reading:
    def __init__(self, options: ReadOptions, survey: Survey) -> None:
        self._frames = Frames(options.zone, survey.first_year)
        self._survey = survey
        self._packed = Packed()
        self._rows: list[tuple[Any, ...]] = []
        self._tally = Tally()
        self._counted: OrderedDict[tuple[bytes, bytes | None, bytes], None] = OrderedDict()  # attempts of hosts that record little, newest last
        self._names: OrderedDict[tuple[bytes, bytes], bytes] = OrderedDict()  # host and process -> the invalid user it spoke of
        self._last: dict[bytes, Framed] = {}  # host -> its last message, for `last message repeated`

    def take(self, records: Sequence[bytes], first: int) -> Chunk:
        self._rows, self._tally = [], Tally()
        read, count, judge = self._frames.read, self._tally.count, self._judge
        for number, line in enumerate(records, first):
            framed = read(line.rstrip())
            if framed is None:
                self._unframed(number, line)
            elif framed.program and not is_sshd(framed.program):
                count("line of another program")
                self._keep_last(framed)
            else:
                judge(number, line, as_sshd(framed))
        columns = turn(_NAMES, self._rows, channel="ssh", protocol="tcp", handshake=True)
        return self._tally.chunk(columns, len(self._rows), {"ssh": self._frames.take_shown()})

    def finish(self) -> Chunk | None:
        return None

    def _unframed(self, number: int, line: bytes) -> None:
        if line.strip():
            self._tally.reject(number, "no time, host and program", line)
        else:
            self._tally.count("blank line")

    def _keep_last(self, framed: Framed) -> None:
        if len(self._last) >= _REMEMBERED:
            self._last.clear()
        self._last[framed.host] = framed

    def _judge(self, number: int, line: bytes, framed: Framed) -> None:
        repeated = unrepeat(framed, self._last)
        if repeated is None:
            self._tally.count("repetition of another program's line")
            return
        if not repeated.told:
            self._keep_last(framed)
        said = (dropbear_messages.say if repeated.framed.program == DROPBEAR else say)(repeated.framed.message)
        if isinstance(said, str):
            self._tally.count(said)
        elif framed.at is None:
            self._tally.reject(number, "impossible time", line)
        else:
            self._row(number, line, repeated, said)

    def _row(self, number: int, line: bytes, repeated: Repeated, said: Said) -> None:
        framed = repeated.framed
        source = self._packed[said.source]
        category = self._category(framed, said)
        if source is None:
            if category == "access":
                self._tally.reject(number, address_reason(said.source), line)
            else:
                self._tally.count(f"{said.kind} without an address")
            return
        account = said.account
        if account is None and said.kind == "pam":
            account = self._names.get((framed.host, framed.process), b"")
        cut = account is not None and len(account) > FIELD_BYTES
        account = account[:FIELD_BYTES] if account is not None and cut else account
        program = "dropbear" if framed.program == DROPBEAR else "sshd"
        session = f"{program}-{framed.process.decode()}" if framed.process.isdigit() else None
        kind = "attempt" if category == "access" and said.kind == "connection" else said.kind
        self._rows.append((
            repeated.at, kind, source, account or b"", category, repeated.times * said.times, said.port, account,
            said.credential, session, said.outcome, said.request, cut,
        ))  # fmt: skip

    def _category(self, framed: Framed, said: Said) -> str:
        """`access` for the strongest trace this host's log keeps of an attempt, each attempt once."""
        if said.kind in ("accepted", "connection", "none"):
            if said.account is None or said.kind != "connection" or self._survey.strength(framed.host) > 0:
                return "other"
            return self._once(framed, said)
        if said.kind == "invalid-user":
            self._remember_name(framed, said.account)
        if said.kind == "publickey" and (framed.host, framed.process, said.source, said.port) in self._survey.then_accepted:
            return "other"  # a legitimate client going through its keys
        if said.strength < self._survey.strength(framed.host) or (said.doubles_pam and self._survey.has_pam_errors(framed.host)):
            return "other"
        if said.strength == 0:
            self._count_attempt(framed, said)
        return "access"

    def _once(self, framed: Framed, said: Said) -> str:
        """A host that records no refusals tells of valid names only when the connection ends; not twice for one it told of before."""
        if (framed.process, said.account, said.source) in self._counted:
            return "other"
        self._count_attempt(framed, said)
        return "access"

    def _count_attempt(self, framed: Framed, said: Said) -> None:
        if len(self._counted) >= _REMEMBERED:
            self._counted.popitem(last=False)
        self._counted[framed.process, said.account, said.source] = None

    def _remember_name(self, framed: Framed, account: bytes | None) -> None:
        if len(self._names) >= _REMEMBERED:
            self._names.popitem(last=False)
        self._names[framed.host, framed.process] = account or b""
