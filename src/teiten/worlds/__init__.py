# SPDX-License-Identifier: Apache-2.0
"""Small internets with known truth, for demonstrations and tests. Deterministic: the same name and seed give the same accesses."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

from teiten.errors import UsageError

if TYPE_CHECKING:
    from teiten.worlds.interface import World

# name -> "module:class"; loaded when needed. To add one: its file, its line here, its tests, its line in docs/worlds.md.
WORLDS: Final[dict[str, str]] = {
    "ipa2007": "teiten.worlds.ipa2007:Ipa2007",
    "synthetic": "teiten.worlds.synthetic:Synthetic",
}


def load(name: str, **options: int) -> World:
    """The registered world; `options` are those of its class (`seed` for every one). Raises UsageError for a name that isn't registered."""
    if name not in WORLDS:
        raise UsageError(f"there is no world named {name!r}", f"Worlds: {', '.join(WORLDS)}.")
    module, _, kind = WORLDS[name].partition(":")
    world: World = getattr(import_module(module), kind)(**options)
    return world
