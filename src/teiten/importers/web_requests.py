# SPDX-License-Identifier: Apache-2.0
"""A request line of a log -> kind and target, named as the web sensor names what it sees itself (protocols/http.py)."""

from __future__ import annotations

from teiten.protocols.http import shown_bytes, split_line

_USUAL_VERSIONS = frozenset((b" HTTP/1.1", b" HTTP/1.0"))
_USUAL_METHODS = (b"GET ", b"POST ", b"HEAD ")


def kind_and_target(request: bytes) -> tuple[str, bytes]:
    """Method and target as sent; what isn't HTTP is named by its first bytes."""
    if request[-9:] in _USUAL_VERSIONS and request.count(b" ") == 2 and request.startswith(_USUAL_METHODS):
        return "request", request[:-9]
    line = split_line(request)
    if line is not None and (line.version or line.target.startswith(b"/")):
        return "request", line.method + b" " + line.target
    return ("not-http", shown_bytes(request)) if request else ("no-request", b"")
