# SPDX-License-Identifier: Apache-2.0
"""Durable ingest: spool, courier, HTTPS, receiver, DuckDB commit, receipt; the same without the network; bulk columns; and log import.

    ./run bench ingest [--full] [--seconds 8] [--rate 10000] [--sensors 4]

Two processes: sensors' spools with their shipper, and a whole node (`teiten up`). Nothing is counted that the node's own answer to
`teiten count` doesn't hold. `--full`: 30 minutes at the rate, and ten times the rows.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from bench.centre import Running, centre, issue
from bench.machine import cpu_seconds, resident_mib
from bench.processes import ROOT, python, told
from bench.shipping import Order
from bench.tables import SEED, heading, table

_FULL_SECONDS = 1800.0
_LIVE = (
    *("way", "stored", "emitted/s", "stored/s", "ack p50 ms", "ack p99 ms", "age p50 ms", "age p99 ms"),
    *("node CPU us each", "node MiB early", "node MiB", "lost"),
)


class Row(msgspec.Struct):
    """What one way of the live path gave."""

    name: str
    sent: dict[str, Any]
    stored: int
    node_cpu: float
    early_mib: float  # after a tenth of the time
    node_mib: float

    def cells(self) -> list[str]:
        rates = [f"{self.sent['emitted'] / self.sent['emit_seconds']:,.0f}", f"{self.stored / self.sent['seconds']:,.0f}"]
        ack = [f"{self.sent[name] * 1000:,.0f}" if name in self.sent else "-" for name in ("ack_p50", "ack_p99", "age_p50", "age_p99")]
        lost = self.sent["emitted"] - self.stored
        cost = [f"{self.node_cpu / self.stored * 1e6:.0f}", f"{self.early_mib:.0f}", f"{self.node_mib:.0f}"]
        return [self.name, f"{self.stored:,}", *rates, *ack, *cost, f"{lost:,}"]


def remote(node: Running, name: str, seconds: float, rate: int, sensors: int) -> Row:
    """Through HTTPS to the node's receiver, one token for each sensor."""
    names = [f"{name}-{n}" for n in range(sensors)]
    spools = {sensor: str(node.home.root / "elsewhere" / sensor) for sensor in names}
    tokens = {sensor: str(issue(node, sensor)) for sensor in names}
    order = Order(spools, seconds, rate, SEED, f"https://localhost:{node.receiver}", str(node.certificate), tokens)
    what = f"HTTPS, {f'{rate:,}/s' if rate else 'as fast as acknowledged'}, {sensors} sensors"
    return _run(node, what, order, names)


def local(node: Running, name: str, seconds: float) -> Row:
    """The node's own couriers take a spool in its home."""
    sensor = f"{name}-0"
    node.home.prepare_channel(sensor)
    return _run(node, "same machine, no network", Order({sensor: str(node.home.spool(sensor))}, seconds, 0, SEED), [sensor])


def _run(node: Running, what: str, order: Order, sensors: list[str]) -> Row:
    path = node.home.root / "order.json"
    path.write_bytes(msgspec.json.encode(order))
    before = cpu_seconds(node.process.pid)
    early = [0.0]
    timer = threading.Timer(order.seconds / 10, lambda: early.__setitem__(0, resident_mib(node.process.pid)))
    timer.start()
    sent = told("bench.shipping", path)
    timer.join()
    used = cpu_seconds(node.process.pid) - before
    return Row(what, sent, _stored(node, sensors), used, early[0], resident_mib(node.process.pid))


def _stored(node: Running, sensors: list[str]) -> int:
    command = python("-m", "teiten", "--home", node.home.root, "count", "--by", "sensor", "--format", "json")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    return sum(row["accesses"] for row in json.loads(done.stdout) if row["sensor"] in sensors)


def live(seconds: float, rate: int, sensors: int) -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="teiten-bench-") as folder, centre(Path(folder)) as node:
        remote(node, "warm-up", 1.0, 2000, sensors)
        return [
            remote(node, "paced", seconds, rate, sensors),
            remote(node, "most", min(seconds, 60.0), 0, sensors),
            local(node, "local", min(seconds, 60.0)),
        ]


def bulk(rows: int) -> list[list[str]]:
    found = []
    for per_batch in (50_000, 5_000):
        with tempfile.TemporaryDirectory(prefix="teiten-bench-") as folder:
            told_of = told("bench.bulk", folder, rows, per_batch)
        taking, sealing, taken = told_of["take_seconds"], told_of["seal_seconds"], told_of["rows"]
        name = f"columns, {per_batch:,} rows a batch (Collector.prepare)"
        found.append([name, f"{taken:,}", f"{taken / taking:,.0f}", f"{taken / (taking + sealing):,.0f}", f"{told_of['peak_mib']:.0f}"])
    return found


def log_import(lines: int) -> list[str]:
    """`teiten import` as a person runs it, start of the program and sealing of the days included."""
    with tempfile.TemporaryDirectory(prefix="teiten-bench-") as name:
        folder = Path(name)
        log = folder / "access.log"
        with log.open("w", encoding="ascii") as file:
            file.writelines(combined(lines))
        command = python("-m", "teiten", "--home", folder / "home", "import", log, "--format", "json")
        output = folder / "report.json"
        began = time.perf_counter()
        with output.open("wb") as report:
            process = subprocess.Popen(command, cwd=ROOT, stdout=report)
            _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        taken = json.loads(output.read_bytes())["taken"]
    return [f"teiten import, combined log of {lines:,} lines", f"{taken:,}", "-", f"{taken / seconds:,.0f}", f"{used.ru_maxrss / 1024:.0f}"]


def combined(lines: int) -> Iterator[str]:
    """An Apache log of ten days, in order of time."""
    dice = random.Random(SEED)
    sources = [".".join(str(dice.randrange(1, 224)) for _ in range(4)) for _ in range(3000)]
    at = datetime(2026, 3, 1, tzinfo=UTC)
    step = timedelta(days=10) / lines
    for _ in range(lines):
        at += step
        path = f"/path/{dice.randrange(2000)}.php?id={dice.randrange(10_000)}"
        yield (
            f'{dice.choice(sources)} - - [{at:%d/%b/%Y:%H:%M:%S +0000}] "GET {path} HTTP/1.1" {dice.choice((200, 404, 301))} {dice.randrange(9000)}'
            f' "-" "Mozilla/5.0 (X11; Linux x86_64) agent/{dice.randrange(50)}"\n'
        )


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench ingest", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="30 minutes at the rate; ten times the rows")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each live run")
    parser.add_argument("--rate", type=int, default=10_000, help="accesses per second of the paced run")
    parser.add_argument("--sensors", type=int, default=4)
    parser.add_argument("--only", choices=["live", "bulk"])
    chosen = parser.parse_args(arguments)
    heading("Ingest: durable accesses per second, receipts, bulk import", "duckdb", "msgspec", "uvicorn")
    lost = False
    if chosen.only in (None, "live"):
        print("live (goals: >= 10,000 accesses/s, ack p99 <= 500 ms)\n", flush=True)
        rows = live(_FULL_SECONDS if chosen.full else chosen.seconds, chosen.rate, chosen.sensors)
        table(_LIVE, [row.cells() for row in rows])
        print("\nack: from the POST of a batch to its receipt. age: from the access to the receipt, half a second of collecting included.")
        print("stored/s: until the last receipt, after the end of the load.\n")
        lost = any(row.stored != row.sent["emitted"] for row in rows)
    if chosen.only in (None, "bulk"):
        print("bulk (goal: >= 500,000 rows/s)\n", flush=True)
        share = 10 if chosen.full else 1
        table(["way", "rows", "stored/s", "with sealing/s", "peak MiB"], [*bulk(2_000_000 * share), log_import(200_000 * share)])
    return 1 if lost else 0
