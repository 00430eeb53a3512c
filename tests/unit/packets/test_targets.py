# SPDX-License-Identifier: Apache-2.0
"""Accesses and exact distinct sources per target, against the reference and the live sensor's rules (M-13, N-04: sources are exact)."""

from __future__ import annotations

import io
from collections import Counter

import pytest

from teiten.packets import captures, pairs, targets, wide_pairs
from teiten.packets.captures import Capture
from teiten.packets.headers import Packet, classify, target_of
from teiten.packets.spilled_runs import SpilledRuns
from teiten.packets.targets import TargetCount, count_targets
from tests.unit.packets.building import SECOND, SOURCE, ethernet, every_capture, ip4, ip6, pcap, record, tcp, udp
from tests.unit.packets.engines import ENGINES, NAMES, slow

engines = pytest.mark.parametrize("compiled", ENGINES, ids=NAMES.get)


def counted(data: bytes, compiled: bool) -> list[TargetCount]:
    return count_targets(Capture(io.BytesIO(data), compiled))


def expected(data: bytes) -> list[TargetCount]:
    accesses: Counter[bytes] = Counter()
    sources: dict[bytes, set[bytes]] = {}
    for (_, source, _, protocol, port, flags, doubt), (packets, *_) in slow(data)["flows"].items():
        packet = Packet(source, b"", protocol, None, None if doubt & 2 else port, None if doubt or protocol != 6 else flags)
        target = target_of(protocol, packet.port)
        if classify(packet)[1] == "access":
            accesses[target] += packets
            sources.setdefault(target, set()).add(source)
    return sorted((TargetCount(target, count, len(sources[target])) for target, count in accesses.items()), key=lambda c: (-c.accesses, c.target))


@engines
@pytest.mark.parametrize("name", ["pcap", "pcap big ns", "pcapng", "pcap link 101"])
def test_every_shape_equals_the_reference(name: str, compiled: bool) -> None:
    data = every_capture()[name]
    assert counted(data, compiled) == expected(data) != []


@engines
def test_all_flags_and_icmp_types_are_classified_like_live_packets(compiled: bool) -> None:
    frames = [ethernet(ip4(6, tcp(1, flags))) for flags in range(256)]
    frames += [ethernet(ip4(1, bytes([kind, 0]) + bytes(6))) for kind in range(256)]
    frames += [ethernet(ip6(58, bytes([kind, 0]) + bytes(6)), b"\x86\xdd") for kind in range(256)]
    frames += [ethernet(ip4(protocol, udp(7))) for protocol in range(256)]
    data = pcap(b"".join(record(frame) for frame in frames))
    assert counted(data, compiled) == expected(data)


def many_sources() -> bytes:
    frames = [ethernet(ip4(6, tcp(k % 3), source=(k % 700).to_bytes(4, "big"))) for k in range(5000)]
    frames += [ethernet(ip6(17, udp(9), source=bytes(14) + (k % 300).to_bytes(2, "big")), b"\x86\xdd") for k in range(900)]
    return pcap(b"".join(record(frame, SECOND + k) for k, frame in enumerate(frames)))


@engines
@pytest.mark.parametrize(("most", "spills"), [(1 << 21, False), (1000, True)])
def test_sources_stay_exact_over_many_runs_in_memory_and_on_disk(compiled: bool, most: int, spills: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where more pairs are distinct than memory may hold, and runs in the file hold the same pairs again."""
    spilled = list[int]()
    for module, name, value in ((pairs, "_RUN", 500), (pairs, "_MOST", most), (wide_pairs, "_MOST", most // 4), (wide_pairs, "_MOST_STEPS", 2)):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(captures, "WINDOW_BYTES", 1 << 14)
    add = SpilledRuns.add
    monkeypatch.setattr(SpilledRuns, "add", lambda runs, rows, cuts: (spilled.append(len(rows)), add(runs, rows, cuts))[1])
    assert counted(many_sources(), compiled) == expected(many_sources())
    assert counted(many_sources(), compiled)[-1] == TargetCount(b"9/udp", 900, 300)
    assert bool(spilled) == spills


@engines
def test_the_most_of_a_tally_are_the_first_of_all(compiled: bool) -> None:
    """Ties at the end are decided by the target, not by its number: 10/tcp comes before 9/tcp."""
    data = pcap(b"".join(record(ethernet(ip4(6, tcp(port)))) for port in (9, 10, 11, 80, 80, 80, 7, 7)))
    tally = targets.tally_targets(Capture(io.BytesIO(data), compiled))
    assert [tally.most(top) for top in (1, 2, 3, 5, 9)] == [counted(data, compiled)[:top] for top in (1, 2, 3, 5, 9)]
    assert [count.target for count in tally.most(3)] == [b"80/tcp", b"7/tcp", b"10/tcp"]


@engines
def test_nothing_but_noise_is_no_target(compiled: bool) -> None:
    assert counted(pcap(record(ethernet(ip4(6, tcp(80, 0x12), source=SOURCE)))), compiled) == []
