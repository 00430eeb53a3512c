# SPDX-License-Identifier: Apache-2.0
"""Web targets that differ in what the visitor filled in, not in what is attacked: one pattern for `GET /a.php?id=1` and `GET /A.php?id=%27`.

Only for grouping lists of new targets (A-07); a target is stored and counted as sent. Never decodes for use as a path or a request.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

_NUMBER: Final = re.compile(rb"\d+")
_TOKEN: Final = re.compile(rb"[0-9a-f]{8,}|[A-Za-z0-9+/_-]{24,}={0,2}")
_ADDRESS: Final = re.compile(rb"^[a-z][a-z0-9+.-]*://[^/]*", re.IGNORECASE)


def pattern(target: bytes) -> bytes:
    """Method, path in lower case with runs of digits and tokens replaced, names of parameters in order; values are gone."""
    method, _, rest = target.partition(b" ")
    path, _, query = _ADDRESS.sub(b"", rest).partition(b"?")
    shown = b"/".join(_part(part) for part in unquote_to_bytes(path).lower().split(b"/") if part not in (b"", b"."))
    names = sorted({pair.partition(b"=")[0].lower() for pair in query.split(b"&") if pair})
    return method + b" /" + shown + (b"?" + b"&".join(_part(name) for name in names) if names else b"")


def _part(part: bytes) -> bytes:
    return _NUMBER.sub(b"#", _TOKEN.sub(b"*", part))
