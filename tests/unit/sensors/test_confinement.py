# SPDX-License-Identifier: Apache-2.0
"""Sensor processes hold no store and no read right to it, and open no connection (reliability: no outbound)."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROBE = """
import os, socket, sys
from pathlib import Path
from teiten.sensors.confinement import confine
home = Path(sys.argv[1])
missing = confine([home / "spool"])
import json
def attempt(action):
    try:
        action()
        return "allowed"
    except PermissionError:
        return "denied"
    except OSError as error:
        return type(error).__name__
print(json.dumps({
    "missing": missing,
    "read store": attempt(lambda: (home / "store" / "teiten.duckdb").read_bytes()),
    "list store": attempt(lambda: list((home / "store").iterdir())),
    "write store": attempt(lambda: (home / "store" / "x").write_bytes(b"x")),
    "write spool": attempt(lambda: (home / "spool" / "x").write_bytes(b"x")),
    "rename in spool": attempt(lambda: (home / "spool" / "x").rename(home / "spool" / "y")),
    "connect": attempt(lambda: socket.create_connection(("127.0.0.1", int(sys.argv[2])), 2)),
    "listen": attempt(lambda: socket.create_server(("127.0.0.1", 0)).close()),
    "uid": os.geteuid(),
}))
"""


def has_landlock() -> bool:
    return bool(ctypes.CDLL(None).syscall(444, None, 0, 1) >= 4)


@pytest.mark.skipif(not has_landlock(), reason="this kernel has no Landlock of version 4")
def test_a_confined_process_reads_no_store_and_opens_no_connection(tmp_path: Path) -> None:
    import json
    import socket

    (tmp_path / "store").mkdir()
    (tmp_path / "spool").mkdir()
    (tmp_path / "store" / "teiten.duckdb").write_bytes(b"secret")
    with socket.create_server(("127.0.0.1", 0)) as server:
        arguments = [sys.executable, "-c", PROBE, str(tmp_path), str(server.getsockname()[1])]
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=True, env={**os.environ, "PYTHONWARNINGS": "ignore"})
    seen = json.loads(done.stdout)
    assert {k: v for k, v in seen.items() if k not in ("missing", "uid")} == {
        "read store": "denied",
        "list store": "denied",
        "write store": "denied",
        "write spool": "allowed",
        "rename in spool": "allowed",
        "connect": "denied",
        "listen": "allowed",
    }
    assert os.geteuid() != 0 or seen["uid"] != 0 or "runs as root" in seen["missing"][0]
