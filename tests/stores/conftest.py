# SPDX-License-Identifier: Apache-2.0
"""One suite for every engine: a new engine adds one line to ENGINES and must pass everything here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from teiten.store.interface import Store
from teiten.store.node import NodeStore

ENGINES: dict[str, Callable[[Path, ZoneInfo], Store]] = {"node": NodeStore.open}

Opener = Callable[..., Store]


@pytest.fixture(params=sorted(ENGINES))
def engine(request: pytest.FixtureRequest) -> Callable[[Path, ZoneInfo], Store]:
    return ENGINES[request.param]


@pytest.fixture
def store(engine: Callable[[Path, ZoneInfo], Store], tmp_path: Path) -> Iterator[Store]:
    opened = engine(tmp_path / "store", ZoneInfo("Asia/Tokyo"))
    yield opened
    opened.close()
