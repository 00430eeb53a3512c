# SPDX-License-Identifier: Apache-2.0
"""Capture file to exact flowtuples: ours against a C probe, tcpdump and dpkt, in one run on one pinned core, in core-seconds.

`./run bench packets [--packets 1000000] [--profile wide|sensor] [--core 1] [--keep FILE]`. The workload comes from the shared
generator (TEITEN_SHARED or ../shared/tools) or, without it, from a simpler one here. What is missing is skipped with its reason.
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
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from bench.machine import command, describe

TOOLS = Path(os.environ.get("TEITEN_SHARED", Path(__file__).parents[2] / "shared")) / "tools"
GOALS = {"C probe": (0.6, 0.85), "tcpdump": (1.0, 1.4), "dpkt": (100, 200)}


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
    from teiten.packets.targets import count_targets

    counts = count_targets(Capture(open_capture(path), True))
    return f"{len(counts):,} targets, {sum(count.sources for count in counts):,} distinct pairs"


def read_dpkt(path: Path, most: int) -> str:
    import dpkt

    seen: dict[tuple[int, int], set[bytes]] = {}
    with path.open("rb") as file:
        for number, (_, data) in enumerate(dpkt.pcap.Reader(file)):
            if number == most:
                break
            try:
                packet = dpkt.ethernet.Ethernet(data).data
                port = getattr(packet.data, "dport", 0)
                seen.setdefault((packet.p, port), set()).add(packet.src)
            except (dpkt.dpkt.Error, AttributeError):
                continue
    return f"{len(seen):,} protocol and port pairs"


def in_process(path: Path, packets: int) -> list[Result]:
    read_ours(path)  # load the compiled code
    seconds, said = timed(lambda: read_ours(path), 5)
    results = [Result("ours, in process", packets, seconds, said)]
    count_ours(path)
    seconds, said = timed(lambda: count_ours(path), 3)
    return [*results, Result("ours, accesses and sources", packets, seconds, said)]


def whole_process(path: Path, packets: int, environment: dict[str, str], name: str, repeats: int = 2) -> Result:
    # VmHWM, because ru_maxrss of a child starts with what its parent had.
    code = "import sys; from pathlib import Path; from bench.packets import read_ours; from teiten.packets.captures import use_numba;"
    code += "said = read_ours(Path(sys.argv[1]), use_numba()); status = Path('/proc/self/status').read_text();"
    code += "print(said + ', at most', int(status.split('VmHWM:')[1].split()[0]) // 1024, 'MiB')"

    def run() -> str:
        return subprocess.run(
            [sys.executable, "-c", code, str(path)], check=True, capture_output=True, text=True, env={**os.environ, **environment}
        ).stdout.strip()

    seconds, said = timed(run, repeats, resource.RUSAGE_CHILDREN)
    return Result(name, packets, seconds, said)


def probe(path: Path, packets: int, folder: Path) -> list[Result] | str:
    source = TOOLS / "pktlimit.c"
    if not source.exists():
        return f"C probe: no {source} (set TEITEN_SHARED)"
    if shutil.which("gcc") is None:
        return "C probe: gcc is not installed"
    program = folder / "pktlimit"
    subprocess.run(["gcc", "-O3", "-march=native", "-w", "-o", str(program), str(source)], check=True)
    results = []
    for mode in ("walk", "cols", "flow"):

        def run(mode: str = mode) -> str:
            return subprocess.run([str(program), str(path), mode, "read"], check=True, capture_output=True, text=True).stderr.split("|")[0].strip()

        seconds, said = timed(run, 5, resource.RUSAGE_CHILDREN)
        results.append(Result(f"C probe, {mode}", packets, seconds, said))
    return results


def tcpdump(path: Path, packets: int) -> list[Result] | str:
    if shutil.which("tcpdump") is None:
        return "tcpdump: not installed (apt-get install -y tcpdump)"

    def run() -> str:
        subprocess.run(["tcpdump", "-r", str(path), "-w", "/dev/null"], check=True, capture_output=True)
        return "copies records, decodes nothing"

    return [Result("tcpdump -w /dev/null", packets, timed(run, 3, resource.RUSAGE_CHILDREN)[0], run())]


def dpkt(path: Path, packets: int) -> list[Result] | str:
    try:
        import dpkt  # noqa: F401
    except ImportError:
        return "dpkt: not installed"
    most = min(packets, 100_000)
    seconds, said = timed(lambda: read_dpkt(path, most), 1)
    return [Result("dpkt objects", most, seconds, said)]


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


def show(results: list[Result]) -> None:
    print(f"{'':34}{'packets':>12}{'core s':>10}{'M/core-s':>10}")
    for result in results:
        print(f"{result.name:34}{result.packets:12,}{result.core_seconds:10.3f}{result.rate:10.2f}  {result.note}")


def ratios(results: list[Result]) -> None:
    by_name = {result.name: result.rate for result in results}
    ours, whole = by_name["ours, in process"], by_name["ours, whole process, warm cache"]
    counting = by_name["ours, accesses and sources"]
    print()
    for what, rate, name, goal in (
        ("flowtuple", ours, "C probe, flow", GOALS["C probe"]),
        ("flowtuple", ours, "tcpdump -w /dev/null", GOALS["tcpdump"]),
        ("accesses and sources", counting, "dpkt objects", GOALS["dpkt"]),
    ):
        if name in by_name:
            print(f"{what} against {name}: {rate / by_name[name]:.2f}x   (bar {goal[0]}x, stretch {goal[1]}x)")
    print(f"whole process: {whole:.1f} M packets a core-second (bar 6 at 10 M packets, stretch 10)")


def main(arguments: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--packets", type=int, default=1_000_000)
    options.add_argument("--profile", choices=["wide", "sensor"], default="wide")
    options.add_argument("--core", type=int, default=max(os.sched_getaffinity(0)))
    options.add_argument("--keep", type=Path, help="use this capture, or make it there and keep it")
    chosen = options.parse_args(arguments)
    os.sched_setaffinity(0, {chosen.core})
    print(command() if arguments is not None else "python -m bench.packets " + " ".join(sys.argv[1:]))
    print(describe("numpy", "numba", "dpkt"))
    with tempfile.TemporaryDirectory(prefix="teiten-bench-") as name:
        folder = Path(name)
        path = chosen.keep or folder / "telescope.pcap"
        began = time.perf_counter()
        workload = "kept file" if path.exists() else make_file(path, chosen.packets, chosen.profile)
        print(f"workload: {workload}; {path.stat().st_size / 1e6:.0f} MB, made in {time.perf_counter() - began:.0f} s; core {chosen.core}\n")
        results = in_process(path, chosen.packets)
        results.append(whole_process(path, chosen.packets, {}, "ours, whole process, warm cache"))
        if chosen.packets <= 1_000_000:
            results.append(whole_process(path, chosen.packets, {"TEITEN_NO_NUMBA": "1"}, "ours without numba", 1))
        skipped = []
        for peer in (lambda: probe(path, chosen.packets, folder), lambda: tcpdump(path, chosen.packets), lambda: dpkt(path, chosen.packets)):
            found = peer()
            (skipped.append if isinstance(found, str) else results.extend)(found)  # type: ignore[arg-type]
        show(results)
        if chosen.packets <= 1_000_000:
            print(with_holes(path))
        ratios(results)
        for reason in skipped:
            print(f"skipped: {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
