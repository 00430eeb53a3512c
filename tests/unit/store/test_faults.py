# SPDX-License-Identifier: Apache-2.0
"""A process killed at any step of a take or a sealing, and a full disk: nothing acknowledged is lost, nothing is counted twice."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from teiten.model import BatchKey
from teiten.questions.counts import count
from teiten.questions.interface import CountQuestion
from teiten.store.node import NodeStore

UTC = ZoneInfo("UTC")
ROWS = 40  # rows of a batch

PRELUDE = """
import os, signal, sys
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo
from teiten.columnar import from_accesses
from teiten.model import Access, BatchKey
from teiten.store.node import NodeStore
START, DAY = 1_785_542_400_000_000, 86_400_000_000
def rows(seq):
    return from_accesses([Access(observed_at=START + (n % 2) * DAY + seq, channel="web", kind="request", source=n.to_bytes(4, "big"),
        target=b"GET /%d" % (n % 3)) for n in range(40)])
folder, step = Path(sys.argv[1]), int(sys.argv[2])
store = NodeStore.open(folder, ZoneInfo("UTC"))
def take(seq):
    store.take(BatchKey("one", "e", seq, bytes(16)), rows(seq), START)
    print("stored", seq, flush=True)
"""

SEALING = (
    PRELUDE
    + """
from teiten.store import catalogue, lake, ledger, sealing
calls = 0
def killed(function):
    def counted(*given, **named):
        global calls
        calls += 1
        if calls == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **named)
    return counted
for seq in range(3):
    take(seq)
os.fsync = killed(os.fsync)
Path.rename = killed(Path.rename)
sealing.merge_coverage = killed(sealing.merge_coverage)
catalogue.Catalogue.advance = killed(catalogue.Catalogue.advance)
catalogue.Catalogue.publish = killed(catalogue.Catalogue.publish)
ledger.Ledger.collapsed = killed(ledger.Ledger.collapsed)
store.seal(date(2026, 8, 3))
print("sealed", calls, flush=True)
"""
)

TAKING = (
    PRELUDE
    + """
from teiten.store import intake, ledger
calls = 0
def killed(function):
    def counted(*given, **named):
        global calls
        calls += 1
        if calls == step:
            os.kill(os.getpid(), signal.SIGKILL)
        return function(*given, **named)
    return counted
intake.insert_heartbeats = killed(intake.insert_heartbeats)
ledger.Ledger.enter = killed(ledger.Ledger.enter)
ledger.Ledger.settle = killed(ledger.Ledger.settle)
for seq in range(3):
    take(seq)
"""
)


def run(program: str, folder: Path, step: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", program, str(folder), str(step)], capture_output=True, text=True, timeout=60, check=False)


def accounted(folder: Path, acknowledged: int) -> None:
    """Every acknowledged batch is there once; sending all of them again completes the store and doubles nothing."""
    store = NodeStore.open(folder, UTC)
    held = len(store.batches("one", "e"))
    assert held >= acknowledged
    before = count(store, CountQuestion(), UTC)[0].accesses
    assert before == held * ROWS
    namespace: dict[str, object] = {}
    exec(PRELUDE.split("folder, step")[0], namespace)  # the same rows as the killed process sent
    for seq in range(3):
        store.take(BatchKey("one", "e", seq, bytes(16)), namespace["rows"](seq), 1)  # type: ignore[operator]
    assert count(store, CountQuestion(), UTC)[0].accesses == 3 * ROWS
    store.seal(date(2026, 8, 3))
    assert [row.accesses for row in count(store, CountQuestion(by="day"), UTC)] == [60, 60]
    assert store.verify() == []
    assert not list((folder / "lake").glob("day=*/*.tmp"))
    live = [store._catalogue.contents.live(kind) for kind in ("rows", "pairs", "rollup")]
    listed = {part.path for parts in live for day in parts.values() for part in day}
    assert {str(path.relative_to(folder)) for path in (folder / "lake").glob("day=*/*.parquet")} == listed
    store.close()


@pytest.mark.parametrize("step", [1, 2, 3, 4, 7, 11, 12, 13, 14, 15, 16, 18, 28, 29, 30, 31])
def test_killed_while_sealing(tmp_path: Path, step: int) -> None:
    """kill -9 between any two steps that reach the disk, on the first day and on the second."""
    done = run(SEALING, tmp_path, step)
    assert done.returncode == -signal.SIGKILL, done.stderr + done.stdout
    accounted(tmp_path, 3)


def test_the_steps_of_sealing_are_all_covered(tmp_path: Path) -> None:
    done = run(SEALING, tmp_path, 0)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) == 31  # the last step of the list above is the last one there is


@pytest.mark.parametrize("step", range(1, 10))
def test_killed_while_taking(tmp_path: Path, step: int) -> None:
    """kill -9 inside the transaction, before and after its commit."""
    done = run(TAKING, tmp_path, step)
    assert done.returncode == -signal.SIGKILL, done.stderr + done.stdout
    accounted(tmp_path, done.stdout.count("stored"))


FULL_DISK = (
    PRELUDE
    + """
ballast = folder.parent / "ballast"
ballast.write_bytes(bytes(30_000_000))
import random, shutil
from teiten.errors import TeitenError
dice = random.Random(1)
def big(seq):
    return from_accesses([Access(observed_at=START, channel="web", kind="request", source=b"abcd", target=dice.randbytes(2000)) for _ in range(500)])
def try_take(seq):
    try:
        return store.take(BatchKey("one", "e", seq, bytes(16)), big(seq), START).status
    except TeitenError as error:
        return type(error).__name__
stored, refused = [], []
for seq in range(120):
    (stored if try_take(seq) in ("stored", "duplicate") else refused).append(seq)
    if len(refused) == 3:
        break
ballast.unlink()
again = [try_take(seq) for seq in refused]
left = shutil.disk_usage(folder).free
ballast.write_bytes(bytes(left - 2_000_000))
try:
    print("sealed", store.seal(date(2026, 8, 3)))
except TeitenError as error:
    print("seal refused", flush=True)
ballast.unlink()
print("stored", len(stored), "refused", len(refused), "again", *again, flush=True)
from teiten.questions.counts import count
from teiten.questions.interface import CountQuestion
print("rows", count(store, CountQuestion(), ZoneInfo("UTC"))[0].accesses == 500 * (len(stored) + len(refused)), flush=True)
store.close()
store = NodeStore.open(folder, ZoneInfo("UTC"))
print("reopened", count(store, CountQuestion(), ZoneInfo("UTC"))[0].accesses == 500 * (len(stored) + len(refused)), flush=True)
print("left", len(list(folder.glob("lake/*/*"))), "faults", len(store.verify()), flush=True)
"""
)


def test_a_full_disk_refuses_and_recovers(tmp_path: Path) -> None:
    """No space: an error and no receipt; after space returns the same batches are taken, and nothing is lost or doubled."""
    if shutil.which("unshare") is None or shutil.which("mount") is None:
        pytest.skip("needs unshare and mount")
    place = tmp_path / "small"
    place.mkdir()
    mount = f"mount -t tmpfs -o size=80m tmpfs '{place}' && exec \"$@\""
    probe = subprocess.run(["unshare", "-rm", "sh", "-c", mount, "sh", "true"], capture_output=True, text=True, timeout=60, check=False)
    if probe.returncode:
        pytest.skip(f"a small disk can't be mounted here: {probe.stderr.strip()}")
    command = ["unshare", "-rm", "sh", "-c", mount, "sh", sys.executable, "-c", FULL_DISK, str(place / "store"), "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    refused, *lines = done.stdout.splitlines()
    assert refused == "seal refused"
    words = lines[0].split()
    assert int(words[1]) > 0
    assert words[3] == "3"
    assert set(words[5:]) == {"stored"}
    assert lines[1:] == ["rows True", "reopened True", "left 0 faults 0"]
