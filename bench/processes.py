# SPDX-License-Identifier: Apache-2.0
"""Child processes of a bench: started in the project's folder, waited for until they listen, ended by their own handle and never by name."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
_PATIENCE_SECONDS = 60.0

Process = subprocess.Popen[bytes]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str | Path], log: Path, ports: Sequence[int] = (), patience_seconds: float = _PATIENCE_SECONDS, **options: Any
) -> Iterator[Process]:
    """The process, once something listens on all `ports`; it is asked to end when the block ends. Raises RuntimeError with its last words."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [str(part) for part in command], **{"cwd": ROOT, "stdin": subprocess.DEVNULL, "stdout": output, "stderr": subprocess.STDOUT, **options}
        )
    try:
        for port in ports:
            wait_until(partial(listens, port), process, log, patience_seconds)
        yield process
    finally:
        end(process)


def end(process: Process) -> None:
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def python(*arguments: object) -> list[str]:
    return [sys.executable, *map(str, arguments)]


def told(*arguments: object, seconds: float = 3600.0) -> Any:
    """Run a module of ours to its end; the JSON that its last line holds."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    done = subprocess.run(python("-m", *arguments), cwd=ROOT, env=environment, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} ended with {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout.strip().splitlines()[-1])


def wait_until(ready: Callable[[], bool], process: Process, log: Path, patience_seconds: float = _PATIENCE_SECONDS) -> None:
    """Raises RuntimeError with the process's last words when it ends before, or when it takes too long."""
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline and process.poll() is None:
        if ready():
            return
        time.sleep(0.05)
    raise RuntimeError(f"not ready: {log.read_text(errors='backslashreplace')[-2000:]}")


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
