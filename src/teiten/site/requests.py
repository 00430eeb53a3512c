# SPDX-License-Identifier: Apache-2.0
"""From a query string to checked values; anything else raises BadRequest, which carries no text of the caller's.

Only the self-check has a body, and nothing of it is kept or logged.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qs

import msgspec
from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException
from starlette.requests import Request

from teiten import addresses, texts
from teiten.model import CATEGORIES, CHANNELS, Period, SensorEntry
from teiten.questions.interface import CountQuestion
from teiten.questions.windows import WINDOW_DAYS

FIELDS = msgspec.structs.fields(CountQuestion)
NAMES = tuple(field.name for field in FIELDS)
MOST_ROWS = 10_000
MOST_BODY = 65_536
MOST_DAYS = 366
SPANS = (1, 7, WINDOW_DAYS, 31, 92, 366)  # lengths of a period that the pages offer
_LONGEST = 70_000


class BadRequest(Exception):
    """The request can't be understood; the message is ours."""


class View(msgspec.Struct, frozen=True):
    """What a page is about; all of it is in the address bar. `channel` None: all of them."""

    group: str | None
    as_of: date
    today: date
    days: int = WINDOW_DAYS
    channel: str | None = None

    @property
    def period(self) -> Period:
        """The days before `as_of`, which isn't complete itself."""
        return Period(self.as_of - timedelta(days=self.days), self.as_of)

    @property
    def channels(self) -> tuple[str, ...]:
        return (self.channel,) if self.channel else CHANNELS

    @property
    def query(self) -> dict[str, str]:
        told = {"group": self.group or "", "channel": self.channel or ""}
        told["as_of"] = self.as_of.isoformat() if self.as_of != self.today else ""
        told["days"] = str(self.days) if self.days != WINDOW_DAYS else ""
        return {name: value for name, value in told.items() if value}


async def pasted(request: Request) -> str:
    """The field `text` of a submitted form. Raises as `submitted` does."""
    return (await submitted(request)).get("text", "")


async def submitted(request: Request) -> dict[str, str]:
    """The fields of a submitted form, the first of each name. Raises HTTPException 413 for a body larger than MOST_BODY, 400 for many fields."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BODY:
            raise HTTPException(413)
    try:
        fields = parse_qs(body.decode("latin-1"), max_num_fields=10, errors="surrogateescape")
    except ValueError:
        raise HTTPException(400) from None
    return {name: values[0] for name, values in fields.items()}


def view(query: QueryParams, today: date, sensors: list[SensorEntry], by_channel: bool = False) -> View:
    """`by_channel`: the page can be about one channel only; elsewhere `channel` means something else or nothing."""
    group = query.get("group") or None
    if group is not None and group not in {entry.group for entry in sensors}:
        raise BadRequest("there is no such group")
    as_of = _date(query["as_of"]) if query.get("as_of") else today
    if not date(1990, 1, 1) <= as_of <= today + timedelta(days=1):
        raise BadRequest("as_of is outside of what can be asked")
    days = _whole(query["days"]) if query.get("days") else WINDOW_DAYS
    if not 1 <= days <= MOST_DAYS:
        raise BadRequest(f"days is between 1 and {MOST_DAYS}")
    channel = (query.get("channel") or None) if by_channel else None
    if channel is not None and channel not in CHANNELS:
        raise BadRequest("there is no such channel")
    return View(group, as_of, today, days, channel)


def count_question(query: QueryParams) -> CountQuestion:
    """The question in a query string, with the field names of CountQuestion; at most MOST_ROWS + 1 rows are asked for."""
    unknown = [name for name in query if name not in NAMES and name != "token"]
    if unknown or len(query.multi_items()) != len(set(query)):
        raise BadRequest(f"an unknown or repeated field; allowed are {', '.join(NAMES)}")
    raw = {name: _value(name, query[name]) for name in NAMES if query.get(name)}
    for name, allowed in (("category", (*CATEGORIES, "all")), ("channel", CHANNELS)):
        if raw.get(name, allowed[0]) not in allowed:
            raise BadRequest(f"{name} is one of {', '.join(allowed)}")
    if raw.get("category") == "all":
        raw["category"] = None
    return _checked(raw)


def _checked(raw: Mapping[str, Any]) -> CountQuestion:
    try:
        question = msgspec.convert(raw, CountQuestion, strict=True)
    except msgspec.ValidationError as error:
        field = str(error).rpartition("`$.")[2].rstrip("`")
        raise BadRequest(f"{field if field in NAMES else 'a field'} has a value that is not allowed") from error
    if question.top is not None and not 0 < question.top <= MOST_ROWS:
        raise BadRequest(f"top is between 1 and {MOST_ROWS}")
    return question if question.top else msgspec.structs.replace(question, top=MOST_ROWS + 1)


def _value(name: str, text: str) -> object:
    if len(text) > _LONGEST:
        raise BadRequest(f"{name} is too long")
    if name in ("from_on", "to_on"):
        return _date(text)
    if name == "target":
        return texts.parse(text)
    if name == "source":
        return _address(text)
    return _whole(text) if name == "top" else text


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise BadRequest("a date is written YYYY-MM-DD") from None


def _address(text: str) -> bytes:
    try:
        return addresses.pack(text)
    except ValueError:
        raise BadRequest("source is an IPv4 or IPv6 address") from None


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 8):
        raise BadRequest("top and days are whole numbers")
    return int(text)
