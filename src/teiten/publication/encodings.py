# SPDX-License-Identifier: Apache-2.0
"""Peels the encodings off a value: every reading of it in which an address might be written. Bounded in number, size and depth.

A reading is either text (searched for written addresses) or bytes that an encoding carried (searched for packed ones as well). Whoever hides
an address behind more readings than are looked at has hidden nothing: `TooMany` is raised, and the caller masks the value whole.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
import zlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import Final

LONGEST: Final = 4096  # a longer value has room for anything and is masked whole
MOST_READINGS: Final = 3_000
DEEPEST: Final = 8  # three encodings, each in lines, and a writing that takes one or two steps itself
_MOST_RUNS: Final = 200  # of one encoding in one reading

_PERCENT = re.compile(rb"(?:%[0-9A-Fa-f]{2})+")
_QUOTED = re.compile(rb"(?:=[0-9A-Fa-f]{2})+")
_SOFT_BREAK = re.compile(rb"=\r?\n")
_HEX_ESCAPE = re.compile(rb"(?:\\x[0-9A-Fa-f]{2})+")
_OCTAL_ESCAPE = re.compile(rb"(?:\\[0-3][0-7]{2})+")
_UNICODE_ESCAPE = re.compile(rb"(?:\\u|%u|U\+)(?:\{([0-9A-Fa-f]{1,6})\}|([0-9A-Fa-f]{4}))|\\U([0-9A-Fa-f]{8})")
_ENTITY = re.compile(rb"&#(?:[xX]([0-9A-Fa-f]{1,7})|([0-9]{1,8}));?")
_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]{4,}")
_BASE32 = re.compile(rb"[A-Za-z2-7]{7,}")
_HEX = re.compile(rb"[0-9A-Fa-f]{8,}")
_SPACED_HEX = re.compile(rb"[0-9A-Fa-f]{2}(?:[^0-9A-Za-z]{1,2}[0-9A-Fa-f]{2}){3,}")
_PUNYCODE = re.compile(rb"xn--([A-Za-z0-9-]{2,})", re.IGNORECASE)
_HEX_PAIR = re.compile(rb"[0-9A-Fa-f]{2}")
_DEFANGED = re.compile(rb"\s*[\[({<]\s*(?:\.|dot|:)\s*[\])}>]\s*|\s+dot\s+", re.IGNORECASE)
_PRINTED = re.compile(rb"[ -~]{5}")
_FRAMED = re.compile(rb"<~(.+?)~>", re.DOTALL)
_BORDER = re.compile(rb"[?&=/#\s]+")
_TAG = re.compile(rb"<[^<>]{0,60}>")
_BREAKS = re.compile(rb"[^A-Za-z0-9+/=%&#;]+")

_NARROW = {code + 0xFEE0: code for code in range(0x21, 0x7F)}

Found = Iterator[tuple[bytes, bool]]


class TooMany(Exception):
    """The value has more readings than are looked at."""


def readings(value: bytes) -> Found:
    """(reading, whether an encoding carried it), the value itself first. Raises TooMany rather than leaving one out."""
    seen: set[tuple[bytes, bool]] = set()
    waiting: deque[tuple[bytes, bool, int]] = deque([(value, False, 0)])
    while waiting:
        reading, carried, depth = waiting.popleft()
        if (reading, carried) in seen or not reading:
            continue
        if len(seen) >= MOST_READINGS:
            raise TooMany
        seen.add((reading, carried))
        yield reading, carried
        if depth < DEEPEST and (not carried or promising(reading)):
            waiting += ((found[:LONGEST], inner or _stays(carried, found), depth + 1) for decode in DECODERS for found, inner in decode(reading))


def promising(reading: bytes) -> bool:
    """Whether carried bytes can hold a further encoding: text of some kind. What is left is noise, and its own bytes are all it says."""
    return bool(_PRINTED.search(reading)) or any(
        _compressed(one) or _is_text(one) or any(True for _ in _wide(one)) for one in (reading, reading[::-1])
    )


def _stays(carried: bool, found: bytes) -> bool:
    """What is left of carried bytes after a further step may still hold a packed address, unless it is plain text."""
    return carried and not found.isascii()


def _is_text(reading: bytes) -> bool:
    try:
        return bool(reading.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _runs(pattern: re.Pattern[bytes], value: bytes) -> list[re.Match[bytes]]:
    found = list(pattern.finditer(value))
    if len(found) > _MOST_RUNS:
        raise TooMany
    return found


def _escapes(pattern: re.Pattern[bytes], digits: re.Pattern[bytes], number_base: int) -> Callable[[bytes], Found]:
    """The text with its escapes undone, and what the escapes alone carried."""

    def bytes_of(run: re.Match[bytes]) -> bytes:
        return bytes(int(found, number_base) & 0xFF for found in digits.findall(run[0]))

    def decode(value: bytes) -> Found:
        runs = _runs(pattern, value)
        if runs:
            yield pattern.sub(bytes_of, value), True
            yield b"".join(bytes_of(run) for run in runs), True

    return decode


def _characters(pattern: re.Pattern[bytes]) -> Callable[[bytes], Found]:
    """Numbered characters as themselves; those below 256 may be the bytes of anything, and zeros the halves of wide ones."""

    def character_of(found: re.Match[bytes]) -> bytes:
        hexadecimal = next((group for group in (found[1], *found.groups()[2:]) if group), None)
        number = int(hexadecimal, 16) if hexadecimal else int(found[2], 10 if pattern is _ENTITY else 16)
        return bytes([number]) if number < 256 else chr(number).encode("utf-8", "surrogatepass") if number < 0x110000 else b""

    def decode(value: bytes) -> Found:
        if found := list(pattern.finditer(value)):
            yield pattern.sub(character_of, value), True
            yield b"".join(map(character_of, found)), True

    return decode


def _named_entities(value: bytes) -> Found:
    if b"&" in value:
        found = html.unescape(value.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape" if not value.isascii() else "surrogatepass")
        if found != value:
            yield found, False


def _folded(value: bytes) -> Found:
    """Full-width, circled and other compatibility forms as plain ones; every kind of digit as ASCII; invisible characters gone."""
    if value.isascii():
        return
    text = value.decode("utf-8", "ignore")
    if (folded := _plainly(text)) != text:
        yield folded.encode("utf-8", "ignore"), False


def _unveiled(value: bytes) -> Found:
    """The same without a change to other characters, which may be the bytes of anything."""
    if not value.isascii():
        text = value.decode("utf-8", "ignore")
        shown = "".join(char for char in text.translate(_NARROW) if unicodedata.category(char) not in ("Cf", "Mn"))
        if shown != text:
            yield shown.encode("utf-8", "ignore"), False


def _plainly(text: str) -> str:
    return "".join(_plain(char) for char in unicodedata.normalize("NFKC", text.replace("。", ".").replace("．", ".")))


def _plain(char: str) -> str:
    digit = unicodedata.digit(char, None)
    return str(digit) if digit is not None else "" if unicodedata.category(char) in ("Cf", "Mn", "Cc") else char


def _wide(value: bytes) -> Found:
    """UTF-16 and UTF-32 in either order."""
    if 0 in value:
        yield value.replace(b"\0", b""), True
        for name in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            try:
                yield value.decode(name).encode("latin-1"), True  # bytes of anything, taken for characters
            except UnicodeError:
                continue
    if not value.isascii() or 0 in value:
        for name in ("utf-16-le", "utf-16-be"):
            folded = _plainly(value[: len(value) & ~1].decode(name, "ignore")).encode("utf-8", "ignore")
            if len(folded) > 2 and sum(byte < 128 for byte in folded) * 2 > len(folded):  # else it was no such text
                yield folded, False


def _latin(value: bytes) -> Found:
    """Bytes that were taken for characters, and written as UTF-8."""
    if not value.isascii():
        try:
            yield value.decode("utf-8").encode("latin-1"), True
        except UnicodeError:
            return


def _base64(value: bytes) -> Found:
    for run in _runs(_BASE64, value):
        plain = run[0].replace(b"-", b"+").replace(b"_", b"/")
        for start in range(4):  # other letters may stand right before it
            part = plain[start:]
            for digits in (part, part[: len(part) & ~3]):
                if found := _tried(base64.b64decode, digits + b"=" * (-len(digits) % 4)):
                    yield found, True
                    break


def _base32(value: bytes) -> Found:
    for run in _runs(_BASE32, value):
        for start in range(8):
            part = run[0][start:].upper()
            whole = next((length for length in range(len(part), -1, -1) if length % 8 in (0, 2, 4, 5, 7)), 0)
            if found := _tried(base64.b32decode, part[:whole] + b"=" * (-whole % 8)):
                yield found, True


def _base85(value: bytes) -> Found:
    """Whole words only, and what stands in a frame: nearly every text could be a part of one."""
    words = value.split()[:1] if value.count(b" ") == 0 else []
    for word in [*words, *_FRAMED.findall(value)]:
        if len(word) >= 5:
            for decode in (base64.b85decode, base64.a85decode):
                if found := _tried(decode, word):
                    yield found, True


def _parts(value: bytes) -> Found:
    """The parts of a URL or a sentence, before what they say is undone and their borders are gone."""
    parts = list(filter(None, _BORDER.split(value)))
    if len(parts) > _MOST_RUNS:
        raise TooMany
    yield from ((part, False) for part in parts if len(part) >= 5)


def _hex(value: bytes) -> Found:
    for run in _runs(_HEX, value):
        for start in range(2):
            digits = run[0][start:]
            yield bytes.fromhex(digits[: len(digits) & ~1].decode()), True
    for run in _runs(_SPACED_HEX, value):
        yield bytes(int(pair, 16) for pair in _HEX_PAIR.findall(run[0])), True


def _compressed(value: bytes) -> bool:
    return value[:2] == b"\x1f\x8b" or (len(value) > 8 and value[0] == 0x78 and value[1] in (1, 0x5E, 0x9C, 0xDA))


def _inflated(value: bytes) -> Found:
    if _compressed(value):
        try:
            yield zlib.decompressobj(zlib.MAX_WBITS | 32).decompress(value, LONGEST), True
        except zlib.error:
            return


def _punycode(value: bytes) -> Found:
    if _PUNYCODE.search(value):
        yield _PUNYCODE.sub(lambda found: _tried(_from_punycode, found[1]) or found[0], value), False


def _from_punycode(label: bytes) -> bytes:
    return label.decode("punycode").encode("utf-8", "ignore")


def _replaced(pattern: re.Pattern[bytes], by: bytes) -> Callable[[bytes], Found]:
    def decode(value: bytes) -> Found:
        if (found := pattern.sub(by, value)) != value:
            yield found, False

    return decode


def _backwards(value: bytes) -> Found:
    yield value[::-1], False


def _tried(decode: Callable[[bytes], bytes], value: bytes) -> bytes | None:
    try:
        return decode(value)
    except (ValueError, OverflowError, binascii.Error):
        return None


DECODERS: Final[tuple[Callable[[bytes], Found], ...]] = (
    _escapes(_PERCENT, _HEX_PAIR, 16),
    _escapes(_QUOTED, _HEX_PAIR, 16),
    _escapes(_HEX_ESCAPE, _HEX_PAIR, 16),
    _escapes(_OCTAL_ESCAPE, re.compile(rb"[0-7]{3}"), 8),
    _characters(_UNICODE_ESCAPE),
    _characters(_ENTITY),
    _named_entities,
    _folded,
    _unveiled,
    _wide,
    _latin,
    _base64,
    _base32,
    _base85,
    _parts,
    _hex,
    _inflated,
    _punycode,
    _replaced(_SOFT_BREAK, b""),
    _replaced(_DEFANGED, b"."),
    _replaced(_TAG, b""),
    _replaced(_BREAKS, b""),  # breaks inside an encoded text
    _backwards,
)
