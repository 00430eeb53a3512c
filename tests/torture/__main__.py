# SPDX-License-Identifier: Apache-2.0
"""`python -m tests.torture`: every scenario, a table, and exit code 1 if anything was lost, doubled, altered or unaccounted."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.torture import probing
from tests.torture.scenarios import SCENARIOS, Skip


def main() -> int:
    arguments = argparse.ArgumentParser(prog="torture", description="Faults against real processes; a ledger tells what was lost.")
    arguments.add_argument("scenarios", nargs="*", choices=[[], *SCENARIOS, "probing"], help="default: all")
    arguments.add_argument("--rounds", type=int, default=200)
    arguments.add_argument("--seed", type=int, default=7)
    chosen = arguments.parse_args()
    if chosen.scenarios == ["probing"]:
        return probing.main(seed=chosen.seed)
    print(f"seed {chosen.seed}, rounds {chosen.rounds}, Python {sys.version.split()[0]}")
    print(f"{'scenario':<18}{'emitted':>9}{'stored':>9}{'counted':>9}{'lost':>6}{'dup':>5}{'alt':>5}{'unacc':>7}{'seconds':>9}")
    dirty = 0
    for name in [name for name in chosen.scenarios if name in SCENARIOS] or SCENARIOS:
        began = time.monotonic()
        with tempfile.TemporaryDirectory(prefix="teiten-torture-") as folder:
            try:
                verdict = SCENARIOS[name](Path(folder), chosen.rounds, chosen.seed)
            except Skip as reason:
                print(f"{name:<18}skipped: {reason}")
                continue
        faults = f"{verdict.lost:>6}{verdict.duplicated:>5}{verdict.altered:>5}{verdict.unaccounted:>7}"
        print(f"{name:<18}{verdict.emitted:>9}{verdict.stored:>9}{verdict.counted:>9}{faults}{time.monotonic() - began:>9.1f}", flush=True)
        dirty += not verdict.clean
    return 1 if (probing.main(seed=chosen.seed) if not chosen.scenarios else 0) or dirty else 0


if __name__ == "__main__":
    sys.exit(main())
