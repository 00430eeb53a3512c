# SPDX-License-Identifier: Apache-2.0
"""Suricata EVE (lines or an array) -> flows and alerts (packet channel), HTTP transactions (web channel).

An arrival is counted from its flow event; an alert counts only where no flow event with the same `flow_id` follows in the file, so the
file is looked through once before. Other events are kinds of other. Sources are as Suricata gives them, also where the alert is
about an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from teiten.importers.fields import are_worth_it
from teiten.importers.interface import Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import UNREADABLE, JsonReading, first_objects
from teiten.importers.lines import Lines
from teiten.importers.suricata_columns import MOST_FLOWS, SuricataColumns, Suspects
from teiten.importers.suricata_events import NAMES, Entry, Judge


class _Brief(msgspec.Struct):
    event_type: str = ""
    flow_id: Any = None


class SuricataEve:
    name = "suricata_eve"
    label = "Suricata EVE JSON"
    records: Records = "json"
    surveys = True

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        entries = first_objects(head)
        ours = sum(1 for entry in entries if isinstance(entry.get("event_type"), str) and ("flow_id" in entry or entry["event_type"] == "stats"))
        return Recognition(0.95, f"{ours} of the first {len(entries)} objects have `event_type` and `flow_id`") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> frozenset[int]:
        """Flows that both an alert and a flow event tell of."""
        decoder = msgspec.json.Decoder(_Brief)
        alerted: set[int] = set()
        told: set[int] = set()
        suspects = Suspects(alerted, told, lambda record: _follow(decoder, record, alerted, told))
        for block in blocks:
            if isinstance(block, Lines) and are_worth_it(block):
                suspects.see(block)
                continue
            for record in block:
                if b'"alert"' in record or b'"flow"' in record:
                    _follow(decoder, record, alerted, told)
            suspects.add()
        return frozenset(told)

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        told = survey if isinstance(survey, frozenset) else frozenset()
        judge = Judge(options, told)
        return JsonReading(Entry, judge.judge, NAMES, SuricataColumns(told, judge.shown), {"packet": judge.shown})

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()


def _follow(decoder: msgspec.json.Decoder[_Brief], record: bytes, alerted: set[int], told: set[int]) -> None:
    try:
        brief = decoder.decode(record)
    except UNREADABLE:
        return
    if not isinstance(brief.flow_id, int):
        return
    if brief.event_type == "alert" and len(alerted) < MOST_FLOWS:
        alerted.add(brief.flow_id)
    elif brief.event_type == "flow" and brief.flow_id in alerted:
        told.add(brief.flow_id)
