# SPDX-License-Identifier: Apache-2.0
"""Fifty things a stranger may send as a target: markup, template and script fragments, directions, control bytes, invalid UTF-8, length."""

from __future__ import annotations

import random
from typing import Final

_MARKUP: Final = [
    b"<script>document.title='broken'</script>",
    b"</bdi></td></tr></table><script>document.title='broken'</script>",
    b'"><img src=x onerror="document.title=\'broken\'">',
    b"' onmouseover='document.title=1' x='",
    b"<svg onload=document.title='broken'>",
    b"<svg><script href=data:,document.title='broken' />",
    b"</title><script>document.title='broken'</script>",
    b"</script><script>document.title='broken'</script>",
    b"<!--><script>document.title='broken'</script>-->",
    b"<![CDATA[<script>document.title='broken'</script>]]>",
    b"<?xml version='1.0'?><!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    b"javascript:document.title='broken'",
    b"data:text/html,<script>parent.document.title='broken'</script>",
    b"<iframe srcdoc=\"<script>parent.document.title='broken'</script>\">",
    b'<meta http-equiv=refresh content="0;url=//example.net/">',
    b"<base href=//example.net/>",
    b"<link rel=stylesheet href=//example.net/x.css>",
    b"<style>*{display:none}</style>",
    b"<form action=//example.net/><button>go</button>",
    b"<a href=//example.net/ target=_blank>click</a>",
    b"<math><mtext></mtext><mglyph><style><img src onerror=document.title='broken'>",
    b"<details open ontoggle=document.title='broken'>",
    b"<template><script>document.title='broken'</script></template>",
    b"<plaintext>",
    b"<textarea><noscript><xmp>",
    b"&lt;script&gt;&#60;script&#62;&#x3c;script&#x3e;&amp;&bogus;",
    b"{{ 7*7 }}{% raw %}${7*7}#{7*7}<%= 7*7 %>[[7*7]]",
    b"{{ config }}{{ ''.__class__.__mro__ }}",
    b"%3Cscript%3Ealert(1)%3C/script%3E%00%0d%0aSet-Cookie:x=1",
    b"`-alert(1)-`\\u003cscript\\u003e",
]
_CHARACTERS: Final = [
    "\u202egnp.exe\u202c".encode(),
    "\u2066left\u2069\u200f\u200e\u061c".encode(),
    "a\u200bb\u200cc\u200dd\ufeffe\u2060f".encode(),
    "\u2028\u2029\x85".encode(),
    ("Z" + "\u0300\u0489\u20dd" * 60).encode(),
    "\U000e0041\U000e0042\ue000\uffff\U0010ffff".encode(),
    "مرحبا (1) بالعالم <b>".encode(),
    "管理者 ﷽ 🏴‍☠️ Ａdmin аdmin".encode(),
    b"\x00\x01\x02\x07\x08\x0b\x0c\x0e\x1f\x7f",
    b"\x1b[2J\x1b]0;title\x07\x1b[31mred\x9b31m",
    b"line one\r\nline two\n\ttabbed",
    b"\xff\xfe\xfd\x80\x81\xc0\xaf\xf8\x88",
    b"\xed\xa0\x80\xed\xb0\x80",
    b"\xe3\x81",
    b"=cmd|' /C calc'!A0",
    b"\\x3cscript\\x3e\\x5c",
    b" ",
    b"",
    b"<script>" * 8_192,
    bytes(range(256)) * 256,
]
POLYGLOTS: Final = _MARKUP + _CHARACTERS
assert len(POLYGLOTS) == 50

_FORMULAS: Final = [
    b"=1+1",
    b"+1",
    b"-1+2",
    b"@SUM(1)",
    b"\t=1",
    b"\r=1",
    "＝1".encode(),
    b'=HYPERLINK("http://127.0.0.1/")',
    b"|calc",
    b";=1",
    b"%0a=1",
]
_JOINTS: Final = [
    b"",
    b" ",
    b"'",
    b'"',
    b"/",
    b"?",
    b"&",
    b",",
    b";",
    b"-->",
    b"]]>",
    b"\x00",
    b"\x1b[0m",
    "\u202e".encode(),
    b"\xff",
    b"\n",
    b"<!--",
]


def many(count: int, seed: int) -> list[bytes]:
    """So many different ones: pieces of the fifty and of spreadsheet formulas put together in every way; a few of 64 KiB."""
    chance = random.Random(seed)
    short = [one for one in POLYGLOTS if len(one) < 1000] + _FORMULAS
    found: dict[bytes, None] = {}
    while len(found) < count:
        pieces = chance.sample(short, chance.choice((1, 2, 2, 3)))
        one = chance.choice(_JOINTS).join(pieces) + (b"%d" % len(found) if chance.random() < 0.5 else b"")
        found[one if len(found) % 200 else (one + b"<b>") * (65_536 // (len(one) + 3) + 1)] = None
    return list(found)
