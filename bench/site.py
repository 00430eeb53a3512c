# SPDX-License-Identifier: Apache-2.0
"""Both sides' pages with N accesses stored and more coming in: the operator's node and the public server (`teiten publish --serve`).

    ./run bench site [--rows 10000000] [--full] [--rate 10000] [--folder DIR]

`--rows` (200,000 unless given) are stored and sealed first; `--full` stores 100 M. Then `--rate` accesses a second of four sensors come in over HTTPS
until all pages have been asked. The operator's pages are made anew for every request here (`site.cache_seconds = 0`; usually they live for a second).
*first*: when nothing was asked before but what the node asks ahead by itself. Searches ask for another text each time. The public server's rate is
per second of its own CPU time, so that node, sender and client beside it don't count. All times are wall clock over a connection that stays open.
"""

from __future__ import annotations

import argparse
import http.client
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from bench.centre import Running, centre, issue
from bench.machine import cpu_seconds, resident_mib
from bench.processes import ROOT, free_port, python, running
from bench.shipping import Order
from bench.tables import SEED, heading, quantile, table
from bench.top_page import DAYS, TOKYO, load, until_quiet

PAGES = ("/ja/", "/en/ports/", "/ja/urls/", "/ja/attention/", "/feeds/attention.xml", "/api/overview.json", "/api/index.json")
LISTS = ("", "attention", "risk", "ports", "urls", "accounts", "mail", "new", "map", "sources", "sensors", "mutes")
CHECKED = "22\n3389/tcp\nroot\nadmin\n/\n/wp-login.php\n" + "\n".join(f"user{n}" for n in range(60))
_SHORTEST = 0.01  # seconds: what the system tells CPU time in
_SEARCHES = 10  # of the public server, which limits them for each caller
_SENSORS = 4
_LONGEST = 480.0  # seconds of ingest, if nobody ends it before
_PATIENCE = 8.0  # seconds for one row of the table
_FEWEST = 20  # requests


class Reader:
    """One reader on a connection that stays open."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def ask(self, path: str, headers: dict[str, str] | None = None, body: str | None = None) -> tuple[float, int, str]:
        """Milliseconds, bytes and etag."""
        began = time.perf_counter()
        self._connection.request("POST" if body else "GET", path, body, headers or {})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status not in (200, 304):
            raise RuntimeError(f"{path}: {answer.status}")
        return (time.perf_counter() - began) * 1000, len(content), answer.headers.get("etag", "")

    def data(self, path: str) -> list[dict[str, Any]]:
        self._connection.request("GET", path)
        found: list[dict[str, Any]] = msgspec.json.decode(self._connection.getresponse().read())
        return found


def operator_rows(node: Running, requests: int) -> list[list[str]]:
    reader = Reader(node.site)
    named = {f"/ja/{name}": [f"/ja/{name}"] for name in LISTS}
    named["/ja/detail (a port)"] = ["/ja/detail?channel=packet&target=" + quote(target) for target in _keys(reader, "target")]
    named["/ja/source (an address)"] = ["/ja/source?address=" + address for address in _keys(reader, "source")]
    named["/ja/search (another text each time)"] = [f"/ja/search?q={text}" for text in _texts(requests)]
    rows = [_timed(reader, name, paths, requests) for name, paths in named.items()]
    return [*rows, _timed(reader, "/ja/check (66 lines)", ["/ja/check"], requests, "text=" + quote(CHECKED))]


def _timed(reader: Reader, name: str, paths: list[str], requests: int, body: str | None = None) -> list[str]:
    """At least a few requests, at most `requests`, for so long as there is patience."""
    times: list[float] = []
    size, until = 0, time.perf_counter() + _PATIENCE
    while len(times) < requests and (len(times) < _FEWEST or time.perf_counter() < until):
        took, size, _ = reader.ask(paths[len(times) % len(paths)], body=body)
        times.append(took)
    found = [f"{quantile(times, share):,.1f}" for share in (0.5, 0.95, 0.99)]
    return [name, f"{size / 1024:.0f}", str(len(times)), f"{times[0]:,.1f}", *found]


def _texts(count: int) -> list[str]:
    """As people type them: parts of ports, paths and names, some of them nowhere to be found."""
    return [("%d", "admin%d", "php?id=%d", "nowhere%d")[n % 4] % (n * 37) for n in range(count)]


def _keys(reader: Reader, by: str) -> list[str]:
    """Neither the very largest nor the smallest, met before today."""
    return [row[by] for row in reader.data(f"/api/count?by={by}&channel=packet&top=30&to_on={datetime.now(TOKYO).date()}")[10:]]


@contextmanager
def ingest(node: Running, rate: int) -> Iterator[None]:
    """So many accesses a second through spools and HTTPS, for as long as the context lasts."""
    names = [f"paced-{os.getpid()}-{n}" for n in range(_SENSORS if rate else 0)]
    spools = {name: str(node.home.root / "elsewhere" / name) for name in names}
    tokens = {name: str(issue(node, name)) for name in names}
    order = Order(spools, _LONGEST, rate, SEED, f"https://localhost:{node.receiver}", str(node.certificate), tokens)
    path = node.home.root / "order.json"
    path.write_bytes(msgspec.json.encode(order))
    sender = subprocess.Popen(python("-m", "bench.shipping", path), cwd=ROOT, stdout=subprocess.DEVNULL) if rate else None
    began, before = time.perf_counter(), _stored_today(node)
    try:
        yield
        stored = _stored_today(node) - before
        print(f"came in meanwhile: {stored:,} accesses, {stored / (time.perf_counter() - began):,.0f} a second", flush=True)
    finally:
        if sender:
            sender.kill()
            sender.wait()


def _stored_today(node: Running) -> int:
    return int(Reader(node.site).data(f"/api/count?from_on={datetime.now(TOKYO).date()}")[0]["accesses"])


def public_row(port: int, process: int, path: str, requests: int) -> list[str]:
    reader = Reader(port)
    _, size, etag = reader.ask(path)
    times, began = [], cpu_seconds(process)
    for _ in range(requests):
        times.append(reader.ask(path)[0])
    used = cpu_seconds(process) - began
    began = cpu_seconds(process)
    for _ in range(requests):
        reader.ask(path, {"if-none-match": etag})
    unchanged = cpu_seconds(process) - began
    rates = [f"{requests / max(spent, _SHORTEST):,.0f}" for spent in (used, unchanged)]
    return [path, f"{size / 1024:.1f}", rates[0], rates[1], *(f"{quantile(times, share):.2f}" for share in (0.5, 0.95, 0.99))]


def search_row(port: int, process: int) -> list[str]:
    reader, began = Reader(port), cpu_seconds(process)
    asked = [reader.ask(f"/en/search?q={number}") for number in range(_SEARCHES)]
    rate = f"{_SEARCHES / max(cpu_seconds(process) - began, _SHORTEST):,.0f}"
    times = [took for took, _, _ in asked]
    return [f"/en/search ({_SEARCHES})", f"{asked[-1][1] / 1024:.1f}", rate, "-", *(f"{quantile(times, share):.2f}" for share in (0.5, 0.95, 0.99))]


def measure(folder: Path, rows: int, rate: int, requests: int) -> None:
    days = min(DAYS, max(20, rows // 50_000))
    seconds = load(folder, rows, days, datetime.now(TOKYO).date())
    print(f"{rows:,} accesses of {days} days loaded and sealed in {seconds:.0f} s (0: they were there)", flush=True)
    with centre(folder, cache_seconds=0) as node:
        began = time.perf_counter()
        until_quiet(node)
        print(f"the node has asked ahead, looked for findings and published after {time.perf_counter() - began:.0f} s", flush=True)
        subprocess.run(python("-m", "teiten", "--home", folder, "publish"), check=True, stdout=subprocess.DEVNULL)
        port = free_port()
        command = python("-m", "teiten", "--home", folder, "publish", "--serve", "--port", port)
        with running(command, folder / "public.txt", [port]) as public, ingest(node, rate):
            print("\noperator; goal: lists p99 <= 300 ms, search p95 <= 1 s. ms\n", flush=True)
            table(["page", "KiB", "requests", "first", "p50", "p95", "p99"], operator_rows(node, requests // 20))
            print("\npublic; goal: >= 1,000 requests/s on one core, p99 <= 50 ms; search p95 <= 1 s. ms\n", flush=True)
            outside = [*(public_row(port, public.pid, path, requests) for path in PAGES), search_row(port, public.pid)]
            table(["path", "KiB", "requests/s and core", "unchanged (304)", "p50", "p95", "p99"], outside)
            print(f"\nnode: {resident_mib(node.process.pid):.0f} MiB, public server: {resident_mib(public.pid):.0f} MiB", flush=True)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench site", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--full", action="store_true", help="100 M accesses (loading takes minutes, 4 GB of disk)")
    parser.add_argument("--rate", type=int, default=10_000, help="accesses a second that come in meanwhile; 0: none")
    parser.add_argument("--requests", type=int, default=4_000, help="to each public page; a twentieth of it to each of the operator's")
    parser.add_argument("--folder", type=Path, help="keep the store there, and use what is there already")
    chosen = parser.parse_args(arguments)
    heading("Pages while accesses come in", "starlette", "uvicorn", "duckdb")
    rows = 100_000_000 if chosen.full else chosen.rows
    folder = chosen.folder or Path(tempfile.mkdtemp(prefix="teiten-bench-"))
    try:
        measure(folder / f"{rows}-site", rows, chosen.rate, chosen.requests)
    finally:
        if chosen.folder is None:
            shutil.rmtree(folder, ignore_errors=True)
    return 0
