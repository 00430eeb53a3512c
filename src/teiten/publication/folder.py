# SPDX-License-Identifier: Apache-2.0
"""The view on disk: one file, replaced in one step, so that a reader sees the old view or the new one and never a mixture."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

import msgspec

from teiten.errors import TeitenError
from teiten.publication.markers import Alarms
from teiten.publication.view import View, decode, encode

NAME: Final = "view.json"
ALARMS: Final = "markers.json"


def write_view(folder: Path, view: View) -> Path:
    return write_file(folder / NAME, encode(view))


def read_view(folder: Path) -> View:
    """Raises TeitenError with what to do when there is none yet, or it is damaged."""
    try:
        return decode((folder / NAME).read_bytes())
    except FileNotFoundError:
        raise TeitenError(f"{folder}: nothing has been published there yet.", "Run `teiten publish` once.") from None
    except (msgspec.MsgspecError, OSError) as error:
        raise TeitenError(f"{folder / NAME}: cannot be read as a view ({error}).", "Run `teiten publish` again.") from error


def write_alarms(folder: Path, alarms: Alarms) -> None:
    """For the operator's eyes alone."""
    path = folder / ALARMS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = path.with_suffix(f".{secrets.token_hex(4)}")
    draft.touch(0o600)
    draft.write_bytes(msgspec.json.encode(alarms))
    draft.replace(path)


def read_alarms(folder: Path) -> Alarms | None:
    """None: nobody has looked yet, or what is there can't be read."""
    try:
        return msgspec.json.decode((folder / ALARMS).read_bytes(), type=Alarms)
    except (OSError, msgspec.MsgspecError):
        return None


def write_file(path: Path, content: bytes) -> Path:
    """Whole or not at all, readable by everybody: what is published is public."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def publication_key(folder: Path) -> bytes:
    """The secret behind the noise, made at the first asking. Whoever loses it changes every published number once."""
    path = folder / "publication.key"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        folder.mkdir(parents=True, exist_ok=True)
        made = secrets.token_bytes(32)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(made)
            os.fsync(file.fileno())
        return made
