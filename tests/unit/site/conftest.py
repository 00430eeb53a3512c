# SPDX-License-Identifier: Apache-2.0
"""A site over invented answers, called without a socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from starlette.testclient import TestClient

from teiten.site.asking import Marks
from teiten.site.pages import create_site
from teiten.site.settings import SiteConfig
from tests.unit.site.invented import NOW, TOKYO, Invented

MakeClient = Callable[..., TestClient]


@pytest.fixture
def ask() -> Invented:
    return Invented()


@pytest.fixture
def make_client(ask: Invented) -> Iterator[MakeClient]:
    with ExitStack() as stack:

        def make(settings: SiteConfig | None = None, marks: Marks | None = None, host: str = "127.0.0.1:8080") -> TestClient:
            app = create_site(ask, settings or SiteConfig(cache_seconds=0), TOKYO, lambda: NOW, marks)
            return stack.enter_context(TestClient(app, base_url=f"http://{host}", follow_redirects=False))

        yield make


@pytest.fixture
def client(make_client: MakeClient) -> TestClient:
    return make_client()
