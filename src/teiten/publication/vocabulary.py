# SPDX-License-Identifier: Apache-2.0
"""Which targets may be named (P2): those everybody knows, and those seen so widely, so long and with so little room for a hidden
address that naming them tells nobody where a sensor is. All others are counted as "other"."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final

from teiten.clock import MICROSECONDS
from teiten.publication.policies import Policy
from teiten.questions.breadth import Breadth

_WORD = re.compile(r"[A-Za-z]+|[0-9]+|[^A-Za-z0-9]")
_EVERYDAY_SIGNS: Final = frozenset("/.-_ ?=&@*+")
_LETTER_BITS: Final = math.log2(26) * 0.4  # words people can say hold about two bits a letter
_CASE_BITS: Final = 1.0  # for each letter that differs from the case before it


class Vocabulary:
    """`names` decides by the policy; without a closed policy every target may be named."""

    def __init__(self, policy: Policy, approved: Iterable[str] = ()) -> None:
        self._policy = policy
        self._approved = {_entry(line) for line in approved}

    def names(self, channel: str, target: bytes, seen: Breadth, sensors: int) -> bool:
        if not self._policy.closed:
            return True
        if (channel, target) in known():
            return True
        return self._widely(seen, sensors) and ((channel, target) in self._approved or marker_bits(target) <= self._policy.bits)

    def _widely(self, seen: Breadth, sensors: int) -> bool:
        policy = self._policy
        hours = (seen.last_at - seen.first_at) / (3600 * MICROSECONDS)
        return (
            sensors >= policy.sensors and seen.blocks >= policy.blocks and seen.allocations >= policy.allocations and hours >= policy.hours
        )  # fmt: skip


@cache
def known() -> frozenset[tuple[str, bytes]]:
    """The curated list: well-known ports, everyday requests, account names of every dictionary."""
    text = (files("teiten.publication") / "known_targets.txt").read_text(encoding="utf-8")
    return frozenset(_entry(line) for line in text.splitlines() if line and not line.startswith("#"))


def marker_bits(target: bytes) -> float:
    """A generous estimate of what a stranger could hide in the text; 32 bits hold an IPv4 address. Infinite for bytes that are no text."""
    try:
        text = target.decode("utf-8")
    except UnicodeDecodeError:
        return math.inf
    return sum(_bits(word) for word in _WORD.findall(text)) if len(text) <= 200 and text.isprintable() else math.inf


def _bits(word: str) -> float:
    if word.casefold() in _known_words():
        return 0.0
    if word.isdigit():
        return len(word) * math.log2(10)
    if word.isascii() and word.isalpha():
        turns = sum(a.islower() != b.islower() for a, b in pairwise(word[1:]))
        return len(word) * (_LETTER_BITS if _speakable(word) else math.log2(26)) + turns * _CASE_BITS
    return 0.5 if word in _EVERYDAY_SIGNS else 6.0 if word.isascii() else 5.0  # kana and kanji in words


def _speakable(word: str) -> bool:
    """No long run without a vowel: what a person would choose, not what a program drew."""
    return re.search(r"[^aeiouy]{5}|[aeiouy]{5}", word.lower()) is None and re.search(r"[aeiouy]", word.lower()) is not None


@cache
def _known_words() -> frozenset[str]:
    words = (word.casefold() for _, target in known() for word in _WORD.findall(target.decode()) if word.isalpha())
    return frozenset(words) | {"http", "https", "html", "tcp", "udp", "icmp", "com", "net", "org", "jp", "www", "localhost"}


def _entry(line: str) -> tuple[str, bytes]:
    channel, _, target = line.partition(" ")
    return channel, target.encode()
