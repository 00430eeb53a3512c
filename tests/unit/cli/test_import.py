# SPDX-License-Identifier: Apache-2.0
"""`teiten import`: one object at the end, every line accounted for, exit codes 0, 1 and 2 (U-01)."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from teiten.cli.import_ import Importing
from teiten.cli.import_progress import TerminalProgress
from teiten.home import Home
from teiten.model import SensorEntry
from tests.unit.cli.conftest import Teiten

SUMS = ("read", "taken", "duplicates", "other", "rejected")


def test_the_json_report_has_the_sums_and_the_files(teiten: Teiten, web_log: Path) -> None:
    first = teiten("import", web_log, "--format", "json")
    again = teiten("import", web_log, "--format", "json")
    assert (first.code, again.code) == (0, 0)
    assert [first.json()[name] for name in SUMS] == [4, 4, 0, 0, 0]
    assert [again.json()[name] for name in SUMS] == [4, 0, 4, 0, 0]
    assert [file["path"] for file in first.json()["files"]] == [str(web_log)]
    assert teiten("count", "--format", "json").json()["accesses"] == 4


def test_a_rejected_line_is_told_and_the_exit_code_is_one(teiten: Teiten, web_log: Path) -> None:
    with web_log.open("a") as file:
        file.write("not a line of this log\n")
    done = teiten("import", web_log, "--format", "json")
    assert done.code == 1
    assert [done.json()[name] for name in SUMS] == [5, 4, 0, 0, 1]


@pytest.mark.parametrize("content", [None, "nothing that any format knows\n"])
def test_a_file_that_cannot_be_read_or_recognised_is_one(teiten: Teiten, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "notes.txt"
    if content is not None:
        path.write_text(content)
    done = teiten("import", path)
    assert done.code == 1
    assert "notes.txt" in done.out
    assert "problem:" in done.out
    assert ("--mapping" in done.out) == (content is not None)


@pytest.mark.parametrize(
    "asked", [["--sensor", ""], ["--sensor", "a b"], ["--group", "../x"], ["--tz", "Mars/Olympus"], ["--format", "xml"], ["--colour"]]
)
def test_wrong_usage_is_two_and_nothing_is_made(teiten: Teiten, home: Path, web_log: Path, asked: list[str]) -> None:
    done = teiten("import", web_log, *asked)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert not home.exists()


def test_no_path_is_wrong_usage(teiten: Teiten) -> None:
    assert teiten("import").code == 2


def test_every_import_leaves_a_record_that_can_be_listed(teiten: Teiten, home: Path, web_log: Path) -> None:
    """U-33: are my reports received? Each import says what became of every line."""
    assert "no imports yet" in teiten("imports").out
    teiten("import", web_log, "--dry-run")
    assert teiten("imports", "--format", "json").json() == []
    teiten("import", web_log, "--sensor", "web-1")
    with web_log.open("a") as file:
        file.write("not a line of this log\n")
    teiten("import", web_log, "--sensor", "web-1")
    listed = teiten("imports", "--format", "json").json()
    assert [[record["report"][name] for name in SUMS] for record in listed] in (
        [[4, 4, 0, 0, 0], [5, 0, 4, 0, 1]],
        [[5, 0, 4, 0, 1], [4, 4, 0, 0, 0]],
    )
    assert all(record["ended_at"] >= record["began_at"] and record["paths"] == [str(web_log)] for record in listed)
    shown = teiten("imports", listed[-1]["name"])
    assert shown.code == 0 and "web_access" in shown.out
    assert teiten("imports", "20000101T000000-000000").code == 2
    assert (home / "imports").stat().st_mode & 0o077 == 0
    (home / "imports" / "broken.json").write_text("{")
    done = teiten("imports")
    assert done.code == 0 and "web-1" in done.out and "broken.json" in done.err


def test_a_file_covers_only_the_days_it_names(teiten: Teiten, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from teiten.centre.here import Here

    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(Here, "cover", lambda self, *days: asked.append(tuple(map(str, days))))
    for name, day in {"a": "01/Aug/2026", "b": "03/Aug/2026", "c": "03/Aug/2026"}.items():
        (tmp_path / name).write_text(f'198.51.100.7 - - [{day}:12:00:00 +0900] "GET /{name} HTTP/1.1" 200 5 "-" "curl/8"\n')
    assert teiten("import", tmp_path / "a", tmp_path / "b", tmp_path / "c").code == 0
    assert asked == [("imported", "web", "2026-08-01", "2026-08-01"), ("imported", "web", "2026-08-03", "2026-08-03")]


def test_the_text_report_says_what_is_covered_and_adds_up(teiten: Teiten, tmp_path: Path) -> None:
    """Mission row 7: each file is named with what became of it, and the sums are an equation."""
    (tmp_path / "logs").mkdir()
    for day in ("01", "03"):
        with (tmp_path / "logs" / "log").open("a") as file:
            file.write(f'198.51.100.7 - - [{day}/Aug/2026:12:00:00 +0900] "GET / HTTP/1.1" 200 5 "-" "curl/8"\n')
    (tmp_path / "logs" / "notes.txt").write_text("nothing that any format knows\n")
    (tmp_path / "logs" / "empty").write_text("")
    shown = teiten("import", tmp_path / "logs").out
    assert "web, 2026-08-01…2026-08-03 (2 days, 1 between them without a record)" in shown
    assert "1 file was not read:" in shown and "begins with: nothing that any format knows" in shown
    assert "3 files: 1 read (web_access 1), 1 not read, 1 empty" in shown
    assert "read 2 = taken 2 + duplicates 0 (stored before) + other 0 (no observation) + rejected 0" in shown


def test_following_ends_with_a_signal_and_a_report(teiten: Teiten, web_log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first look finds the log, the second what was appended, then Ctrl-C."""
    from teiten.importers.following import Follower

    look, looks = Follower.look, [0]

    def looking(self: Follower) -> int:
        found = look(self)
        looks[0] += 1
        if looks[0] == 1:
            with web_log.open("a") as file:
                file.write('198.51.100.9 - - [11/Aug/2026:02:00:00 +0900] "GET /late HTTP/1.1" 200 5 "-" "curl/8"\n')
        else:
            signal.raise_signal(signal.SIGINT)
        return found

    monkeypatch.setattr(Follower, "look", looking)
    monkeypatch.setattr("teiten.cli.import_._PAUSE_SECONDS", 0.0)
    handler = signal.getsignal(signal.SIGINT)
    done = teiten("import", web_log, "--follow", "--format", "json")
    assert (done.code, looks[0]) == (0, 2)
    assert [done.json()[name] for name in SUMS] == [5, 5, 0, 0, 0]
    assert signal.getsignal(signal.SIGINT) is handler
    assert teiten("count", "--format", "json").json()["accesses"] == 5
    record = teiten("imports", "--format", "json").json()[0]
    assert record["report"]["taken"] == 5 and record["ended_at"] is not None


@pytest.mark.parametrize("asked", [["--follow", "--dry-run"], ["--mapping", "nowhere.toml"]])
def test_what_does_not_go_together_is_two(teiten: Teiten, web_log: Path, asked: list[str]) -> None:
    assert teiten("import", web_log, *asked).code == 2


def test_a_mapping_reads_any_table(teiten: Teiten, tmp_path: Path) -> None:
    (tmp_path / "m.toml").write_text('format = "csv"\nchannel = "packet"\ntime = "t"\nsource = "ip"\ndestination_port = "port"\n')
    (tmp_path / "log.csv").write_text("t,ip,port\n2026-08-01T00:00:00Z,198.51.100.7,445\n")
    done = teiten("import", tmp_path / "log.csv", "--mapping", tmp_path / "m.toml")
    assert done.code == 0
    assert teiten("count", "--by", "target", "--format", "json").json()[0]["target"] == "445/tcp"
    (tmp_path / "m.toml").write_text('format = "csv"\nchanel = "packet"\n')
    wrong = teiten("import", tmp_path / "log.csv", "--mapping", tmp_path / "m.toml")
    assert wrong.code == 2 and "chanel" in wrong.err


def test_a_dry_run_stores_nothing(teiten: Teiten, web_log: Path) -> None:
    assert teiten("import", web_log, "--dry-run", "--format", "json").json()["taken"] == 4
    assert teiten("count", "--format", "json").json()["accesses"] == 0


def test_a_terminal_sees_how_far_sealing_is(home: Path, web_log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """U-33: an import of many days is not silent while it seals them."""
    importing = Importing(Home(home), SensorEntry("s", "g"), None, TerminalProgress(), None)
    assert importing.once([str(web_log)]).taken == 4
    shown = capsys.readouterr().err
    assert "file 1: 100%, 4 records" in shown
    assert "sealing day 1 of " in shown
