# SPDX-License-Identifier: Apache-2.0
"""Files of flow exporters: templates that stand in another file, and messages wherever a block of the stream ends (U-33, U-50)."""

from __future__ import annotations

from pathlib import Path

import pytest

from teiten.importers.exports import MessageCutter
from tests.unit.importers.export_messages import V9_FIELDS, ipfix, one_set, template, v5, v9, v9_flow
from tests.unit.importers.ledger import Ledger

FLOWS = one_set(256, v9_flow("203.0.113.9", 40_000, 23, 6, 2) + v9_flow("203.0.113.10", 40_000, 23, 6, 2))


def test_a_template_may_stand_in_another_file_of_nearly_the_same_name(tmp_path: Path) -> None:
    """The folder's order puts data before its template, and another exporter's template of the same number says something else."""
    (tmp_path / "edge_data.dat").write_bytes(v9(FLOWS))
    (tmp_path / "edge_tpl.dat").write_bytes(v9(template(256, V9_FIELDS)))
    (tmp_path / "core_switch_tpl.dat").write_bytes(v9(template(256, V9_FIELDS[::-1])))
    ledger = Ledger()
    report = ledger.take(tmp_path)
    assert (report.taken, report.rejected, report.other) == (1, 0, 2)
    assert dict(ledger.count("target", "packet")) == {b"23/tcp": 2}


def test_data_without_a_template_is_rejected_and_taken_once_the_template_comes(tmp_path: Path) -> None:
    (tmp_path / "edge_data.dat").write_bytes(v9(FLOWS))
    ledger = Ledger()
    assert ledger.take(tmp_path).files[0].rejected == {"no template 256 of domain 9 in this file or one of nearly its name": 1}
    (tmp_path / "edge_tpl.dat").write_bytes(v9(template(256, V9_FIELDS)))
    assert ledger.take(tmp_path).accesses == 2
    assert (ledger.take(tmp_path).accesses, ledger.take(tmp_path).duplicates) == (0, 1)


def test_two_near_files_that_disagree_tell_nothing(tmp_path: Path) -> None:
    (tmp_path / "edge_data.dat").write_bytes(v9(FLOWS))
    (tmp_path / "edge_a.dat").write_bytes(v9(template(256, V9_FIELDS)))
    (tmp_path / "edge_b.dat").write_bytes(v9(template(256, V9_FIELDS[::-1])))
    assert Ledger().take(tmp_path).taken == 0


@pytest.mark.parametrize("size", [1, 7, 64, 1000])
def test_messages_are_the_same_in_any_pieces(size: int) -> None:
    messages = [v5(("203.0.113.9", 1, 22, 6, 2)), v9(template(256, V9_FIELDS), FLOWS), ipfix(one_set(256, bytes(40))), v9(FLOWS)]
    stream, cutter, found = b"".join(messages), MessageCutter(), list[bytes]()
    for at in range(0, len(stream), size):
        found += cutter.feed(stream[at : at + size])
    found += cutter.feed(b"", is_last=True)
    assert found == messages
