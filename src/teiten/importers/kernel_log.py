# SPDX-License-Identifier: Apache-2.0
"""Firewall lines of the Linux kernel (iptables, nftables, UFW) in syslog -> packets.

The prefix of a rule is any text, also one without a blank behind it, so a line is found by its `IN= … OUT=`. Values are read up to the first
bracket: what ICMP quotes of another packet stands inside brackets and has an `SRC=` of its own. LEN occurs twice for UDP, flags are bare
words. Packets with an `OUT=` and no `IN=` left this host and are no observation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

from teiten.importers.interface import Chunk, Reading, ReadOptions, Recognition, Records
from teiten.importers.packet_rows import FLAG_WORDS, joined_port, protocol_number, say_flow, say_packet
from teiten.importers.rows import Packed, Tally, address_reason, turn
from teiten.importers.syslog import Framed, Frames, survey_years

_NAMES = ("observed_at", "kind", "source", "target", "category", "protocol", "source_port", "destination_port", "tcp_flags", "size")
_PACKET = re.compile(rb"IN=(\S*) OUT=(\S*) ([^\[]*)")
_FIELD = re.compile(rb"(?<![A-Z])(SRC|PROTO|SPT|DPT|TYPE|CODE|LEN)=(\S*)")
_WORDS = re.compile(rb" (FIN|SYN|RST|PSH|ACK|URG|ECE|CWR)(?= |$)")
_PROTOCOL_NAMES = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6", 132: "sctp", 136: "udplite"}


class KernelLog:
    name = "kernel_log"
    label = "Linux firewall log (iptables, nftables, UFW)"
    records: Records = "lines"
    surveys = True

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        lines = head.split(b"\n")[:2000]
        frames = Frames(ZoneInfo("UTC"), 2000)
        ours = sum(1 for line in lines if b" OUT=" in line and b"SRC=" in line and b"PROTO=" in line and _PACKET.search(line) and frames.read(line))
        return Recognition(0.93, f"{ours} of the first {len(lines)} lines have `IN= OUT= SRC= PROTO=`") if ours else None

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
        read = self._frames.read
        for number, line in enumerate(records, first):
            line = line.rstrip()
            framed = read(line)
            if framed is not None:
                self._judge(number, line, framed)
            elif line:
                self._tally.reject(number, "no time, host and program", line)
            else:
                self._tally.count("blank line")
        return self._tally.chunk(turn(_NAMES, self._rows, channel="packet"), len(self._rows), {"packet": self._frames.take_shown()})

    def finish(self) -> Chunk | None:
        return None

    def _judge(self, number: int, line: bytes, framed: Framed) -> None:
        found = _PACKET.search(framed.message)
        if found is None:
            if b" SRC=" in framed.message and b" PROTO=" in framed.message:
                self._tally.reject(number, "a packet without `IN=`", line)
            else:
                self._tally.count("line about no packet")
        elif not found[1] and found[2]:
            self._tally.count("packet that this host sent")
        elif framed.at is None:
            self._tally.reject(number, "impossible time", line)
        else:
            self._packet(number, line, framed.at, found[3])

    def _packet(self, number: int, line: bytes, at: int, told: bytes) -> None:
        fields = _FIELD.findall(told)
        values = dict(reversed(fields))  # the first of each name counts
        if b"SRC" not in values:
            self._tally.count("packet that is not IP")
            return
        source = self._packed[values[b"SRC"]]
        protocol = protocol_number(values.get(b"PROTO", b"").decode("ascii", "replace"))
        if source is None or protocol is None:
            self._tally.reject(number, "no protocol" if source is not None else address_reason(values[b"SRC"]), line)
            return
        is_icmp = protocol in (1, 58)
        here = joined_port(protocol, _number(values.get(b"TYPE" if is_icmp else b"DPT")), _number(values.get(b"CODE")))
        flags = sum(FLAG_WORDS[word] for word in set(_WORDS.findall(told))) if protocol == 6 else None
        if flags == 0 and b" WINDOW=" not in told:  # the logger tells no flags at all: not a scan without flags, but one packet that opens
            flags = None
        kind, category, target = say_flow(protocol, here) if flags is None else say_packet(protocol, here, flags)
        payload = _number(fields[-1][1]) if protocol == 17 and fields[-1][0] == b"LEN" and len(fields) > 1 else None
        self._rows.append((
            at, kind, source, target, category, _PROTOCOL_NAMES.get(protocol, f"proto{protocol}"), None if is_icmp else _number(values.get(b"SPT")),
            None if is_icmp else here, flags, payload - 8 if payload is not None and payload >= 8 else None,
        ))  # fmt: skip


def _number(value: bytes | None) -> int | None:
    return int(value) if value is not None and value.isdigit() and len(value) < 6 and int(value) < 65536 else None
