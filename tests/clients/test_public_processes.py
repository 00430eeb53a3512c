# SPDX-License-Identifier: Apache-2.0
"""The public side as processes: a server that has nothing of the store open, the same bytes from any static server, and both go on when the
centre is gone (P9, rule 13: fail static; M-20, M-23)."""

from __future__ import annotations

import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from teiten.site.gate import HEADERS, POLICY
from teiten.site.serving import style_source
from tests.clients.running_node import free_port, running_node

pytestmark = [pytest.mark.clients, pytest.mark.timeout(180)]


class Served(msgspec.Struct):
    home: Path
    folder: Path
    public: str
    static: str
    process: int


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A node publishes and is stopped; from then on only the two servers run."""
    root = tmp_path_factory.mktemp("public")
    home, folder, public, static = root / "home", root / "static", free_port(), free_port()
    with running_node(home, site='security_contact = "mailto:security@observatory.example"') as node:
        made = node.teiten("publish", "--static", str(folder))
        assert made.returncode == 0, made.stderr
    commands = [
        ["-m", "teiten", "--home", str(home), "publish", "--serve", "--port", str(public)],
        ["-m", "http.server", "--bind", "127.0.0.1", "--directory", str(folder), str(static)],
    ]
    servers = [subprocess.Popen([sys.executable, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) for command in commands]
    try:
        for port in (public, static):
            _until_answered(f"http://127.0.0.1:{port}/robots.txt")
        yield Served(home, folder, f"http://127.0.0.1:{public}/", f"http://127.0.0.1:{static}/", servers[0].pid)
    finally:
        for server in servers:
            server.terminate()
            server.wait(20)


def _until_answered(address: str) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            urllib.request.urlopen(address, timeout=10).close()
            return
        except OSError:
            assert time.monotonic() < deadline, address
            time.sleep(0.05)  # another process starts


def _get(address: str) -> tuple[int, bytes, dict[str, str]]:
    try:
        with urllib.request.urlopen(address, timeout=20) as answer:
            return answer.status, answer.read(), dict(answer.headers.items())
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read(), dict(refused.headers.items())


def test_any_static_server_gives_the_same_bytes(served: Served) -> None:
    """M-20, M-23: every file, and so every page, feed and API answer."""
    files = [str(path.relative_to(served.folder)) for path in served.folder.rglob("*") if path.is_file()]
    assert {"index.html", "ja/index.html", "en/ports/index.html", "feeds/attention.xml", "api/overview.json", ".well-known/security.txt"} <= set(
        files
    )
    for file in files:
        place = file.removesuffix("index.html")
        ours, theirs = (_get(base + place) for base in (served.public, served.static))
        if place:  # the front page of the server leads to the language of the browser, a static one to both
            assert ours[:2] == theirs[:2] == (200, (served.folder / file).read_bytes()), place


def test_the_last_view_stays_and_says_how_old_it_is(served: Served) -> None:
    """Rule 13: the node is stopped since before the first request."""
    status, body, headers = _get(served.public + "en/")
    assert status == 200
    (made,) = set(re.findall(r'<dt>Last update:</dt><dd><time datetime="([0-9-]+)"', body.decode()))
    assert (datetime.now(UTC).date() - datetime.fromisoformat(made).date()).days in (0, 1)
    assert headers["last-modified"].endswith("GMT")


def test_the_public_process_has_nothing_of_the_store(served: Served) -> None:
    """P9: neither the database library nor a file of the home but the view."""
    process = Path("/proc") / str(served.process)
    assert "duckdb" not in (process / "maps").read_text()
    opened = [link.resolve() for link in (process / "fd").iterdir()]
    assert not [path for path in opened if path.is_relative_to(served.home)]


def test_what_is_not_there_is_refused_alike(served: Served) -> None:
    """P3, rule: one answer, whatever was asked, with the headers of every answer; no traceback, no path."""
    asked = ["en/detail/00000000000000000000/", "en/detail/ffffffffffffffffffff/", "en/nothing/", "en/detail/%00/"]
    answers = {_alike(_get(served.public + path)) for path in asked}
    assert len(answers) == 1
    (status, body, headers) = _get(served.public + asked[0])
    assert status == 404
    assert str(served.home).encode() not in body
    policy = POLICY.replace("style-src 'self'", f"style-src {style_source()}")  # the pages carry their style
    assert {name: headers[name] for name in HEADERS} == {**HEADERS, "content-security-policy": policy}


def _alike(answer: tuple[int, bytes, dict[str, str]]) -> tuple[int, bytes, str]:
    return answer[0], answer[1], str(sorted((name, value) for name, value in answer[2].items() if name != "date"))
