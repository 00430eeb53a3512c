# SPDX-License-Identifier: Apache-2.0
"""Publishes once: builds the view by the configured policy and replaces the file that the public's pages are made of."""

from __future__ import annotations

import logging
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from teiten.claims import BookClaims
from teiten.clock import Clock
from teiten.enrichers.region import data_on
from teiten.errors import TeitenError
from teiten.findings.book import Book
from teiten.marks import StoreMarks
from teiten.packets.own_addresses import told
from teiten.publication.building import Builder, Sources
from teiten.publication.echoes import redactor
from teiten.publication.folder import publication_key, read_view, write_alarms, write_view
from teiten.publication.markers import Alarms
from teiten.publication.policies import POLICIES
from teiten.publication.settings import PublicationConfig
from teiten.store.interface import Store

log = logging.getLogger("teiten.publication")


class Published(msgspec.Struct, frozen=True):
    """`unknown`: sensors in the registry without an address; their addresses can't be masked. `markers`: signs of marking (P8)."""

    path: str
    policy: str
    last_on: date
    targets: int
    findings: int
    unknown: tuple[str, ...]
    markers: tuple[str, ...]


class Publisher:
    def __init__(
        self, store: Store, book: Book, zone: ZoneInfo, settings: PublicationConfig, *, folder: Path, keys: Path, alarms: Path, clock: Clock
    ) -> None:
        self._store, self._book, self._zone, self._settings = store, book, zone, settings
        self._folder, self._keys, self._clock = folder, keys, clock
        self._alarms = alarms

    def publish(self, policy: str | None = None) -> Published:
        """Raises TeitenError if the store can't answer; the old view then stays."""
        chosen = POLICIES.get(policy or self._settings.policy)
        if chosen is None:
            raise TeitenError(f"There is no policy {policy}.", f"Allowed: {', '.join(POLICIES)}.")
        sensors = self._store.sensors()
        hidden = [*self._settings.hidden, *told()]
        sources = Sources(self._store, self._zone, StoreMarks(self._store), BookClaims(self._book, self._zone, self._settings.group), data_on())
        builder = Builder(sources, chosen, self._settings, publication_key(self._keys), redactor(sensors, hidden))
        now = self._clock()
        view = builder.view(now)
        markers = builder.markers(now)
        write_alarms(self._alarms, Alarms(now, tuple(markers)))
        for marker in markers:
            log.warning("somebody may be marking sensors: %s", marker.told())
        path = write_view(self._folder, view)
        unknown = tuple(sensor.name for sensor in sensors if not sensor.addresses and not sensor.demo)
        return Published(
            str(path),
            chosen.name,
            view.period.dates()[-1],
            len(view.targets),
            len(view.findings),
            unknown,
            tuple(marker.told() for marker in markers),
        )

    def made_on(self) -> date | None:
        """When the view on disk was made; None: there is none that can be read."""
        try:
            return read_view(self._folder).made_on
        except TeitenError:
            return None


def plain(published: Published) -> dict[str, Any]:
    return dict(msgspec.to_builtins(published))
