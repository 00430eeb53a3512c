# SPDX-License-Identifier: Apache-2.0
"""JSON that came through something else: behind a frame of syslog, or as a string in an object of Docker, Filebeat or the journal.

Only what a shipper's own fields show to be its object is opened: a field of that name in anybody else's log is text of a stranger.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

_FRAME = re.compile(
    rb"(?:<\d{1,3}>)?(?:1 )?(?:[A-Z][a-z]{2} [ \d]?\d [\d:]{8}|\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*) (?:[^{\"\\]|\"[^\"\\{]*\"){1,400}?(?=\{)"
)
_INNER = re.compile(rb'"(?:log|message|MESSAGE)"\s*:\s*"\s*\{')
_NAMES = ("log", "message", "MESSAGE")
_OUTER = msgspec.json.Decoder(dict[str, Any])


def may_wrap(text: bytes | memoryview) -> bool:
    """Whether some record in `text` may hold another one; a name inside a string would have escaped quotes."""
    return _INNER.search(text) is not None


def bared(record: bytes) -> bytes:
    """The JSON object inside; the record itself where there is none."""
    if not record.startswith(b"{"):
        found = _FRAME.match(record)
        return record[found.end() :] if found else record
    if not may_wrap(record):
        return record
    try:
        outer = _OUTER.decode(record)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return record
    inner = next((outer[name] for name in _NAMES if isinstance(outer.get(name), str)), "") if _is_shippers(outer) else ""
    return inner.strip().encode("utf-8", "surrogatepass") if inner.lstrip().startswith("{") else record


def _is_shippers(outer: dict[str, Any]) -> bool:
    is_docker = "log" in outer and "stream" in outer
    is_beat = "@metadata" in outer or any(isinstance(outer.get(name), dict) for name in ("agent", "beat", "input"))
    return is_docker or is_beat or "__REALTIME_TIMESTAMP" in outer
