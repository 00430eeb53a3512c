# SPDX-License-Identifier: Apache-2.0
"""Who may read, and what every response carries; errors say nothing about the inside."""

from __future__ import annotations

import asyncio
import socket

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from teiten.config import from_mapping
from teiten.errors import ConfigurationError, StoreBusy
from teiten.site import listening
from teiten.site.gate import HEADERS, Gate
from teiten.site.settings import SiteConfig
from tests.browser.served import app_served
from tests.unit.site.conftest import MakeClient
from tests.unit.site.invented import Invented

TOKEN = "correct horse battery"


@pytest.fixture
def guarded(make_client: MakeClient) -> TestClient:
    return make_client(SiteConfig(token=TOKEN, cache_seconds=0), host="board.example")


@pytest.mark.parametrize("path", ["/", "/ja", "/ja/", "/ja/live", "/api/count", "/api/count?x=1", "/static/site.css", "/nothing", "/ja/?group=zz"])
def test_every_response_has_the_security_headers(client: TestClient, path: str) -> None:
    """M-23: pages that can only be read."""
    answer = client.get(path)
    for name, value in HEADERS.items():
        assert answer.headers[name] == value
    assert "cache-control" in answer.headers


def test_policy_allows_nothing_inline_and_nothing_from_elsewhere() -> None:
    policy = HEADERS["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert "unsafe" not in policy
    assert "http" not in policy


@pytest.mark.parametrize(("header", "place"), [
    ("ja", "/ja/"), ("en-GB,en;q=0.8,ja;q=0.5", "/en/"), ("fr,de;q=0.9", "/ja/"), ("en;q=0.1,ja;q=0.9", "/ja/"), ("", "/ja/"),
    ("en;q=nonsense,ja;q=0.1", "/ja/"), ("//evil.example/", "/ja/"), ("en;q=0", "/ja/"),
])  # fmt: skip
def test_front_door_leads_to_a_language_only(client: TestClient, header: str, place: str) -> None:
    answer = client.get("/?next=//evil.example/&url=https://evil.example", headers={"accept-language": header})
    assert (answer.status_code, answer.headers["location"]) == (302, place)


def test_redirects_never_use_the_callers_host(client: TestClient) -> None:
    for path in ("/ja", "/en"):
        assert client.get(path, headers={"host": "127.0.0.1"}).headers["location"] == f"{path}/"
    for path in ("//evil.example/", "/ja/ports/", "/evil.example//"):
        assert client.get(f"http://127.0.0.1{path}").status_code == 404


@pytest.mark.parametrize(("host", "status"), [
    ("127.0.0.1:8080", 200), ("localhost:8080", 200), ("[::1]:8080", 200), ("192.0.2.4", 200), ("LOCALHOST", 200),
    ("evil.example", 421), ("127.0.0.1.evil.example", 421), ("", 421), ("localhost.", 421),
])  # fmt: skip
def test_without_token_only_our_own_names_are_answered(client: TestClient, host: str, status: int) -> None:
    """A stranger's page can't read ours through a name that points here."""
    answer = client.get("/ja/", headers={"host": host})
    assert answer.status_code == status
    if status == 421:
        assert "evil" not in answer.text


def test_a_configured_name_is_answered(make_client: MakeClient) -> None:
    assert make_client(SiteConfig(hosts=("teiten.example",)), host="teiten.example").get("/ja/").status_code == 200


@pytest.mark.parametrize("path", ["/", "/ja/", "/en/ports", "/api/count", "/static/site.css", "/ja/live", "/ja/?token=wrong", "/ja/?token="])
def test_token_is_required_everywhere(guarded: TestClient, ask: Invented, path: str) -> None:
    answer = guarded.get(path)
    assert answer.status_code == 401
    assert TOKEN not in answer.text
    assert ask.calls == []


def test_token_once_then_cookie(guarded: TestClient) -> None:
    answer = guarded.get(f"/ja/?token={TOKEN}&group=x")
    assert (answer.status_code, answer.headers["location"]) == (303, "/ja/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert TOKEN not in cookie
    assert guarded.get("/ja/").status_code == 200
    guarded.cookies.clear()
    assert guarded.get("/ja/").status_code == 401


@pytest.mark.parametrize("path", ["//evil.example/", "/%2f/evil.example", "/\\evil.example", "/nowhere"])
def test_welcome_leads_to_our_own_pages_only(guarded: TestClient, path: str) -> None:
    assert guarded.get(f"http://board.example{path}?token={TOKEN}").headers["location"] == "/"


def test_bearer_token_for_programs(guarded: TestClient) -> None:
    assert guarded.get("/api/count", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert guarded.get("/api/count", headers={"authorization": f"Basic {TOKEN}"}).status_code == 401


@pytest.mark.parametrize("cookie", ["teiten=", "teiten=é", f"teiten={TOKEN}", "x; teiten", "teiten=" + "0" * 64])
def test_forged_cookies_are_refused(guarded: TestClient, cookie: str) -> None:
    assert guarded.get("/ja/", headers={b"cookie": cookie.encode("latin-1")}).status_code == 401


def test_a_short_token_is_a_configuration_error() -> None:
    with pytest.raises(ConfigurationError, match="16 characters"):
        from_mapping({"token": "short"}, SiteConfig, "teiten.toml")


@pytest.mark.parametrize(("failure", "status"), [(RuntimeError("secret /srv/path"), 500), (StoreBusy("secret /srv/path", "secret"), 503)])
@pytest.mark.parametrize("path", ["/ja/", "/api/count", "/en/live"])
def test_failures_leak_nothing(client: TestClient, ask: Invented, failure: Exception, status: int, path: str) -> None:
    ask.failure = failure
    answer = client.get(path)
    assert answer.status_code == status
    assert "secret" not in answer.text
    assert answer.headers["content-security-policy"] == HEADERS["content-security-policy"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_can_be_sent(client: TestClient, method: str) -> None:
    """M-23: read-only."""
    assert client.request(method, "/ja/").status_code == 405


def test_unknown_page_is_a_page_in_the_readers_language(client: TestClient) -> None:
    answer = client.get("/en/<script>alert(1)</script>")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text
    assert "alert" not in answer.text
    assert "ページがありません" in client.get("/x", headers={"accept-language": "ja"}).text


def test_a_request_has_one_deadline() -> None:
    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.Event().wait()

    gate = Gate(never, token="", hosts=(), seconds=0.01, refusal=lambda scope, status: PlainTextResponse("sorry", status))
    assert TestClient(gate).get("/", headers={"host": "localhost"}).status_code == 503


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),  # a program
        ({"origin": "http://127.0.0.1"}, 200),
        ({"origin": "http://127.0.0.1", "sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1.evil.example"}, 403),
        ({"origin": "http://127.0.0.1", "sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
def test_nothing_is_taken_from_a_form_of_another_site(headers: dict[str, str], status: int) -> None:
    """CSRF: whatever changes state passes this gate, whoever adds it; reading is free."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await PlainTextResponse("changed")(scope, receive, send)

    def refusal(scope: Scope, refused: int) -> PlainTextResponse:
        return PlainTextResponse("refused", refused)

    client = TestClient(Gate(app, token="", hosts=(), seconds=5, refusal=refusal), base_url="http://127.0.0.1")
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        answer = client.request(method, "/", headers=headers)
        assert (answer.status_code, answer.headers["x-frame-options"]) == (status, "DENY"), method
    assert client.get("/", headers=headers).status_code == 200


def test_what_the_server_answers_by_itself_has_the_headers_of_all_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """B9: to what is no HTTP, and when too many call at once; a page is served as before."""
    monkeypatch.setattr(listening, "MOST_AT_ONCE", 2)
    with app_served(PlainTextResponse("a page"), listening.PagesProtocol) as address:
        port = int(address.rpartition(":")[2])
        answers = [_raw(port, request) for request in (b"\x16\x03\x01 no http\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")]
        with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
            answers.append(_raw(port, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"))
    assert [answer.partition(b"\r\n")[0].split()[1] for answer in answers] == [b"400", b"200", b"503"]
    for answer in (answers[0], answers[2]):
        head = answer.partition(b"\r\n\r\n")[0].lower()
        for name, value in HEADERS.items():
            assert f"{name}: {value}".lower().encode() in head, name
        assert b"cache-control: no-store" in head and b"uvicorn" not in head


def _raw(port: int, request: bytes) -> bytes:
    """All that the server sends until it closes."""
    with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
        peer.sendall(request)
        return b"".join(iter(lambda: peer.recv(4096), b""))
