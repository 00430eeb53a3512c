# SPDX-License-Identifier: Apache-2.0
"""Peels the encodings off a value: every reading of it in which an address might be written. Bounded in number, size and depth.

A reading is either text (searched for written addresses) or bytes that an encoding carried (searched for packed ones as well).
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from typing import Final

LONGEST: Final = 4096  # a longer value has room for anything and is masked whole
MOST_READINGS: Final = 400
DEEPEST: Final = 4

_PERCENT = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_QUOTED = re.compile(rb"(?:=[0-9A-Fa-f]{2})+")
_SOFT_BREAK = re.compile(rb"=\r?\n")
_HEX_ESCAPE = re.compile(rb"(?:\\x[0-9A-Fa-f]{2})+")
_OCTAL_ESCAPE = re.compile(rb"(?:\\[0-3][0-7]{2})+")
_UNICODE_ESCAPE = re.compile(rb"(?:\\u00[0-9A-Fa-f]{2}|\\u\{[0-9A-Fa-f]{1,2}\}|%u00[0-9A-Fa-f]{2})+")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{4,}")
_BASE32 = re.compile(rb"[A-Za-z2-7]{7,}")
_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}){4,}")
_SPACED_HEX = re.compile(rb"(?:[0-9A-Fa-f]{2}[ :.,-]){3,}[0-9A-Fa-f]{2}")
_PUNYCODE = re.compile(rb"xn--([A-Za-z0-9-]{2,})", re.IGNORECASE)
_HEX_PAIR = re.compile(rb"[0-9A-Fa-f]{2}")


def readings(value: bytes) -> Iterator[tuple[bytes, bool]]:
    """(reading, whether an encoding carried it), the value itself first."""
    seen: set[tuple[bytes, bool]] = set()
    waiting: list[tuple[bytes, bool, int]] = [(value[:LONGEST], False, 0)]
    while waiting and len(seen) < MOST_READINGS:
        reading, carried, depth = waiting.pop(0)
        if (reading, carried) in seen or not reading:
            continue
        seen.add((reading, carried))
        yield reading, carried
        if depth < DEEPEST:
            waiting += [(found, inner, depth + 1) for decode in DECODERS for found, inner in decode(reading)]


def _escapes(pattern: re.Pattern[bytes], digits: re.Pattern[bytes], number_base: int) -> Callable[[bytes], Iterator[tuple[bytes, bool]]]:
    """The text with its escapes undone, and what the escapes alone carried."""

    def bytes_of(run: re.Match[bytes]) -> bytes:
        return bytes(int(found, number_base) & 0xFF for found in digits.findall(run[0]))

    def decode(value: bytes) -> Iterator[tuple[bytes, bool]]:
        runs = list(pattern.finditer(value))
        if runs:
            yield pattern.sub(bytes_of, value), False
            yield from ((bytes_of(run), True) for run in runs[:50] if len(run[0]) >= 6)

    return decode


def _entities(value: bytes) -> Iterator[tuple[bytes, bool]]:
    if b"&" in value:
        # Numbers that name no character, such as 0 in UTF-16, become a replacement character, which hides nothing once it is gone.
        yield html.unescape(value.decode("utf-8", "surrogateescape")).replace("\ufffd", "").encode("utf-8", "surrogatepass"), False


def _folded(value: bytes) -> Iterator[tuple[bytes, bool]]:
    """Full-width, circled and other compatibility forms as plain ones; every kind of digit as ASCII; invisible characters gone."""
    text = value.decode("utf-8", "ignore")
    folded = "".join(_plain(char) for char in unicodedata.normalize("NFKC", text.replace("。", ".").replace("．", ".")))
    if folded != text:
        yield folded.encode("utf-8", "ignore"), False


def _plain(char: str) -> str:
    digit = unicodedata.digit(char, None)
    return str(digit) if digit is not None else "" if unicodedata.category(char) in ("Cf", "Mn") else char


def _wide(value: bytes) -> Iterator[tuple[bytes, bool]]:
    if 0 in value:
        yield value.replace(b"\0", b""), False


def _base64(value: bytes) -> Iterator[tuple[bytes, bool]]:
    for token in _BASE64.findall(value)[:50]:
        plain = token.replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):
            part = plain[start:]
            whole = part + b"=" * (-len(part) % 4)
            found = _tried(base64.b64decode, whole) or _tried(base64.b64decode, part[: len(part) & ~3])
            if found:
                yield found, True


def _base32(value: bytes) -> Iterator[tuple[bytes, bool]]:
    for token in _BASE32.findall(value)[:50]:
        for start in range(8):  # other letters may stand right before it
            part = token[start:].upper()
            found = _tried(base64.b32decode, part + b"=" * (-len(part) % 8)) or _tried(base64.b32decode, part[: len(part) & ~7])
            if found:
                yield found, True


def _hex(value: bytes) -> Iterator[tuple[bytes, bool]]:
    for token in [*_HEX.findall(value)[:50], *_SPACED_HEX.findall(value)[:50]]:
        yield bytes(int(pair, 16) for pair in _HEX_PAIR.findall(token)), True
    for token in re.findall(rb"(?<![0-9A-Fa-f])[0-9A-Fa-f](?:[0-9A-Fa-f]{2}){4,}", value)[:50]:
        yield bytes.fromhex(token[1:].decode()), True


def _punycode(value: bytes) -> Iterator[tuple[bytes, bool]]:
    if _PUNYCODE.search(value):
        yield _PUNYCODE.sub(lambda found: _tried(_from_punycode, found[1]) or found[0], value), False


def _from_punycode(label: bytes) -> bytes:
    return label.decode("punycode").encode("utf-8", "ignore")


def _backwards(value: bytes) -> Iterator[tuple[bytes, bool]]:
    yield value[::-1], False


def _tried(decode: Callable[[bytes], bytes], value: bytes) -> bytes | None:
    try:
        return decode(value)
    except (ValueError, binascii.Error):
        return None


DECODERS: Final[tuple[Callable[[bytes], Iterator[tuple[bytes, bool]]], ...]] = (
    _escapes(_PERCENT, _HEX_PAIR, 16),
    _escapes(_QUOTED, _HEX_PAIR, 16),
    _escapes(_HEX_ESCAPE, _HEX_PAIR, 16),
    _escapes(_OCTAL_ESCAPE, re.compile(rb"[0-7]{3}"), 8),
    _escapes(_UNICODE_ESCAPE, re.compile(rb"(?<=00)[0-9A-Fa-f]{2}|(?<=\{)[0-9A-Fa-f]{1,2}"), 16),
    _entities,
    _folded,
    _wide,
    _base64,
    _base32,
    _hex,
    _punycode,
    lambda value: iter(((_SOFT_BREAK.sub(b"", value), False),) if b"=\n" in value or b"=\r\n" in value else ()),
    _backwards,
)
