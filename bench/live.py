# SPDX-License-Identifier: Apache-2.0
"""Live capture over a virtual cable between two network namespaces of our own: packets lost at rising rates, ours, pcapy-ng with dpkt, scapy.

`./run bench live [--packets 300000] [--rates 2000 20000 100000 0] [--ring 64]`; rate 0 is as fast as the sender can (sendmmsg, no queue).
Needs root. `wide`: every SYN from another source, so that each becomes a row of its own on disk; `scan`: 50 sources and ports that repeat.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.packet_peers import used
from bench.tables import SEED, heading, table

HERE, THERE = "192.0.2.1", "192.0.2.2"
_FRAMES, _BATCH = 20_000, 256
_QDISC_BYPASS = 20
_PATIENCE_SECONDS = 120
RECEIVERS = {"ours": "ours: sensor and spool", "pcapy": "pcapy-ng + dpkt", "scapy": "scapy AsyncSniffer"}


def frames(kind: str, mac: bytes) -> list[bytes]:
    """SYN packets to the observed address, by a seed."""
    chance, made = random.Random(SEED), list[bytes]()
    few = [(chance.randbytes(3), chance.randrange(1024, 65_536), chance.choice([22, 23, 445, 3389])) for _ in range(50)]
    for _ in range(_FRAMES):
        source, port, target = (
            chance.choice(few) if kind == "scan" else (chance.randbytes(3), chance.randrange(1024, 65_536), chance.randrange(65_536))
        )
        tcp = struct.pack("!HHIIBBHHH", port, target, chance.getrandbits(32), 0, 0x50, 2, 1024, 0, 0)
        head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 40, 1, 0, 64, 6, 0, b"\x65" + source, socket.inet_aton(HERE))
        made.append(mac + bytes(6) + b"\x08\0" + head + tcp)
    return made


class _Vector(ctypes.Structure):
    _fields_ = (("base", ctypes.c_void_p), ("size", ctypes.c_size_t))


class _Message(ctypes.Structure):  # struct mmsghdr
    _fields_ = (
        ("name", ctypes.c_void_p), ("name_size", ctypes.c_uint32), ("vectors", ctypes.POINTER(_Vector)), ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p), ("control_size", ctypes.c_size_t), ("flags", ctypes.c_int), ("sent", ctypes.c_uint32),
    )  # fmt: skip


def send(link: str, kind: str, mac: str, packets: int, rate: int) -> None:
    """Prints packets and seconds; afterwards says END a few times, for the receivers to stop at."""
    held = [ctypes.create_string_buffer(frame, len(frame)) for frame in frames(kind, bytes.fromhex(mac))]
    vectors = (_Vector * _FRAMES)(*((ctypes.addressof(buffer), len(buffer)) for buffer in held))
    messages = (_Message * _FRAMES)()
    for number, message in enumerate(messages):
        message.vectors, message.vector_count = ctypes.pointer(vectors[number]), 1
    libc = ctypes.CDLL(None, use_errno=True)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
        raw.bind((link, 0))
        raw.setsockopt(263, _QDISC_BYPASS, 1)
        began, sent, at = time.perf_counter(), 0, 0
        while sent < packets:
            count = libc.sendmmsg(raw.fileno(), ctypes.byref(messages[at]), min(_BATCH, _FRAMES - at, packets - sent), 0)
            if count < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            sent, at = sent + count, (at + count) % _FRAMES
            if rate and (early := began + sent / rate - time.perf_counter()) > 0:
                time.sleep(early)
        seconds = time.perf_counter() - began
    print(json.dumps([sent, seconds]), flush=True)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
        for _ in range(40):
            peer.sendto(b"END", (HERE, 9))
            time.sleep(0.05)


# --- receivers: each prints "ready", then (packets seen, packets the kernel dropped, core-seconds)


def receive_ours(link: str, ring: int) -> tuple[int, int]:
    from teiten.clock import system_clock
    from teiten.model import Access, Record
    from teiten.sensors.packet import PacketConfig, PacketSensor
    from teiten.transport.spool import SpoolWriter

    seen, ended = 0, asyncio.Event()
    with tempfile.TemporaryDirectory() as folder, SpoolWriter(Path(folder) / "spool", "bench", "packet", system_clock) as spool:

        def emit(*records: Record) -> None:
            nonlocal seen
            spool.emit(*records)
            for record in records:
                if isinstance(record, Access):
                    seen += record.times if record.kind == "syn" else 0
                    if record.body == b"END":
                        ended.set()

        async def observe() -> int:
            sensor = PacketSensor(PacketConfig(mode="live", interfaces=(link,), ring_mebibytes=ring), emit, system_clock)
            observing = asyncio.create_task(sensor.run())
            print("ready", flush=True)
            await ended.wait()
            dropped = sensor.dropped() + spool.dropped
            observing.cancel()
            return dropped

        dropped = asyncio.run(observe())
        return seen, dropped


def receive_pcapy(link: str, ring: int) -> tuple[int, int]:
    import dpkt
    import pcapy

    capture = pcapy.create(link)
    capture.set_snaplen(128)
    capture.set_promisc(0)
    capture.set_timeout(50)
    capture.set_buffer_size(ring << 20)
    capture.activate()
    print("ready", flush=True)
    counts: dict[tuple[bytes, int, int], int] = {}
    seen = 0
    while True:
        header, data = capture.next()
        if header is None:
            continue
        packet = dpkt.ethernet.Ethernet(data).data
        if isinstance(packet, dpkt.ip.IP) and isinstance(packet.data, dpkt.tcp.TCP):
            key = (packet.src, packet.p, packet.data.dport)
            counts[key] = counts.get(key, 0) + 1
            seen += 1
        elif data.endswith(b"END") or b"END" in data:
            return seen, capture.stats()[1]


def receive_scapy(link: str, _ring: int) -> tuple[int, int]:
    from scapy.all import IP, TCP, UDP, AsyncSniffer

    seen, counts, ended = 0, dict[tuple[str, int], int](), False

    def take(packet: Any) -> None:
        nonlocal seen, ended
        if TCP in packet:
            key = (packet[IP].src, packet[TCP].dport)
            counts[key] = counts.get(key, 0) + 1
            seen += 1
        elif UDP in packet and packet[UDP].dport == 9:
            ended = True

    sniffer = AsyncSniffer(iface=link, store=False, prn=take, stop_filter=lambda _packet: ended, started_callback=lambda: print("ready", flush=True))
    sniffer.start()
    sniffer.join(_PATIENCE_SECONDS)
    return seen, -1  # scapy doesn't tell


@contextmanager
def cable() -> Iterator[tuple[str, str]]:
    """(observed namespace, sending namespace)."""
    here, there = f"teiten-{os.getpid()}-a", f"teiten-{os.getpid()}-b"
    for space in (here, there):
        _ip("netns", "add", space)
    try:
        _ip("link", "add", "seen", "netns", here, "type", "veth", "peer", "name", "far", "netns", there)
        for space, link, address in ((here, "seen", HERE), (there, "far", THERE)):
            _ip("-n", space, "addr", "add", f"{address}/24", "dev", link)
            _ip("-n", space, "link", "set", link, "up")
        yield here, there
    finally:
        for space in (here, there):
            _ip("netns", "del", space)


def _ip(*words: str) -> str:
    return subprocess.run(["ip", *words], check=True, capture_output=True, text=True).stdout


def round_of(receiver: str, kind: str, packets: int, rate: int, ring: int) -> tuple[object, ...]:
    """One row: a receiver on one core, the sender on the other."""
    with cable() as (here, there):
        mac = json.loads(_ip("-n", here, "-j", "link", "show", "seen"))[0]["address"].replace(":", "")
        run = [sys.executable, "-m", "bench.live", "--part"]
        cores = sorted(os.sched_getaffinity(0))
        listening = ["ip", "netns", "exec", here, "taskset", "-c", str(cores[-1]), *run, receiver, "seen", str(ring)]
        with subprocess.Popen(listening, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            try:
                assert process.stdout.readline() == "ready\n"
                sending = ["ip", "netns", "exec", there, "taskset", "-c", str(cores[0]), *run, "send", "far", kind, mac, str(packets), str(rate)]
                sent, seconds = json.loads(subprocess.run(sending, check=True, capture_output=True, text=True, timeout=600).stdout)
                seen, dropped, core_seconds = json.loads(process.communicate(timeout=_PATIENCE_SECONDS)[0])
            except subprocess.TimeoutExpired:
                return RECEIVERS[receiver], kind, f"{sent:,}", f"{sent / seconds:,.0f}", "never saw the end", "", "", ""
            finally:
                process.kill()
    told = "not told" if dropped < 0 else f"{dropped:,}"
    share = f"{(sent - seen) / sent:.2%}"
    return (
        RECEIVERS[receiver],
        kind,
        f"{sent:,}",
        f"{sent / seconds:,.0f}",
        f"{sent - seen:,}",
        share,
        told,
        f"{core_seconds / max(1, seen) * 1e6:.1f}",
    )


def part(words: Sequence[str]) -> int:
    """What the bench runs inside the namespaces."""
    if words[0] == "send":
        send(words[1], words[2], words[3], int(words[4]), int(words[5]))
        return 0
    receive = {"ours": receive_ours, "pcapy": receive_pcapy, "scapy": receive_scapy}[words[0]]
    began = used()
    seen, dropped = receive(words[1], int(words[2]))
    print(json.dumps([seen, dropped, used() - began]), flush=True)
    return 0


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench live", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--packets", type=int, default=300_000)
    parser.add_argument("--rates", type=int, nargs="*", default=[2_000, 20_000, 50_000, 100_000, 0])
    parser.add_argument("--ring", type=int, default=64, help="MiB, of each receiver that lets it be set")
    parser.add_argument("--part", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    if chosen.part:
        return part(chosen.part)
    heading("Live capture over a virtual cable: packets lost", "dpkt")
    if os.geteuid() or shutil.which("ip") is None:
        print("skipped: needs root and the program ip (iproute2)")
        return 0
    there = [name for name, module in (("ours", "teiten"), ("pcapy", "pcapy"), ("scapy", "scapy")) if _has(module)]
    columns = ("receiver", "traffic", "sent", "packets/s", "lost", "of all", "drops told", "µs CPU each")
    rows = []
    for rate in chosen.rates:
        for receiver in there:
            for kind in ("scan", "wide") if receiver == "ours" else ("wide",):
                packets = min(chosen.packets, rate * 5) if rate else chosen.packets
                rows.append(round_of(receiver, kind, packets, rate, chosen.ring))
    table(columns, rows)
    for name in RECEIVERS.keys() - set(there):
        print(f"skipped: {RECEIVERS[name]} is not installed (pip install {name}{'-ng' if name == 'pcapy' else ''})")
    return 0


def _has(module: str) -> bool:
    from importlib.util import find_spec

    return find_spec(module) is not None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
