# SPDX-License-Identifier: Apache-2.0
"""The load of the sensor bench, in a process of its own, towards loopback only: a fixed number of connections, so many at once.

python -m bench.clients ssh|smtp|http PORT CONNECTIONS AT_ONCE     prints {"done": …, "failed": …, "seconds": …}
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

# What OpenSSH, asyncssh and Twisted Conch all speak, so that every server does the same mathematics.
SSH_ALGORITHMS: dict[str, Any] = {
    "kex_algs": ["curve25519-sha256"],
    "server_host_key_algs": ["ssh-ed25519"],
    "encryption_algs": ["aes128-ctr"],
    "mac_algs": ["hmac-sha2-256"],
    "compression_algs": ["none"],
}
_SECONDS = 30.0
_MAIL = (
    b"Subject: bench\r\nFrom: a@example.org\r\nTo: b@example.org\r\n\r\n"
    + b"A line of a plain mail, sixty-four bytes with its ending, ok?..\r\n" * 10
    + b".\r\n"
)
_GET = b"GET /index.php?id=1 HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: bench\r\nAccept: */*\r\nConnection: close\r\n\r\n"


async def _ssh(port: int, connections: int, at_once: int) -> Counter[str]:
    import asyncssh

    logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
    options = asyncssh.SSHClientConnectionOptions(
        username="root",
        password="root",
        known_hosts=None,
        client_keys=None,
        agent_path=None,
        config=None,
        preferred_auth="password",
        **SSH_ALGORITHMS,
    )
    results: Counter[str] = Counter()
    left = iter(range(connections))

    async def guess() -> None:
        for _ in left:
            try:
                async with asyncio.timeout(_SECONDS):
                    await asyncssh.connect("127.0.0.1", port, options=options)
                results["let in"] += 1
            except asyncssh.PermissionDenied:
                results["done"] += 1
            except (OSError, asyncssh.Error, TimeoutError) as error:
                results[type(error).__name__] += 1

    await asyncio.gather(*(guess() for _ in range(at_once)))
    return results


def _smtp(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), _SECONDS) as peer, peer.makefile("rb") as replies:
        _expect(replies, b"220")
        for line, code in (
            (b"EHLO bench.example\r\n", b"250"),
            (b"MAIL FROM:<a@example.org>\r\n", b"250"),
            (b"RCPT TO:<b@example.org>\r\n", b"250"),
            (b"DATA\r\n", b"354"),
            (_MAIL, b"250"),
            (b"QUIT\r\n", b"221"),
        ):
            peer.sendall(line)
            _expect(replies, code)


def _expect(replies: Any, code: bytes) -> None:
    while True:
        line = replies.readline()
        if line[:3] != code:
            raise ValueError(f"expected {code!r}")
        if line[3:4] != b"-":
            return


def _http(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), _SECONDS) as peer:
        peer.sendall(_GET)
        answer = b""
        while part := peer.recv(65_536):
            answer += part
    if not answer.startswith(b"HTTP/1.1 "):
        raise ValueError("no answer")


def _threads(talk: Callable[[int], None], port: int, connections: int, at_once: int) -> Counter[str]:
    left = iter(range(connections))

    def work(_: int) -> Counter[str]:
        results: Counter[str] = Counter()
        for _ in left:
            try:
                talk(port)
                results["done"] += 1
            except (OSError, ValueError) as error:
                results[type(error).__name__] += 1
        return results

    with ThreadPoolExecutor(at_once) as pool:
        return sum(pool.map(work, range(at_once)), Counter())


def main(kind: str, port: int, connections: int, at_once: int) -> dict[str, Any]:
    began = time.perf_counter()
    if kind == "ssh":
        results = asyncio.run(_ssh(port, connections, at_once))
    else:
        results = _threads({"smtp": _smtp, "http": _http}[kind], port, connections, at_once)
    failed = {name: count for name, count in results.items() if name != "done"}
    return {"done": results["done"], "failed": failed, "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], *map(int, sys.argv[2:5]))))
