# SPDX-License-Identifier: Apache-2.0
"""Every registered world can be opened and is described in the documentation."""

from __future__ import annotations

from pathlib import Path

import pytest

from teiten.errors import UsageError
from teiten.worlds import WORLDS, load

DOCS = Path(__file__).parents[3] / "docs" / "worlds.md"


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_world(name: str) -> None:
    world = load(name, seed=3)
    assert world.name == name
    assert world.sensors()
    assert f"`{name}`" in DOCS.read_text(encoding="utf-8")


def test_unknown_world() -> None:
    with pytest.raises(UsageError, match="no world named 'utopia'"):
        load("utopia")
