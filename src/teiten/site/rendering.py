# SPDX-License-Identifier: Apache-2.0
"""Templates to HTML. Everything is escaped; what strangers wrote passes texts.visible and stands alone in a <bdi>, or it isn't shown."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

import jinja2
from markupsafe import Markup

from teiten import addresses, texts

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
_LONGEST_LINK = 1_000


def environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"seen": seen, "address": address, "datalink": datalink}
    return made


def seen(value: bytes | str, limit: int = 120) -> Markup:
    """Text of strangers, for eyes; a break is allowed anywhere, a direction can't leak out."""
    return Markup("<bdi>{}</bdi>").format(texts.visible(value, limit))


def address(packed: bytes) -> Markup:
    return Markup("<bdi>{}</bdi>").format(addresses.unpack(packed))


def datalink(fields: dict[str, Any]) -> str:
    """The question behind a number as a link; empty when a target is too long to travel in one."""
    if len(fields.get("target") or b"") > _LONGEST_LINK:
        return ""
    return "/api/count?" + urlencode({name: _plain(value) for name, value in fields.items() if value is not None})


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return texts.lossless(value)
    return value.isoformat() if isinstance(value, date) else str(value)
