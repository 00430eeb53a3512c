# SPDX-License-Identifier: Apache-2.0
"""Every importer under bytes that nobody foresaw: nothing escapes, and every record is taken, other or rejected (mission row 7)."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teiten.columnar import length
from teiten.importers import IMPORTERS
from teiten.importers.interface import Chunk, Importer
from tests.unit.importers.ledger import options

CASES = Path(__file__).parents[2] / "cases" / "importers"
MUTATIONS = int(os.environ.get("TEITEN_MUTATIONS", "4000"))
PIECES = [
    b"",
    b" ",
    b"\\",
    b'"',
    b"\x00",
    b"\xff\xfe",
    b"[",
    b"]",
    b"{",
    b"}",
    b"\t",
    b"-",
    b"9" * 30,
    b" from ",
    b"\r",
    b"%",
    b"\\x",
    b"::",
    b"\xe3\x81",
]


def records_of(name: str) -> list[bytes]:
    files = [path for path in sorted((CASES / name).iterdir()) if path.name not in ("README.md", "expected.json")]
    return [line for path in files for line in path.read_bytes().split(b"\n")]


def mutated(records: list[bytes], count: int, chance: random.Random) -> Iterator[bytes]:
    for _ in range(count):
        record = bytearray(chance.choice(records))
        for _ in range(chance.randint(1, 4)):
            at = chance.randint(0, len(record))
            match chance.randint(0, 4):
                case 0:
                    record[at : at + chance.randint(1, 8)] = b""
                case 1:
                    record[at:at] = chance.choice(PIECES)
                case 2 if record:
                    record[at % len(record)] = chance.randint(0, 255)
                case 3:
                    other = chance.choice(records)
                    record[at:] = other[chance.randint(0, len(other)) :]
                case _:
                    del record[at:]
        yield bytes(record).replace(b"\n", b" ")


def read_all(importer: Importer, records: list[bytes]) -> None:
    survey = importer.survey([records], options()) if importer.surveys else None
    reading = importer.start(options(), survey)
    chunks: list[Chunk] = [reading.take(records[at : at + 500], at + 1) for at in range(0, len(records), 500)]
    last = reading.finish()
    if last is not None:
        chunks.append(last)
    accounted = sum(chunk.taken + sum(chunk.other.values()) + len(chunk.rejected) for chunk in chunks)
    assert accounted == len(records)
    for chunk in chunks:
        assert length(chunk.columns) >= (1 if chunk.taken else 0)
        assert {len(column) for column in chunk.columns.values()} <= {length(chunk.columns)}


@pytest.mark.parametrize("name", IMPORTERS)
def test_mutated_records_never_raise(name: str) -> None:
    read_all(IMPORTERS[name], list(mutated(records_of(name), MUTATIONS, random.Random(name))))


@pytest.mark.parametrize("name", IMPORTERS)
@given(records=st.lists(st.binary(max_size=60).map(lambda data: data.replace(b"\n", b"")), max_size=8))
@settings(max_examples=60, deadline=None, database=None)
def test_any_bytes_never_raise(name: str, records: list[bytes]) -> None:
    read_all(IMPORTERS[name], records)


@pytest.mark.parametrize("name", IMPORTERS)
@given(head=st.binary(max_size=200))
@settings(max_examples=60, deadline=None, database=None)
def test_recognising_never_raises(name: str, head: bytes) -> None:
    IMPORTERS[name].recognise(head, "x")
