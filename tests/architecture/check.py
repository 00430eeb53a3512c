# SPDX-License-Identifier: Apache-2.0
"""`./run check`: format, lint, types, house rules; all of them run, then the first failure's code is returned."""

from __future__ import annotations

import subprocess
import sys

CHECKS = {
    "format": ["ruff", "format", "--check", "-q", "."],
    "lint": ["ruff", "check", "-q", "."],
    "types": ["mypy", "--no-error-summary"],
    "house": ["pytest", "-q", "tests/architecture"],
}


def main() -> int:
    failed = []
    for name, command in CHECKS.items():
        done = subprocess.run([sys.executable, "-m", *command], check=False)
        print(f"{name}: {'ok' if done.returncode == 0 else 'FAILED'}", flush=True)
        if done.returncode:
            failed.append(name)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
