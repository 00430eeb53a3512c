# SPDX-License-Identifier: Apache-2.0
"""Real requests against the real web sensor while it is killed: whatever was answered is in the store, once, with the bytes that were sent."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from teiten.home import Home
from teiten.store.node import NodeStore
from tests.torture.centre import ZONE
from tests.torture.checker import Verdict
from tests.torture.generator import ENTRY, read_ledger
from tests.torture.processes import Site, end, kill, wait_for

_SETTINGS = """
sensor = "s1"
[sensors.web]
host = "127.0.0.1"
ipv6 = false
port = {port}
[sensors.web.limits]
new_per_minute = 1000000
"""


class Client(threading.Thread):
    """Sends numbered requests one after the other; `d` in the ledger means that the answer came."""

    def __init__(self, port: int, ledger: Path) -> None:
        super().__init__(daemon=True)
        self._port = port
        self._ledger = ledger
        self._stopping = threading.Event()
        self.answered = 0

    def run(self) -> None:
        number = 0
        with self._ledger.open("ab", buffering=0) as ledger:
            while not self._stopping.is_set():
                try:
                    with socket.create_connection(("127.0.0.1", self._port), timeout=10) as line:
                        for _ in range(50):
                            ledger.write(ENTRY.pack(b"i", number))
                            number += 1
                            if not _ask(line, number - 1):
                                break
                            ledger.write(ENTRY.pack(b"d", number - 1))
                            self.answered += 1
                except OSError:  # the sensor is dead at the moment
                    self._stopping.wait(0.02)

    def stop(self) -> None:
        self._stopping.set()
        self.join()


def _ask(line: socket.socket, number: int) -> bool:
    line.sendall(target_of(number) + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    return line.recv(65536).startswith(b"HTTP/1.1 ")


def target_of(number: int) -> bytes:
    return b"GET /n/%d?\xff\x01%d" % (number, number % 7)


def kill_the_web_sensor(folder: Path, rounds: int, seed: int) -> Verdict:
    """F1 on the way from a real request: killed at random points, the answered requests are all there."""
    home, chance = Home(folder / "home"), random.Random(seed)
    home.prepare()
    home.prepare_channel("web")
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    home.settings_file.write_text(_SETTINGS.format(port=port), encoding="utf-8")
    site = Site(folder, spool=home.spool("web"))
    sensor, centre, client = _sensor(site, home), site.start_centre(), Client(port, site.ledger)
    client.start()
    for _ in range(max(2, rounds // 10)):
        answered = client.answered
        wait_for(lambda before=answered: client.answered > before + 20, "answers")  # type: ignore[misc]
        time.sleep(chance.random() * 0.5)
        kill(sensor)
        sensor = _sensor(site, home)
    answered = client.answered
    wait_for(lambda: client.answered > answered + 20, "answers")
    client.stop()
    end(sensor, site.folder / "log")
    end(centre, site.folder / "log")
    site.drain()
    site.close()
    return _verdict(site)


def _sensor(site: Site, home: Home) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "teiten", "--home", str(home.root), "sense", "web"]
    return subprocess.Popen(command, env=os.environ, stdin=subprocess.DEVNULL, stdout=site.log, stderr=site.log)


def _verdict(site: Site) -> Verdict:
    begun, done = read_ledger(site.ledger)
    store = NodeStore.open(site.store, ZONE)
    try:
        rows = store._read("select target, source from rows where kind = 'request'", {}, ["rows"], None, None)
        counted = int(store._connection.execute("select coalesce(sum(records), 0) from gaps").fetchone()[0])
    finally:
        store.close()
    number_of = {target_of(number): number for number in begun}
    times = Counter(target for target, _ in rows)
    missing = sum(target_of(number) not in times for number in done)
    return Verdict(
        emitted=len(done),
        stored=len(rows),
        counted=counted,
        lost=max(0, missing - counted),
        duplicated=sum(count - 1 for count in times.values()),
        altered=sum(target not in number_of or source != b"\x7f\0\0\1" for target, source in rows),
        unaccounted=max(0, counted - (len(begun) - len(times))),
    )
