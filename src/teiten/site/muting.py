# SPDX-License-Identifier: Apache-2.0
"""Mute rules: what the operator doesn't want to see in lists for a while, with a reason and an end.

A muted row is still observed, stored, counted in every total, published and reported; the operator's lists show it apart. Rules are never
deleted: one that has ended or was lifted stays in the file. One JSON file, replaced whole.
"""

from __future__ import annotations

import fcntl
import ipaddress
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import Final, Literal, Protocol, TypeVar

import msgspec

from teiten import addresses, texts
from teiten.errors import TeitenError
from teiten.model import CHANNELS

What = Literal["target", "source"]
Problem = Literal["pattern", "everything", "reason", "until", "channel"]
LONGEST: Final = 300
LONGEST_MUTE: Final = timedelta(days=366)  # who still wants it then says so again


class Mute(msgspec.Struct, frozen=True, dict=True):
    """`pattern` of a target: its text in the lossless form, `*` for any text; of a source: an address or a network.

    `channel` "": every channel. In force up to and including `until_on`, unless it was lifted before.
    """

    id: str
    what: What
    channel: str
    pattern: str
    reason: str
    made_on: date
    until_on: date
    lifted_on: date | None = None

    def holds_on(self, today: date) -> bool:
        return self.lifted_on is None and today <= self.until_on

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(".*".join(re.escape(part) for part in self.pattern.split("*")), re.DOTALL)

    @cached_property
    def _network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        return ipaddress.ip_network(self.pattern, strict=False)

    def hides_target(self, channel: str, target: str) -> bool:
        return self.what == "target" and self.channel in ("", channel) and self._compiled.fullmatch(target) is not None

    def hides_source(self, packed: bytes) -> bool:
        return self.what == "source" and ipaddress.ip_address(addresses.unpack(packed)) in self._network


class Mutes:
    """The rules in force on a day."""

    def __init__(self, rules: Sequence[Mute] = (), today: date = date.max) -> None:
        self._rules = [rule for rule in rules if rule.holds_on(today)]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def of_target(self, channel: str, target: bytes | str) -> Mute | None:
        text = target if isinstance(target, str) else texts.lossless(target)
        return next((rule for rule in self._rules if rule.hides_target(channel, text)), None)

    def of_source(self, packed: bytes) -> Mute | None:
        return next((rule for rule in self._rules if rule.hides_source(packed)), None)


NOTHING_MUTED: Final = Mutes()


class _Row(Protocol):
    @property
    def channel(self) -> str: ...
    @property
    def target(self) -> bytes | str: ...


Row = TypeVar("Row", bound=_Row)


def apart(mutes: Mutes, rows: Iterable[Row]) -> tuple[list[Row], list[tuple[Row, Mute]]]:
    """The rows to show, and those that are muted with their rule, each in the order given."""
    shown: list[Row] = []
    muted: list[tuple[Row, Mute]] = []
    for row in rows:
        rule = mutes.of_target(row.channel, row.target) if mutes else None
        if rule is None:
            shown.append(row)
        else:
            muted.append((row, rule))
    return shown, muted


class MuteFile:
    """The rules on disk. Safe beside other processes of the same home."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> list[Mute]:
        """Newest first. Raises TeitenError when the file can't be understood: a rule must not get lost by being overwritten."""
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=list[Mute])
        except FileNotFoundError:
            return []
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise TeitenError(f"{self._path}: the mute rules can't be read.", "Mend the file, or move it away to begin anew.") from error

    def add(self, rule: Mute) -> None:
        with self._changing() as rules:
            rules.insert(0, rule)

    def lift(self, id_: str, on: date) -> bool:
        """False: there is no such rule in force."""
        with self._changing() as rules:
            for place, rule in enumerate(rules):
                if rule.id == id_ and rule.holds_on(on):
                    rules[place] = msgspec.structs.replace(rule, lifted_on=on)
                    return True
        return False

    @contextmanager
    def _changing(self) -> Iterator[list[Mute]]:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            rules = self.read()
            yield rules
            fresh = self._path.with_suffix(".new")
            with fresh.open("wb") as file:
                file.write(msgspec.json.format(msgspec.json.encode(rules), indent=1) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            fresh.replace(self._path)


def new_mute(what: What, channel: str, pattern: str, reason: str, until_on: date, today: date) -> Mute | Problem:
    """The rule, or what is wrong with it. A pattern that would hide everything is refused."""
    pattern, reason = pattern.strip()[: LONGEST + 1], " ".join(reason.split())[:LONGEST]
    if not reason:
        return "reason"
    if not today <= until_on <= today + LONGEST_MUTE:
        return "until"
    if channel not in ("", *CHANNELS):
        return "channel"
    if what == "source":
        return _of_source(pattern, reason, until_on, today)
    if not pattern or len(pattern) > LONGEST or pattern.count("*") > 10:
        return "pattern"
    if not pattern.strip("*"):
        return "everything"
    return Mute(secrets.token_hex(6), "target", channel, pattern, reason, today, until_on)


def _of_source(pattern: str, reason: str, until_on: date, today: date) -> Mute | Problem:
    try:
        network = ipaddress.ip_network(pattern, strict=False)
    except ValueError:
        return "pattern"
    if network.prefixlen < (8 if network.version == 4 else 16):
        return "everything"
    shown = str(network.network_address) if network.num_addresses == 1 else str(network)
    return Mute(secrets.token_hex(6), "source", "", shown, reason, today, until_on)
