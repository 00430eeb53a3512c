# SPDX-License-Identifier: Apache-2.0
"""Finished pages, kept for about a second, so that many readers cost as much as one. Bounded; nothing personal to a reader may go in."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

import msgspec


class Page(msgspec.Struct, frozen=True):
    body: bytes
    media_type: str
    etag: str
    status: int = 200


def page_of(body: bytes, media_type: str, status: int = 200) -> Page:
    return Page(body, media_type, '"' + hashlib.blake2b(body, digest_size=12).hexdigest() + '"', status)


class _Slot:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.page: Page | None = None
        self.made_at = float("-inf")


class PageCache:
    """`seconds` of life per page, at most `size` pages; one key is made by one thread at a time while the others wait for it."""

    def __init__(self, seconds: float, size: int = 128, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._size = size
        self._now = now
        self._slots: OrderedDict[Hashable, _Slot] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._slots)

    def clear(self) -> None:
        """What is being made just now is kept by nobody either."""
        with self._lock:
            self._slots.clear()

    def fresh(self, key: Hashable) -> Page | None:
        """The page if it is still young; never blocks on its making."""
        with self._lock:
            slot = self._slots.get(key)
        return slot.page if slot and self._now() - slot.made_at < self._seconds else None

    def get(self, key: Hashable, make: Callable[[], Page]) -> Page:
        """What `make` raises goes to the caller, and nothing is kept."""
        slot = self._slot(key)
        with slot.lock:
            if slot.page is None or self._now() - slot.made_at >= self._seconds:
                slot.page = make()
                slot.made_at = self._now()
            return slot.page

    def _slot(self, key: Hashable) -> _Slot:
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            while len(self._slots) > self._size:
                self._slots.popitem(last=False)
            return slot
