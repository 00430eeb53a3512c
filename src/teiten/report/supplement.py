# SPDX-License-Identifier: Apache-2.0
"""The portal's top lists (R-16) and section 4, the dictionary rows of the month's kinds in their order (R-23 … R-25)."""

from __future__ import annotations

from datetime import timedelta

from teiten.dictionary.entries import Entry
from teiten.report.context import Context, paragraph
from teiten.report.facts import PortalFacts
from teiten.report.gather import PORTAL_TOP
from teiten.report.model import Figure, Question, Section, Table
from teiten.report.naming import TOP, target_name
from teiten.texts import visible


def portal_section(c: Context, number: str, portal: PortalFacts) -> Section:
    name = c.settings.portal_name.of(c.language) or visible(portal.group or "") or c.system
    last_on = portal.window.to_on - timedelta(days=1)
    span = {"first": portal.window.from_on.isoformat(), "last": last_on.isoformat()}
    title = c.w.word("fig_portal", portal=name, top=PORTAL_TOP, **span)
    w = c.w
    tables = []
    for channel, rows in portal.tables.items():
        caption = w.word(f"portal_{channel}")
        cells = tuple((str(row.rank), row.mark, f"{row.accesses:,}", target_name(c.w, channel, row.target)) for row in rows)
        tables.append(Table((w.word("column_rank"), w.word("column_mark"), w.word("column_count"), caption), cells, caption, (0, 2), 3))
    columns = tuple(w.word(name) for name in ("column_channel", "column_rank", "column_mark", "column_count", "column_target"))
    data = tuple(
        (channel, row.rank, row.mark, row.accesses, target_name(c.w, channel, row.target)) for channel, rows in portal.tables.items() for row in rows
    )
    question = Question("ranking", "accesses", portal.window.from_on, portal.window.to_on, portal.group, None, ("channel", "target"))
    figure = Figure(f"{number}.1", title, "", w.word("alt_plain", title=title), columns, data, question, tuple(tables))
    intro = w.say("portal.intro", portal=name, since=w.day(portal.since, year=True))
    shown = w.say("portal.figure", figure=figure.number, days=w.days(portal.window.days), top=str(PORTAL_TOP), **span)
    return Section(number, w.word("section_portal", portal=name), (*paragraph(intro, shown), figure))


def supplement_section(c: Context, number: str) -> Section:
    told: set[str] = set()
    rows = [_row(c, keys, earlier, told) for keys, earlier in dictionary_rows(c)]
    ports = c.facts.channel == "packet"
    table = Table((c.w.word("column_kind") if ports else c.noun[:1].upper() + c.noun[1:], c.w.word("column_notes")), tuple(rows), "", (), 1)
    said = c.w.say("supplement.intro" if ports else "supplement.targets", month=c.month)
    return Section(number, c.w.word("section_supplement" if ports else "section_targets"), (*paragraph(said), table) if rows else ())


def dictionary_rows(c: Context) -> list[tuple[list[bytes], list[bytes]]]:
    """The month's top kinds in their order: neighbours with one entry share a row, a later one refers to that row (R-24)."""
    rows: list[tuple[list[bytes], list[bytes]]] = []
    by_entry: dict[str, list[bytes]] = {}
    last: Entry | None = None
    for share in c.facts.now.targets.top("accesses", TOP):
        entry = c.naming.notes(share.key)
        if entry and entry.group and last and entry.key == last.key:
            rows[-1][0].append(share.key)
        else:
            rows.append(([share.key], list(by_entry.get(entry.key, [])) if entry else []))
        if entry:
            by_entry.setdefault(entry.key, rows[-1][0])
        last = entry
    return rows


def _row(c: Context, keys: list[bytes], earlier: list[bytes], told: set[str]) -> tuple[str, str]:
    """`told`: what to check as far as rows above say it; three ports of Windows need it once."""
    names = " / ".join(c.naming.target(key) for key in keys)
    if earlier:
        return names, c.w.say("supplement.see", kinds=c.naming.kinds(earlier)).text
    entry = c.naming.notes(keys[0])
    return names, notes(c, entry, told) if entry else c.w.say("supplement.none").text


def notes(c: Context, entry: Entry, told: set[str]) -> str:
    """Service, abuse, what to check, malware and advisories of an entry in one text."""
    gap = "" if c.language == "ja" else " "
    service = entry.service.of(c.language) + ("。" if c.language == "ja" else ".")
    parts = [service[:1].upper() + service[1:], entry.abuse.of(c.language)]
    check = entry.check.of(c.language)
    if check not in told:
        told.add(check)
        parts.append(check)
    if entry.malware:
        parts.append(c.w.word("malware", names=c.w.list_of([one.name for one in entry.malware])) + ("。" if c.language == "ja" else "."))
    if entry.advisories:
        listed = [f"{advisory.id} ({advisory.on})" for advisory in entry.advisories]
        parts.append(c.w.word("advisories", names=c.w.list_of(listed)) + ("。" if c.language == "ja" else "."))
    return gap.join(parts)
