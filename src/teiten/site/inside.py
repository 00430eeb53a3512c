# SPDX-License-Identifier: Apache-2.0
"""What the operator's own pages say: sources, sensors, imports, reports, mute rules. Finished values for the templates; no wording, no HTML."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, Literal

import msgspec

from teiten.clock import MICROSECONDS
from teiten.importers.records import Record
from teiten.importers.report import FileReport
from teiten.model import CHANNELS
from teiten.site.asking import Asker, SensorState
from teiten.site.desk import Desk
from teiten.site.figures import figure
from teiten.site.muting import Mute, Mutes, Problem, new_mute
from teiten.site.requests import View
from teiten.site.sources import LISTED, StoreSources

SILENT_SECONDS: Final = 300  # five heartbeats of the default interval
IMPORTS: Final = 100
FILES: Final = 50
USUAL_MUTE: Final = timedelta(days=30)

Condition = Literal["observing", "silent", "none"]


class SensorRow(msgspec.Struct, frozen=True):
    """`rejected`: records of its imports that could not be understood; None where nothing was imported or nobody knows."""

    state: SensorState
    condition: Condition
    rejected: int | None


class Example(msgspec.Struct, frozen=True):
    """A target that looks like a mark; its page may be there."""

    channel: str
    target: bytes


def sensors_page(ask: Asker, view: View, now: int, desk: Desk | None) -> dict[str, Any]:
    states = [state for state in ask.sensor_states() if view.group in (None, state.group) and view.channel in (None, state.channel)]
    rejected = _rejected(desk.imports()[0] if desk else [])
    rows = [SensorRow(state, condition(state, now), rejected.get(state.name)) for state in states]
    told = {one: sum(row.condition == one for row in rows) for one in ("observing", "silent", "none")}
    return {"states": rows, "told": told, "silent_minutes": SILENT_SECONDS // 60}


def condition(state: SensorState, now: int) -> Condition:
    """`none`: no heartbeat was ever received, as with imported logs and sample data."""
    if state.heartbeat_at is None:
        return "none"
    return "silent" if now - state.heartbeat_at > SILENT_SECONDS * MICROSECONDS else "observing"


def _rejected(records: Sequence[Record]) -> dict[str, int]:
    found: dict[str, int] = {}
    for record in records:
        found[record.sensor] = found.get(record.sensor, 0) + record.report.rejected
    return found


def sources_page(sources: StoreSources, view: View, mutes: Mutes) -> dict[str, Any]:
    shown, muted = sources.most_active(view, mutes)
    return {"period": view.period, "rows": shown, "muted": muted, "limit": LISTED}


def source_page(sources: StoreSources, view: View, source: bytes, mutes: Mutes) -> dict[str, Any]:
    """`found` None: this address was never met up to the view's date."""
    found = sources.one(source, view)
    drawn = figure(found.days, "accesses") if found else None
    return {"source": source, "found": found, "drawn": drawn, "period": view.period, "muted": mutes.of_source(source)}


def imports_page(desk: Desk, name: str) -> dict[str, Any]:
    """All imports, or the one that is named. `record` None with a name: there is none."""
    records, unreadable = desk.imports()
    record = next((one for one in records if one.name == name), None)
    files = sorted(record.report.files, key=_quiet)[:FILES] if record else []
    return {"records": records[:IMPORTS], "all": len(records), "unreadable": unreadable, "name": name, "record": record, "files": files}


def markers_page(desk: Desk) -> dict[str, Any]:
    """P8, for the operator alone: what looks like somebody marking sensors to find them in what is published."""
    alarms = desk.alarms()
    found = alarms.markers if alarms else ()
    return {"alarms": alarms, "markers": [(marker, [Example(marker.channel, target) for target in marker.examples]) for marker in found]}


def _quiet(file: FileReport) -> bool:
    return not (file.problem or file.rejected or file.damaged)


def mutes_page(desk: Desk, today: date, seal: str, asked: Mapping[str, str], problem: Problem | Literal["seal"] | None = None) -> dict[str, Any]:
    """`asked`: what the form shows, from a link or from the attempt that failed."""
    rules = desk.mutes.read()
    form = {name: asked.get(name, "")[:400] for name in ("what", "channel", "pattern", "reason", "until")}
    form["until"] = form["until"] or (today + USUAL_MUTE).isoformat()
    held = [rule for rule in rules if rule.holds_on(today)]
    return {"held": held, "ended": [rule for rule in rules if not rule.holds_on(today)], "form": form, "seal": seal, "problem": problem}


def mute_of(fields: Mapping[str, str], today: date) -> Mute | Problem:
    """From a submitted form."""
    try:
        until_on = date.fromisoformat(fields.get("until", ""))
    except ValueError:
        return "until"
    what: Literal["target", "source"] = "source" if fields.get("what") == "source" else "target"
    channel = fields.get("channel", "")
    return new_mute(what, channel if channel in CHANNELS else "", fields.get("pattern", ""), fields.get("reason", ""), until_on, today)
