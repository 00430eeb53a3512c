# SPDX-License-Identifier: Apache-2.0
"""CPU per connection and memory of our sensors (whole `teiten sense` processes with their durable spool) beside the bare libraries and Cowrie.

    ./run bench sensors [--full] [--no-cowrie]

The servers take turns, several rounds each, so that a busy moment of the machine hits all of them. CPU is the server process's own,
all threads, until its spool is quiet again. Afterwards the spool is read: every connection must be in it.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import msgspec

from bench import cowrie
from bench.machine import cpu_seconds, resident_mib
from bench.processes import Process, free_port, python, running, told
from bench.tables import heading, quantile, table
from teiten.model import Access, Record
from teiten.transport import segments

_SETTLE_SECONDS = 1.2  # a sensor seals its last segment half a second after the last record
_LIMITS = "open_per_source = 100000\nnew_per_minute = 100000000\nopen_per_network = 100000\nopen_in_all = 100000"
_decoder = msgspec.msgpack.Decoder(Record)


class Contest(msgspec.Struct, frozen=True):
    """One protocol: how many connections a round, how many at once, which records of ours tell of one."""

    kind: str
    channel: str
    what: str
    connections: int
    at_once: int
    peer: str
    goal: str


CONTESTS = (
    Contest("ssh", "ssh", "SSH: handshake + one refused password", 600, 32, "bare asyncssh", "ours <= 1.00x bare asyncssh; Cowrie 1.15x"),
    Contest("smtp", "mail", "SMTP: one mail a session", 1500, 8, "bare aiosmtpd", "ours <= 1.1 ms"),
    Contest("http", "web", "HTTP: GET, new connection each", 4000, 8, "bare asyncio + h11", "ours 3,000/s (<= 0.33 ms)"),
)


class Server(msgspec.Struct):
    name: str
    process: Process
    port: int
    idle_mib: float = 0.0
    cpu: list[float] = []  # seconds per connection, one for each round
    rate: list[float] = []  # connections per second, with the client on the same machine
    done: int = 0
    failed: int = 0
    divisor: int = 1  # Cowrie waits a second before each refusal: fewer connections, or the round takes minutes


def play(server: Server, contest: Contest, connections: int) -> None:
    before = cpu_seconds(server.process.pid)
    result = told("bench.clients", contest.kind, server.port, connections, contest.at_once)
    time.sleep(_SETTLE_SECONDS)
    server.cpu.append((cpu_seconds(server.process.pid) - before) / connections)
    server.rate.append(result["done"] / result["seconds"])
    server.done += result["done"]
    server.failed += sum(result["failed"].values())


def compare(contest: Contest, rounds: int, share: float, with_cowrie: bool) -> list[str]:
    """Prints the table; returns remarks."""
    remarks: list[str] = []
    connections = max(50, int(contest.connections * share))
    with tempfile.TemporaryDirectory(prefix="teiten-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        servers = [stack.enter_context(_ours(folder / "home", contest.channel)), stack.enter_context(_bare(folder, contest))]
        if contest.kind == "ssh" and with_cowrie:
            try:
                servers.append(stack.enter_context(_cowrie(folder / "cowrie")))
            except cowrie.Unavailable as error:
                remarks.append(f"Cowrie was skipped: {error}")
        for server in servers:
            play(server, contest, 50)  # imports, first-time caches and keys are not what is measured
            server.cpu.clear()
            server.rate.clear()
            server.idle_mib = resident_mib(server.process.pid)
        for _ in range(rounds):
            for server in servers:
                play(server, contest, connections // server.divisor)
        loaded = [resident_mib(server.process.pid) for server in servers]
        stack.close()
        _print(contest, servers, loaded)
        kept = attempts_in(folder / "home" / "sensor" / contest.channel / "spool")
        remarks.append(f"{contest.channel}: {servers[0].done} connections served, {kept} accesses in the spool")
        if kept != servers[0].done:
            remarks.append("LOST: the spool does not hold every connection")
    return remarks + [f"{server.name}: {server.failed} connections failed" for server in servers if server.failed]


def _print(contest: Contest, servers: list[Server], loaded: list[float]) -> None:
    bare = statistics.median(servers[1].cpu)
    rows = []
    for server, mib in zip(servers, loaded, strict=True):
        cpu = statistics.median(server.cpu)
        rows.append(
            [
                server.name,
                f"{cpu * 1000:.3f}",
                f"{min(server.cpu) * 1000:.3f}-{max(server.cpu) * 1000:.3f}",
                f"{cpu / bare:.2f}x",
                f"{1 / cpu:,.0f}",
                f"{quantile(server.rate, 0.5):,.0f}",
                f"{server.idle_mib:.0f}",
                f"{mib:.0f}",
            ]
        )
    print(f"\n{contest.what}   (goal: {contest.goal}; {contest.at_once} at once)\n")
    columns = ["server", "CPU ms each", "rounds", "to bare", "per core and s", "seen/s", "MiB at first", "MiB after"]
    table(columns, rows)


def attempts_in(spool: Path) -> int:
    """Accesses (no closing records, no heartbeats) in the sealed segments."""
    identity = segments.read_identity(spool)
    count = 0
    for segment in segments.sealed(spool):
        content = segments.read_sealed(segment, identity)
        records = [_decoder.decode(payload) for payload in content.payloads] if content else []
        count += sum(record.times for record in records if isinstance(record, Access) and record.category == "access")
    return count


@contextmanager
def _ours(home: Path, channel: str) -> Iterator[Server]:
    port = free_port()
    home.mkdir(parents=True)
    settings = f'[sensors.{channel}]\nhost = "127.0.0.1"\nport = {port}\n[sensors.{channel}.limits]\n{_LIMITS}\n'
    (home / "teiten.toml").write_text(settings, encoding="utf-8")
    with running(python("-m", "teiten", "--home", home, "sense", channel), home / "output.txt", [port]) as process:
        yield Server("teiten, durable spool", process, port)


@contextmanager
def _bare(folder: Path, contest: Contest) -> Iterator[Server]:
    port = free_port()
    with running(python("-m", "bench.peers", contest.kind, port), folder / "peer.txt", [port]) as process:
        yield Server(contest.peer, process, port)


@contextmanager
def _cowrie(folder: Path) -> Iterator[Server]:
    port = free_port()
    with cowrie.serving(folder, port) as process:
        yield Server(f"Cowrie {cowrie.VERSION}", process, port, divisor=2)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench sensors", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="more rounds of more connections (about six minutes)")
    parser.add_argument("--no-cowrie", action="store_true", help="do not install or run Cowrie")
    parser.add_argument("--share", type=float, default=1.0, help="of the connections of a round, for a quick look")
    parser.add_argument("--only", choices=[contest.kind for contest in CONTESTS])
    chosen = parser.parse_args(arguments)
    heading("Sensors: CPU per connection and memory", "asyncssh", "aiosmtpd", "h11")
    rounds, share = (5, 3.0 * chosen.share) if chosen.full else (3, chosen.share)
    remarks: list[str] = []
    for contest in CONTESTS:
        if chosen.only in (None, contest.kind):
            remarks += compare(contest, rounds, share, not chosen.no_cowrie)
    print("\n" + "\n".join(remarks), flush=True)
    return 1 if any(remark.startswith("LOST") for remark in remarks) else 0
