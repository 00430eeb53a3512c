# SPDX-License-Identifier: Apache-2.0
"""TOML file -> nested frozen structs. An unknown key or a wrong value is an error that names the key's path and what is allowed.

Each kind keeps its own settings struct beside its code; `settings.py` composes them. Nothing is touched before the whole file is valid.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TypeVar, get_type_hints

import msgspec

from teiten.errors import ConfigurationError


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every settings struct: frozen, and an unknown key is an error."""


T = TypeVar("T", bound=Settings)
_WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$")


def read_settings(path: Path, kind: type[T]) -> T:
    """The settings in `path`, or all defaults if there is no such file. Raises ConfigurationError."""
    if not path.exists():
        return kind()
    try:
        return from_mapping(tomllib.loads(path.read_text(encoding="utf-8")), kind, str(path))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: not valid TOML: {error}", "Correct that place; nothing was started or changed.") from error
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}", "Check the file's rights.") from error


def from_mapping(raw: object, kind: type[T], origin: str) -> T:
    """Checked settings from a plain mapping; `origin` names it in errors."""
    try:
        return msgspec.convert(raw, kind, strict=True)
    except msgspec.ValidationError as error:
        found = _WHERE.match(str(error))
        what, path = (found["what"], (found["path"] or "").lstrip(".")) if found else (str(error), "")
        raise ConfigurationError(
            f"{origin}: {path or 'top level'}: {what}", f"Allowed here: {', '.join(_allowed(kind, path))}. Nothing was started or changed."
        ) from error


def _allowed(kind: type[Settings], path: str) -> list[str]:
    """Keys allowed in the table at `path` (or in the table that holds the value at `path`)."""
    here: type[Settings] = kind
    for part in [p for p in path.split(".") if p]:
        inner = get_type_hints(here).get(part.split("[")[0])
        if not (isinstance(inner, type) and issubclass(inner, Settings)):
            break
        here = inner
    return sorted(field.encode_name for field in msgspec.structs.fields(here))
