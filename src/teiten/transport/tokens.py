# SPDX-License-Identifier: Apache-2.0
"""Credentials of sensors: 32 random bytes each, good for one sensor, kept as hashes in a file that is replaced as a whole.

The text of a token exists only where `issue` returns it. The file is looked at on every check, so a revocation counts at once.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from teiten.errors import ConfigurationError, UsageError

_PREFIX: Final = "teiten"
_MAX_LIVE = 2  # the one in use and its replacement
_Choice = Callable[[str, "Credential"], bool]
_NOBODY = hashlib.sha256(b"").hexdigest()


class Credential(msgspec.Struct, frozen=True):
    sensor: str
    hash: str  # SHA-256 of the token's text, hex
    issued_at: int  # seconds since 1970


class TokenRegistry:
    """Thread-safe: the table is replaced, never changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._table: dict[str, Credential] = {}

    def issue(self, sensor: str) -> str:
        """The new token's text, shown this once. Raises UsageError when two are live already."""
        if not sensor:
            raise UsageError("A token needs a sensor's name.")
        with self._changing() as table:
            if sum(credential.sensor == sensor for credential in table.values()) >= _MAX_LIVE:
                raise UsageError(f"{sensor} has two live tokens already.", f"Revoke them first: teiten token revoke {sensor}")
            name, secret = secrets.token_hex(4), secrets.token_urlsafe(32)
            text = f"{_PREFIX}_{name}_{secret}"
            table[name] = Credential(sensor, _hash(text), int(time.time()))
        return text

    def revoke(self, sensor: str) -> int:
        """End all tokens of the sensor; returns how many there were."""
        return self._remove(lambda name, credential: credential.sensor == sensor)

    def revoke_older(self, sensor: str) -> int:
        """End all but the newest token of the sensor, after a rotation."""
        own = [(c.issued_at, place, name) for place, (name, c) in enumerate(self._current().items()) if c.sensor == sensor]
        newest = max(own)[2] if own else ""
        return self._remove(lambda name, credential: credential.sensor == sensor and name != newest)

    def sensors(self) -> list[str]:
        """Names with a live token."""
        return sorted({credential.sensor for credential in self._current().values()})

    def verify(self, token: str) -> str | None:
        """The sensor the token is good for. Takes the same steps whether the token is unknown or wrong."""
        parts = token.split("_", 2)
        credential = self._current().get(parts[1]) if len(parts) == 3 else None
        same = hmac.compare_digest(_hash(token), credential.hash if credential else _NOBODY)
        return credential.sensor if credential and same else None

    def _remove(self, doomed: _Choice) -> int:
        with self._changing() as table:
            names = [name for name, credential in table.items() if doomed(name, credential)]
            for name in names:
                del table[name]
        return len(names)

    def _current(self) -> dict[str, Credential]:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            self._table, self._seen = {}, None
            return self._table
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen != self._seen:
            self._table, self._seen = self._load(), seen
        return self._table

    def _load(self) -> dict[str, Credential]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Credential])
        except FileNotFoundError:
            return {}
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ConfigurationError(f"{self._path}: damaged: {error}", "Restore it from a backup, or delete it and issue new tokens.") from error

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Credential]]:
        """The table to change; written as a whole when the block ends without an error."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            table = self._load()
            yield table
            self._save(table)
        finally:
            os.close(descriptor)

    def _save(self, table: dict[str, Credential]) -> None:
        temporary = self._path.with_suffix(".new")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.format(msgspec.json.encode(table)))
            file.flush()
            os.fsync(file.fileno())
        temporary.rename(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
