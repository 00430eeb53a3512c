# SPDX-License-Identifier: Apache-2.0
"""The command line in this process: what it prints, what it returns, and where it leaves something."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from teiten.cli.main import main


class Done(NamedTuple):
    code: int
    out: str
    err: str

    def json(self) -> Any:
        assert self.code in (0, 1), self.err
        return json.loads(self.out)


Teiten = Callable[..., Done]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def teiten(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Teiten:
    def run(*arguments: str | Path) -> Done:
        monkeypatch.setattr(sys, "argv", ["teiten", "--home", str(home), *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            main()
            sys.exit(0)
        told = capsys.readouterr()
        return Done(int(ended.value.code or 0), told.out, told.err)

    return run


WEB_LOG = """\
198.51.100.7 - - [10/Aug/2026:23:30:00 +0900] "GET / HTTP/1.1" 200 5 "-" "curl/8"
198.51.100.7 - - [11/Aug/2026:00:30:00 +0900] "GET / HTTP/1.1" 200 5 "-" "curl/8"
198.51.100.9 - - [11/Aug/2026:01:00:00 +0900] "GET /\\xff\\x00x HTTP/1.1" 404 5 "-" "curl/8"
2001:db8:7::1 - - [11/Aug/2026:01:59:59 +0900] "POST /=cmd HTTP/1.1" 404 5 "-" "curl/8"
"""


@pytest.fixture
def web_log(tmp_path: Path) -> Path:
    path = tmp_path / "access.log"
    path.write_text(WEB_LOG, encoding="ascii")
    return path
