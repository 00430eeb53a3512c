# SPDX-License-Identifier: Apache-2.0
"""One answer in one shape from the compiled engine, the plain engine and the reference, so that tests can compare them."""

from __future__ import annotations

import importlib.util
import io
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from teiten.packets.capture_files import decompressed
from teiten.packets.captures import Capture
from teiten.packets.flowtuple import FlowBatch, payload_hash
from teiten.packets.layout import Count, Outcome
from tests.unit.packets import reference

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("TEITEN_DATA", ROOT.parent / "shared" / "data"))
TOOLS = Path(os.environ.get("TEITEN_SHARED", ROOT.parent / "shared")) / "tools"
ENGINES = [True, False] if importlib.util.find_spec("numba") else [False]
NAMES = {True: "compiled", False: "plain"}
Answer = dict[str, Any]


class InPieces(io.RawIOBase):
    """A stream that gives its bytes in pieces of a few sizes, with "nothing now" in between, like a file that grows."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        self._data, self._sizes, self._turn, self._at = data, sizes, 0, 0

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int | None:
        self._turn += 1
        if self._turn > 1 and self._turn % 3 == 0:
            return None
        size = min(len(target), self._sizes[self._turn % len(self._sizes)], len(self._data) - self._at)
        target[:size] = self._data[self._at : self._at + size]
        self._at += size
        return size


def fast(data: bytes, compiled: bool, stream: Any = None) -> Answer:
    capture = Capture(stream or decompressed(io.BytesIO(data)), compiled)
    batches = [batch for batch in capture.flows() if batch is not None]
    report = capture.report
    assert report.total_bytes == report[Count.RECORD_BYTES] + report[Count.OTHER_BYTES] + report.gap_bytes + report.trailing_bytes
    assert sum(report.outcome(outcome) for outcome in Outcome) == report[Count.PACKETS]
    return {
        "flows": flows_of(batches),
        "outcomes": [report.outcome(outcome) for outcome in Outcome],
        "packets": report[Count.PACKETS],
        "untimed": report[Count.UNTIMED],
        "gaps": [(gap.at, gap.size) for gap in report.gaps],
        "bytes": (report[Count.RECORD_BYTES], report[Count.OTHER_BYTES], report.trailing_bytes),
    }


def flows_of(batches: list[FlowBatch]) -> dict[tuple[Any, ...], list[Any]]:
    """Parts of a row added up; the first part holds the first packet, and the first payload unless it had none."""
    rows: dict[tuple[Any, ...], list[Any]] = {}
    for batch in batches:
        keys = zip(batch.minute.tolist(), map(bytes, batch.source), map(bytes, batch.destination), batch.protocol.tolist(), batch.port.tolist(),
                   batch.flags.tolist(), batch.doubt.tolist(), strict=True)  # fmt: skip
        values = zip(*(column.tolist() for column in (batch.packets, batch.bytes, batch.seen, batch.payload, batch.first_at)), strict=True)
        for key, (packets, size, seen, payload, first_at) in zip(keys, values, strict=True):
            row = rows.setdefault(key, [0, 0, 0, 0, first_at])
            row[:4] = row[0] + packets, row[1] + size, row[2] | seen, row[3] or payload
    return rows


def slow(data: bytes) -> Answer:
    result = reference.read(data)
    names = ("not ip", "unknown link", "malformed", "truncated", "ip4", "ip6")
    return {
        "flows": {key: [*row[:3], payload_hash(row[3]), row[4]] for key, row in result.flows.items()},
        "outcomes": [result.outcomes[name] for name in names],
        "packets": result.packets,
        "untimed": result.untimed,
        "gaps": result.gaps[:1000],
        "bytes": (result.record_bytes, result.other_bytes, result.trailing),
    }


def run_tool(name: str, *arguments: str) -> None:
    """A generator of the shared folder, by path. It finds packers and nothing else: edge.py would ask tcpdump and tshark about every file."""
    with tempfile.TemporaryDirectory() as folder:
        for packer in ("gzip", "zstd", "lz4", "xz"):
            if place := shutil.which(packer):
                Path(folder, packer).symlink_to(place)
        environment = os.environ | {"PATH": folder}
        subprocess.run([sys.executable, str(TOOLS / name), *arguments], check=True, capture_output=True, timeout=100, env=environment)
