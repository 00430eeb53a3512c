# SPDX-License-Identifier: Apache-2.0
"""Messages of flow exporters (NetFlow v5 and v9, IPFIX), one after the other in a file: where each ends, its templates and its records.

Bytes in, fields by their numbers out; what a field means for an observation is netflow.py's. Formats: Cisco's NetFlow v5, RFC 3954 (v9),
RFC 7011 (IPFIX) and RFC 5655 (IPFIX in files). A message whose length can't be told runs to the end of the file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

V5, V9, IPFIX = 5, 9, 10
HEADER_BYTES = {V5: 24, V9: 20, IPFIX: 16}
_V5_RECORD = 48
MOST_V5_RECORDS = 30
_TEMPLATES, _OPTIONS = {V9: 0, IPFIX: 2}, {V9: 1, IPFIX: 3}
_LEAST_DATA = 256  # numbers of data sets; those between are reserved
_VARIABLE = 0xFFFF
_REVERSE = 29305  # RFC 5103: the other direction of the same flow
REVERSE = 1 << 16
VENDOR = 1 << 17
"""Added to the number of a field: it tells of the other direction; its meaning is a vendor's."""
LONGEST_MESSAGE = 1 << 16
_MOST_FIELDS = 2_000


class Header(NamedTuple):
    version: int
    declared: int  # v5: flows; v9: records; IPFIX: bytes
    uptime_ms: int  # of the exporter; 0 in IPFIX
    seconds: int
    nanoseconds: int  # v5 only
    domain: int  # source or observation domain that its templates belong to


class Template(NamedTuple):
    fields: tuple[tuple[int, int], ...]  # number and bytes, _VARIABLE for those that say it themselves
    is_options: bool

    def fits(self, size: int) -> bool:
        """Whether a set of `size` bytes may be records of this template and no more than 3 bytes of padding."""
        least = sum(1 if length == _VARIABLE else length for _, length in self.fields)
        if least == 0 or size < least:
            return False
        return any(length == _VARIABLE for _, length in self.fields) or size % least < 4


Key = tuple[int, int, int]
"""Version, domain, number of a template."""
Record = dict[int, bytes]


class Part(NamedTuple):
    """One set of a message."""

    number: int  # of the template of its data, or below 256
    body: bytes
    is_cut: bool = False


def header_of(message: bytes) -> Header | None:
    version = int.from_bytes(message[:2], "big")
    if version not in HEADER_BYTES or len(message) < HEADER_BYTES[version]:
        return None
    count = int.from_bytes(message[2:4], "big")
    numbers = [int.from_bytes(message[at : at + 4], "big") for at in range(4, HEADER_BYTES[version], 4)]
    if version == V5:
        return Header(version, count, numbers[0], numbers[1], numbers[2], 0)
    if version == V9:
        return Header(version, count, numbers[0], numbers[1], 0, numbers[3])
    return Header(version, count, 0, numbers[0], 0, numbers[2])


class MessageCutter:
    """Cuts a stream into messages; holds at most one and what follows it in a block."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, block: bytes, is_last: bool = False) -> list[bytes]:
        text, at, found = self._rest + block, 0, []
        while at < len(text):
            end = _end_of(text, at)
            if not is_last and end > len(text) - LONGEST_MESSAGE:
                break
            found.append(text[at:end])
            at = end
        self._rest = text[at:]
        return found


def _end_of(text: bytes, at: int) -> int:
    header = header_of(text[at : at + 24])
    if header is None or (header.version == V5 and not 0 < header.declared <= MOST_V5_RECORDS):
        return min(len(text), at + LONGEST_MESSAGE)
    if header.version == V5:
        end = at + 24 + header.declared * _V5_RECORD
    elif header.version == IPFIX:
        end = at + max(header.declared, 16)
    else:
        end = at + 20
        while end < len(text) and end - at < LONGEST_MESSAGE and text[end : end + 2] not in (b"\0\x05", b"\0\x09", b"\0\x0a"):
            end += max(int.from_bytes(text[end + 2 : end + 4], "big"), 4)  # zeros behind the last set are padding
    return min(end, len(text))


def v5_flows(message: bytes) -> Iterator[Record]:
    """Whole flows, with the numbers that the same fields have in v9; what of the message the header doesn't count is not read."""
    for at in range(24, len(message) - _V5_RECORD + 1, _V5_RECORD):
        flow = message[at : at + _V5_RECORD]
        yield {
            8: flow[:4], 12: flow[4:8], 2: flow[16:20], 1: flow[20:24], 22: flow[24:28], 21: flow[28:32], 7: flow[32:34], 11: flow[34:36],
            6: flow[37:38], 4: flow[38:39],
        }  # fmt: skip


def parts(message: bytes, header: Header) -> Iterator[Part]:
    """The sets of a v9 or IPFIX message."""
    at = HEADER_BYTES[header.version]
    while at + 4 <= len(message):
        number, size = int.from_bytes(message[at : at + 2], "big"), int.from_bytes(message[at + 2 : at + 4], "big")
        if size < 4:
            if any(message[at:]):
                yield Part(number, message[at + 4 :], True)
            return
        yield Part(number, message[at + 4 : at + size], at + size > len(message))
        at += size


def templates_in(part: Part, header: Header) -> Iterator[tuple[int, Template]]:
    """Templates that a set tells, up to the first that is broken or the padding."""
    is_options = part.number == _OPTIONS.get(header.version)
    if not is_options and part.number != _TEMPLATES.get(header.version):
        return
    body, at, lead = part.body, 0, 6 if is_options else 4
    while at + lead <= len(body):
        number, count = int.from_bytes(body[at : at + 2], "big"), int.from_bytes(body[at + 2 : at + 4], "big")
        if number < _LEAST_DATA:
            return
        if is_options and header.version == V9:  # its lengths are bytes: of the scope's fields, then of the others
            count = (count + int.from_bytes(body[at + 4 : at + 6], "big")) // 4
        fields, at = _fields(body, at + lead, count, header.version)
        if fields is None:
            return
        if fields:
            yield number, Template(fields, is_options)


def _fields(body: bytes, at: int, count: int, version: int) -> tuple[tuple[tuple[int, int], ...] | None, int]:
    fields: list[tuple[int, int]] = []
    for _ in range(min(count, _MOST_FIELDS)):
        if at + 4 > len(body):
            return None, at
        number, length = int.from_bytes(body[at : at + 2], "big"), int.from_bytes(body[at + 2 : at + 4], "big")
        at += 4
        if version == IPFIX and number & 0x8000:
            vendor = int.from_bytes(body[at : at + 4], "big")
            number = (number & 0x7FFF) + (REVERSE if vendor == _REVERSE else VENDOR)
            at += 4
        fields.append((number, length))
    return tuple(fields), at


def is_data(part: Part) -> bool:
    return part.number >= _LEAST_DATA


def records_in(part: Part, template: Template) -> Iterator[Record]:
    """The records of a data set; a field that is there twice counts as its first."""
    body, at = part.body, 0
    while at < len(body):
        record: Record = {}
        start = at
        for number, length in template.fields:
            if length == _VARIABLE:
                length, at = _length_at(body, at)
            if at + length > len(body):
                return
            record.setdefault(number, body[at : at + length])
            at += length
        if at == start or (at - start < 4 and not any(body[start:])):
            return
        yield record


def _length_at(body: bytes, at: int) -> tuple[int, int]:
    short = body[at] if at < len(body) else 0
    return (short, at + 1) if short < 255 else (int.from_bytes(body[at + 1 : at + 3], "big"), at + 3)
