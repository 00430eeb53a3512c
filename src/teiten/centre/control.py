# SPDX-License-Identifier: Apache-2.0
"""The running node's answers to the command line, over a Unix socket in the home: who may open the socket file may ask.

Never reachable from a network. Bodies are JSON; bulk rows come as a file in the home's `run/incoming`, by name only.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from teiten.centre.here import Here
from teiten.errors import TeitenError
from teiten.model import BatchKey, SensorEntry
from teiten.questions.interface import CountQuestion


class Cover(msgspec.Struct, forbid_unknown_fields=True):
    sensor: str
    channel: str
    first_on: date
    last_on: date


class Handover(msgspec.Struct, forbid_unknown_fields=True):
    keys: list[BatchKey]
    file: str  # a bare name in run/incoming


class Before(msgspec.Struct, forbid_unknown_fields=True):
    before_on: date


class Backup(msgspec.Struct, forbid_unknown_fields=True):
    target: str


class Epoch(msgspec.Struct, forbid_unknown_fields=True):
    sensor: str
    epoch: str


class Moment(msgspec.Struct, forbid_unknown_fields=True):
    at: int | None = None  # microseconds UTC


class Publication(msgspec.Struct, forbid_unknown_fields=True):
    policy: str | None = None  # None: the configured one


class Nothing(msgspec.Struct, forbid_unknown_fields=True):
    pass


def create_control(here: Here, incoming: Path, after_seal: Callable[[], object] = lambda: None) -> Starlette:
    """`after_seal` is called when a verb had days sealed."""

    def hand_over(order: Handover) -> Any:
        path = incoming / Path(order.file).name
        try:
            return here.store.take_file(order.keys, path, here.clock())
        finally:
            path.unlink(missing_ok=True)

    def seal(order: Before) -> list[date]:
        try:
            return here.seal(order.before_on)
        finally:
            after_seal()

    def route(name: str, kind: type[Any], answer: Callable[[Any], Any]) -> Route:
        return Route(f"/{name}", _endpoint(kind, answer), methods=["POST"])

    return Starlette(
        routes=[
            route("count", CountQuestion, here.count),
            route("status", Nothing, lambda _: here.status()),
            route("take", Handover, hand_over),
            route("batches", Epoch, lambda e: here.batches(e.sensor, e.epoch)),
            route("register", SensorEntry, here.register),
            route("sensors", Nothing, lambda _: here.sensors()),
            route("cover", Cover, lambda c: here.cover(c.sensor, c.channel, c.first_on, c.last_on)),
            route("seal", Before, seal),
            route("detect", Moment, lambda m: here.detect(m.at)),
            route("publish", Publication, lambda p: here.publish(p.policy)),
            route("verify", Nothing, lambda _: here.verify()),
            route("backup", Backup, lambda b: here.backup(Path(b.target))),
        ]
    )


def _endpoint(kind: type[Any], answer: Callable[[Any], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        try:
            order = msgspec.json.decode(await request.body() or b"{}", type=kind)
            body = msgspec.json.encode(await asyncio.to_thread(answer, order))
        except msgspec.ValidationError as error:
            return Response(msgspec.json.encode({"problem": str(error), "next_step": ""}), 400, media_type="application/json")
        except TeitenError as error:
            return Response(msgspec.json.encode({"problem": error.problem, "next_step": error.next_step}), 409, media_type="application/json")
        except OSError as error:
            problem = f"{error.filename or 'the node'}: {error.strerror or error}"
            return Response(msgspec.json.encode({"problem": problem, "next_step": ""}), 409, media_type="application/json")
        return Response(body, media_type="application/json")

    return endpoint
