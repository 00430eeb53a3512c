# SPDX-License-Identifier: Apache-2.0
"""Reads a page strictly: every element closed in order, nothing from outside our own vocabulary; raises AssertionError otherwise."""

from __future__ import annotations

from html.parser import HTMLParser

from teiten.site.serving import style

VOID = {"meta", "link", "br", "img", "input", "hr"}
DRAWN = {"path", "circle", "rect"}
ALLOWED = (
    VOID
    | DRAWN
    | {
        "html",
        "head",
        "title",
        "style",
        "body",
        "script",
        "a",
        "p",
        "strong",
        "em",
        "bdi",
        "time",
        "span",
        "div",
        "header",
        "main",
        "footer",
        "nav",
        "section",
    }
    | {"dl", "dt", "dd", "ul", "li", "h1", "h2", "table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "details", "summary"}
    | {"svg", "g", "h3", "article", "code", "form", "label", "button", "textarea", "template", "select", "option"}
)


class Reader(HTMLParser):
    """`tables`: per table its rows of cell texts. `text` of the whole page. `scripts` sources."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tables: list[list[list[str]]] = []
        self.text = ""
        self.scripts: list[str | None] = []
        self.links: list[str] = []
        self.language: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert tag in ALLOWED, tag
        assert len(given) == len(attrs), f"repeated attribute in <{tag}>"
        assert not any(name.startswith("on") or name == "style" for name in given), given
        if tag == "html":
            self.language = given["lang"]
        if tag == "script":
            self.scripts.append(given.get("src"))
        if tag in ("a", "link"):
            self.links.append(given.get("href") or "")
        if tag == "table":
            self.tables.append([])
        if tag == "tr":
            self.tables[-1].append([])
        if tag in ("td", "th"):
            self.tables[-1][-1].append("")
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in DRAWN, tag

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, f"</{tag}> does not match"

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["style"]:
            assert data == style()
            return
        self.text += data
        if {"td", "th"} & set(self.open):
            self.tables[-1][-1][-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data!r}")

    def unknown_decl(self, data: str) -> None:
        raise AssertionError(data)

    def handle_pi(self, data: str) -> None:
        raise AssertionError(data)


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [], reader.open
    return reader


def table(reader: Reader, header: list[str]) -> list[list[str]]:
    """Body rows of the one table whose last header row is `header`."""
    found = [rows for rows in reader.tables if header in rows]
    assert len(found) == 1, [rows[:2] for rows in reader.tables]
    rows = found[0]
    return [[cell.strip() for cell in row] for row in rows[rows.index(header) + 1 :]]
