# SPDX-License-Identifier: Apache-2.0
"""The one place where bytes written by strangers become text that people, terminals and programs may see.

`lossless` keeps every byte (a program can get the bytes back with `parse`); `visible` is for eyes: nothing in it can move a cursor,
reorder a line or hide. Formats still escape what they must on top (HTML, XML, CSV); these functions only decide which characters.
"""

from __future__ import annotations

import re
import unicodedata

_BYTE = re.compile(rb"\\x([0-9a-fA-F]{2})")


def lossless(value: bytes) -> str:
    r"""UTF-8 where it is valid, `\xNN` for each byte that is not; a literal backslash before `x` becomes `\x5c`. `parse` undoes it."""
    return value.replace(b"\\x", b"\\x5cx").decode("utf-8", "backslashreplace")


def parse(text: str) -> bytes:
    r"""The bytes that `lossless` showed as `text`; what a person types: `\xNN` means that byte."""
    return _BYTE.sub(lambda found: bytes([int(found[1], 16)]), text.encode("utf-8", "surrogateescape"))


def visible(value: bytes | str, limit: int = 200) -> str:
    r"""For display: control, bidi, zero-width, private and unassigned characters as visible escapes, cut at `limit` with an ellipsis."""
    text = lossless(value[: limit * 4 + 4]) if isinstance(value, bytes) else value
    shown = "".join(_show(char) for char in text[: limit + 1])
    return shown if len(text) <= limit and len(shown) <= limit * 6 else shown[:limit] + "…"


def _show(char: str) -> str:
    if char == " " or (char.isprintable() and not unicodedata.combining(char)):
        return char
    if unicodedata.category(char) == "Mn" and unicodedata.combining(char) in (8, 9, 230, 220):
        return char  # ordinary accents and (semi-)voiced sound marks belong to real text
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
