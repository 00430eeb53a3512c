# SPDX-License-Identifier: Apache-2.0
"""Self-check: from what a site owner pastes to targets as they are counted. Keeps nothing; the caller answers and forgets."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

import msgspec

from teiten import texts

MOST_ENTRIES: Final = 100
LONGEST: Final = 20_000
METHODS: Final = ("GET", "POST", "HEAD")
_PORT = re.compile(r"(\d{1,5})(?:/(tcp|udp))?$", re.IGNORECASE)
_REQUEST = re.compile(r"[A-Z]{3,10} \S")


class Entry(msgspec.Struct, frozen=True):
    """One line as typed, and the targets it may mean. `address`: an address was typed, which is no target."""

    typed: str
    targets: tuple[tuple[str, bytes], ...]
    address: bool = False


def entries(text: str) -> list[Entry]:
    """One entry a line or, in a line without blanks and slashes, between commas; at most MOST_ENTRIES, without repetitions."""
    lines = (part.strip() for line in text[:LONGEST].splitlines() for part in _parts(line))
    found = dict.fromkeys(line for line in lines if line)
    return [entry(line) for line in list(found)[:MOST_ENTRIES]]


def entry(typed: str) -> Entry:
    port = _PORT.fullmatch(typed)
    if port and int(port[1]) < 65_536:
        number = int(port[1])
        protocols = (port[2].lower(),) if port[2] else ("tcp", "udp")
        return Entry(typed, tuple(("packet", b"%d/%s" % (number, protocol.encode())) for protocol in protocols))
    if _is_address(typed):
        return Entry(typed, (), address=True)
    if typed.lower() in ("ping", "icmp", "ping/icmp"):
        return Entry(typed, (("packet", b"ping/icmp"),))
    return Entry(typed, tuple(dict.fromkeys(_names(typed))))


def _names(typed: str) -> Iterator[tuple[str, bytes]]:
    if _REQUEST.match(typed):
        yield "web", texts.parse(typed)
        return
    path = _path(typed)
    if path:
        for method in METHODS:
            yield "web", texts.parse(f"{method} {path}")
        return
    yield "ssh", texts.parse(typed)
    yield "mail", texts.parse(typed)


def _path(typed: str) -> str:
    """The path of a URL, without the host: the reader's own name is nobody's business."""
    if typed.startswith("/"):
        return typed
    try:
        parts = urlsplit(typed)
    except ValueError:
        return ""
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "") if parts.scheme in ("http", "https") else ""


def _parts(line: str) -> list[str]:
    return line.split(",") if "/" not in line.replace("/tcp", "").replace("/udp", "") and " " not in line.strip().replace(", ", ",") else [line]


def _is_address(typed: str) -> bool:
    try:
        ipaddress.ip_address(typed)
    except ValueError:
        return False
    return True
