# SPDX-License-Identifier: Apache-2.0
"""Suricata EVE (lines or an array) -> flows and alerts (packet channel), HTTP transactions (web channel).

An arrival is counted from its flow event, or from its netflow events where the file has no flow events; an alert counts only where no such
event with the same `flow_id` follows in the file, so the file is looked through once before. Other events are kinds of other. Sources are
as Suricata gives them, also where the alert is about an answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from teiten.importers.fields import are_worth_it
from teiten.importers.interface import Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import UNREADABLE, JsonReading, first_objects
from teiten.importers.lines import Lines, as_text
from teiten.importers.suricata_columns import MOST_FLOWS, SuricataColumns, Suspects
from teiten.importers.suricata_events import NAMES, Entry, Judge, Told
from teiten.importers.wrapping import bared


class _Brief(msgspec.Struct):
    event_type: str = ""
    flow_id: Any = None


_FLOW_EVENT = re.compile(rb'"event_type"\s*:\s*"flow"')


class SuricataEve:
    name = "suricata_eve"
    label = "Suricata EVE JSON"
    records: Records = "json"
    surveys = True

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        entries = first_objects(head)
        ours = sum(1 for entry in entries if isinstance(entry.get("event_type"), str) and ("flow_id" in entry or entry["event_type"] == "stats"))
        return Recognition(0.95, f"{ours} of the first {len(entries)} objects have `event_type` and `flow_id`") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> Told:
        decoder = msgspec.json.Decoder(_Brief)
        alerted: set[int] = set()
        told: set[int] = set()
        suspects = Suspects(alerted, told, lambda record: _follow(decoder, record, alerted, told))
        kinds = _Kinds()
        for block in blocks:
            if kinds.see(block):
                kinds.follow(decoder, block, alerted, told)
            if isinstance(block, Lines) and are_worth_it(block):
                suspects.see(block)
                continue
            for record in block:
                if b'"alert"' in record or b'"flow"' in record:
                    _follow(decoder, record, alerted, told)
            suspects.add()
        return Told(frozenset(told), kinds.by_netflow)

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        told = survey if isinstance(survey, Told) else Told()
        judge = Judge(options, told)
        return JsonReading(Entry, judge.judge, NAMES, SuricataColumns(told, judge.shown), {"packet": judge.shown})

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


class _Kinds:
    """Whether a file has flow events, or netflow events alone. Looks no further once there is a flow event."""

    def __init__(self) -> None:
        self._has_flows = self._has_netflow = False

    @property
    def by_netflow(self) -> bool:
        return self._has_netflow and not self._has_flows

    def see(self, block: Sequence[bytes]) -> bool:
        """Whether the block's netflow events may matter."""
        if self._has_flows:
            return False
        text = as_text(block)
        self._has_flows = _FLOW_EVENT.search(text) is not None
        if self._has_flows or b'"netflow"' not in bytes(text):
            return False
        self._has_netflow = True
        return True

    def follow(self, decoder: msgspec.json.Decoder[_Brief], block: Sequence[bytes], alerted: set[int], told: set[int]) -> None:
        for record in block:
            if b'"netflow"' in record or b'"alert"' in record:
                _follow(decoder, record, alerted, told)


def _follow(decoder: msgspec.json.Decoder[_Brief], record: bytes, alerted: set[int], told: set[int]) -> None:
    try:
        brief = decoder.decode(bared(record))
    except UNREADABLE:
        return
    if not isinstance(brief.flow_id, int):
        return
    if brief.event_type == "alert" and len(alerted) < MOST_FLOWS:
        alerted.add(brief.flow_id)
    elif brief.event_type in ("flow", "netflow") and brief.flow_id in alerted:
        told.add(brief.flow_id)
