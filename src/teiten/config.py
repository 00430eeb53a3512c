# SPDX-License-Identifier: Apache-2.0
"""TOML file -> nested frozen structs. An unknown key or a wrong value is an error that names the key's path and what is allowed.

Each kind keeps its own settings struct beside its code; `settings.py` composes them. Nothing is touched before the whole file is valid.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from teiten.errors import ConfigurationError, UsageError


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Base of every settings struct: frozen, and an unknown key is an error."""


Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]  # 0: any free one
Seconds = Annotated[float, msgspec.Meta(gt=0)]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]  # of a sensor or a group

T = TypeVar("T", bound=Settings)
_WHERE: Final = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>[^`]*)`)?$", re.DOTALL)
_UNKNOWN: Final = re.compile(r"^Object contains unknown field `(?P<key>.*)`$", re.DOTALL)
_UNTOUCHED: Final = "Nothing was started or changed."


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


def from_mapping(raw: object, kind: type[T], origin: str, table: str = "") -> T:
    """Checked settings from a plain mapping; in errors `origin` names the file and `table` the place of the mapping in it."""
    try:
        return msgspec.convert(raw, kind, strict=True)
    except msgspec.ValidationError as error:
        found = _WHERE.match(str(error))
        what, path = (found["what"], (found["path"] or "").lstrip(".")) if found else (str(error), "")
        unknown = _UNKNOWN.match(what)
        key = ".".join(part for part in (table, path, unknown["key"] if unknown else "") if part)
        problem = f"{origin}: {key + ': ' if key else ''}{'no such key' if unknown else what}"
        allowed = _keys(kind, path) if unknown else _choices(kind, path)
        raise ConfigurationError(problem, f"Allowed: {', '.join(allowed)}. {_UNTOUCHED}" if allowed else _UNTOUCHED) from error


def check_name(text: str, what: str) -> str:
    """`text`, if it may be a sensor's or group's name. Raises UsageError."""
    try:
        return msgspec.convert(text, Name)
    except msgspec.ValidationError:
        raise UsageError(
            f"{what} {text!r}: not a name.", "Letters, digits and . _ - are allowed, 64 at most; the first is a letter or digit."
        ) from None


def _keys(kind: type[Settings], path: str) -> list[str]:
    """Keys of the table at `path`."""
    here = _type_at(kind, path)
    return sorted(field.encode_name for field in msgspec.structs.fields(here)) if _is_table(here) else []


def _choices(kind: type[Settings], path: str) -> list[str]:
    """The values that a setting with fixed choices may have; msgspec's own words tell limits, but not these."""
    here = _type_at(kind, path)
    return [str(choice) for choice in get_args(here)] if get_origin(here) is Literal else []


def _type_at(kind: type[Settings], path: str) -> Any:
    here: Any = kind
    for part in [part for part in path.split(".") if part]:
        here = get_type_hints(here).get(part.partition("[")[0]) if _is_table(here) else None
    return here


def _is_table(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Settings)
