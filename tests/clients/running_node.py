# SPDX-License-Identifier: Apache-2.0
"""A whole Teiten (`teiten up`) in its own folder on free ports, as a user runs it, and questions asked with the command line."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

QUESTION_SECONDS = 5.0  # issue: what a client did is found by a question within five seconds


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningNode:
    def __init__(self, home: Path, ports: dict[str, int]) -> None:
        self.home, self.ports = home, ports

    def teiten(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, "-m", "teiten", "--home", str(self.home), *arguments], capture_output=True, text=True, timeout=60)

    def count(self, *arguments: str) -> Any:
        done = self.teiten("count", "--format", "json", *arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def count_until(self, accepts: Any, *arguments: str) -> Any:
        """Ask until the answer is accepted, at most five seconds."""
        deadline = time.monotonic() + QUESTION_SECONDS
        while True:
            answer = self.count(*arguments)
            if accepts(answer) or time.monotonic() > deadline:
                return answer


UNLIMITED = "[sensors.{}.limits]\nnew_per_minute = 1000000\nopen_per_source = 1000\nopen_per_network = 1000\n"


def write_settings(home: Path, ports: dict[str, int], packet: str, zone: str, first: str, site: str, more: str) -> None:
    home.mkdir(parents=True, exist_ok=True)
    home.joinpath("teiten.toml").write_text(
        f"""
zone = "{zone}"
{first}
[site]
port = {ports["site"]}
{site}
[sensors.web]
port = {ports["web"]}
[sensors.ssh]
port = {ports["ssh"]}
[sensors.mail]
port = {ports["mail"]}
[sensors.packet]
{packet}
{more}
""",
        encoding="utf-8",
    )


@contextmanager
def running_node(
    home: Path, packet: str = 'mode = "listen"\ntcp_ports = []\nudp_ports = []', *, zone: str = "UTC", first: str = "", site: str = "", more: str = ""
) -> Iterator[RunningNode]:
    """`first` and `more` are put before and after the settings, `site` into those of the site."""
    ports = {name: free_port() for name in ("site", "web", "ssh", "mail")}
    write_settings(home, ports, packet, zone, first, site, more)
    command = [sys.executable, "-m", "teiten", "--home", str(home), "up"]
    with (home / "output.txt").open("wb") as output:
        node = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env={**os.environ, "PYTHONUNBUFFERED": "1"})
        try:
            for port in ports.values():
                _wait_for(port, node, home)
            yield RunningNode(home, ports)
        finally:
            node.terminate()
            node.wait(timeout=20)


def _wait_for(port: int, node: subprocess.Popen[bytes], home: Path) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert node.poll() is None, (home / "output.txt").read_text()
        time.sleep(0.05)  # polling another process, not synchronising a test with itself
    raise AssertionError(f"nothing listens on {port}: " + (home / "output.txt").read_text())
