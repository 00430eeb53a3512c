# SPDX-License-Identifier: Apache-2.0
"""status, verify, seal, backup, resend, token, sense, up and ship: what they say, and what they refuse."""

from __future__ import annotations

import json
import os
import resource
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import uvicorn

from teiten.app import open_here
from teiten.centre.control import create_control
from teiten.centre.here import Here
from teiten.cli import sense
from teiten.clock import system_clock
from teiten.errors import StoreBusy
from teiten.home import Home
from teiten.settings import NodeSettings
from teiten.transport.spool import SpoolWriter
from tests.unit.cli.conftest import Teiten
from tests.unit.transport.sample import access

UTC = ZoneInfo("UTC")


@contextmanager
def answering(home: Path) -> Iterator[None]:
    """The node's control socket alone, in a thread: what a verb beside a running node meets."""
    place = Home(home)
    place.prepare()
    here = open_here(place, NodeSettings())
    server = uvicorn.Server(uvicorn.Config(create_control(here, place.incoming), uds=str(place.socket), log_config=None, lifespan="off", ws="none"))
    ready = threading.Event()
    startup = server.startup

    async def started(sockets: list[socket.socket] | None = None) -> None:
        await startup(sockets)
        ready.set()

    server.startup = started  # type: ignore[method-assign]
    thread = threading.Thread(target=server.run)
    thread.start()
    assert ready.wait(30)
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()
        here.close()


def spooled(home: Path) -> Path:
    """One sealed segment with one access, and no node that takes it."""
    place = Home(home)
    place.prepare_channel("web")
    with SpoolWriter(place.spool("web"), "local", "web", system_clock) as spool:
        spool.emit(access(1))
    return place.spool("web")


def test_every_verb_works_beside_a_running_node(teiten: Teiten, home: Path, web_log: Path, tmp_path: Path) -> None:
    """design 4: the command line beside a running node asks it and does not fail on a lock."""
    with answering(home):
        assert teiten("import", web_log, "--format", "json").json()["taken"] == 4
        assert teiten("import", web_log, "--format", "json").json()["duplicates"] == 4
        assert teiten("count", "--format", "json").json() == {"accesses": 4, "sources": 3, "sensors": 1}
        assert "node running" in teiten("status").out
        assert teiten("verify").code == 0
        assert teiten("seal").code == 0
        assert teiten("backup", tmp_path / "copy").code == 0
        wrong = teiten("count", "--by", "hour", "--top", "x")
        assert wrong.code == 2
        assert list(Home(home).incoming.iterdir()) == []
    home.joinpath("store").rename(tmp_path / "lost")
    (tmp_path / "copy").rename(home / "store")
    assert teiten("count", "--format", "json").json()["accesses"] == 4, "the backup is a store"


def test_a_verb_waits_for_another_that_works_on_the_store(teiten: Teiten, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    busy = [StoreBusy("held"), StoreBusy("held")]

    def held_twice(place: Home, settings: NodeSettings) -> Here:
        if busy:
            raise busy.pop()
        return open_here(place, settings)

    monkeypatch.setattr("teiten.app.open_here", held_twice)
    assert teiten("count", "--format", "json").json()["accesses"] == 0
    assert busy == []


def test_a_store_that_stays_held_is_an_error_with_a_next_step(teiten: Teiten, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home.mkdir()
    monkeypatch.setattr("teiten.cli.opening.PATIENCE_SECONDS", 0.0)

    def held(*_: object) -> None:
        raise StoreBusy("another process holds the store", "wait")

    monkeypatch.setattr("teiten.app.open_here", held)
    done = teiten("count")
    assert (done.code, done.out) == (1, "")
    assert "another process holds the store" in done.err


def test_a_backup_overwrites_nothing(teiten: Teiten, home: Path, tmp_path: Path) -> None:
    home.mkdir()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").touch()
    assert teiten("backup", tmp_path / "full").code == 2


def test_status_of_a_machine_that_only_senses_makes_no_store(teiten: Teiten, home: Path) -> None:
    spooled(home)
    done = teiten("status")
    assert done.code == 0
    assert "spool     web: 1 segments" in done.out
    assert not (home / "store").exists()


def test_status_in_json_tells_what_waits_and_what_was_refused(teiten: Teiten, home: Path) -> None:
    spool = spooled(home)
    (spool / "dead").mkdir()
    for segment in spool.glob("*.seg"):
        segment.rename(spool / "dead" / segment.name)
    assert teiten("status", "--format", "json").json()["spools"]["web"] == {"segments": 0, "bytes": 0, "dead": 1, "damaged": 0}
    assert "web: 1 segments go again" in teiten("resend", "--dead").out
    assert teiten("status", "--format", "json").json()["spools"]["web"]["segments"] == 1


def test_resend_after_a_restore(teiten: Teiten, home: Path) -> None:
    """reliability A3: a delivered segment is kept for 48 h, so that a centre restored from a backup gets it again."""
    spool = spooled(home)
    (spool / "kept" / "00000001").mkdir(parents=True)
    for segment in spool.glob("*.seg"):
        segment.rename(spool / "kept" / "00000001" / segment.name)
    assert "web: 1 segments go again" in teiten("resend").out
    assert "web: 0 segments go again" in teiten("resend").out


def test_tokens_are_shown_once_and_end_at_once(teiten: Teiten, home: Path) -> None:
    token = teiten("token", "issue", "branch-7").out.strip()
    assert token not in (home / "keys" / "tokens.json").read_text()
    assert teiten("token", "list").out == "branch-7\n"
    assert teiten("token", "revoke", "branch-7").out == "revoked 1 tokens of branch-7\n"
    assert teiten("token", "list").out == ""
    assert teiten("token", "issue", "a b").code == 2


def test_up_with_a_taken_port_says_so_and_lets_go_of_everything(teiten: Teiten, home: Path) -> None:
    home.mkdir()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        (home / "teiten.toml").write_text(f"[site]\nport = {taken.getsockname()[1]}\n")
        done = teiten("up")
    assert done.code == 1
    assert "site.port" in done.err
    assert "observing" not in done.out
    assert teiten("count").code == 0, "the store is free"


def test_ship_without_an_address_says_what_is_missing(teiten: Teiten, home: Path) -> None:
    home.mkdir()
    done = teiten("ship")
    assert done.code == 2
    assert "ship.url" in done.err


def test_unknown_sensor_kinds_and_formats(teiten: Teiten, home: Path) -> None:
    home.mkdir()
    for wrong in (["sense", "telnet"], ["status", "--format", "xml"], ["demo", "--world", "moon"], ["seal", "--before", "yesterday"]):
        done = teiten(*wrong)
        assert done.code == 2, wrong
        assert "Traceback" not in done.err


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_one_line(teiten: Teiten, home: Path) -> None:
    home.mkdir(mode=0o500)
    done = teiten("import", "x")
    assert done.code == 1
    assert "Traceback" not in done.err


def test_a_sensor_may_have_more_files_open_than_usual() -> None:
    """With 1,024 files a flood of connections would leave none for the spool's next segment, and accesses would be lost."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(4096, before[1]) if before[1] != resource.RLIM_INFINITY else 4096
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (256, before[1]))
        sense.raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] >= wanted
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_status_json_is_one_object(teiten: Teiten, home: Path) -> None:
    home.mkdir()
    assert json.loads(teiten("status", "--format", "json").out)["node"] == "not running"
