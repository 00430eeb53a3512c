# SPDX-License-Identifier: Apache-2.0
"""The node: what it holds before it says that it observes, and what must not end it."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from teiten.app import Node, open_here
from teiten.centre.beside import Beside, answers
from teiten.errors import ConfigurationError, PortTaken, StoreBusy
from teiten.findings.book import Book
from teiten.findings.model import Outcome
from teiten.home import Home
from teiten.metrics import problems
from teiten.settings import NodeSettings
from teiten.site.settings import SiteConfig
from tests.unit.findings.invented import HOUR, MIDNIGHT, open_store

QUIET = NodeSettings(site=SiteConfig(port=0), channels=())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    found = Home(tmp_path / "home")
    found.prepare()
    return found


@pytest.fixture
def node(home: Home) -> Iterator[Node]:
    made = Node(home, QUIET, print)
    yield made
    made.here.close()
    for sock in made._site_sockets:
        sock.close()


def test_a_taken_port_is_an_error_before_the_store_is_opened(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = NodeSettings(site=SiteConfig(port=taken.getsockname()[1]), channels=())
        with pytest.raises(PortTaken, match="belongs to another program"):
            Node(home, settings, print)
    open_here(home, settings).close()


def test_a_held_store_frees_the_port_again(home: Home, node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two nodes in one home: the second one leaves nothing behind."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def held(*_: object) -> None:
        raise StoreBusy("held")

    monkeypatch.setattr("teiten.app.open_here", held)
    with pytest.raises(StoreBusy):
        Node(home, NodeSettings(site=SiteConfig(port=port), channels=()), print)
    socket.create_server(("127.0.0.1", port)).close()


def test_an_address_that_is_not_this_machine_s(home: Home) -> None:
    with pytest.raises(PortTaken, match=r"192\.0\.2\.1.*"):
        Node(home, NodeSettings(site=SiteConfig(host="192.0.2.1", port=0), channels=()), print)


def test_a_home_too_deep_for_a_socket_is_said(tmp_path: Path) -> None:
    deep = Home(tmp_path / ("x" * 100))
    with pytest.raises(ConfigurationError, match="too long a path"):
        Node(deep, QUIET, print)


def test_what_a_killed_verb_left_behind_goes_after_an_hour(node: Node, home: Home) -> None:
    old, fresh = home.incoming / "old.parquet", home.incoming / "fresh.parquet"
    old.write_bytes(b"x")
    fresh.write_bytes(b"x")
    os.utime(old, (0, 0))
    node.care_once()
    assert list(home.incoming.iterdir()) == [fresh]


def test_a_failing_care_of_the_store_does_not_end_the_node(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[int] = []

    def broken() -> None:
        tried.append(1)
        raise RuntimeError("an engine's own mistake")

    async def go() -> None:
        monkeypatch.setattr(node, "care_once", broken)
        monkeypatch.setattr("teiten.app._CARE_SECONDS", 0)
        caring = asyncio.create_task(node._care())
        async with asyncio.timeout(20):
            while len(tried) < 3:
                await asyncio.sleep(0)
        assert not caring.done()
        caring.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caring

    asyncio.run(go())
    assert len(tried) >= 3


def test_care_goes_on_after_what_fails(node: Node, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A detection that fails is counted; the rest of the care is done (A-11: automatic, and nobody looks after it)."""

    def broken(*_: object) -> None:
        raise RuntimeError("an engine's own mistake")

    monkeypatch.setattr(node.here, "follow", broken)
    monkeypatch.setattr(node.here, "seal", broken)
    counted = problems.labels("detect", "RuntimeError")._value.get()
    (home.incoming / "old.parquet").write_bytes(b"x")
    os.utime(home.incoming / "old.parquet", (0, 0))
    node.care_once()
    assert list(home.incoming.iterdir()) == []
    assert problems.labels("detect", "RuntimeError")._value.get() == counted + 1


def test_a_running_node_detects_and_shows_it(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """A-11, M-14: nobody runs a verb; each full hour is entered once, and the attention list says what was found."""
    open_store(home.store).close()
    Book(home.findings).enter(Outcome(MIDNIGHT - HOUR, (), ()))
    monkeypatch.setattr("teiten.app.system_clock", lambda: MIDNIGHT + 2 * HOUR + 90)

    async def go() -> None:
        node = Node(home, QUIET, print)
        port = node._site_sockets[0].getsockname()[1]
        running = asyncio.create_task(node.run())
        async with asyncio.timeout(60), httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}") as reader:
            while Book(home.findings).read().at != MIDNIGHT + 2 * HOUR:
                await asyncio.sleep(0.05)  # another thread detects
            page = await reader.get("/en/attention")
            assert "5168/tcp" in page.text
        before = node.here.book.read()
        assert [event.at for event in before.findings[0].history] == [MIDNIGHT]
        monkeypatch.setattr("teiten.findings.following.watch", None)  # would fail if it were called again in this hour
        assert await asyncio.to_thread(node.here.follow) == before
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(go())


def test_stopping_lets_go_of_the_socket_and_the_store(home: Home) -> None:
    """Also while its care of the store is at work: the engine refuses to close a connection that is in use."""

    async def go() -> None:
        node = Node(home, QUIET, print)
        running = asyncio.create_task(node.run())
        async with asyncio.timeout(60):
            while not await asyncio.to_thread(answers, home.socket):
                await asyncio.sleep(0.01)  # another thread makes the file
            beside = Beside(home.socket, home.incoming)
            assert [entry.name for entry in await asyncio.to_thread(beside.sensors)] == ["local"]
            beside.close()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running

    asyncio.run(go())
    assert not home.socket.exists()
    open_here(home, QUIET).close()
