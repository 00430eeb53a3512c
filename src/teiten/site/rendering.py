# SPDX-License-Identifier: Apache-2.0
"""Templates to HTML. Everything is escaped; what strangers wrote passes texts.visible and stands alone in a <bdi>, or it isn't shown."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import jinja2
from markupsafe import Markup

import teiten
from teiten import addresses, texts
from teiten.dictionary.entries import Entry, dictionary, usual_check
from teiten.drawing.source_map import places
from teiten.model import CHANNELS
from teiten.site.caching import Page, page_of
from teiten.site.languages import LANGUAGES, Wording
from teiten.site.live import region_name
from teiten.site.menu import MENU, MORE, PLACES
from teiten.site.requests import SPANS
from teiten.site.serving import style
from teiten.site.settings import SiteConfig

TEMPLATES: Final = Path(__file__).resolve().parent / "templates"
HTML: Final = "text/html; charset=utf-8"
_LONGEST_LINK = 1_000


class Renderer:
    """One side's pages: `inside` the operator's, else the public's, whose counts are of networks and whose links have no state."""

    def __init__(self, settings: SiteConfig, zone: ZoneInfo, *, inside: bool, policy: str, least: int = 0) -> None:
        self._settings = settings
        self._zone = zone
        self._templates = environment()
        self._fixed: dict[str, Any] = {"inside": inside, "policy": policy, "style": "" if inside else Markup(style())}  # noqa: S704
        renamed = {} if inside else _BY_NETWORKS
        self.wording: dict[str, Wording] = {language: Wording(language, zone, renamed, least) for language in LANGUAGES}

    def page(self, language: str, template: str, context: Mapping[str, Any], place: str, today: date, status: int = 200) -> Page:
        wording = self.wording[language]
        seen = context.get("view")
        html = self._templates.get_template(template).render(
            lang=language,
            t=wording.text,
            n=wording.number,
            c=wording.count,
            w=wording,
            region_name=partial(place_name, wording=wording),
            menu=MENU,
            more=[entry for entry in MORE if self._fixed["inside"] or not entry.inside],
            places=PLACES,
            place=place,
            channels=CHANNELS,
            settings=self._settings,
            version=teiten.__version__,
            zone=self._zone.key,
            today=today,
            query=lambda **changed: query(seen.query if seen else {}, changed, empty=("target",)),
            detail=partial(detail_link, language, seen.query if seen else {}, bool(self._fixed["inside"])),
            explained=partial(explained, today),
            one_day=timedelta(days=1),
            spans=sorted({*SPANS, seen.days}) if seen else SPANS,
            size=size,
            **self._fixed,
            **context,
        )
        return page_of(html.encode(), HTML, status)


_BY_NETWORKS: Final = {name: name.replace("sources", "networks") for name in ("measure.sources", "numbers.sources", "numbers.sources.note")}


def explained(today: date, channel: str, target: bytes | str) -> Entry | None:
    """What the dictionary says of a target, as it could be written on `today`: pages of 2007 name nothing of 2017."""
    found = dictionary(channel).of(target if isinstance(target, bytes) else texts.parse(target))
    return found.at(today) if found else None


def environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {"seen": seen, "address": address, "plainaddress": addresses.unpack, "network": addresses.network_of, "datalink": datalink}
    made.globals["usual_check"] = usual_check
    made.filters["lossless"] = lambda value: carried(value if isinstance(value, bytes) else texts.parse(value))
    return made


def seen(value: bytes | str, limit: int = 120) -> Markup:
    """Text of strangers, for eyes; a break is allowed anywhere, a direction can't leak out."""
    return Markup("<bdi>{}</bdi>").format(texts.visible(value, limit))


def size(value: int) -> str:
    """Bytes for readers: three digits or so, in powers of 1024."""
    units = ("B", "KiB", "MiB", "GiB", "TiB")
    step = min(max(value.bit_length() - 1, 0) // 10, len(units) - 1)
    scaled = value / 1024**step
    return f"{scaled:,.{0 if step == 0 or scaled >= 10 else 1}f} {units[step]}"


def carried(value: bytes) -> str:
    """Text of strangers in a field or a link, which `texts.parse` turns into the bytes again: nothing in it is invisible, or lost in HTML."""
    return "".join(
        char if char.isprintable() else "".join(f"\\x{byte:02x}" for byte in char.encode("utf-8", "surrogateescape"))
        for char in texts.lossless(value)
    )


def place_name(region: str, wording: Wording) -> str:
    """The region's name for readers; its code where there is no name."""
    place = places().get(region)
    return region_name(region, wording) if place is None else place.ja if wording.language == "ja" else place.en


def address(packed: bytes) -> Markup:
    return Markup("<bdi>{}</bdi>").format(addresses.unpack(packed))


def datalink(fields: dict[str, Any]) -> str:
    """The question behind a number as a link; empty when a target is too long to travel in one."""
    if len(fields.get("target") or b"") > _LONGEST_LINK:
        return ""
    return "/api/count?" + urlencode({name: _plain(value) for name, value in fields.items() if value is not None})


def detail_link(language: str, state: Mapping[str, str], inside: bool, row: Any, channel: str | None = None) -> str:
    """The page of a target; "" when its text is too long to travel in a link. Public pages of targets have names of their own."""
    if not inside:
        return f"/{language}/detail/{getattr(row, 'target_id', None) or row.id}/"
    text = row.target if isinstance(row.target, str) else texts.lossless(row.target)
    if len(text) > _LONGEST_LINK:
        return ""
    return f"/{language}/detail" + query(state, {"channel": channel or row.channel, "target": text}, empty=("target",))


def query(state: Mapping[str, str], changed: Mapping[str, str | None], empty: tuple[str, ...] = ()) -> str:
    """The address bar's state with changes; None removes. Starts with `?` or is empty."""
    kept = {name: value for name, value in {**state, **changed}.items() if value or (name in empty and value is not None)}
    return "?" + urlencode(kept, errors="surrogateescape") if kept else ""


def _plain(value: Any) -> str:
    if isinstance(value, bytes):
        return texts.lossless(value)
    return value.isoformat() if isinstance(value, date) else str(value)
