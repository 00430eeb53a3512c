# SPDX-License-Identifier: Apache-2.0
"""Keeps a child process running: starts it again when it ends, slower each time, and ends it with its parent."""

from __future__ import annotations

import asyncio
import ctypes
import signal
import sys
import time
from collections.abc import Callable, Sequence

from teiten.metrics import problems

_FIRST_PAUSE_SECONDS, _LONGEST_PAUSE_SECONDS, _HEALTHY_SECONDS = 0.5, 60.0, 30.0
_STOP_SECONDS = 5.0
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)  # looked up here: between fork and exec nothing may be loaded


async def keep_running(arguments: Sequence[str], name: str, say: Callable[[str], None]) -> None:
    """Run `python ARGUMENTS` for ever. Cancelling stops the child with SIGTERM, then SIGKILL."""
    pause = _FIRST_PAUSE_SECONDS
    while True:
        began = time.monotonic()
        code = await run_once(arguments, name, say)
        if code == 2:
            say(f"{name}: not started again: its settings are wrong")
            return
        pause = _FIRST_PAUSE_SECONDS if time.monotonic() - began > _HEALTHY_SECONDS else min(pause * 2, _LONGEST_PAUSE_SECONDS)
        problems.labels("supervision", name).inc()
        say(f"{name}: ended ({code}), starting again in {pause:.0f} s")
        await asyncio.sleep(pause)


async def run_once(arguments: Sequence[str], name: str, say: Callable[[str], None]) -> int:
    """The exit code of `python ARGUMENTS`; 1 when there was no room for a process. Cancelling stops it."""
    try:
        child = await asyncio.create_subprocess_exec(sys.executable, *arguments, preexec_fn=_end_with_parent)
    except OSError as error:
        say(f"{name}: can't be started: {error.strerror}")
        return 1
    try:
        return await child.wait()
    except asyncio.CancelledError:
        await _stop(child)
        raise


async def _stop(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    child.terminate()
    try:
        async with asyncio.timeout(_STOP_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()


def _end_with_parent() -> None:
    """The kernel ends the child if the node is killed: an orphan would hold the ports of the next start."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
