# SPDX-License-Identifier: Apache-2.0
"""A mail's Subject as sent -> UTF-8, so that one subject is one target however it was encoded. Never raises, whatever the bytes.

RFC 2047 words, and raw bytes in the encodings that Japanese and older mailers put there without saying so. Charset names come from
strangers: only names listed here reach a decoder, as Python's registry also holds decompressors and escape processors.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from typing import Final

LONGEST_SUBJECT_BYTES: Final = 8192

_FOLD = re.compile(rb"\r?\n[ \t]+")
_WORD = re.compile(rb"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=")
_GAP_BETWEEN_WORDS = re.compile(rb"(?<=\?=)[ \t]+(?==\?[^?\s]{1,60}\?[bBqQ]\?)")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_JIS_ESCAPE = re.compile(rb"\x1b(\$[@B]|\([BJI])")
_NOT_SHIFT_JIS = re.compile("[\x80-\xa0\ue000-\uf8ff]")  # what Python's cp932 makes of bytes that mean nothing in it
_HALF_WIDTH = re.compile("[\uff61-\uff9f]")

# Names as mail uses them -> Python's codec, taken wider where mailers mean the wider one (shift_jis with NEC characters is cp932).
_CODECS: Final[dict[str, str]] = {
    "us-ascii": "utf-8", "ascii": "utf-8", "utf-8": "utf-8", "utf8": "utf-8", "utf-16": "utf-16", "utf-7": "utf-7",
    "iso-2022-jp": "jis", "iso-2022-jp-1": "jis", "iso-2022-jp-2": "jis", "iso-2022-jp-ms": "jis", "cp50220": "jis", "cp50221": "jis",
    "shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932", "x-sjis": "cp932", "ms_kanji": "cp932", "windows-31j": "cp932", "cp932": "cp932",
    "euc-jp": "euc_jp", "eucjp": "euc_jp", "x-euc-jp": "euc_jp", "eucjp-ms": "euc_jp", "cp51932": "euc_jp",
    "gb2312": "gb18030", "gbk": "gb18030", "gb18030": "gb18030", "hz-gb-2312": "hz", "big5": "big5hkscs", "big5-hkscs": "big5hkscs",
    "euc-kr": "cp949", "ks_c_5601-1987": "cp949", "cp949": "cp949", "iso-2022-kr": "iso2022_kr", "johab": "johab",
    "koi8-r": "koi8-r", "koi8-u": "koi8-u", "tis-620": "cp874", "windows-874": "cp874", "iso-8859-1": "cp1252", "macintosh": "mac-roman",
    **{f"iso-8859-{n}": f"iso8859-{n}" for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14, 15, 16)},
    **{f"{prefix}{n}": f"cp{n}" for n in range(1250, 1259) for prefix in ("windows-", "cp")},
    **{f"{prefix}{n}": f"cp{n}" for n in (437, 850, 852, 866) for prefix in ("cp", "ibm")},
}  # fmt: skip


def decode_subject(value: bytes) -> bytes:
    """UTF-8 of a header value, unfolded, without blanks around it."""
    line = _FOLD.sub(b" ", value).strip(b" \t\r\n")
    text = "".join(_parts(_GAP_BETWEEN_WORDS.sub(b"", line)))
    encoded = text.strip().encode("utf-8", "replace")
    return encoded[:LONGEST_SUBJECT_BYTES].decode("utf-8", "ignore").encode()


def _parts(line: bytes) -> list[str]:
    """Words that touch and share a charset are joined before decoding: many mailers cut inside a character."""
    parts: list[str] = []
    at, charset, pending = 0, "", b""
    for word in _WORD.finditer(line):
        name = word[1].partition(b"*")[0].decode("ascii", "replace").lower()  # RFC 2231 adds a language after *
        if word.start() > at or name != charset:
            parts += [_decode_named(pending, charset), guess(line[at : word.start()])]
            charset, pending = name, b""
        pending += _bytes_of(word[2], word[3])
        at = word.end()
    return [*parts, _decode_named(pending, charset), guess(line[at:])]


def _bytes_of(encoding: bytes, data: bytes) -> bytes:
    if encoding in b"qQ":
        return quopri.decodestring(data, header=True)
    clean = _NOT_BASE64.sub(b"", data)
    clean = clean[:-1] if len(clean) % 4 == 1 else clean  # one left over character holds no byte
    try:
        return base64.b64decode(clean + b"=" * (-len(clean) % 4))
    except binascii.Error:
        return data


def _decode_named(data: bytes, charset: str) -> str:
    codec = _CODECS.get(charset)
    if not data or codec is None:
        return guess(data)
    if codec == "jis":
        return _decode_jis(data)
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return guess(data) if codec == "utf-8" else data.decode(codec, "replace")


def guess(data: bytes) -> str:
    """Text of bytes whose charset nobody stated: JIS by its escapes, then utf-8, cp932, euc-jp, latin-1."""
    if _JIS_ESCAPE.search(data):
        return _decode_jis(data)
    shift_jis = _strictly(data, "cp932")
    if shift_jis is not None and _NOT_SHIFT_JIS.search(shift_jis):
        shift_jis = None
    euc = _strictly(data, "euc_jp")
    text = _strictly(data, "utf-8")
    if text is not None:
        return text
    # Most EUC-JP is valid Shift_JIS too, but as a row of half-width katakana that nobody would send.
    if shift_jis is not None and not (euc is not None and _HALF_WIDTH.search(shift_jis)):
        return shift_jis
    return euc if euc is not None else data.decode("latin-1")


def _strictly(data: bytes, codec: str) -> str | None:
    try:
        return data.decode(codec)
    except UnicodeDecodeError:
        return None


def _decode_jis(data: bytes) -> str:
    """ISO-2022-JP with what mailers add: 8-bit bytes, half-width katakana, NEC's circled digits (as JIS X 0213 has them)."""
    text = _strictly(data, "iso2022_jp_ext")
    if text is not None:
        return text
    first, *rest = _JIS_ESCAPE.split(data)
    parts = [guess(first)]
    for escape, section in zip(rest[::2], rest[1::2], strict=True):
        if escape.startswith(b"$"):
            parts.append(bytes(byte | 0x80 for byte in section).decode("euc_jis_2004", "replace"))
        elif escape == b"(I":
            parts.append(bytes(byte | 0x80 for byte in section).decode("cp932", "replace"))
        else:
            parts.append(guess(section))
    return "".join(parts)
