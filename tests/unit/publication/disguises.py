# SPDX-License-Identifier: Apache-2.0
"""Ways to write an address that an outsider would try, made independently of the code that must find them."""

from __future__ import annotations

import base64
import ipaddress
import quopri
import zlib
from collections.abc import Callable
from typing import Final
from urllib.parse import quote

V4 = Callable[[ipaddress.IPv4Address], bytes]
V6 = Callable[[ipaddress.IPv6Address], bytes]


def _octets(address: ipaddress.IPv4Address) -> list[int]:
    return list(address.packed)


def _percent(text: bytes) -> bytes:
    return b"".join(b"%%%02X" % byte for byte in text)


IPV4: Final[dict[str, V4]] = {
    "dotted": lambda a: str(a).encode(),
    "dotted with zeros": lambda a: ".".join(f"{o:03}" for o in _octets(a)).encode(),
    "decimal": lambda a: str(int(a)).encode(),
    "hexadecimal": lambda a: f"0x{int(a):08x}".encode(),
    "bare hexadecimal": lambda a: f"{int(a):08X}".encode(),
    "dotted hexadecimal": lambda a: ".".join(f"0x{o:x}" for o in _octets(a)).encode(),
    "octal": lambda a: f"0{int(a):o}".encode(),
    "dotted octal": lambda a: ".".join(f"0{o:o}" for o in _octets(a)).encode(),
    "reversed": lambda a: a.reverse_pointer.encode(),
    "percent": lambda a: _percent(str(a).encode()),
    "percent twice": lambda a: _percent(_percent(str(a).encode())),
    "base64": lambda a: base64.b64encode(str(a).encode()),
    "base64 url": lambda a: base64.urlsafe_b64encode(str(a).encode()).rstrip(b"="),
    "base64 packed": lambda a: base64.b64encode(a.packed),
    "base32": lambda a: base64.b32encode(str(a).encode()),
    "punycode": lambda a: b"xn--" + ("ü" + str(a).replace(".", "-")).encode("punycode"),
    "mapped": lambda a: f"::ffff:{a}".encode(),
    "mapped hexadecimal": lambda a: f"::ffff:{int(a) >> 16:x}:{int(a) & 0xFFFF:x}".encode(),
    "6to4": lambda a: f"2002:{int(a) >> 16:x}:{int(a) & 0xFFFF:x}::1".encode(),
    "dashes": lambda a: ("p" + str(a).replace(".", "-") + ".isp.example").encode(),
    "short form": lambda a: f"{a.packed[0]}.{int.from_bytes(a.packed[1:])}".encode(),
    "hex of the text": lambda a: str(a).encode().hex().encode(),
    "entities": lambda a: "".join(f"&#{ord(c)};" for c in str(a)).encode(),
    "hex entities": lambda a: "".join(f"&#x{ord(c):x};" for c in str(a)).encode(),
    "escapes": lambda a: "".join(f"\\x{ord(c):02x}" for c in str(a)).encode(),
    "unicode escapes": lambda a: "".join(f"\\u{ord(c):04x}" for c in str(a)).encode(),
    "percent packed": lambda a: _percent(a.packed),
    "quoted printable": lambda a: "".join(f"={ord(c):02X}" for c in str(a)).encode(),
    "full width": lambda a: "".join(chr(ord(c) + 0xFEE0) for c in str(a)).encode(),
    "arabic digits": lambda a: "".join(chr(0x660 + int(c)) if c.isdigit() else c for c in str(a)).encode(),
    "zero width between": lambda a: "\u200b".join(str(a)).encode(),
    "backwards": lambda a: str(a)[::-1].encode(),
    "utf-16": lambda a: str(a).encode("utf-16-le"),
    "network only": lambda a: str(a).rpartition(".")[0].encode() + b".0/24",
    "binary": lambda a: f"{int(a):032b}".encode(),
    "little-endian decimal": lambda a: str(int.from_bytes(a.packed, "little")).encode(),
    "base64 in percent": lambda a: quote(base64.b64encode(str(a).encode())).encode(),
    "encoded word": lambda a: b"=?utf-8?B?" + base64.b64encode(str(a).encode()) + b"?=",
    "encoded word, quoted": lambda a: b"=?utf-8?Q?" + quopri.encodestring(str(a).encode(), quotetabs=True) + b"?=",
}

IPV6: Final[dict[str, V6]] = {
    "canonical": lambda a: str(a).encode(),
    "exploded": lambda a: a.exploded.upper().encode(),
    "bare hexadecimal": lambda a: a.packed.hex().encode(),
    "decimal": lambda a: str(int(a)).encode(),
    "reversed": lambda a: a.reverse_pointer.encode(),
    "dashes": lambda a: (a.exploded.replace(":", "-") + ".ipv6-literal.net").encode(),
    "percent": lambda a: _percent(str(a).encode()),
    "base64": lambda a: base64.b64encode(str(a).encode()),
    "base64 packed": lambda a: base64.b64encode(a.packed),
    "brackets": lambda a: f"[{a}]:80".encode(),
    "full width": lambda a: "".join(chr(ord(c) + 0xFEE0) for c in a.exploded).encode(),
    "network only": lambda a: ":".join(a.exploded.split(":")[:3]).encode() + b"::/48",
}


def _characters(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


# What a stranger may put around any text, once or several times; every one can be undone by the reader of a page.
WRAPS: Final[dict[str, Callable[[bytes], bytes]]] = {
    "percent": _percent,
    "percent, lower case": lambda t: b"".join(b"%%%02x" % byte for byte in t),
    "base64": base64.b64encode,
    "base64 url without end": lambda t: base64.urlsafe_b64encode(t).rstrip(b"="),
    "base64 after letters": lambda t: b"xx" + base64.b64encode(t),
    "base64 in lines": lambda t: b"\n".join(base64.b64encode(t)[at : at + 7] for at in range(0, len(base64.b64encode(t)), 7)),
    "base32": base64.b32encode,
    "base85": base64.b85encode,
    "ascii85": lambda t: base64.a85encode(t, adobe=True),
    "hex": lambda t: t.hex().encode(),
    "hex, upper case, spaced": lambda t: t.hex(" ").upper().encode(),
    "hex, colons": lambda t: t.hex(":").encode(),
    "escapes": lambda t: b"".join(b"\\x%02x" % byte for byte in t),
    "octal escapes": lambda t: b"".join(b"\\%03o" % byte for byte in t),
    "unicode escapes": lambda t: b"".join(b"\\u%04X" % byte for byte in t),
    "unicode escapes in braces": lambda t: b"".join(b"\\u{%x}" % byte for byte in t),
    "percent u": lambda t: b"".join(b"%%u%04x" % byte for byte in t),
    "entities": lambda t: b"".join(b"&#%d;" % byte for byte in t),
    "entities without end": lambda t: b"".join(b"&#x%02x " % byte for byte in t).replace(b" ", b";"),
    "quoted printable": lambda t: b"".join(b"=%02X" % byte for byte in t),
    "quoted printable in lines": lambda t: b"=\n".join(b"".join(b"=%02X" % byte for byte in t[at : at + 5]) for at in range(0, len(t), 5)),
    "utf-16": lambda t: _characters(t).encode("utf-16-le"),
    "utf-16, big end first": lambda t: _characters(t).encode("utf-16-be"),
    "utf-32": lambda t: _characters(t).encode("utf-32-le"),
    "utf-7": lambda t: b"+" + base64.b64encode(_characters(t).encode("utf-16-be")).rstrip(b"=") + b"-",
    "full width": lambda t: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in _characters(t)).encode(),
    "zero width": lambda t: "\u200b".join(_characters(t)).encode(),
    "latin-1 as utf-8": lambda t: t.decode("latin-1").encode(),
    "backwards": lambda t: t[::-1],
    "gzip": lambda t: zlib.compress(t),
    "in a query": lambda t: b"/index.php?u=" + quote(t, safe="").encode() + b"&x=1",
    "encoded word": lambda t: b"=?utf-8?B?" + base64.b64encode(t) + b"?=",
}

# Separators that a list of separators forgets.
SEPARATED: Final = (
    " . ",
    "[.]",
    "(dot)",
    " dot ",
    "|",
    ";",
    "..",
    "·",
    "。",
    " \t",
    "x",
    "{.}",
    "<b>.</b>",
    "--",
    "+",
    "%2e",
    "&period;",
    "\0",
    "%00",
)

AROUND: Final[list[tuple[bytes, bytes]]] = [
    (b"", b""),
    (b"GET http://", b"/index.php?a=1"),
    (b"BC_", b""),
    (b"user@", b".example"),
    (b"test ", b" test"),
    (b"<", b">"),
    (b"GET /x", b"?y"),
]
