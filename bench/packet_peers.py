# SPDX-License-Identifier: Apache-2.0
"""The programs and libraries that ours is compared with on one capture: each answers with its results, or with the reason why it is not here."""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

TOOLS = Path(os.environ.get("TEITEN_SHARED", Path(__file__).parents[2] / "shared")) / "tools"
_LOOP_PACKETS = {"dpkt": 100_000, "scapy": 20_000}  # of the file's beginning; start-up is not in


class Result(NamedTuple):
    name: str
    packets: int
    core_seconds: float
    note: str = ""

    @property
    def rate(self) -> float:
        return self.packets / self.core_seconds / 1e6


def used(who: int = resource.RUSAGE_SELF) -> float:
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def timed(run: Callable[[], str], repeats: int, who: int = resource.RUSAGE_SELF) -> tuple[float, str]:
    """Least core-seconds of some repeats, and what the last one said."""
    best, said = float("inf"), ""
    for _ in range(repeats):
        before = used(who)
        said = run()
        best = min(best, used(who) - before)
    return best, said


def program(name: str, command: Sequence[str], packets: int, repeats: int, note: str, package: str = "") -> list[Result] | str:
    """Core-seconds of a program that ends by itself."""
    if shutil.which(command[0]) is None:
        return f"{name}: {command[0]} is not installed (apt-get install -y {package or command[0]})"

    def run() -> str:
        subprocess.run(command, check=True, capture_output=True)
        return note

    return [Result(name, packets, *timed(run, repeats, resource.RUSAGE_CHILDREN))]


def probe(path: Path, packets: int, folder: Path) -> list[Result] | str:
    source = TOOLS / "pktlimit.c"
    if not source.exists():
        return f"C probe: no {source} (set TEITEN_SHARED)"
    if shutil.which("gcc") is None:
        return "C probe: gcc is not installed"
    compiled = folder / "pktlimit"
    subprocess.run(["gcc", "-O3", "-march=native", "-w", "-o", str(compiled), str(source)], check=True)
    results = []
    for mode in ("walk", "cols", "port", "flow"):

        def run(mode: str = mode) -> str:
            return subprocess.run([str(compiled), str(path), mode, "read"], check=True, capture_output=True, text=True).stderr.split("|")[0].strip()

        results.append(Result(f"C probe, {mode}", packets, *timed(run, 5, resource.RUSAGE_CHILDREN)))
    return results


def tcpdump(path: Path, packets: int, _folder: Path) -> list[Result] | str:
    return program("tcpdump -w /dev/null", ["tcpdump", "-r", str(path), "-w", "/dev/null"], packets, 3, "copies records, decodes nothing")


def tracereport(path: Path, packets: int, folder: Path) -> list[Result] | str:
    """Writes its tables into the current folder."""
    if shutil.which("tracereport") is None:
        return "tracereport: not installed (apt-get install -y libtrace-tools)"

    def run() -> str:
        subprocess.run(["tracereport", "-p", f"pcapfile:{path}"], check=True, capture_output=True, cwd=folder)
        return "packets and bytes per port, no sources"

    return [Result("tracereport -p", packets, *timed(run, 1, resource.RUSAGE_CHILDREN))]


def nfdump(path: Path, packets: int, folder: Path) -> list[Result] | str:
    """Flows to disk, then accesses and sources per protocol and port: the field's usual way."""
    if shutil.which("nfpcapd") is None or shutil.which("nfdump") is None:
        return "nfpcapd, nfdump: not installed (apt-get install -y nfdump; nfpcapd is in Debian 12's package)"
    flows = folder / "nfcapd"
    flows.mkdir()
    made = program("nfpcapd -r", ["nfpcapd", "-r", str(path), "-l", str(flows)], packets, 1, "flows to disk")
    assert not isinstance(made, str)
    command = ["nfdump", "-q", "-R", str(flows), "-A", "proto,dstport,srcip", "-o", "fmt:%pr %dp %sa %pkt"]
    asked = program("nfdump -A proto,dstport,srcip", command, packets, 1, "over those flows")
    assert not isinstance(asked, str)
    size = sum(file.stat().st_size for file in flows.rglob("*") if file.is_file())
    both = Result("nfpcapd + nfdump", packets, made[0].core_seconds + asked[0].core_seconds, f"{size / 1e6:.0f} MB of flows")
    return [*made, *asked, both]


def dpkt(path: Path, _packets: int, _folder: Path) -> list[Result] | str:
    return _loop("dpkt", "dpkt objects", path)


def scapy(path: Path, _packets: int, _folder: Path) -> list[Result] | str:
    return _loop("scapy", "scapy PcapReader", path)


def _loop(module: str, name: str, path: Path) -> list[Result] | str:
    """Runs the loop below in a process of its own, so that scapy's import changes nothing here."""
    done = subprocess.run([sys.executable, "-m", "bench.packet_peers", module, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        return f"{name}: {done.stderr.strip().splitlines()[-1]}"
    packets, seconds, pairs = done.stdout.split()
    return [Result(name, int(packets), float(seconds), f"{pairs} protocol, port and source")]


def _dpkt_loop(path: str, most: int) -> tuple[int, int]:
    import dpkt

    seen: set[tuple[int, int, bytes]] = set()
    number = 0
    with Path(path).open("rb") as file:
        for number, (_, data) in enumerate(dpkt.pcap.Reader(file), 1):
            try:
                packet = dpkt.ethernet.Ethernet(data).data
                seen.add((packet.p, getattr(packet.data, "dport", 0), packet.src))
            except (dpkt.dpkt.Error, AttributeError):
                pass
            if number == most:
                break
    return number, len(seen)


def _scapy_loop(path: str, most: int) -> tuple[int, int]:
    from scapy.all import IP, PcapReader

    seen: set[tuple[int, int, str]] = set()
    number = 0
    for number, packet in enumerate(PcapReader(path), 1):
        if IP in packet:
            seen.add((packet[IP].proto, getattr(packet[IP].payload, "dport", 0) or 0, packet[IP].src))
        if number == most:
            break
    return number, len(seen)


if __name__ == "__main__":
    loop = {"dpkt": _dpkt_loop, "scapy": _scapy_loop}[sys.argv[1]]
    loop(sys.argv[2], 1)
    began = used()
    counted, pairs = loop(sys.argv[2], _LOOP_PACKETS[sys.argv[1]])
    print(counted, used() - began, pairs)
