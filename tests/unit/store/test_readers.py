# SPDX-License-Identifier: Apache-2.0
"""A store is closed while questions run: the engine refuses that by itself, and a node could not be stopped in peace."""

from __future__ import annotations

import threading
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pytest

from teiten.errors import StoreBusy
from teiten.store.node import NodeStore
from teiten.store.readers import Readers

ENDLESS = "select count(*) from range(1000000000000) as a, range(1000) as b"


def test_a_question_that_runs_is_broken_off_and_says_so() -> None:
    connection = duckdb.connect()
    readers = Readers(connection)
    begun, told = threading.Event(), []

    def ask() -> None:
        try:
            with readers.reading() as cursor:
                begun.set()
                cursor.execute(ENDLESS).fetchall()
        except StoreBusy as error:
            told.append(error.problem)

    asking = threading.Thread(target=ask)
    asking.start()
    assert begun.wait(20)
    readers.end()
    connection.close()
    asking.join()
    assert told == ["The store is being closed."]
    with pytest.raises(StoreBusy), readers.reading():
        pass


def test_a_reader_that_ends_by_itself_is_forgotten() -> None:
    connection = duckdb.connect()
    readers = Readers(connection)
    with readers.reading() as cursor:
        assert cursor.execute("select 1").fetchall() == [(1,)]
    readers.end()
    connection.close()


def test_a_store_under_questions_closes_and_opens_again(tmp_path: Path) -> None:
    for _ in range(5):
        store = NodeStore.open(tmp_path / "store", ZoneInfo("UTC"))
        stopped: list[str] = []

        def ask(store: NodeStore = store, stopped: list[str] = stopped) -> None:
            n = 0
            while not stopped:
                n += 1
                try:
                    store.ask("total", {"target": str(n).encode()}, {"filters": "target"})  # another one each time: none is kept
                except StoreBusy as error:
                    stopped.append(error.problem)

        threads = [threading.Thread(target=ask) for _ in range(2)]
        for thread in threads:
            thread.start()
        store.ask("total", {}, {"filters": "all"})
        store.close()
        for thread in threads:
            thread.join()
        assert stopped
