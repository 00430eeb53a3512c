# SPDX-License-Identifier: Apache-2.0
"""A sensor process that ends is started again, slower each time; one with wrong settings is not; all end with the node."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest

from teiten import supervision
from teiten.supervision import keep_running


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "_FIRST_PAUSE_SECONDS", 0.001)


def program(text: str) -> list[str]:
    return ["-I", "-c", text]


class Said:
    """What was said; `wait` returns when there are so many lines."""

    def __init__(self, enough: int) -> None:
        self.lines: list[str] = []
        self._enough = enough
        self._there = asyncio.Event()

    def __call__(self, line: str) -> None:
        self.lines.append(line)
        if len(self.lines) >= self._enough:
            self._there.set()

    async def wait(self) -> None:
        async with asyncio.timeout(60):
            await self._there.wait()


async def until_said(arguments: list[str], enough: int) -> list[str]:
    said = Said(enough)
    running = asyncio.create_task(keep_running(arguments, "web", said))
    await said.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    return said.lines


def test_it_is_started_again() -> None:
    lines = asyncio.run(until_said(program("raise SystemExit(3)"), 3))
    assert [line.partition(",")[0] for line in lines] == ["web: ended (3)"] * 3


def test_wrong_settings_are_not_tried_again() -> None:
    said = Said(1)
    asyncio.run(keep_running(program("raise SystemExit(2)"), "web", said))
    assert said.lines == ["web: not started again: its settings are wrong"]


def test_a_machine_without_room_for_a_process_does_not_end_the_node(monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_room(*_: Any, **__: Any) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(asyncio, "create_subprocess_exec", no_room)
    lines = asyncio.run(until_said([], 4))
    assert lines[0] == "web: can't be started: Resource temporarily unavailable"
    assert lines[1].startswith("web: ended (1), starting again")


def test_the_child_ends_with_its_task_even_when_it_does_not_want_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "_STOP_SECONDS", 0.1)
    started = tmp_path / "pid"
    stubborn = f"""
import os, pathlib, signal, sys
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path({str(started)!r}).write_text(str(os.getpid()))
open({str(tmp_path / "ready")!r}, "w").close()
signal.pause()
"""

    async def go() -> int:
        os.mkfifo(tmp_path / "ready")
        running = asyncio.create_task(keep_running(program(stubborn), "web", lambda _: None))
        (await asyncio.to_thread((tmp_path / "ready").open)).close()  # opens when the child has come this far
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        return int(started.read_text())

    assert not Path(f"/proc/{asyncio.run(go())}").exists()
