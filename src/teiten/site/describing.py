# SPDX-License-Identifier: Apache-2.0
"""The OpenAPI document of the machine side, as data. A test holds it and the routes together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

import msgspec

import teiten
from teiten.columns import COLUMNS
from teiten.model import CATEGORIES, CHANNELS, Period
from teiten.publication.document import Feed
from teiten.publication.view import Counted, Day, Finding, Listed, PerDay, Target
from teiten.questions.interface import BYS, Order


class Overview(msgspec.Struct):
    """The parts of the view in /api/overview.json."""

    period: Period
    total: Counted
    per_day: PerDay
    channels: dict[str, Counted]
    others: dict[str, Counted]
    series: dict[str, tuple[Day, ...]]
    regions: tuple[Counted, ...]


_TEXT: Final = {"type": "string"}
_DAY: Final = {"type": "string", "format": "date"}
_COUNT: Final[dict[str, Any]] = {
    "by": {"type": "string", "enum": list(BYS)},
    "channel": {"type": "string", "enum": list(CHANNELS)},
    "group": _TEXT,
    "sensor": _TEXT,
    "from_on": {**_DAY, "description": "First day, included."},
    "to_on": {**_DAY, "description": "Day after the last."},
    "target": {**_TEXT, "description": "As listed; \\xNN is one byte."},
    "source": {**_TEXT, "description": "IPv4 or IPv6 address."},
    "category": {"type": "string", "enum": [*CATEGORIES, "all"], "default": "access"},
    "top": {"type": "integer", "minimum": 1, "maximum": 10_000},
    "order": {"type": "string", "enum": list(get_args(Order))},
}


def openapi(*, inside: bool, feeds: Sequence[Feed]) -> bytes:
    """OpenAPI 3.1. The public's questions are files, so they take no parameters but names in the path."""
    _, schemas = msgspec.json.schema_components([Finding, Listed, Target, Overview], ref_template="#/components/schemas/{name}")
    paths = {**(_inside() if inside else _outside()), **{f"/{feed.place}": _get(feed.name, feed.media_type, None) for feed in feeds}}
    described = {
        "openapi": "3.1.0",
        "info": {"title": "Teiten", "version": teiten.__version__, "description": _ABOUT},
        "paths": {**paths, "/api/openapi.json": _get("This document.", "application/json", None)},
        "components": {"schemas": schemas},
    }
    return msgspec.json.format(msgspec.json.encode(described), indent=1)


_ABOUT: Final = (
    "Counts over days of the configured time zone. Text that strangers sent is in the lossless form: UTF-8, and \\xNN for each byte that is not. "
    "A count of null, in CSV an empty one, was withheld as too small. Fields of stored accesses: "
    + ", ".join(column.name for column in COLUMNS if column.privacy == "open")
    + "."
)


def _inside() -> dict[str, Any]:
    row = {
        "type": "object",
        "properties": {name: {"type": "integer", "minimum": 0} for name in ("accesses", "sources", "sensors")},
        "required": ["accesses", "sources", "sensors"],
        "description": "And the key named by `by`.",
    }
    answer = {"oneOf": [{"type": "array", "items": row}, row], "description": "One object when `by` is not given."}
    parameters = [{"name": name, "in": "query", "required": False, "schema": schema} for name, schema in _COUNT.items()]
    refused = {"400": _refusal("A field is unknown, repeated or has a value that is not allowed."), **_LIMITED}
    return {
        "/api/count": _get("Accesses, distinct sources and sensors by something.", "application/json", answer, parameters, refused),
        "/api/count.csv": _get("The same as CSV: every cell quoted, none that a spreadsheet would run.", "text/csv", None, parameters, refused),
    }


def _outside() -> dict[str, Any]:
    listed = {"type": "array", "items": _ref("Listed")}
    findings = {"type": "array", "items": _ref("Finding")}
    missing = {"404": _refusal("Withheld or never seen: the answer is the same.")}
    asked = {"name": "q", "in": "query", "required": False, "schema": {"type": "string", "description": "The first 200 characters count."}}
    return {
        "/api/about.json": _get("Policy, dates and coverage of what is published.", "application/json", {"type": "object"}),
        "/api/overview.json": _get("Totals, channels, days and regions of the window.", "application/json", _ref("Overview")),
        "/api/findings.json": _get("Findings of both levels, most urgent first.", "application/json", findings),
        "/api/new.json": _get("Targets first seen in the window.", "application/json", listed),
        "/api/index.json": _get("Every named target.", "application/json", listed),
        "/api/search.json": _get("Named targets that contain a text; only where a server runs, a copy on a static server has the index.",
                                 "application/json", listed, [asked], _LIMITED),
        "/api/lists/{channel}.json": _get("The list of one channel.", "application/json", listed, [_in_path("channel", CHANNELS)], missing),
        "/api/series.csv": _get("Days of each channel, and of all together.", "text/csv", None),
        "/api/new.csv": _get("Targets first seen in the window.", "text/csv", None),
        "/api/regions.csv": _get("Where sources are registered.", "text/csv", None),
        "/api/lists/{channel}.csv": _get("The list of one channel.", "text/csv", None, [_in_path("channel", CHANNELS)], missing),
        "/api/regions/{channel}.csv": _get("Regions of one channel.", "text/csv", None, [_in_path("channel", CHANNELS)], missing),
        "/api/targets/{id}.csv": _get("The days of one target.", "text/csv", None, [_in_path("id")], missing),
        "/api/targets/{id}/regions.csv": _get("The regions of one target.", "text/csv", None, [_in_path("id")], missing),
        "/api/targets/{id}.json": _get("One target in the window.", "application/json", _ref("Target"), [_in_path("id")], missing),
    }  # fmt: skip


def _get(
    summary: str,
    media_type: str,
    schema: Mapping[str, Any] | None,
    parameters: Sequence[Mapping[str, Any]] = (),
    others: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    responses = {"200": _response(summary, media_type, schema), "304": {"description": "Unchanged since the ETag given."}, **(others or {})}
    return {"get": {"summary": summary, **({"parameters": list(parameters)} if parameters else {}), "responses": responses}}


def _response(description: str, media_type: str, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    return {"description": description, "content": {media_type.partition(";")[0]: {"schema": schema} if schema else {}}}


def _refusal(description: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"error": _TEXT, "next_step": _TEXT}, "required": ["error", "next_step"]}
    return _response(description, "application/json", schema)


_LIMITED: Final = {"429": _refusal("Too many questions; ask again after the seconds in Retry-After.")}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _in_path(name: str, values: Sequence[str] = ()) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", **({"enum": list(values)} if values else {})}}
