# SPDX-License-Identifier: Apache-2.0
"""nfdump's own binary files (nfcapd.*), read by the `nfdump` program where it is installed: fixed arguments, no shell, a deadline.

Its output is the JSON that the importer `nfdump` reads. Never used by a sensor; nothing in a file can name a command.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from typing import IO

MAGIC = (b"\x0c\xa5\x01\x00", b"\x0c\xa5\x02\x00", b"\xa5\x0c\x00\x01", b"\xa5\x0c\x00\x02")
"""The magic number and the layout version, in both byte orders."""
DEADLINE_SECONDS = 3600.0


class NotConverted(Exception):
    """Why, in words for the report."""


def as_json(path: str, zone_name: str) -> IO[bytes]:
    """nfdump's JSON of the file at `path`, in a nameless file, its times in `zone_name` (it writes them without an offset)."""
    program = shutil.which("nfdump")
    if program is None:
        raise NotConverted("a binary file of nfdump, and the program nfdump is not installed (apt-get install nfdump)")
    output = tempfile.TemporaryFile(prefix="teiten-import-")  # noqa: SIM115 (closed by whoever reads it)
    environment = {"TZ": zone_name, "PATH": os.defpath, "LC_ALL": "C"}
    try:
        done = subprocess.run(  # noqa: S603 (fixed arguments; the path is one of them, behind its option)
            [program, "-r", os.path.abspath(path), "-o", "json"],  # noqa: PTH100 (so that a name never looks like an option)
            stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE, env=environment, timeout=DEADLINE_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired) as error:
        output.close()
        raise NotConverted(f"nfdump did not finish: {error}") from None
    if done.returncode != 0:
        output.close()
        raise NotConverted(f"nfdump says: {done.stderr[:200].decode('utf-8', 'replace').strip() or done.returncode}")
    output.seek(0)
    return output
