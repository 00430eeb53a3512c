# SPDX-License-Identifier: Apache-2.0
"""Writes Avro container files of flowtuples for tests, in the codecs that are read; `python -m tests.unit.importers.avro_files` wrote the case."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from pathlib import Path

NAMES = (
    "time", "src_ip", "dst_ip", "src_port", "dst_port", "protocol", "ttl", "tcp_flags", "ip_len", "tcp_synlen", "tcp_synwinlen", "packet_cnt",
    "is_spoofed", "is_masscan", "maxmind_continent", "maxmind_country", "prefix2asn",
)  # fmt: skip
TEXTS = ("maxmind_continent", "maxmind_country")
SYNC = bytes(range(16))
FLOWS: tuple[tuple[int | str, ...], ...] = (
    (1709251200, 0xC6336407, 0x2C000001, 40000, 23, 6, 50, 2, 40, 20, 1024, 3, 0, 0, "NA", "US", 64500),  # SYN, three times
    (1709251200, 0xCB007109, 0x2C000002, 443, 51000, 6, 60, 18, 40, 0, 0, 1, 0, 0, "AS", "JP", 64501),  # SYN-ACK
    (1709251260, 0xCB007109, 0x2C000003, 8, 0, 1, 60, 0, 28, 0, 0, 2, 0, 0, "AS", "JP", 64501),  # echo request
    (1709251260, 0xC0000201, 0x2C000004, 5353, 53413, 17, 60, 0, 60, 0, 0, 1, 0, 0, "EU", "DE", 64502),
    (1709251320, 0xC0000201, 0x2C000004, 0, 0, 47, 60, 0, 60, 0, 0, 1, 0, 0, "EU", "DE", 64502),
    (1709251320, 1 << 33, 0x2C000004, 0, 0, 6, 60, 2, 60, 0, 0, 1, 0, 0, "EU", "DE", 64502),  # no IPv4 address
)


def schema() -> bytes:
    longs = ("src_ip", "dst_ip", "packet_cnt")
    fields = [{"name": name, "type": "string" if name in TEXTS else "long" if name in longs else "int"} for name in NAMES]
    return json.dumps({"namespace": "org.caida.corsaro", "type": "record", "name": "flowtuple", "fields": fields}).encode()


def number(value: int) -> bytes:
    value = (value << 1) ^ (value >> 63)
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def datum(flow: Sequence[int | str]) -> bytes:
    return b"".join(number(v) if isinstance(v, int) else number(len(v)) + v.encode() for v in flow)


def snap(data: bytes) -> bytes:
    """Snappy with literals, and a copy where eight bytes repeat."""
    size, out, at, literal = len(data), bytearray(), 0, 0
    while size > 0x7F:
        out.append(size & 0x7F | 0x80)
        size >>= 7
    out.append(size)

    def flush(end: int) -> None:
        for start in range(literal, end, 60):
            piece = data[start : min(start + 60, end)]
            out.append((len(piece) - 1) << 2)
            out.extend(piece)

    while at < len(data):
        found = data.rfind(data[at : at + 8], 0, at) if at + 8 <= len(data) else -1
        if found < 0 or at - found > 2000:
            at += 1
            continue
        flush(at)
        out.extend([(8 - 4) << 2 | (at - found) >> 8 << 5 | 1, (at - found) & 0xFF])
        at += 8
        literal = at
    flush(at)
    return bytes(out)


def pack(codec: str, data: bytes) -> bytes:
    if codec == "deflate":
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        return packer.compress(data) + packer.flush()
    return snap(data) + zlib.crc32(data).to_bytes(4, "big") if codec == "snappy" else data


def container(codec: str, blocks: Sequence[Sequence[Sequence[int | str]]], text: bytes | None = None) -> bytes:
    text = schema() if text is None else text
    pairs = {b"avro.schema": text, b"avro.codec": codec.encode()}
    metadata = number(len(pairs)) + b"".join(number(len(k)) + k + number(len(v)) + v for k, v in pairs.items()) + number(0)
    out = b"Obj\x01" + metadata + SYNC
    for flows in blocks:
        packed = pack(codec, b"".join(map(datum, flows)))
        out += number(len(flows)) + number(len(packed)) + packed + SYNC
    return out


if __name__ == "__main__":
    for name in ("null", "deflate", "snappy"):
        Path(f"tests/cases/importers/stardust/{name}.avro").write_bytes(container(name, [FLOWS[:3], FLOWS[3:]]))
