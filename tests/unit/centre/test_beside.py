# SPDX-License-Identifier: Apache-2.0
"""Asking a node that does not answer, or no longer: an error with a next step, and nothing left behind."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import pytest

from teiten.centre.beside import Beside, answers
from teiten.columnar import from_accesses
from teiten.errors import StoreBusy
from teiten.model import BatchKey
from tests.unit.transport.sample import access


def test_a_socket_file_that_a_killed_node_left_does_not_answer(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(str(tmp_path / "s"))
    assert (tmp_path / "s").exists()
    assert not answers(tmp_path / "s")
    assert not answers(tmp_path / "nothing")


def test_a_batch_for_a_node_that_goes_away_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "incoming").mkdir()
    with socket.socket(socket.AF_UNIX) as node:
        node.bind(str(tmp_path / "s"))
        node.listen()
        dying = threading.Thread(target=lambda: node.accept()[0].close())
        dying.start()
        beside = Beside(tmp_path / "s", tmp_path / "incoming")
        with pytest.raises(StoreBusy, match="did not answer"):
            beside.prepare([(BatchKey("s1", "file-1", 0, bytes(16)), from_accesses([access(1)]))])()
        beside.close()
        dying.join()
    assert list((tmp_path / "incoming").iterdir()) == []
