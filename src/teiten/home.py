# SPDX-License-Identifier: Apache-2.0
"""Where everything of one Teiten lives on disk: one folder, the home. Only paths and their rights; opens nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

REPORTS: Final = "reports"


class Home:
    """`store/` is the centre's alone; `sensor/` belongs to the sensor processes; `run/` holds the node's socket."""

    def __init__(self, root: Path) -> None:
        self.root = root.expanduser().resolve()

    @property
    def settings_file(self) -> Path:
        return self.root / "teiten.toml"

    @property
    def store(self) -> Path:
        return self.root / "store"

    @property
    def findings(self) -> Path:
        """What the detectors said and when; can be computed again from the store."""
        return self.root / "findings"

    @property
    def imports(self) -> Path:
        """A report of each import: what was read, taken, rejected."""
        return self.root / "imports"

    @property
    def reports(self) -> Path:
        """The operator's reports: a folder for each month, week and day, and in it one for each language."""
        return self.root / REPORTS

    @property
    def public_reports(self) -> Path:
        """The same for everybody, by the policy of publication."""
        return self.public / REPORTS

    @property
    def public(self) -> Path:
        """The published view, for everybody's eyes."""
        return self.root / "public"

    @property
    def socket(self) -> Path:
        return self.root / "run" / "node.sock"

    @property
    def incoming(self) -> Path:
        """Batches that a verb hands over to a running node as files."""
        return self.root / "run" / "incoming"

    @property
    def keys(self) -> Path:
        """The centre's keys and token hashes; sensor processes can't read them."""
        return self.root / "keys"

    def spool(self, channel: str) -> Path:
        return self.root / "sensor" / channel / "spool"

    def sensor_keys(self, channel: str) -> Path:
        return self.root / "sensor" / channel / "keys"

    @property
    def spools(self) -> list[Path]:
        return sorted((self.root / "sensor").glob("*/spool"))

    def prepare(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        for private in (self.store, self.findings, self.socket.parent, self.incoming, self.keys):
            private.mkdir(parents=True, exist_ok=True)
            private.chmod(0o700)
        for passage in (self.root, self.root / "sensor"):
            _make_passage(passage)

    def prepare_channel(self, channel: str) -> None:
        for passage in (self.root, self.root / "sensor", self.root / "sensor" / channel):
            _make_passage(passage)
        for folder in (self.spool(channel), self.sensor_keys(channel)):
            folder.mkdir(exist_ok=True)
            if folder.stat().st_uid == os.geteuid():
                folder.chmod(0o700)


def _make_passage(folder: Path) -> None:
    """Others may pass through but not list it: a sensor process under another user reaches its own folders, and no more."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.stat().st_uid == os.geteuid():
        folder.chmod(0o711)
