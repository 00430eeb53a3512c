# SPDX-License-Identifier: Apache-2.0
"""tshark and dpkt against our reading of the same generated captures, of every link layer: equal packet by packet where they decode (M-13)."""

from __future__ import annotations

import io
import shutil
import socket
import subprocess
from collections import Counter
from pathlib import Path

import dpkt
import pytest

from tests.unit.packets.building import FRAMES, PING, SYN, UDP, every_capture, pcap, record
from tests.unit.packets.engines import TOOLS, fast, run_tool

pytestmark = pytest.mark.clients
FIELDS = (
    "ip.version",
    "ip.src",
    "ip.dst",
    "ipv6.src",
    "ipv6.dst",
    "ip.proto",
    "tcp.dstport",
    "udp.dstport",
    "sctp.dstport",
    "tcp.flags",
    "frame.protocols",
)
# What tshark adds of packets inside packets (quoted by ICMP errors, in tunnels) is not what arrived here: see docs/packets.md.
Row = tuple[bytes, bytes, int, int, int]


def ours(data: bytes) -> Counter[Row]:
    """Packets by (source, destination, protocol, port, flags), where port and flags are known."""
    counted: Counter[Row] = Counter()
    for (_, source, destination, protocol, port, flags, doubt), (packets, *_) in fast(data, False)["flows"].items():
        if not doubt and protocol in (6, 17, 132):
            counted[source, destination, protocol, port, flags] += packets
    return counted


def tshark(path: Path) -> tuple[Counter[Row], int]:
    """And how many packets it leaves at an IPv6 routing header. The first value of each field is the outermost header's; no reassembly,
    so that a first fragment has its port.
    """
    options = ["-o", "ip.defragment:FALSE", "-o", "ipv6.defragment:FALSE", "-o", "tcp.desegment_tcp_streams:FALSE"]
    command = ["tshark", "-n", "-r", str(path), *options, "-T", "fields", "-E", "occurrence=f"]
    done = subprocess.run([*command, *(word for field in FIELDS for word in ("-e", field))], capture_output=True, text=True, check=True, timeout=60)
    counted: Counter[Row] = Counter()
    left = 0
    for line in done.stdout.splitlines():
        _, source4, destination4, source6, destination6, _, tcp, udp, sctp, flags, layers = line.split("\t")
        parts = layers.split(":")
        left += parts[-1] == "ipv6.routing"
        inside = next((part for part in parts if part in ("tcp", "udp", "sctp")), "")
        if parts.count("ip") + parts.count("ipv6") > 1:
            continue
        source, destination = (source4, destination4) if source4 else (source6, destination6)
        if inside and source:
            family = socket.AF_INET if source4 else socket.AF_INET6
            number, port = {"tcp": (6, tcp), "udp": (17, udp), "sctp": (132, sctp)}[inside]
            ends = socket.inet_pton(family, source), socket.inet_pton(family, destination)
            counted[(*ends, number, int(port), int(flags, 16) & 0xFF if flags and number == 6 else 0)] += 1
    return counted, left


CAPTURES = {name: data for name, data in every_capture().items() if name not in ("pcap link 147", "pcap link 7", "pcap link 129")}


@pytest.mark.parametrize("name", CAPTURES)
def test_tshark_counts_the_same_of_every_format_and_link_layer(name: str, tmp_path: Path) -> None:
    if shutil.which("tshark") is None:
        pytest.skip("needs the program tshark")
    path = tmp_path / "some.capture"
    path.write_bytes(CAPTURES[name])
    found, (theirs, _) = ours(CAPTURES[name]), tshark(path)
    untimed = fast(CAPTURES[name], False)["untimed"]  # simple packet blocks: in no minute, so in no flow
    assert found and found <= theirs and (theirs - found).total() == untimed == (name == "pcapng")


def test_tshark_counts_the_same_of_a_telescope(tmp_path: Path) -> None:
    if shutil.which("tshark") is None or not (TOOLS / "gen_telescope.py").exists():
        pytest.skip(f"needs the program tshark, and the generator in {TOOLS} (set TEITEN_SHARED)")
    path = tmp_path / "telescope.pcap"
    run_tool("gen_telescope.py", str(path), "--packets", "20000", "--sources", "3000", "--clean")
    found, (theirs, left) = ours(path.read_bytes()), tshark(path)
    assert theirs <= found and (found - theirs).total() == left <= 10


def test_dpkt_counts_the_same_of_ethernet_frames() -> None:
    """dpkt knows neither MPLS over Ethernet's label, PPPoE nor SNAP as this does; those frames are left out."""
    frames = [frame for frame in FRAMES if frame[12:14] not in (b"\x88\x47", b"\x88\x64", b"\0\x30")]
    data = pcap(b"".join(record(frame) for frame in [*frames, *(bytes(12) + b"\x08\0" + packet for packet in (SYN, UDP, PING))]))
    counted: Counter[Row] = Counter()
    for _, frame in dpkt.pcap.Reader(io.BytesIO(data)):
        packet = dpkt.ethernet.Ethernet(frame).data
        transport = getattr(packet, "data", None)
        if isinstance(transport, dpkt.tcp.TCP | dpkt.udp.UDP | dpkt.sctp.SCTP):
            number = {dpkt.tcp.TCP: 6, dpkt.udp.UDP: 17, dpkt.sctp.SCTP: 132}[type(transport)]
            counted[packet.src, packet.dst, number, transport.dport, getattr(transport, "flags", 0) if number == 6 else 0] += 1
    assert counted == ours(data)
