# SPDX-License-Identifier: Apache-2.0
"""A quick run of mutated logs through every importer; `./run torture mutated-logs --rounds 2000` is the long one (mission row 7)."""

from __future__ import annotations

from pathlib import Path

import pytest

from teiten.importers import IMPORTERS
from tests.torture.mutate_importers import mutate


@pytest.mark.parametrize("name", IMPORTERS)
def test_every_record_and_byte_of_a_mutated_log_is_accounted_for(name: str, tmp_path: Path) -> None:
    outcome = mutate(name, 400, 1, tmp_path)
    assert outcome.records == outcome.taken + outcome.other + outcome.rejected > 0
    assert outcome.stray == 0
