# SPDX-License-Identifier: Apache-2.0
"""Compiles the texts of the pages (locale/*/LC_MESSAGES/teiten.po) to the .mo files that are read at run time and kept in the repository."""

from __future__ import annotations

import io
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALE = Path(__file__).resolve().parent.parent / "src" / "teiten" / "locale"


def read(source: Path) -> Catalog:
    with source.open("rb") as file:
        return read_po(file, locale=source.parent.parent.name, domain="teiten", abort_invalid=True)


def compiled(source: Path) -> bytes:
    """The bytes of the .mo; the same texts give the same bytes with one version of Babel."""
    target = io.BytesIO()
    write_mo(target, read(source))
    return target.getvalue()


def main() -> None:
    for source in sorted(LOCALE.glob("*/LC_MESSAGES/teiten.po")):
        source.with_suffix(".mo").write_bytes(compiled(source))


if __name__ == "__main__":
    main()
