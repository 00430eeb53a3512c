# SPDX-License-Identifier: Apache-2.0
"""Damages captures by a seed and reads them with every engine: `python -m tests.unit.packets.mutations --count 100000`.

What must hold: nothing raises but CaptureError before the first record; every byte is a record's, a header's, a gap's or trailing, and
every packet has an outcome (both checked in engines.fast); compiled, plain and reference readers agree; and the process does not grow.
"""

from __future__ import annotations

import argparse
import random
import resource
import time

from teiten.packets import captures
from teiten.packets.capture_files import CaptureError
from tests.unit.packets.building import every_capture
from tests.unit.packets.engines import ENGINES, fast, slow


def damage(data: bytes, chance: random.Random) -> bytes:
    """One to four of: bytes changed, removed, inserted, repeated, zeroed, cut off."""
    made = bytearray(data)
    for _ in range(chance.randint(1, 4)):
        at, size = chance.randint(0, len(made)), chance.choice([1, 1, 2, 4, 7, 16, 60, 300])
        match chance.randint(0, 6):
            case 0 if at < len(made):
                made[at] ^= 1 << chance.randint(0, 7)
            case 1:
                made[at : at + size] = chance.randbytes(min(size, len(made) - at))
            case 2:
                del made[at : at + size]
            case 3:
                made[at:at] = chance.randbytes(size)
            case 4:
                made[at:at] = bytes(size * 8)
            case 5:
                made[at:at] = made[max(0, at - size) : at]
            case _:
                if chance.random() < 0.3:
                    del made[at:]
    return bytes(made)


def check(data: bytes, chance: random.Random) -> int:
    """Gaps found, or -1 for what is no capture any more. AssertionError if the readers disagree."""
    captures.WINDOW_BYTES = chance.choice([64, 257, 1000, 4096, 1 << 20])
    try:
        answers = [fast(data, compiled) for compiled in ENGINES]
    except CaptureError:
        return -1
    expected = slow(data)
    assert all(answer == expected for answer in answers)
    return len(expected["gaps"])


def run(count: int, seed: int) -> tuple[int, int, int]:
    """(captures with gaps, gaps, no captures) of `count` damaged captures."""
    made, chance, window = list(every_capture().values()), random.Random(seed), captures.WINDOW_BYTES
    gaps = holed = refused = 0
    try:
        for number in range(count):
            data = damage(made[number % len(made)], chance)
            try:
                found = check(data, chance)
            except Exception as error:
                error.add_note(f"seed {seed}, number {number}, bytes {data.hex()}")
                raise
            gaps, holed, refused = gaps + max(found, 0), holed + (found > 0), refused + (found < 0)
    finally:
        captures.WINDOW_BYTES = window
    return holed, gaps, refused


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--count", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    chosen = options.parse_args()
    began = time.perf_counter()
    run(min(chosen.count, 1000), chosen.seed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    holed, gaps, refused = run(chosen.count, chosen.seed)
    took = time.perf_counter() - began
    print(f"{chosen.count} damaged, seed {chosen.seed}: {holed} with gaps ({gaps}), {refused} no capture any more; all readers agree; {took:.0f} s")
    print(f"most memory: {before // 1024} MiB after the first 1,000, {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MiB after all")


if __name__ == "__main__":
    main()
