# SPDX-License-Identifier: Apache-2.0
"""Sends given bytes to every field that the sensors of a running node keep, over plain sockets and a real SSH client, as a stranger would."""

from __future__ import annotations

import logging
import socket
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress

import paramiko
from paramiko import Transport

_TRIES = 6


def web_requests(port: int, values: Iterable[bytes]) -> list[tuple[bytes, bytes]]:
    """Each value as path, Host, User-Agent and body of a POST of its own connection; returns (request line, body) as sent."""
    sent = []
    for value in values:
        one_line = value.replace(b"\r", b"").replace(b"\n", b"")[:6000]
        line = b"POST /" + one_line + b" HTTP/1.1"
        head = line + b"\r\nHost: " + one_line[:200] + b"\r\nUser-Agent: " + one_line[:500] + b"\r\nContent-Length: %d\r\n\r\n" % len(value)
        with socket.create_connection(("127.0.0.1", port), timeout=20) as peer, suppress(ConnectionError):
            peer.sendall(head + value)
            peer.shutdown(socket.SHUT_WR)
            while peer.recv(65_536):
                pass
        sent.append((line, value))
    return sent


def packet_payloads(port: int, values: Iterable[bytes]) -> list[bytes]:
    """Each value as the first bytes of a connection."""
    sent = []
    for value in values:
        if not value:
            continue
        with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
            peer.sendall(value[:4000])
            peer.shutdown(socket.SHUT_WR)
            with suppress(ConnectionError):
                peer.recv(1)
        sent.append(value[:4000])
    return sent


def mails(port: int, values: Sequence[bytes]) -> list[tuple[bytes, bytes]]:
    """Each value as EHLO name, sender, recipient, subject and body of a mail; returns (subject, path) as sent."""
    sent = []
    for start in range(0, len(values), 25):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as peer, peer.makefile("rb") as answers:
            _reply(answers)
            for value in values[start : start + 25]:
                word = value.translate(None, b"\r\n")[:400]
                path = value.translate(None, bytes(range(33)) + b"<>\x7f")[:200] or b"x"
                for command in (b"EHLO " + (word if word.strip() else b"x"), b"MAIL FROM:<" + path + b">", b"RCPT TO:<" + path + b">", b"DATA"):
                    peer.sendall(command + b"\r\n")
                    answer = _reply(answers)
                    assert answer[:1] in b"23", (command, answer)
                body = b"\r\n".join(b"." + line if line.startswith(b".") else line for line in value.replace(b"\r", b"").split(b"\n"))
                peer.sendall(b"Subject: " + word + b"\r\n\r\n" + body[:3000] + b"\r\n.\r\n")
                assert _reply(answers).startswith(b"250")
                sent.append((word, path))
            peer.sendall(b"QUIT\r\n")
    return sent


def _reply(answers: object) -> bytes:
    while True:
        line: bytes = answers.readline()  # type: ignore[attr-defined]
        if line[3:4] != b"-":
            return line


def logins(port: int, values: Sequence[bytes]) -> list[bytes]:
    """Each value as user and as password, several in a connection."""
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)
    for start in range(0, len(values), _TRIES):
        with socket.create_connection(("127.0.0.1", port), timeout=20) as peer:
            transport = Transport(peer)
            transport.start_client(timeout=20)
            try:
                for value in values[start : start + _TRIES]:
                    with suppress(paramiko.AuthenticationException):
                        transport.auth_password(value, value, fallback=False)  # type: ignore[arg-type]
            finally:
                transport.close()
                transport.join(5)
    return list(values)


def at_once(*jobs: threading.Thread) -> None:
    for job in jobs:
        job.start()
    for job in jobs:
        job.join()
