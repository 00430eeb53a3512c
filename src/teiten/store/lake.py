# SPDX-License-Identifier: Apache-2.0
"""Parquet files of sealed days: written under a temporary name, made durable, then named; checked, set aside, cleaned.

A file that the catalogue doesn't list is never deleted unless it is an unfinished one: it may belong to a newer copy of the database.
"""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import msgspec

from teiten.store.catalogue import KINDS, Part

LAKE = "lake"
_CHUNK = 1 << 20


class Written(msgspec.Struct, frozen=True):
    path: str
    size: int
    hash: bytes


def prepare(folder: Path) -> None:
    for name in (LAKE, "temporary"):
        (folder / name).mkdir(parents=True, exist_ok=True)


def temporary(folder: Path, day: date, kind: str) -> Path:
    """Where a new part is written; its final name is the same without `.tmp`."""
    place = folder / LAKE / f"day={day}"
    place.mkdir(exist_ok=True)
    sync_folder(place.parent)
    return place / f"{kind}-{secrets.token_hex(8)}.parquet.tmp"


def finish(folder: Path, path: Path) -> Written:
    """Make a temporary file durable under its final name."""
    digest = checksum(path)
    with path.open("rb") as file:
        os.fsync(file.fileno())
        size = os.fstat(file.fileno()).st_size
    final = path.with_suffix("")
    path.rename(final)
    sync_folder(final.parent)
    return Written(str(final.relative_to(folder)), size, digest)


def checksum(path: Path) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.digest()


def sync_folder(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def fault(folder: Path, part: Part) -> str | None:
    """What is wrong with a part's file: missing, size or checksum; None when it is whole."""
    path = folder / part.path
    try:
        if path.stat().st_size != part.size:
            return "size"
        return None if checksum(path) == part.hash else "checksum"
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "unreadable"


def copy(folder: Path, target: Path, paths: Iterable[str]) -> int:
    """Link, or else copy, parts into another store's folder, durably; returns their bytes."""
    total = 0
    places = {target / LAKE}
    for path in paths:
        (target / path).parent.mkdir(parents=True, exist_ok=True)
        try:
            (target / path).hardlink_to(folder / path)
        except OSError:  # another file system, or one without links
            shutil.copyfile(folder / path, target / path)
        total += (target / path).stat().st_size
        places.add((target / path).parent)
    for place in places:
        sync_folder(place)
    return total


def set_aside(folder: Path, path: str, place: str = "quarantine") -> None:
    """Move a file to lake/PLACE under a name that tells its day. A file that is already gone stays gone."""
    aside = folder / LAKE / place
    aside.mkdir(exist_ok=True)
    origin = folder / path
    if origin.exists():
        origin.rename(aside / f"{origin.parent.name.removeprefix('day=')}-{origin.name}")
        sync_folder(aside)


def clean(folder: Path, listed: Iterable[str]) -> list[str]:
    """Remove unfinished files and set aside unlisted parts (in lake/orphans); returns the names of the latter."""
    for path in (folder / LAKE).glob("day=*/*.parquet.tmp"):
        path.unlink(missing_ok=True)
    known = set(listed)
    found = [path.relative_to(folder) for path in (folder / LAKE).glob("day=*/*.parquet") if path.name.split("-")[0] in KINDS]
    orphans = sorted(str(path) for path in found if str(path) not in known)
    for orphan in orphans:
        set_aside(folder, orphan, "orphans")
    return orphans
