# SPDX-License-Identifier: Apache-2.0
"""Words about targets for readers, from the report's dictionary: callable as `site.rendering.Glossary`. Knows no store."""

from __future__ import annotations

from teiten.report.dictionary import port_dictionary


def explained(channel: str, target: bytes | str, language: str) -> tuple[str, str] | None:
    """What a port is for and how it is abused, from the report's dictionary."""
    entry = port_dictionary().of(target if isinstance(target, bytes) else target.encode()) if channel == "packet" else None
    return (getattr(entry.service, language), getattr(entry.abuse, language)) if entry else None
