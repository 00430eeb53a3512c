# SPDX-License-Identifier: Apache-2.0
"""TLS as values: ciphertext in, plaintext and answers out, and the server name a client asked for. Never a socket, clock or disk.

The first bytes of the client are kept, so that a handshake that fails still leaves what was sent.
"""

from __future__ import annotations

import ssl
from typing import Final, NamedTuple

HELLO_BYTES: Final = 8192
_READ: Final = 65_536


class Outcome(NamedTuple):
    """`failed`: the handshake or a record broke, in OpenSSL's word for it; `ended`: the peer said goodbye."""

    plain: bytes = b""
    reply: bytes = b""
    failed: str = ""
    ended: bool = False


class TlsConversation:
    """The server's side of one TLS connection."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._ssl = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self.hello = b""
        self.established = False

    @property
    def server_name(self) -> bytes | None:
        return server_name_of(self.hello)

    @property
    def version(self) -> str | None:
        return self._ssl.version() if self.established else None

    def feed(self, data: bytes) -> Outcome:
        """What the peer's bytes amount to. `reply` is to be sent after whatever is stated about `plain` or `failed`."""
        if len(self.hello) < HELLO_BYTES and not self.established:
            self.hello += data[: HELLO_BYTES - len(self.hello)]
        self._incoming.write(data)
        plain: list[bytes] = []
        failed, ended = "", False
        try:
            self._advance(plain)
        except ssl.SSLWantReadError:
            pass
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            ended = True
        except ssl.SSLError as error:
            failed = (error.reason or "SSLError").lower().replace("_", " ")
        return Outcome(b"".join(plain), self._outgoing.read(), failed, ended)

    def seal(self, data: bytes) -> bytes:
        """Ciphertext of `data`, or nothing if the connection can't carry it any more."""
        try:
            self._ssl.write(data)
        except ssl.SSLError:
            return b""
        return self._outgoing.read()

    def close(self) -> bytes:
        """The goodbye to send."""
        try:
            self._ssl.unwrap()
        except ssl.SSLError:
            pass
        return self._outgoing.read()

    def _advance(self, plain: list[bytes]) -> None:
        if not self.established:
            self._ssl.do_handshake()
            self.established = True
        while True:
            piece = self._ssl.read(_READ)
            if not piece:
                raise ssl.SSLZeroReturnError
            plain.append(piece)


def server_name_of(hello: bytes) -> bytes | None:
    """The server name (RFC 6066) in the first TLS records of a client, raw and at most 255 bytes; None if there is none to be read."""
    body = _handshake(hello)
    at = 4 + 2 + 32  # header, version, random
    at += 1 + _number(body, at, 1)  # session id
    at += 2 + _number(body, at, 2)  # cipher suites
    at += 1 + _number(body, at, 1)  # compression methods
    end = min(len(body), at + 2 + _number(body, at, 2))
    at += 2
    while at + 4 <= end:
        kind, size = _number(body, at, 2), _number(body, at + 2, 2)
        if kind == 0 and _number(body, at + 6, 1) == 0:
            name = body[at + 9 : at + 9 + _number(body, at + 7, 2)]
            return name[:255] or None
        at += 4 + size
    return None


def _handshake(data: bytes) -> bytes:
    """The handshake bytes of consecutive records, without record headers."""
    parts, at = [], 0
    while data[at : at + 1] == b"\x16" and at + 5 <= len(data):
        size = _number(data, at + 3, 2)
        parts.append(data[at + 5 : at + 5 + size])
        at += 5 + size
    return b"".join(parts)


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "big")
