# SPDX-License-Identifier: Apache-2.0
"""Capture file to flowtuples and to sources per port: ours against a C probe and the field's programs, on one pinned core, in core-seconds.

`./run bench packets [--packets 1000000] [--profile wide|sensor] [--core 1] [--keep FILE] [--parts ours probe …] [--growth 1000000 …]`. The
workload comes from the shared generator (TEITEN_SHARED or ../shared/tools) or, without it, from a simpler one here. What is missing is skipped
with its reason.
"""

from __future__ import annotations

import argparse
import io
import os
import random
import resource
import shutil
import struct
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from bench import packet_peers as peers
from bench.packet_peers import TOOLS, Result, timed
from bench.tables import heading, table

# What is compared, by the names of the rows; and the goal.
GOALS = (
    ("ours, flowtuples", "C probe, flow", 0.85),
    ("ours, flowtuples", "tcpdump -w /dev/null", 1.4),
    ("ours, flowtuples to Parquet", "nfpcapd -r", 20),
    ("ours, accesses and sources", "nfpcapd + nfdump", 100),
    ("ours, accesses and sources", "tracereport -p", 9),
    ("ours, accesses and sources", "C probe, port", 0.75),
    ("ours, accesses and sources", "dpkt objects", 200),
    ("ours, accesses and sources", "scapy PcapReader", 1500),
)
CLI_GOAL, MEMORY_GOAL = 6, 256


def make_file(path: Path, packets: int, profile: str) -> str:
    generator = TOOLS / "gen_telescope.py"
    if generator.exists():
        subprocess.run([sys.executable, str(generator), str(path), "--packets", str(packets), "--profile", profile], check=True, capture_output=True)
        return f"{generator.name} --profile {profile}, seed 1"
    path.write_bytes(simple_telescope(packets))
    return f"built-in SYN scan (no {generator}), seed 1"


def simple_telescope(packets: int) -> bytes:
    """SYN packets of 60 bytes to a /16, 4,760 a second, ports and sources with a long tail."""
    chance = np.random.default_rng(1)
    frame = bytes(12) + b"\x08\0\x45\0\0\x28\0\1\0\0\x40\x06\0\0" + bytes(12) + bytes(8) + b"\x50\x02" + bytes(12)
    rows = np.tile(np.frombuffer(bytes(16) + frame[:60].ljust(60, b"\0"), np.uint8), (packets, 1))
    at = np.arange(packets, dtype=np.int64) * 210
    head = np.stack([1_767_225_600 + at // 1_000_000, at % 1_000_000, np.full(packets, 60), np.full(packets, 60)], 1).astype("<u4")
    rows[:, :16] = head.view(np.uint8)
    rows[:, 42:46] = chance.zipf(1.3, packets).astype(np.uint32).astype(">u4").view(np.uint8).reshape(-1, 4)
    rows[:, 46:50] = (0xC6120000 + chance.integers(0, 65536, packets)).astype(">u4").view(np.uint8).reshape(-1, 4)
    rows[:, 52:54] = (chance.zipf(1.2, packets) % 65536).astype(">u2").view(np.uint8).reshape(-1, 2)
    return struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + rows.tobytes()


def read_ours(path: Path, compiled: bool = True) -> str:
    from teiten.packets.capture_files import open_capture
    from teiten.packets.captures import Capture
    from teiten.packets.layout import Count

    capture = Capture(open_capture(path), compiled)
    rows = packets = 0
    for batch in capture.flows():
        if batch is not None:
            rows, packets = rows + len(batch.words), packets + int(batch.packets.sum())
    return f"{rows:,} rows of {packets:,} IP packets, {capture.report[Count.PACKETS]:,} records"


def count_ours(path: Path) -> str:
    from teiten.packets.capture_files import open_capture
    from teiten.packets.captures import Capture
    from teiten.packets.targets import tally_targets

    tally = tally_targets(Capture(open_capture(path), True))
    tally.most(1000)
    return f"{np.count_nonzero(tally.accesses):,} targets, {tally.sources.sum():,} distinct pairs"


def write_ours(path: Path, folder: Path) -> str:
    from teiten.packets.capture_files import open_capture
    from teiten.packets.captures import Capture
    from teiten.packets.flow_files import FlowFiles

    files = FlowFiles(folder)
    for batch in Capture(open_capture(path), True).flows():
        if batch is not None:
            files.write(batch)
    files.close()
    size = sum(file.stat().st_size for file in folder.iterdir())
    shutil.rmtree(folder)
    return f"{files.rows:,} rows, {size / 1e6:.0f} MB, {size / files.rows:.1f} bytes a row"


def in_process(path: Path, packets: int, folder: Path) -> Iterator[Result]:
    read_ours(path)  # load the compiled code
    count_ours(path)
    yield Result("ours, flowtuples", packets, *timed(lambda: read_ours(path), 5))
    yield Result("ours, accesses and sources", packets, *timed(lambda: count_ours(path), 5))
    yield Result("ours, flowtuples to Parquet", packets, *timed(lambda: write_ours(path, folder / "flows"), 3))


def whole_command(path: Path, packets: int, environment: dict[str, str], name: str, repeats: int, *options: str) -> Result:
    """`teiten capture`, from start to end."""
    # VmHWM, because ru_maxrss of a child starts with what its parent had.
    code = (
        "import sys\nfrom pathlib import Path\nfrom teiten.cli.main import app\ntry:\n app()\nfinally:\n"
        " print(int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]) // 1024)"
    )

    def run() -> str:
        command = [sys.executable, "-c", code, "capture", str(path), "--top", "1", *options]
        if options:
            shutil.rmtree(options[-1], ignore_errors=True)
        # With byte code kept, as an installation has it: without, a second of each start is compiling Python.
        keeping = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env={**keeping, **environment})
        return f"at most {done.stdout.split()[-1]} MiB"

    return Result(name, packets, *timed(run, repeats, resource.RUSAGE_CHILDREN))


def with_holes(path: Path, holes: int = 300) -> str:
    """What is read of the capture after bytes were overwritten, removed and inserted at places chosen by a seed."""
    from teiten.packets.captures import Capture
    from teiten.packets.layout import Count

    data, chance = path.read_bytes(), random.Random(1)
    whole = Capture(io.BytesIO(data), True)
    list(whole.flows())
    parts, begin = list[bytes](), 0
    for number, at in enumerate(sorted(chance.sample(range(1000, len(data) - 1000), holes))):
        size = chance.randint(20, 200)
        parts += [data[begin:at], b"" if number % 3 == 0 else chance.randbytes(size)]
        begin = at + size * (number % 3 < 2)
    damaged = Capture(io.BytesIO(b"".join([*parts, data[begin:]])), True)
    for _ in damaged.flows():
        pass
    report, found, wanted = damaged.report, damaged.report[Count.PACKETS], whole.report[Count.PACKETS]
    return f"{holes} holes: {found:,} of {wanted:,} packets read ({found / wanted:.3%}), {report.gap_count} gaps of {report.gap_bytes:,} bytes"


def show(results: Iterable[Result]) -> list[Result]:
    """Row by row, as they are measured: a run that is cut off keeps what it had."""
    print(f"| {'row':<34} | {'packets':>11} | {'core s':>7} | {'M/core-s':>8} | |\n|---|--:|--:|--:|---|")
    shown = []
    for result in results:
        print(f"| {result.name:<34} | {result.packets:>11,} | {result.core_seconds:>7.3f} | {result.rate:>8.3f} | {result.note} |", flush=True)
        shown.append(result)
    return shown


def ratios(results: list[Result]) -> None:
    rates = {result.name: result.rate for result in results}
    rows = [(f"{ours} / {peer}", f"{rates[ours] / rates[peer]:.2f}x", f"{goal}x") for ours, peer, goal in GOALS if peer in rates and ours in rates]
    rows += [(name, f"{rate:.1f} M/s", f"{CLI_GOAL} M/s") for name, rate in rates.items() if name.startswith("teiten capture")]
    table(("goal", "measured", "wanted"), rows)


def growth(sizes: list[int], profile: str, folder: Path) -> Iterator[Result]:
    """The same questions about longer and longer files: time in proportion, memory flat."""
    for packets in sizes:
        path = folder / f"growth-{packets}.pcap"
        make_file(path, packets, profile)
        yield from whole_commands(path, packets, folder, 1)
        path.unlink()


def whole_commands(path: Path, packets: int, folder: Path, repeats: int) -> Iterator[Result]:
    yield whole_command(path, packets, {}, "teiten capture", repeats)
    yield whole_command(path, packets, {}, "teiten capture --flows", repeats, "--flows", str(folder / "written"))


def ours(path: Path, packets: int, folder: Path) -> Iterator[Result]:
    yield from in_process(path, packets, folder)
    yield from whole_commands(path, packets, folder, 3)
    if packets <= 1_000_000:
        yield whole_command(path, packets, {"TEITEN_NO_NUMBA": "1"}, "the same without numba", 1)


Peer = Callable[[Path, int, Path], list[Result] | str]
PEERS: dict[str, Peer] = {
    "probe": peers.probe, "tcpdump": peers.tcpdump, "tracereport": peers.tracereport, "dpkt": peers.dpkt, "scapy": peers.scapy,
    "nfdump": peers.nfdump,
}  # fmt: skip


def measure(path: Path, packets: int, folder: Path, parts: Sequence[str], skipped: list[str]) -> Iterator[Result]:
    if "ours" in parts:
        yield from ours(path, packets, folder)
    for name, peer in PEERS.items():
        if name in parts:
            found = peer(path, packets, folder)
            if isinstance(found, str):
                skipped.append(found)
            else:
                yield from found


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--packets", type=int, default=1_000_000)
    options.add_argument("--profile", choices=["wide", "sensor"], default="wide")
    options.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options.add_argument("--keep", type=Path, help="use this capture, or make it there and keep it")
    options.add_argument("--folder", type=Path, help="where files are made for the time of the run (default: the system's)")
    options.add_argument("--parts", nargs="*", choices=["ours", *PEERS], default=["ours", *PEERS], help="what is measured (default: all)")
    options.add_argument("--growth", type=int, nargs="*", default=[], help="lengths in packets to follow time and memory over")
    chosen = options.parse_args(arguments)
    os.sched_setaffinity(0, {chosen.core})
    heading("Capture files to flowtuples, one core", "numpy", "numba", "duckdb", "dpkt")
    with tempfile.TemporaryDirectory(prefix="teiten-bench-", dir=chosen.folder) as name:
        folder = Path(name)
        path = chosen.keep or folder / "telescope.pcap"
        workload = "kept file" if path.exists() else make_file(path, chosen.packets, chosen.profile)
        print(f"workload: {workload}; {path.stat().st_size / 1e6:.0f} MB; core {chosen.core}\n", flush=True)
        skipped: list[str] = []
        ratios(show(measure(path, chosen.packets, folder, chosen.parts, skipped)))
        if chosen.packets <= 1_000_000:
            print(with_holes(path))
        if chosen.growth:
            show(growth(chosen.growth, chosen.profile, folder))
        for reason in skipped:
            print(f"skipped: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
