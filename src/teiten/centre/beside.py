# SPDX-License-Identifier: Apache-2.0
"""The centre in another process: every verb works beside a running node by asking it over the Unix socket in the home."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import httpx2
import msgspec

from teiten.centre.control import Backup, Before, Cover, Epoch, Handover, Moment, Nothing, Publication
from teiten.columnar import Columns
from teiten.enrichers import region
from teiten.errors import StoreBusy, TeitenError
from teiten.gathering import Deliver
from teiten.model import BatchKey, Receipt, SensorEntry
from teiten.questions.interface import CountQuestion
from teiten.store import handover
from teiten.store.interface import Told

T = TypeVar("T")
_PATIENCE_SECONDS = 600.0  # a question over all time on a large store may take minutes; a person can stop it


def answers(path: Path) -> bool:
    """True when a node listens on the socket (a file left behind by a killed node does not answer)."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(str(path))
        except OSError:
            return False
    return True


class Beside:
    """Implements `Centre` by asking the node behind `socket_path`."""

    def __init__(self, socket_path: Path, incoming: Path) -> None:
        self._client = httpx2.Client(transport=httpx2.HTTPTransport(uds=str(socket_path)), base_url="http://node", timeout=_PATIENCE_SECONDS)
        self._incoming = incoming

    def count(self, question: CountQuestion) -> list[dict[str, Any]]:
        return self._ask("count", question, list[dict[str, Any]])

    def status(self) -> dict[str, Any]:
        return self._ask("status", Nothing(), dict[str, Any])

    def prepare(self, batches: Sequence[tuple[BatchKey, Columns]]) -> Deliver:
        path = self._incoming / f"{secrets.token_hex(8)}.parquet"
        keys = [key for key, _ in batches]
        rows = [region.with_regions(columns) for _, columns in batches]

        def deliver() -> list[Receipt]:
            try:
                handover.write(rows, path)
                return self._ask("take", Handover(keys, path.name), list[Receipt])
            finally:
                path.unlink(missing_ok=True)  # the node has removed it, unless it did not answer

        return deliver

    def batches(self, sensor: str, epoch: str) -> list[tuple[int, bytes, int]]:
        return self._ask("batches", Epoch(sensor, epoch), list[tuple[int, bytes, int]])

    def register(self, entry: SensorEntry) -> None:
        self._ask("register", entry, type(None))

    def sensors(self) -> list[SensorEntry]:
        return self._ask("sensors", Nothing(), list[SensorEntry])

    def cover(self, sensor: str, channel: str, first_on: date, last_on: date) -> None:
        self._ask("cover", Cover(sensor, channel, first_on, last_on), type(None))

    def seal(self, before_on: date, told: Told | None = None) -> list[date]:
        if told is not None:
            told(0, 0)
        return self._ask("seal", Before(before_on), list[date])

    def verify(self) -> list[str]:
        return self._ask("verify", Nothing(), list[str])

    def publish(self, policy: str | None = None) -> dict[str, Any]:
        return self._ask("publish", Publication(policy), dict[str, Any])

    def backup(self, target: Path) -> int:
        return self._ask("backup", Backup(str(target)), int)

    def detect(self, at: int | None = None) -> dict[str, Any]:
        return self._ask("detect", Moment(at), dict[str, Any])

    def close(self) -> None:
        self._client.close()

    def _ask(self, name: str, order: Any, kind: type[T]) -> T:
        try:
            response = self._client.post(f"/{name}", content=msgspec.json.encode(order))
        except httpx2.HTTPError as error:
            raise StoreBusy(f"The running node did not answer ({error}).", "Look at its output, or stop it and run this again.") from error
        if response.status_code != 200:
            told = (
                msgspec.json.decode(response.content)
                if response.status_code in (400, 409)
                else {"problem": f"The node failed ({response.status_code})."}
            )
            raise TeitenError(told["problem"], told.get("next_step", ""))
        return msgspec.json.decode(response.content, type=kind)
