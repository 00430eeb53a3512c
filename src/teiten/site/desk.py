# SPDX-License-Identifier: Apache-2.0
"""What lies on the operator's desk beside the store: import records, reports, signs of marking, mute rules. It writes mute rules only."""

from __future__ import annotations

from teiten.home import Home
from teiten.importers.records import Record, read_records
from teiten.publication.folder import read_alarms
from teiten.publication.markers import Alarms
from teiten.site.finished import FinishedReports
from teiten.site.muting import MuteFile


class Desk:
    def __init__(self, home: Home) -> None:
        self._home = home
        self.mutes = MuteFile(home.root / "mutes.json")
        self.reports = FinishedReports(home.reports)

    def alarms(self) -> Alarms | None:
        """What the marker watch saw at the last publication; None: it has not looked yet."""
        return read_alarms(self._home.findings)

    def imports(self) -> tuple[list[Record], int]:
        """Newest first, and how many files there can't be read."""
        records, unreadable = read_records(self._home.imports)
        return records[::-1], len(unreadable)
