# SPDX-License-Identifier: Apache-2.0
"""The other files of an import, for formats that tell in one file what another one needs (templates of flow exporters).

They are looked at only when a file asks, and once an import.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from typing import Any, TypeVar, cast

from teiten.importers.interface import Importer
from teiten.importers.reading import STDIN, Cut, Opened, find_files

T = TypeVar("T")


class ImportedTogether:
    """`paths` as the person named them; `memory` is shared by all files of an import."""

    def __init__(self, name: str, importer: Importer, paths: list[str], memory: dict[str, Any]) -> None:
        self.name = name
        self._importer = importer
        self._paths = paths
        self._memory = memory

    def remembered(self, importer: str, gather: Callable[[Iterable[tuple[str, Iterable[Sequence[bytes]]]]], T]) -> T:
        if importer not in self._memory:
            self._memory[importer] = gather(self._files())
        return cast(T, self._memory[importer])

    def _files(self) -> Iterator[tuple[str, Iterable[Sequence[bytes]]]]:
        for path in find_files([path for path in self._paths if path != STDIN]):
            try:
                opened = Opened(path)
            except OSError:
                continue  # said when it is its turn
            with closing(opened):
                if self._importer.recognise(opened.head(), path) is not None:
                    yield path, Cut(opened, self._importer.records)
