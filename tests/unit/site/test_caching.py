# SPDX-License-Identifier: Apache-2.0
"""Pages live for the configured time, are made once for many readers, and never more than the limit are held."""

from __future__ import annotations

import threading

import pytest
from starlette.testclient import TestClient

from teiten.site.caching import Page, PageCache, page_of
from teiten.site.settings import SiteConfig
from tests.unit.site.conftest import MakeClient
from tests.unit.site.invented import Invented


class Now:
    value = 0.0

    def __call__(self) -> float:
        return self.value


def test_a_page_is_made_again_when_its_time_is_over() -> None:
    now, made = Now(), []

    def make() -> Page:
        made.append(now.value)
        return page_of(b"x", "text/plain")

    cache = PageCache(1.0, now=now)
    for now.value in (0.0, 0.9, 1.0, 1.5, 2.0):
        cache.get("a", make)
    assert made == [0.0, 1.0, 2.0]


def test_the_least_recent_page_goes_first() -> None:
    cache = PageCache(60.0, size=2, now=Now())
    for key in ("a", "b", "a", "c"):
        cache.get(key, lambda: page_of(b"x", "text/plain"))
    assert len(cache) == 2
    assert cache.fresh("a")
    assert not cache.fresh("b")


def test_a_failure_is_not_kept() -> None:
    cache = PageCache(60.0, now=Now())

    def fail() -> Page:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        cache.get("a", fail)
    assert cache.get("a", lambda: page_of(b"x", "text/plain")).body == b"x"


def test_many_readers_one_making() -> None:
    cache, made, begun, go_on = PageCache(60.0, now=Now()), [], threading.Event(), threading.Event()

    def make() -> Page:
        made.append(1)
        begun.set()
        assert go_on.wait(10)
        return page_of(b"x", "text/plain")

    readers = [threading.Thread(target=cache.get, args=("a", make)) for _ in range(8)]
    for reader in readers:
        reader.start()
    assert begun.wait(10)
    go_on.set()
    for reader in readers:
        reader.join(10)
    assert made == [1]


def test_unchanged_pages_are_not_sent_again(make_client: MakeClient, ask: Invented) -> None:
    client: TestClient = make_client(SiteConfig(cache_seconds=60))
    first = client.get("/ja/")
    asked = len(ask.calls)
    again = client.get("/ja/", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert len(ask.calls) == asked
    assert client.get("/ja/?group=local").headers["etag"] != first.headers["etag"]
    assert client.get("/static/site.css", headers={"if-none-match": client.get("/static/site.css").headers["etag"]}).status_code == 304


def test_pages_travel_packed_where_the_reader_takes_it(client: TestClient) -> None:
    packed = client.get("/ja/", headers={"accept-encoding": "br, gzip;q=0.5"})
    plain = client.get("/ja/", headers={"accept-encoding": "identity"})
    refused = client.get("/ja/", headers={"accept-encoding": "gzip;q=0"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert "content-encoding" not in refused.headers
    assert packed.text == plain.text
    assert packed.headers["vary"] == plain.headers["vary"] == "accept-encoding"
    again = client.get("/ja/", headers={"accept-encoding": "gzip", "if-none-match": packed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
