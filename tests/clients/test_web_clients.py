# SPDX-License-Identifier: Apache-2.0
"""Real web clients against the web sensor: the request line, headers and body are recorded as sent. M-09, M-13, M-17."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest

from teiten.clock import system_clock
from teiten.model import Access
from teiten.sensors.interface import Emit
from teiten.sensors.listener import Limits
from teiten.sensors.web import WebConfig, WebSensor
from tests.clients.serving import observed, program, talk

pytestmark = pytest.mark.clients


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def sensor(keys: Path):  # type: ignore[no-untyped-def]
    def make(emit: Emit) -> WebSensor:
        config = WebConfig(host="127.0.0.1", port=0, limits=Limits(new_per_minute=10_000, open_per_source=200, open_per_network=500))
        return WebSensor(config, emit, system_clock, keys)

    return make


def requests(accesses: list[Access]) -> list[Access]:
    return [one for one in accesses if one.kind != "connection"]


def curl(*arguments: str, data: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([program("curl"), "-sS", "-i", "--max-time", "20", *arguments], input=data, capture_output=True, timeout=30, check=False)


def test_curl_http(sensor) -> None:  # type: ignore[no-untyped-def]
    with observed(sensor) as (port, accesses):
        done = curl("-A", "probe/1.0", f"http://127.0.0.1:{port}/?q=1")
    (request,) = requests(accesses)
    assert (request.target, request.request, request.client) == (b"GET /?q=1", b"GET /?q=1 HTTP/1.1", b"probe/1.0")
    assert request.headers == f"Host: 127.0.0.1:{port}\r\nUser-Agent: probe/1.0\r\nAccept: */*".encode()
    assert (request.encrypted, request.server_name, request.outcome) == (False, None, None)
    assert done.stdout.startswith(b"HTTP/1.1 200 OK\r\nServer: nginx\r\n")


@pytest.mark.parametrize("version", ["--tlsv1.2", "--tlsv1.3"])
def test_curl_https_on_the_same_port(sensor, version: str) -> None:  # type: ignore[no-untyped-def]
    with observed(sensor) as (port, accesses):
        done = curl("-k", version, "--tls-max", version[-3:], "--resolve", f"shop.example:{port}:127.0.0.1", f"https://shop.example:{port}/login")
    (request,) = requests(accesses)
    assert (request.target, request.encrypted, request.server_name) == (b"GET /login", True, b"shop.example")
    assert done.stdout.startswith(b"HTTP/1.1 404 ")


def test_curl_that_distrusts_the_certificate_is_still_an_access(sensor) -> None:  # type: ignore[no-untyped-def]
    with observed(sensor) as (port, accesses):
        assert curl("--resolve", f"shop.example:{port}:127.0.0.1", f"https://shop.example:{port}/").returncode == 60
    assert [one.kind for one in accesses] == ["not-http", "connection"], accesses
    (request,) = requests(accesses)
    assert (request.kind, request.target, request.server_name) == ("not-http", b"\x16\x03\x01", b"shop.example")


def test_curl_odd_methods_and_targets(sensor) -> None:  # type: ignore[no-untyped-def]
    with observed(sensor) as (port, accesses):
        base = f"http://127.0.0.1:{port}"
        curl("-X", "PROPFIND", f"{base}/dav")
        curl("-X", "BREW", "--path-as-is", f"{base}/../../etc/passwd")
        curl("--request-target", "http://other.example:80/post.php", "-d", "a=1", base)
        curl("-x", base, "-k", "https://victim.example/")
        curl("--http2-prior-knowledge", f"{base}/h2")
        curl("--http1.0", "--request-target", "/\u65e5", f"{base}/")
    targets = [one.target for one in requests(accesses)]
    assert targets == [
        b"PROPFIND /dav", b"BREW /../../etc/passwd", b"POST http://other.example:80/post.php", b"CONNECT victim.example:443", b"PRI *",
        "GET /日".encode(),
    ]  # fmt: skip
    assert requests(accesses)[2].body == b"a=1"


def test_curl_upload_keeps_the_start_and_the_hash_of_all(sensor) -> None:  # type: ignore[no-untyped-def]
    body = bytes(range(256)) * 8000
    with observed(sensor) as (port, accesses):
        curl("--data-binary", "@-", f"http://127.0.0.1:{port}/up", data=body)
        curl("-H", "Transfer-Encoding: chunked", "--data-binary", "@-", f"http://127.0.0.1:{port}/up", data=body)
    for request in requests(accesses):
        assert (request.body, request.size, request.digest) == (body[:4096], len(body), hashlib.sha256(body).digest())


def test_curl_two_requests_on_one_connection(sensor) -> None:  # type: ignore[no-untyped-def]
    with observed(sensor) as (port, accesses):
        curl(f"http://127.0.0.1:{port}/1", f"http://127.0.0.1:{port}/2")
    assert [one.target for one in accesses] == [b"GET /1", b"GET /2", b""]
    assert len({one.session for one in accesses}) == 1


def test_openssl_with_old_tls(sensor) -> None:  # type: ignore[no-untyped-def]
    with observed(sensor) as (port, accesses):
        subprocess.run(
            [program("openssl"), "s_client", "-quiet", "-tls1", "-cipher", "ALL:@SECLEVEL=0", "-connect", f"127.0.0.1:{port}"],
            input=b"GET /old HTTP/1.0\r\n\r\n", capture_output=True, timeout=30, check=False,
        )  # fmt: skip
    assert [(one.target, one.encrypted) for one in requests(accesses)] == [(b"GET /old", True)]


def test_nmap_believes_it(sensor) -> None:  # type: ignore[no-untyped-def]
    nmap = program("nmap")
    with observed(sensor) as (port, accesses):
        done = talk(nmap, "-Pn", "-n", "-sV", "--version-all", "-p", str(port), "127.0.0.1", seconds=110)
    assert b"nginx" in done.stdout
    heard = requests(accesses)
    assert b"GET /" in {one.target for one in heard} and "not-http" in {one.kind for one in heard}
    assert len({one.session for one in accesses}) == len([one for one in accesses if one.kind == "connection"])
