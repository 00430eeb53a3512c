# SPDX-License-Identifier: Apache-2.0
"""What is done to the processes. Each scenario returns the checker's verdict; random choices come from a printed seed."""

from __future__ import annotations

import contextlib
import random
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from teiten.transport import kept, segments
from tests.torture.checker import Verdict, check
from tests.torture.generator import read_ledger
from tests.torture.mutate_importers import run
from tests.torture.processes import Site, end, kill, wait_for
from tests.torture.web import kill_the_web_sensor


class Skip(Exception):
    """This machine lacks what the scenario needs; the reason is printed."""


def kill_at_random_points(folder: Path, rounds: int, seed: int) -> Verdict:
    """F1: generator or centre or both die by SIGKILL, in every phase of their lives, and are started again. Sealing goes on all the time."""
    site, chance = Site(folder), random.Random(seed)
    generator, centre = site.start_generator(), site.start_centre()
    for _ in range(rounds):
        time.sleep(chance.random() ** 2 * 1.2)  # short and long lives: in start-up, recovery, work
        victims = chance.choice(["generator", "centre", "centre", "both"])
        if victims != "centre":
            kill(generator)
        if victims != "generator":
            kill(centre)
        if victims != "centre":
            generator = site.start_generator()
        if victims != "generator":
            centre = site.start_centre()
    wait_for(lambda: len(read_ledger(site.ledger)[1]) > site.first + 200, "a last life of the generator")
    end(generator, site.folder / "log")
    end(centre, site.folder / "log")
    return _finish(site)


def kill_on_the_remote_way(folder: Path, rounds: int, seed: int) -> Verdict:
    """F1 with a shipper between: sensor, shipper and centre are three processes, answers get lost with each kill of a centre."""
    site, chance = Site(folder), random.Random(seed)
    site.remote = True
    start = {"generator": site.start_generator, "shipper": site.start_shipper, "centre": site.start_centre}
    running = {name: begin() for name, begin in start.items()}
    for _ in range(rounds // 2):
        time.sleep(chance.random() ** 2 * 1.2)
        for victim in chance.sample(list(start), chance.choice([1, 1, 2, 3])):
            kill(running[victim])
            running[victim] = start[victim]()
    wait_for(lambda: len(read_ledger(site.ledger)[1]) > site.first + 200, "a last life of the generator")
    for process in running.values():
        end(process, site.folder / "log")
    return _finish(site)


def repeated_and_out_of_order(folder: Path, rounds: int, seed: int) -> Verdict:
    """F8: every batch three times within a shuffled window; then all that is kept once more, into a store that was closed and sealed."""
    site = Site(folder)
    site.repeat = True
    generator, centre = site.start_generator(20 * rounds + 2000), site.start_centre()
    generator.wait()
    wait_for(lambda: not segments.sealed(site.spool), "delivery")
    end(centre, site.folder / "log")
    kept.rewind(site.spool)
    return _finish(site)


def collector_disk_lost(folder: Path, rounds: int, seed: int) -> Verdict:
    """F13: the store is gone; a new one gets everything again from what the sensor kept."""
    site = Site(folder)
    generator = site.start_generator(20 * rounds + 2000)
    generator.wait()
    site.drain()
    site.store.rename(folder / "lost")
    kept.rewind(site.spool)
    return _finish(site)


def damaged_segments(folder: Path, rounds: int, seed: int) -> Verdict:
    """F6: bits flipped in and tails cut off sealed segments; what the damage hit is counted, all else arrives unaltered."""
    site, chance = Site(folder), random.Random(seed)
    site.start_generator(20 * rounds + 2000).wait()
    for segment in segments.sealed(site.spool):
        data = bytearray(segment.path.read_bytes())
        for _ in range(chance.randrange(4)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        if chance.random() < 0.3:
            del data[chance.randrange(len(data)) :]
        segment.path.write_bytes(data)
    return _finish(site, slack=2)


def full_spool_disk(folder: Path, rounds: int, seed: int) -> Verdict:
    """F4: the sensor's disk fills while nothing is taken away, is killed full, comes back, and resumes when there is room."""
    with _small_disk(folder, "2m") as spool:
        site = Site(folder, spool=spool / "spool")
        _fill_until_dropping(site)
        kill_after = site.start_generator()
        wait_for(lambda: len(read_ledger(site.ledger)[1]) > site.first + 200, "drops on a full disk")
        kill(kill_after)
        generator, centre = site.start_generator(), site.start_centre()
        resumed = site.first
        wait_for(lambda: len(segments.sealed(site.spool)) < 3 and len(read_ledger(site.ledger)[1]) > resumed + 500, "room again")
        end(generator, site.folder / "log")
        end(centre, site.folder / "log")
        return _finish(site)


def full_spool_quota(folder: Path, rounds: int, seed: int) -> Verdict:
    """The same by the spool's own quota, and killed while dropping."""
    site = Site(folder)
    site.quota_bytes = 1 << 20
    _fill_until_dropping(site)
    site.drain()
    generator, centre = site.start_generator(3000), site.start_centre()
    generator.wait()
    end(centre, site.folder / "log")
    return _finish(site)


def full_store_disk(folder: Path, rounds: int, seed: int) -> Verdict:
    """F4: the centre's disk fills; nothing is acknowledged that is not stored, and it goes on when there is room."""
    with _small_disk(folder, "24m") as disk:
        ballast = disk / "ballast"
        site = Site(folder, store=disk / "store")
        centre = site.start_centre()
        wait_for(lambda: (site.store / "teiten.duckdb").exists(), "the store")
        _write_until_full(ballast)
        generator = site.start_generator(20 * rounds + 4000)
        generator.wait()
        time.sleep(1.0)  # let it fail a while
        ballast.unlink()
        wait_for(lambda: centre.poll() is not None or not segments.sealed(site.spool), "delivery")
        if centre.poll() is None:
            end(centre, site.folder / "log")
        return _finish(site)


def mutated_logs(folder: Path, rounds: int, seed: int) -> Verdict:
    """500 mutated lines a round over all importers, half with care and half by columns; unaccounted are bytes that are in no record."""
    totals = [run(folder, 250 * rounds, seed + way, by_columns=bool(way)) for way in (0, 1)]
    outcomes = [outcome for outcome, _ in totals]
    records, taken, stray = (sum(getattr(outcome, name) for outcome in outcomes) for name in ("records", "taken", "stray"))
    told = sum(outcome.other + outcome.rejected for outcome in outcomes)
    size, between = (sum(getattr(outcome, name) for outcome in outcomes) for name in ("size", "between"))
    print(f"  {size:,} bytes, of which {between:,} between records; peak of memory {max(peak for _, peak in totals)} MiB")
    return Verdict(records, taken, told, records - taken - told, 0, 0, stray)


SCENARIOS: Final[dict[str, Callable[[Path, int, int], Verdict]]] = {
    "kill": kill_at_random_points,
    "kill-remote": kill_on_the_remote_way,
    "kill-web": kill_the_web_sensor,
    "repeat": repeated_and_out_of_order,
    "disk-lost": collector_disk_lost,
    "damage": damaged_segments,
    "spool-disk-full": full_spool_disk,
    "spool-quota": full_spool_quota,
    "store-disk-full": full_store_disk,
    "mutated-logs": mutated_logs,
}


def _finish(site: Site, slack: int = 0) -> Verdict:
    """A last writer seals what is open and states what was dropped; a last centre takes it; then the books are compared."""
    end(_stopped(site), site.folder / "log")
    site.drain()
    site.close()
    assert not list(site.spool.glob("dead/*")), "a batch was given up"
    return check(site.store, site.ledger, slack)


def _stopped(site: Site) -> subprocess.Popen[bytes]:
    generator = site.start_generator(0)
    generator.wait()
    return generator


def _fill_until_dropping(site: Site) -> None:
    """Emit with no centre until records are dropped, then kill the writer in that state."""
    generator = site.start_generator()
    wait_for(lambda: _dropping(site.spool), "a full spool")
    kill(generator)


def _dropping(spool: Path) -> bool:
    drops = spool / "drops"
    return drops.exists() and drops.read_bytes()[8:9] not in (b"", b"\0", b"\x90")


def _write_until_full(path: Path) -> None:
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(64 << 10))


@contextlib.contextmanager
def _small_disk(folder: Path, size: str) -> Iterator[Path]:
    place = folder / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)], capture_output=True, text=True, check=False)
    if mounted.returncode:
        raise Skip(f"can't mount a small disk: {mounted.stderr.strip()}")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=False)
