# SPDX-License-Identifier: Apache-2.0
"""Seeded mutation of valid protocol input: no parser may raise, lose a byte's worth of meaning in pieces, or run away.

`python -m tests.torture.mutate_protocols http 100000` runs many; the same seed gives the same inputs. To add a parser: its samples and its
drive function here.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Sequence

from teiten.model import CATEGORIES
from teiten.packets import headers
from teiten.protocols import http, smtp, ssh
from teiten.protocols.subject import decode_subject
from teiten.protocols.tls import server_name_of

_SPECIAL = (
    b"\r\n",
    b"\n",
    b"\r\n\r\n",
    b"\0",
    b"\xff",
    b" ",
    b"\t",
    b":",
    b"\x16\x03\x01",
    b"HTTP/1.1",
    b"chunked",
    b"0\r\n\r\n",
    b"\x7f\xff\xff\xff",
)


def _string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


_HTTP = (
    b"GET / HTTP/1.1\r\nHost: a\r\nUser-Agent: x\r\n\r\n",
    b"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcdeGET /next HTTP/1.0\r\n\r\n",
    b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nHEAD /x HTTP/1.1\r\nHost: a\r\n\r\n",
    b"GET /\r\n",
    b"\x03\x00\x00\x13\x0e\xe0\x00\x00",
)
_USERAUTH = (
    _string(b"root") + _string(b"ssh-connection") + _string(b"password") + b"\0" + _string("秘密".encode()),
    _string(b"a") + _string(b"ssh-connection") + _string(b"publickey") + b"\0" + _string(b"ssh-rsa") + _string(_string(b"ssh-rsa") + b"k" * 30),
    b"\0\0\0\2" + _string(b"one") + _string(b"two"),
    bytes(16) + b"".join(_string(b"a,b") for _ in range(10)) + bytes(5),
)
_HELLO = (
    bytes.fromhex("16030100410100003d0303")
    + bytes(32)
    + b"\0"
    + b"\0\x02\x13\x01"
    + b"\x01\0"
    + bytes.fromhex("001200000e000c000009612e6578616d706c65"),
)


def _pieces(data: bytes, rng: random.Random) -> list[bytes]:
    cuts = sorted(rng.randrange(len(data) + 1) for _ in range(rng.randrange(4)))
    return [data[a:b] for a, b in zip([0, *cuts], [*cuts, len(data)], strict=True)]


def _converse(pieces: Sequence[bytes]) -> list[http.Event]:
    conversation = http.HttpConversation(64)
    events = [event for piece in pieces for event in conversation.feed(piece)]
    return events + conversation.quiet() + conversation.eof()


def _drive_http(data: bytes, rng: random.Random) -> None:
    events = _converse([data])
    requests = [event for event in events if isinstance(event, http.Request)]
    assert len(requests) == len(events) - len(requests), data
    assert requests or not data, data
    assert all((len(request.target) <= http.LINE_BYTES and len(request.body) <= 64) or request.kind == "not-http" for request in requests), data
    assert _converse(_pieces(data, rng)) == events, data


def _drive_ssh(data: bytes, _rng: random.Random) -> None:
    attempt = ssh.parse_userauth(data)
    assert attempt.user in data and len(attempt.credential or b"") <= ssh.FIELD_BYTES, data
    ssh.parse_responses(data)
    ssh.hassh(data)
    ssh.version_line(data)


def _drive_tls(data: bytes, _rng: random.Random) -> None:
    name = server_name_of(data)
    assert name is None or name in data or data.count(b"\x16") > 1, data


_MAIL = (
    b"Subject: =?ISO-2022-JP?B?GyRCTCQ+NUJ6OS05cBsoQg==?=\r\n =?utf-8?Q?a=C3=A9?=\r\nFrom: a@b\r\n\r\nbody\r\n..dot\r\n",
    b"subject:\x96\xa2\x8f\xb3\x91\xf8\r\n\r\n",
    b"FROM:<a@example.org> SIZE=100 BODY=8BITMIME",
    b"TO: b@example.net\r\n",
    b"AGEAYg==",
)


def _drive_mail(data: bytes, rng: random.Random) -> None:
    whole, in_pieces = smtp.Mail(64), smtp.Mail(64)
    for line in data.splitlines(keepends=True):
        whole.feed(line)
        for piece in filter(None, _pieces(line, rng)):
            in_pieces.feed(piece)
    assert len(whole.body) <= 64 and whole.size <= len(data), data
    assert len(in_pieces.body) <= 64 and in_pieces.size <= len(data), data
    decode_subject(data).decode()
    smtp.read_path(data, b"FROM")
    smtp.decode_plain(data)
    smtp.decode_login(data, data)
    smtp.declared_size(data.split())


_PACKETS = (
    bytes.fromhex("450000284a1f400040060000c6336401cb00710504d201bd00000001000000005002ffff00000000"),
    bytes.fromhex("4500002b0001000040110000c6336401cb007105d43104000017000068656c6c6f20776f726c642121"),
    bytes.fromhex("6000000000080" + "03a" + "ff" + "20010db8000000000000000000000001" + "20010db8000000000000000000000002" + "8000000000010001"),
    bytes.fromhex("4500001c000100004001000" + "0c6336401cb0071050800f7ff00000000"),
)


def _drive_packet(data: bytes, rng: random.Random) -> None:
    packet = headers.decode(data, rng.choice((0x0800, 0x86DD, 0x8100, 0x88A8)))
    if packet is not None:
        assert len(packet.source) in (4, 16), data
        assert headers.classify(packet)[1] in CATEGORIES, data


# name -> (valid samples, what drives the parser with one input and asserts what must hold for any input)
PROTOCOLS: dict[str, tuple[Sequence[bytes], Callable[[bytes, random.Random], None]]] = {
    "http": (_HTTP, _drive_http),
    "ssh": (_USERAUTH, _drive_ssh),
    "tls": (_HELLO, _drive_tls),
    "mail": (_MAIL, _drive_mail),
    "packet": (_PACKETS, _drive_packet),
}


def _mutated(sample: bytes, rng: random.Random) -> bytes:
    data = bytearray(sample)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0:
                del data[at : at + rng.randrange(1, 9)]
            case 1:
                data[at:at] = rng.choice(_SPECIAL)
            case 2:
                data[at : at + 1] = bytes([rng.randrange(256)])
            case 3:
                data[at:at] = data[at : at + rng.randrange(1, 40)]
            case 4:
                data[at:at] = rng.randbytes(rng.randrange(1, 9))
            case _:
                del data[at:]
    return bytes(data)


def mutate(protocol: str, count: int, seed: int) -> int:
    """Drive the parser with `count` mutated inputs; returns how many. A failed assertion or any exception carries the input."""
    samples, drive = PROTOCOLS[protocol]
    rng = random.Random(f"{protocol} {seed}")
    for _ in range(count):
        data = _mutated(rng.choice(samples), rng)
        try:
            drive(data, rng)
        except Exception as error:
            raise AssertionError(f"{protocol} seed {seed}: {data!r}") from error
    return count


if __name__ == "__main__":
    for name in sys.argv[1:2] if sys.argv[1:2] != ["all"] else list(PROTOCOLS):
        print(name, mutate(name, int(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else 1))
