# SPDX-License-Identifier: Apache-2.0
"""The frame that syslog daemons and journals put around a message: time, host, program, process, message.

Knows RFC 3164 lines (no year, no zone), the ISO time form, RFC 5424, `journalctl -o short*` and journald JSON; never what a message means.
Years: the whole file is surveyed first. Within it a year begins where the month falls back by more than six; the last time
of the file gets the latest year that puts it not after `newest_at`, and in which every 29 February of the file exists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from teiten.clock import to_datetime
from teiten.importers.instants import MONTHS, IsoTimes, micros, minute_at

_STAMP = rb"([JFMASOND][a-z][a-z] [ \d]?\d \d\d:\d\d):(\d\d)(?:\.(\d{1,9}))?"
_ISO = rb"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d):(\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)?"
_LEVEL_BEFORE, _LEVEL = rb"(?:<[a-z0-9]+\.[a-z]+> )?", rb"(?:[a-z]+[0-7]?\.[a-z]+ )?"
"""Facility and level, as FreeBSD (before the host) and busybox (behind it) write them."""
_FRAME = re.compile(
    rb"(?:<\d{1,3}>)?(?:" + _STAMP + rb"|" + _ISO + rb") " + _LEVEL_BEFORE + rb"(\S+) " + _LEVEL
    + rb"(?:([^\s\[\]:]+)(?:\[(\d+)\])?:|(?=last message repeated)) *"
)  # fmt: skip
_FRAME_5424 = re.compile(
    rb"<\d{1,3}>1 ()()()" + _ISO + rb" (\S+) (\S+) (\d+|-) \S+ "
    rb"(?:-|(?:\[(?:[^\]\"\\]++|\\.|\"(?:[^\"\\]++|\\.)*+\")*+\])++) ?(?:\xef\xbb\xbf)?"
)
_LEADS = re.compile(
    rb"(?:[A-Z][a-z]{2} (?P<full>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) (?P<zone>[A-Z]{2,5}|[+-]\d\d:?\d\d)|(?P<unix>\d{9,10})(?:\.(?P<micro>\d{6}))?) "
    rb"(?P<host>\S+) (?P<program>[^\s\[\]:]+)(?:\[(?P<process>\d+)\])?: ?"
    rb"|\[[A-Z][a-z]{2} (?P<stamp>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d):(?P<second>\d\d) (?P<year>\d{4})\] "
)
"""`journalctl -o short-full` and `-o short-unix` (DShield's sensors without its fraction), and `dmesg -T`."""
_ROUTER = re.compile(rb"[A-Z][a-z]{2} ([A-Z][a-z]{2} [ \d]\d \d\d:\d\d):(\d\d) (\d{4}) [a-z]+[0-7]?\.[a-z]+ ([^\s\[\]:]+)(?:\[(\d+)\])?: *")
"""`logread` of OpenWrt, which names no host."""
_REMARK = (b"-- Logs begin", b"-- Journal begins", b"-- Boot ", b"-- Reboot --", b"-- No entries --", b"-- cursor: ")
_HEAD = re.compile(rb"\n(?:<\d{1,3}>)?([JFMASOND][a-z][a-z]) ([ \d]?\d) (\d\d:\d\d:\d\d)")
_LONGEST_FRAME = 16_384  # structured data in front of a message; a longer one is no frame
_HALF_A_YEAR = 6  # months


class Framed(NamedTuple):
    at: int | None  # microseconds UTC; None when the time is impossible
    host: bytes
    program: bytes
    process: bytes
    message: bytes


class JournalEntry(msgspec.Struct):
    """The fields of `journalctl -o json` that are used; a value that is not UTF-8 comes as an array of bytes."""

    realtime: str | None = msgspec.field(default=None, name="__REALTIME_TIMESTAMP")
    host: Any = msgspec.field(default=None, name="_HOSTNAME")
    identifier: Any = msgspec.field(default=None, name="SYSLOG_IDENTIFIER")
    command: Any = msgspec.field(default=None, name="_COMM")
    pid: Any = msgspec.field(default=None, name="_PID")
    syslog_pid: Any = msgspec.field(default=None, name="SYSLOG_PID")
    message: Any = msgspec.field(default=None, name="MESSAGE")


class Frames:
    """Reads frames of one file, in order."""

    def __init__(self, zone: ZoneInfo, first_year: int) -> None:
        self._iso = IsoTimes(zone)
        self._zone = zone
        self._year = self._first_year = first_year
        self._month = 0
        self._minutes: dict[bytes, int | None] = {}
        self._shown: set[int] = set()
        self._journal = msgspec.json.Decoder(JournalEntry)

    def take_shown(self) -> set[int]:
        """Instants of the frames that were read since the last call, one a minute or so."""
        shown = self._shown | self._iso.shown
        self._shown.clear()
        self._iso.shown.clear()
        return shown

    def read(self, line: bytes) -> Framed | None:
        """The frame of a line, None when it has none."""
        found = _FRAME.match(line)
        if found is None:
            return self._unusual(line)
        stamp, second, fraction, minute, iso_second, iso_fraction, zone, host, program, process = found.groups()
        at = self._stamp_at(stamp, second, fraction) if stamp is not None else self._iso.parts_at(minute, iso_second, iso_fraction, zone)
        return Framed(at, host, program or b"", process or b"", line[found.end() :])

    def _unusual(self, line: bytes) -> Framed | None:
        if line.startswith(b"{"):
            return self._from_journal(line)
        found = _FRAME_5424.match(line, 0, _LONGEST_FRAME)
        if found is None:
            return self._by_lead(line)
        *_, minute, second, fraction, zone, host, program, process = found.groups()
        return Framed(self._iso.parts_at(minute, second, fraction, zone), host, program, process, line[found.end() :])

    def _by_lead(self, line: bytes) -> Framed | None:
        if line.startswith(_REMARK):
            return Framed(None, b"", b"journalctl", b"", line)
        found = _LEADS.match(line)
        if found is None:
            return self._from_router(line)
        message = line[found.end() :]
        if found["stamp"] is not None:
            return Framed(self._dated_at(found["stamp"], found["second"], found["year"]), b"", b"kernel", b"", message)
        if found["unix"] is not None:
            at: int | None = int(found["unix"]) * 1_000_000 + int(found["micro"] or b"0")
        else:  # names of zones mean different things in different places: only UTC is sure, the others are the log's own zone
            at = self._iso.at(found["full"] + (found["zone"] if found["zone"][:1] in (b"+", b"-") or found["zone"] == b"UTC" else b""))
        return Framed(at, found["host"], found["program"], found["process"] or b"", message)

    def _from_router(self, line: bytes) -> Framed | None:
        found = _ROUTER.match(line)
        if found is None:
            return None
        stamp, second, year, program, process = found.groups()
        return Framed(self._dated_at(stamp, second, year), b"", program, process or b"", line[found.end() :])

    def _dated_at(self, stamp: bytes, second: bytes, year: bytes) -> int | None:
        month = MONTHS.get(stamp[:3])
        start = minute_at(int(year), month, int(stamp[4:-6]), int(stamp[-5:-3]), int(stamp[-2:]), self._zone) if month is not None else None
        return None if start is None or second > b"60" else start + int(second) * 1_000_000

    def _from_journal(self, line: bytes) -> Framed | None:
        try:
            entry = self._journal.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        if entry.realtime is None:
            return None
        at = int(entry.realtime) if entry.realtime.isascii() and entry.realtime.isdigit() and len(entry.realtime) < 18 else None
        if at is not None:
            self._shown.add(at - at % 60_000_000)
        program = _journal_bytes(entry.identifier) or _journal_bytes(entry.command)
        process = _journal_bytes(entry.syslog_pid) or _journal_bytes(entry.pid)
        return Framed(at, _journal_bytes(entry.host), program, process, _journal_bytes(entry.message))

    def _stamp_at(self, stamp: bytes, second: bytes, fraction: bytes | None) -> int | None:
        start = self._minutes.get(stamp)
        if start is None:
            start = self._minutes[stamp] = self._start(stamp)
            if start is not None:
                self._shown.add(start)
        if start is None or second > b"60":
            return None
        return start + int(second) * 1_000_000 + micros(fraction)

    def _start(self, stamp: bytes) -> int | None:
        month = MONTHS.get(stamp[:3])
        if month is None:
            return None
        turned = year_step(self._month, month, self._year > self._first_year)
        self._year, self._month = self._year + turned, month
        if turned or len(self._minutes) > 20_000:
            self._minutes.clear()
        return minute_at(self._year, month, int(stamp[4:-6]), int(stamp[-5:-3]), int(stamp[-2:]), self._zone)


def year_step(before: int, month: int, turned_before: bool) -> int:
    """1 when the month falls back by more than half a year, -1 for a straggler of December after New Year, else 0."""
    if before - month > _HALF_A_YEAR:
        return 1
    return -1 if turned_before and before == 1 and month == 12 else 0


class YearSurvey:
    """Follows the months of a whole file and tells the year of its first line."""

    def __init__(self) -> None:
        self._turns = self._month = 0
        self._latest = (-1, 0, 0, b"")
        self._leap_turns: set[int] = set()

    def see(self, lines: Sequence[bytes]) -> None:
        """Consecutive lines of the file, in order."""
        heads = _HEAD.findall(b"\n" + b"\n".join(line[:24] for line in lines))
        for (name, day), group in groupby(heads, key=lambda head: (head[0], int(head[1]))):
            month = MONTHS.get(name)
            if month is not None:
                self._turns += year_step(self._month, month, self._turns > 0)
                self._month = month
                if (month, day) == (2, 29):
                    self._leap_turns.add(self._turns)
                self._latest = max(self._latest, (self._turns, month, day, max(head[2] for head in group)))

    def first_year(self, newest_at: int, zone: ZoneInfo) -> int:
        newest = to_datetime(newest_at).astimezone(zone)
        turns, month, day, clock = self._latest
        after = (month, day, clock) > (newest.month, newest.day, newest.strftime("%H:%M:%S").encode())
        year = newest.year - max(turns, 0) - (1 if after else 0)
        for earlier in range(9):  # a leap year comes within eight years
            if all(_is_leap(year - earlier + turn) for turn in self._leap_turns):
                return year - earlier
        return year


def survey_years(blocks: Iterable[Sequence[bytes]]) -> YearSurvey:
    survey = YearSurvey()
    for lines in blocks:
        survey.see(lines)
    return survey


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _journal_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass")
    if isinstance(value, list):  # bytes that are not UTF-8, or several values of one field
        if all(isinstance(byte, int) and 0 <= byte < 256 for byte in value):
            return bytes(value)
        first = value[0]
        return first.encode("utf-8", "surrogatepass") if isinstance(first, str) else b""
    return b""
