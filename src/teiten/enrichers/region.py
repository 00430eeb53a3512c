# SPDX-License-Identifier: Apache-2.0
"""Two-letter code of the region where an address is registered, from the tables of the five registries inside the package iptocc.

Says where an address is registered, never where its user is. Nothing is looked up over the network; the data is as old as `data_on`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from functools import cache
from importlib import metadata

import iptocc
import msgspec
import numpy as np

from teiten.addresses import unmap, unpack
from teiten.columnar import Columns, length

UNKNOWN = ""
_PACKAGE = "iptocc"


def regions(sources: Sequence[bytes]) -> list[str]:
    """One code for each address of 4 or 16 bytes, in order; "" for an unknown, private or reserved one. Raises ValueError for other lengths."""
    found = iptocc.country_code([unpack(unmap(source)) for source in sources])
    return [code or UNKNOWN for code in found]


@cache
def data_on() -> date | None:
    """The day the tables were built, from the package's own bill of materials; None if it has none. Pages print it beside every region."""
    for file in metadata.files(_PACKAGE) or []:
        if file.name.endswith(".cyclonedx.json"):
            told = msgspec.json.decode(file.read_text(encoding="utf-8")).get("metadata", {}).get("timestamp", "")
            return datetime.fromisoformat(told[:19]).date() if len(told) >= 19 else None
    return None


def data_name() -> str:
    return f"{_PACKAGE} {metadata.version(_PACKAGE)}"


def with_regions(columns: Columns) -> Columns:
    """The columns and a `region` column; each distinct address is looked up once. Columns that have one already stay as they are."""
    if not length(columns) or "region" in columns:
        return columns
    sources = columns["source"].tolist()
    region_of = _known.regions_of(dict.fromkeys(sources))
    region = np.empty(len(sources), dtype=object)
    region[:] = list(map(region_of.__getitem__, sources))
    return columns | {"region": region}


class _Known:
    """Regions of sources met lately, since the same ones come with many batches. Forgets all when there are too many; safe from any thread."""

    def __init__(self) -> None:
        self._held: dict[bytes, str] = {}

    def regions_of(self, sources: Iterable[bytes]) -> dict[bytes, str]:
        held = self._held
        found = {source: held.get(source) for source in sources}
        fresh = [source for source, region in found.items() if region is None]
        looked_up = dict(zip(fresh, regions(fresh), strict=True)) if fresh else {}
        if len(held) + len(fresh) > _MOST_KNOWN:
            self._held = held = {}
        if len(fresh) <= _MOST_KNOWN:
            held.update(looked_up)
        return {source: looked_up[source] if region is None else region for source, region in found.items()}


_MOST_KNOWN = 200_000  # some 25 MB
_known = _Known()
