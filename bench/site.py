# SPDX-License-Identifier: Apache-2.0
"""The public server (`teiten publish --serve`): requests per second of one core, and times, over pages, feeds, API answers and searches.

    ./run bench site [--rows 200000] [--requests 4000]

What is stored behind it doesn't matter to it: it serves a published view. Requests per core are those answered per second of the server's own CPU
time, so that the client beside it doesn't count; times are wall clock over one connection that stays open. Searches are limited for a caller
(2 a second), so few are asked. The operator's pages are in `./run bench top_page`.
"""

from __future__ import annotations

import argparse
import http.client
import subprocess
import tempfile
import time
from datetime import datetime
from pathlib import Path

from bench.machine import cpu_seconds
from bench.processes import free_port, python, running
from bench.tables import heading, quantile, table
from bench.top_page import TOKYO, load

PAGES = ("/ja/", "/en/ports/", "/ja/urls/", "/feeds/attention.xml", "/api/overview.json", "/api/index.json")
_SHORTEST = 0.01  # seconds: what the system tells CPU time in
_SEARCHES = 10


def measure(port: int, process: int, path: str, requests: int) -> list[str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    size, etag = _ask(connection, path, {})
    times, began = [], cpu_seconds(process)
    for _ in range(requests):
        start = time.perf_counter()
        _ask(connection, path, {})
        times.append((time.perf_counter() - start) * 1000)
    used = cpu_seconds(process) - began
    began = cpu_seconds(process)
    for _ in range(requests):
        _ask(connection, path, {"if-none-match": etag})
    unchanged = cpu_seconds(process) - began
    rates = [f"{requests / max(spent, _SHORTEST):,.0f}" for spent in (used, unchanged)]
    return [path, f"{size / 1024:.1f}", rates[0], rates[1], f"{quantile(times, 0.5):.2f}", f"{quantile(times, 0.99):.2f}"]


def search(port: int, process: int) -> list[str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times, began, size = [], cpu_seconds(process), 0
    for number in range(_SEARCHES):
        start = time.perf_counter()
        size, _ = _ask(connection, f"/en/search?q={number}", {})
        times.append((time.perf_counter() - start) * 1000)
    used = cpu_seconds(process) - began
    rate = f"{_SEARCHES / max(used, _SHORTEST):,.0f}"
    return [f"/en/search ({_SEARCHES})", f"{size / 1024:.1f}", rate, "-", f"{quantile(times, 0.5):.2f}", f"{quantile(times, 0.99):.2f}"]


def _ask(connection: http.client.HTTPConnection, path: str, headers: dict[str, str]) -> tuple[int, str]:
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status not in (200, 304):
        raise RuntimeError(f"{path}: {answer.status}")
    return len(body), answer.headers.get("etag", "")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench site", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--requests", type=int, default=4_000)
    chosen = parser.parse_args(arguments)
    heading("The public server", "starlette", "uvicorn")
    with tempfile.TemporaryDirectory(prefix="teiten-bench-") as folder:
        load(Path(folder), chosen.rows, 20, datetime.now(TOKYO).date())
        subprocess.run(python("-m", "teiten", "--home", folder, "publish"), check=True, stdout=subprocess.DEVNULL)
        port = free_port()
        command = python("-m", "teiten", "--home", folder, "publish", "--serve", "--port", port)
        with running(command, Path(folder) / "output.txt", [port]) as process:
            rows = [measure(port, process.pid, path, chosen.requests) for path in PAGES]
            rows.append(search(port, process.pid))
    print("\ngoal: >= 1,000 requests/s on one core, p99 <= 50 ms; search p95 <= 1 s\n")
    table(["path", "KiB", "requests/s and core", "unchanged (304)", "p50 ms", "p99 ms"], rows)
    return 0
