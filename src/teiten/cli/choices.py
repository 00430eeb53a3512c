# SPDX-License-Identifier: Apache-2.0
"""Options that take one of a few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from teiten.errors import UsageError


def one_of(option: str, value: str, allowed: Sequence[Any]) -> Any:
    if value not in allowed:
        raise UsageError(f"{option} {value}: not known.", f"Allowed: {', '.join(allowed)}.")
    return value
