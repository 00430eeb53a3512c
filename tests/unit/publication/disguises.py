# SPDX-License-Identifier: Apache-2.0
"""Ways to write an address that an outsider would try, made independently of the code that must find them."""

from __future__ import annotations

import base64
import ipaddress
import quopri
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

AROUND: Final[list[tuple[bytes, bytes]]] = [
    (b"", b""),
    (b"GET http://", b"/index.php?a=1"),
    (b"BC_", b""),
    (b"user@", b".example"),
    (b"test ", b" test"),
    (b"<", b">"),
    (b"GET /x", b"?y"),
]
