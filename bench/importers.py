# SPDX-License-Identifier: Apache-2.0
"""Lines a second of each importer, whole way (read, cut, hash, parse, columns; not stored), against one plain loop of `json.loads`
(`re.match` for text formats, `split` for tab-separated ones) over the same file, on one core. The loop makes nothing of what it decodes; the column
"loop to rows" is the same loop that also makes a time, a packed address and a tuple of what Teiten keeps. Usage: [--lines N] [FORMAT…]
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import socket
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bench.tables import SEED, heading, table
from teiten.columnar import Columns, length
from teiten.gathering import at_once
from teiten.importers.intake import run_import
from teiten.importers.interface import ReadOptions
from teiten.model import BatchKey, Receipt

_START = datetime(2026, 3, 1, tzinfo=UTC)
_NEWEST_US = 1_800_000_000_000_000
_REPEATS = 3
Line = dict[str, object]


def _base(chance: random.Random, number: int) -> tuple[datetime, str, int]:
    return _START + timedelta(microseconds=number * 137_911), ".".join(str(chance.randint(1, 254)) for _ in range(4)), chance.randint(1024, 65_535)


def _cowrie(chance: random.Random, count: int) -> Iterator[str]:
    """Sessions of connect, version, kex, one or two logins and close, with the fields of Cowrie 2."""
    number = 0
    while number < count:
        at, source, port = _base(chance, number)
        session = f"{chance.getrandbits(48):012x}"
        same = {"sensor": "honeypot-1", "timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "src_ip": source, "session": session}
        events: list[Line] = [
            {"eventid": "cowrie.session.connect", "src_port": port, "dst_ip": "10.0.0.4", "dst_port": 2222, "protocol": "ssh",
             "message": f"New connection: {source}:{port} (10.0.0.4:2222) [session: {session}]"},
            {"eventid": "cowrie.client.version", "version": "SSH-2.0-Go", "message": "Remote SSH version: SSH-2.0-Go"},
            {"eventid": "cowrie.client.kex", "hassh": f"{chance.choice((7, 8, 9)):032x}",
             "kexAlgs": ["curve25519-sha256", "ecdh-sha2-nistp256", "diffie-hellman-group14-sha256"], "keyAlgs": ["ssh-ed25519", "rsa-sha2-512"],
             "encCS": ["aes128-ctr", "aes256-ctr"], "macCS": ["hmac-sha2-256"], "message": "SSH client hassh fingerprint"},
            *({"eventid": "cowrie.login.failed", "username": chance.choice(("root", "admin", "pi")), "password": f"p{chance.randint(0, 9999)}",
               "message": "login attempt [root/x] failed"} for _ in range(chance.randint(1, 2))),
            {"eventid": "cowrie.session.closed", "duration": 1.5, "message": "Connection lost after 1 seconds"},
        ]  # fmt: skip
        for event in events:
            yield json.dumps(event | same, separators=(",", ":"))
            number += 1


def _eve(chance: random.Random, count: int) -> Iterator[str]:
    for number in range(count):
        at, source, port = _base(chance, number)
        stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%f+0000")
        kind = chance.choices(("flow", "alert", "http", "dns", "fileinfo"), (50, 10, 10, 20, 10))[0]
        event: Line = {
            "timestamp": stamp, "flow_id": chance.getrandbits(50), "in_iface": "eth0", "event_type": kind, "src_ip": source, "src_port": port,
            "dest_ip": "198.51.100.1", "dest_port": chance.choice((22, 23, 80, 445)), "proto": "TCP",
        }  # fmt: skip
        if kind == "flow":
            event["flow"] = {"pkts_toserver": 3, "pkts_toclient": 2, "bytes_toserver": 180, "bytes_toclient": 120, "start": stamp, "end": stamp,
                             "age": 0, "state": "closed", "reason": "timeout", "alerted": False}  # fmt: skip
            event["tcp"] = {"tcp_flags": "1b", "tcp_flags_ts": "1b", "tcp_flags_tc": "1b", "syn": True, "fin": True, "ack": True, "state": "closed"}
        elif kind == "alert":
            event["alert"] = {"action": "allowed", "gid": 1, "signature_id": 2001219, "rev": 20, "signature": "ET SCAN Potential SSH Scan",
                              "category": "Attempted Information Leak", "severity": 2}  # fmt: skip
        elif kind == "http":
            event["http"] = {"hostname": "h", "url": "/index.php?id=1", "http_user_agent": "Mozilla/5.0", "http_method": "GET",
                             "protocol": "HTTP/1.1", "status": 200, "length": 100}  # fmt: skip
        yield json.dumps(event, separators=(",", ":"))


def _zeek(chance: random.Random, count: int) -> Iterator[str]:
    for number in range(count):
        at, source, port = _base(chance, number)
        yield json.dumps({
            "ts": round(at.timestamp(), 6), "uid": f"C{chance.getrandbits(80):016x}", "id.orig_h": source, "id.orig_p": port,
            "id.resp_h": "198.51.100.1", "id.resp_p": chance.choice((22, 23, 80, 445)), "proto": "tcp", "duration": 0.001231, "orig_bytes": 0,
            "resp_bytes": 0, "conn_state": chance.choice(("S0", "SF", "REJ")), "missed_bytes": 0, "history": "S", "orig_pkts": 1, "orig_ip_bytes": 60,
            "resp_pkts": 0, "resp_ip_bytes": 0,
        }, separators=(",", ":"))  # fmt: skip


def _zeek_tabs(chance: random.Random, count: int) -> Iterator[str]:
    names = [
        *("ts", "uid", "id.orig_h", "id.orig_p", "id.resp_h", "id.resp_p", "proto", "service", "duration"),
        "orig_bytes",
        "conn_state",
        "history",
    ]
    yield from ("#separator \\x09", "#set_separator\t,", "#empty_field\t(empty)", "#unset_field\t-", "#path\tconn", "#fields\t" + "\t".join(names))
    for line in _zeek(chance, count):
        entry = json.loads(line)
        yield "\t".join(f"{entry[name]:.6f}" if name == "ts" else str(entry.get(name, "-")) for name in names)


def _nginx(chance: random.Random, count: int) -> Iterator[str]:
    for number in range(count):
        at, source, _ = _base(chance, number)
        yield json.dumps({
            "time_iso8601": at.strftime("%Y-%m-%dT%H:%M:%S+00:00"), "remote_addr": source, "request": f"GET /page/{number % 977} HTTP/1.1",
            "status": 200, "body_bytes_sent": 512, "http_referer": "-", "http_user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
        })  # fmt: skip


def _tpot(chance: random.Random, count: int) -> Iterator[str]:
    for number in range(count):
        at, source, port = _base(chance, number)
        yield json.dumps({
            "@timestamp": at.strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "type": chance.choice(("Honeytrap", "Dionaea", "Suricata", "P0f")), "src_ip": source,
            "src_port": port, "dest_ip": "198.51.100.1", "dest_port": chance.choice((22, 23, 80, 445)), "proto": "tcp",
            "t-pot_ip_ext": "198.51.100.1",
            "t-pot_hostname": "pot", "geoip": {"country_name": "X", "asn": 64500},
        })  # fmt: skip


def _opencanary(chance: random.Random, count: int) -> Iterator[str]:
    for number in range(count):
        at, source, port = _base(chance, number)
        stamp = at.strftime("%Y-%m-%d %H:%M:%S.%f")
        yield json.dumps({
            "dst_host": "10.0.0.4", "dst_port": 22, "local_time": stamp, "local_time_adjusted": stamp, "utc_time": stamp, "logtype": 4002,
            "logdata": {"USERNAME": "root", "PASSWORD": "x", "LOCALVERSION": "SSH-2.0-a", "REMOTEVERSION": "SSH-2.0-Go"}, "node_id": "n",
            "src_host": source, "src_port": port,
        })  # fmt: skip


def _openssh(chance: random.Random, count: int) -> Iterator[str]:
    for number in range(count):
        at, source, port = _base(chance, number)
        yield f"{at:%b %e %H:%M:%S} host sshd[{number % 30000}]: Failed password for root from {source} port {port} ssh2"


def _web(chance: random.Random, count: int) -> Iterator[str]:
    for number in range(count):
        at, source, _ = _base(chance, number)
        yield f'{source} - - [{at:%d/%b/%Y:%H:%M:%S +0000}] "GET /page/{number % 977} HTTP/1.1" 200 512 "-" "Mozilla/5.0 (X11; Linux x86_64)"'


_SSH_LINE = re.compile(r"(\w+ +\d+ [\d:]+) (\S+) sshd\[(\d+)\]: Failed password for (.*) from (\S+) port (\d+) ssh2")
_WEB_LINE = re.compile(r'(\S+) \S+ (\S+) \[([^\]]+)\] "(\S+) (\S+) ([^"]*)" (\d+) (\S+) "([^"]*)" "([^"]*)"')
FORMATS: dict[str, tuple[Callable[[random.Random, int], Iterator[str]], Callable[[str], object]]] = {
    "cowrie": (_cowrie, json.loads),
    "suricata_eve": (_eve, json.loads),
    "zeek JSON": (_zeek, json.loads),
    "nginx_json": (_nginx, json.loads),
    "tpot": (_tpot, json.loads),
    "opencanary": (_opencanary, json.loads),
    "zeek TSV": (_zeek_tabs, lambda line: line.split("\t")),
    "openssh": (_openssh, _SSH_LINE.match),
    "web_access": (_web, _WEB_LINE.match),
}


def _micros(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1_000_000)


def _cowrie_row(line: str) -> object:
    entry = json.loads(line)
    if entry["eventid"] not in ("cowrie.session.connect", "cowrie.login.failed", "cowrie.login.success"):
        return None
    address = socket.inet_pton(socket.AF_INET, entry["src_ip"])
    return (
        _micros(entry["timestamp"]),
        address,
        entry.get("dst_port"),
        entry.get("src_port"),
        entry.get("username"),
        entry.get("password"),
        entry["session"],
    )


def _eve_row(line: str) -> object:
    entry = json.loads(line)
    if entry["event_type"] not in ("flow", "alert", "http"):
        return None
    address = socket.inet_pton(socket.AF_INET, entry["src_ip"])
    http = entry.get("http", {})
    return (
        _micros(entry["timestamp"]),
        address,
        entry["proto"],
        entry.get("dest_port"),
        entry.get("src_port"),
        http.get("url"),
        str(entry["flow_id"]),
    )


def _zeek_row(line: str) -> object:
    entry = json.loads(line)
    address = socket.inet_pton(socket.AF_INET, entry["id.orig_h"])
    at, length = int(entry["ts"] * 1_000_000), int(entry["duration"] * 1_000_000)
    return (at, address, entry["proto"], entry["id.resp_p"], entry["id.orig_p"], entry["uid"], entry["conn_state"], length)


_TO_ROWS: dict[str, Callable[[str], object]] = {"cowrie": _cowrie_row, "suricata_eve": _eve_row, "zeek JSON": _zeek_row}


def _import(path: Path) -> tuple[int, int]:
    """Lines read and rows made."""
    rows = 0

    def deliver(batches: Sequence[tuple[BatchKey, Columns]]) -> list[Receipt]:
        nonlocal rows
        receipts = [Receipt("stored", length(columns)) for _, columns in batches]
        rows += sum(receipt.rows for receipt in receipts)
        return receipts

    report = run_import(
        [path], sensor="bench", options=ReadOptions(ZoneInfo("UTC"), _NEWEST_US), prepare=at_once(deliver), known=lambda sensor, epoch: []
    )
    return report.read, rows


def _loop(path: Path, parse: Callable[[str], object]) -> None:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            parse(line)


def _loop_to_rows(path: Path, parse: Callable[[str], object]) -> list[object]:
    with path.open(encoding="utf-8") as lines:
        return [row for line in lines if (row := parse(line)) is not None]


def _seconds(work: Callable[[], object]) -> float:
    best = float("inf")
    for _ in range(_REPEATS):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return best


def _measure(folder: Path, name: str, lines: int) -> list[str]:
    write, parse = FORMATS[name]
    path = folder / "log"
    path.write_text("\n".join(write(random.Random(SEED), lines)) + "\n", encoding="utf-8")
    read, rows = _import(path)  # also loads what is loaded once
    plain, ours = _seconds(lambda: _loop(path, parse)), _seconds(lambda: _import(path))
    to_rows = _seconds(lambda: _loop_to_rows(path, _TO_ROWS[name])) if name in _TO_ROWS else None
    size = path.stat().st_size // read
    other = (f"{read / to_rows:,.0f}", f"{to_rows / ours:.2f}") if to_rows else ("", "")
    return [name, f"{size}", f"{rows / read:.2f}", f"{read / plain:,.0f}", other[0], f"{read / ours:,.0f}", f"{plain / ours:.2f}", other[1]]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="./run bench importers", description=__doc__)
    parser.add_argument("--lines", type=int, default=100_000)
    parser.add_argument("formats", nargs="*", choices=[*FORMATS, []], default=[])
    chosen = parser.parse_args(arguments)
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    heading("Importers, one core", "msgspec", "numpy", "numba")
    rows = []
    with tempfile.TemporaryDirectory(prefix="teiten-bench-") as folder:
        for name in chosen.formats or FORMATS:
            rows.append(_measure(Path(folder), name, chosen.lines))
    table(["format", "bytes/line", "rows/line", "plain loop lines/s", "loop to rows", "ours lines/s", "ours / plain", "ours / to rows"], rows)
    return 0
