# SPDX-License-Identifier: Apache-2.0
"""Real captures of other projects: packets, sources, protocols and flags are what independent tools counted (M-13, N-01)."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest

from tests.unit.packets.engines import DATA, ENGINES, NAMES, Answer, fast

FOLDERS = [DATA / "pcap-tcpdump", DATA / "pcap-zeek"]
pytestmark = [pytest.mark.data, pytest.mark.skipif(not FOLDERS[0].is_dir(), reason=f"no real samples in {DATA} (set TEITEN_DATA)")]
PROTOCOLS = {6: "tcp", 17: "udp", 1: "icmp", 58: "icmpv6"}
# Where the makers' tools and we differ: the captured bytes end inside the IP header (19 of 20, 39 of 40, 34 of 40 bytes). They still
# name the source; we count the packet as truncated, because a flow without its destination is none.
_CUT = {"ip_sources": 0, "ip_destinations": 0, "udp": 0, "other_ip": 0, "non_ip": 1}
DIFFERENT = dict.fromkeys(("ipv4_invalid_length.pcap", "ipv6_invalid_length.pcap", "ip6-trunc.pcap"), _CUT)


def counted(answer: Answer) -> dict[str, int]:
    flows = answer["flows"]
    row = dict.fromkeys(("tcp", "udp", "icmp", "icmpv6", "other_ip", "tcp_syn", "tcp_synack", "tcp_rst"), 0)
    syn: set[tuple[bytes, int]] = set()
    for (_, source, _, protocol, port, flags, doubt), (packets, *_) in flows.items():
        row[PROTOCOLS.get(protocol, "other_ip")] += packets
        if protocol == 6 and not doubt:
            row["tcp_syn"] += packets if flags & 0x12 == 2 else 0
            row["tcp_synack"] += packets if flags & 0x12 == 0x12 else 0
            row["tcp_rst"] += packets if flags & 6 == 4 else 0
            syn |= {(source, port)} if flags & 0x12 == 2 else set()
    row |= {"packets": answer["packets"], "non_ip": sum(answer["outcomes"][:4])}
    row |= {"ip_sources": len({key[1] for key in flows}), "ip_destinations": len({key[2] for key in flows})}
    return row | {"tcp_syn_sources": len({source for source, _ in syn}), "tcp_syn_ports": len({port for _, port in syn})}


@pytest.mark.parametrize("compiled", ENGINES, ids=NAMES.get)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_counts_equal_the_table(folder: Path, compiled: bool) -> None:
    wrong: dict[str, Any] = {}
    with (folder / "ground-truth.tsv").open() as table:
        for line in csv.DictReader(table, delimiter="\t"):
            name = line.pop("file")
            found = counted(fast((folder / name).read_bytes(), compiled))
            expected = {key: int(value) for key, value in line.items() if key in found} | DIFFERENT.get(name, {})
            if found != expected:
                wrong[name] = {key: (found[key], expected[key]) for key in found if found[key] != expected[key]}
    assert wrong == {}
