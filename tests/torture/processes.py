# SPDX-License-Identifier: Apache-2.0
"""The two processes under torture: started, killed at any point, ended in order. Only processes started here are ever signalled."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from teiten.transport import segments
from tests.torture.generator import read_ledger

ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 120.0


class Site:
    """Folders and processes of one scenario. `spool` and `store` may lie on small disks of their own."""

    def __init__(self, folder: Path, spool: Path | None = None, store: Path | None = None) -> None:
        self.folder = folder
        self.spool = spool or folder / "spool"
        self.store = store or folder / "store"
        self.ledger = folder / "ledger"
        self.first = 0
        self.quota_bytes = 2 << 30
        self.reserve_bytes = 64 << 10
        self.repeat = False
        self.seal = True
        self.remote = False
        self.socket = folder / "socket"
        self.log = (folder / "log").open("ab")

    def start_generator(self, limit: int = 1 << 60) -> subprocess.Popen[bytes]:
        begun, _ = read_ledger(self.ledger)
        self.first = max(begun, default=-1) + 1
        return self._start("generator", self.spool, self.ledger, self.first, limit, self.quota_bytes, self.reserve_bytes)

    def start_centre(self) -> subprocess.Popen[bytes]:
        return self._start("centre", self.store, self.spool, int(self.repeat), int(self.seal), self.socket if self.remote else "")

    def start_shipper(self) -> subprocess.Popen[bytes]:
        return self._start("shipper", self.spool, self.socket)

    def _start(self, module: str, *arguments: object) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", f"tests.torture.{module}", *map(str, arguments)]
        environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

    def drain(self) -> None:
        """A centre takes all that is sealed, then ends in order."""
        self.remote = False
        centre = self.start_centre()
        wait_for(lambda: centre.poll() is not None or not segments.sealed(self.spool), "the spool to become empty")
        end(centre, self.folder / "log")

    def close(self) -> None:
        self.log.close()


def kill(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


def end(process: subprocess.Popen[bytes], log: Path | None = None) -> None:
    """Ask it to stop, and insist that it does so without an error."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
    code = process.wait(_PATIENCE_SECONDS)
    if code not in (0, -signal.SIGTERM):  # not yet listening for the signal
        said = log.read_text(encoding="utf-8", errors="backslashreplace")[-3000:] if log else ""
        raise AssertionError(f"{process.args} ended with {code}\n{said}")


def wait_for(ready: object, what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not ready():  # type: ignore[operator]
        if time.monotonic() > deadline:
            raise AssertionError(f"waited in vain for {what}")
        time.sleep(0.02)
