# SPDX-License-Identifier: Apache-2.0
"""Cowrie from the package index as a peer: in its own environment (`.venv-bench`, never tracked), under its own user, with its defaults."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.processes import ROOT, Process, running

VERSION = "3.1.4"
_HOME = ROOT / ".venv-bench"
_ENVIRONMENT = _HOME / "cowrie"
_NOBODY = 65_534  # Cowrie refuses to run as root


class Unavailable(Exception):
    """It can't be installed or started here; the message says why."""


def install() -> None:
    """Once; later calls find it there."""
    if (_ENVIRONMENT / "bin" / "twistd").exists():
        return
    print(f"installing Cowrie {VERSION} into {_ENVIRONMENT.relative_to(ROOT)} (once) …", file=sys.stderr)
    _HOME.mkdir(exist_ok=True)
    (_HOME / ".gitignore").write_text("*\n")
    try:
        venv.create(_ENVIRONMENT, with_pip=True)
        pip = [str(_ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", f"cowrie=={VERSION}"]
        subprocess.run(pip, check=True, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        shutil.rmtree(_ENVIRONMENT, ignore_errors=True)
        said = getattr(error, "stderr", "") or str(error)
        raise Unavailable(f"can't be installed: {str(said).strip().splitlines()[-1] if said else error}") from error


@contextmanager
def serving(folder: Path, port: int) -> Iterator[Process]:
    """Cowrie with its defaults (its JSON log too); the pair root/root is one that its default list refuses. Raises Unavailable."""
    install()
    for place in ("etc", "var/log/cowrie", "var/lib/cowrie/downloads", "var/lib/cowrie/tty", "var/run"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    (folder / "etc" / "cowrie.cfg").write_text(f"[ssh]\nlisten_endpoints = tcp:{port}:interface=127.0.0.1\n")
    command = [
        *_as_nobody(folder),
        str(_ENVIRONMENT / "bin" / "twistd"),
        "--umask=0022",
        "--nodaemon",
        "--pidfile=",
        "--logger",
        "cowrie.python.logfile.logger",
        "cowrie",
    ]
    try:
        with running(command, folder / "output.txt", [port], cwd=folder, env=_environment(folder)) as process:
            yield process
    except (OSError, RuntimeError) as error:
        raise Unavailable(f"can't be started: {error}") from error


def _environment(folder: Path) -> dict[str, str]:
    return {"PATH": f"{_ENVIRONMENT / 'bin'}:{os.environ['PATH']}", "HOME": str(folder), "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


def _as_nobody(folder: Path) -> list[str]:
    """What goes before the command when we are root. The right to read goes along, for an interpreter that lies in root's home."""
    if os.geteuid() != 0:
        return []
    for place in (folder, *folder.rglob("*")):
        os.chown(place, _NOBODY, _NOBODY)
    folder.parent.chmod(0o711)
    reads = "+dac_read_search"
    return ["setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups", f"--inh-caps={reads}", f"--ambient-caps={reads}"]
