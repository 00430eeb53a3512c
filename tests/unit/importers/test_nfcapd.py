# SPDX-License-Identifier: Apache-2.0
"""nfdump's binary files through the program nfdump, or a clear word why not. A stand-in program here; the real one where it is installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from teiten.importers import nfcapd
from tests.unit.importers.ledger import Ledger, options

BINARY = nfcapd.MAGIC[1] + bytes(200)
CASES = Path(__file__).parents[2] / "cases" / "importers"
FLOW = """[
{ "type": "FLOW", "first": "2024-03-01T09:00:00.5", "last": "2024-03-01T09:00:01", "proto": 6, "tcp_flags": "......S.",
  "src_port": 40000, "dst_port": 445, "src4_addr": "198.51.100.7", "dst4_addr": "10.0.0.1" }
]
"""


def stand_in(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "bin" / "nfdump"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def test_a_binary_file_is_read_through_nfdump(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "flows.json").write_text(FLOW)
    stand_in(tmp_path, f'test "$1 $3 $4 $TZ" = "-r -o json Asia/Tokyo" && cat "{tmp_path}/flows.json"', monkeypatch)
    (tmp_path / "-o nfcapd.2024").write_bytes(BINARY)
    ledger = Ledger()
    file = ledger.take(tmp_path / "-o nfcapd.2024", read=options("Asia/Tokyo")).files[0]
    assert (file.format, file.packing, file.taken, file.problem) == ("nfdump", "nfdump", 1, None)
    row = ledger.rows()[0]
    assert (row["target"], row["kind"], row["observed_at"]) == (b"445/tcp", "syn", 1709251200500000)
    assert ledger.take(tmp_path / "-o nfcapd.2024", read=options("Asia/Tokyo")).duplicates == 1


@pytest.mark.parametrize(("script", "word"), [("echo broken >&2; exit 3", "nfdump says: broken"), ("sleep 30", "did not finish")])
def test_when_nfdump_fails_the_report_says_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, word: str) -> None:
    monkeypatch.setattr(nfcapd, "DEADLINE_SECONDS", 0.2)
    stand_in(tmp_path, "exec " + script if script.startswith("sleep") else script, monkeypatch)
    (tmp_path / "nfcapd").write_bytes(BINARY)
    problem = Ledger().take(tmp_path / "nfcapd").files[0].problem
    assert problem is not None and word in problem


def test_without_nfdump_the_report_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "nfcapd").write_bytes(BINARY)
    problem = Ledger().take(tmp_path / "nfcapd").files[0].problem
    assert problem is not None and "not installed" in problem


@pytest.mark.skipif(not (shutil.which("nfdump") and shutil.which("nfpcapd")), reason="nfdump is not installed")
def test_the_real_program(tmp_path: Path) -> None:
    subprocess.run(["nfpcapd", "-r", str(CASES / "pcap" / "all_frames.pcap"), "-l", str(tmp_path)], check=False, capture_output=True, timeout=60)
    file = next(path for path in tmp_path.iterdir() if path.name.startswith("nfcapd"))
    report = Ledger().take(file).files[0]
    assert report.format == "nfdump" and report.taken > 0 and report.read == report.taken + sum(report.other.values()) + sum(report.rejected.values())
