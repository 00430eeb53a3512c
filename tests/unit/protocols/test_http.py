# SPDX-License-Identifier: Apache-2.0
"""The web parser: what each kind of arrival becomes, whole and byte by byte, and that no input raises. M-09, M-13."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teiten.protocols.http import HEAD_BYTES, MOST_REQUESTS, HttpConversation, Reply, Request, render, split_line

RDP = b"\x03\x00\x00\x13\x0e\xe0\x00\x00\x00\x00\x00\x01\x00\x08\x00\x03\x00\x00\x00"
HELLO = b"\x16\x03\x01\x00\x05hello"
PROBES: dict[str, tuple[bytes, bytes, int]] = {  # name -> (bytes, target, status)
    "plain": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /", 200),
    "http/1.0": (b"GET /x HTTP/1.0\r\n\r\n", b"GET /x", 404),
    "http/0.9": (b"GET /\r\n", b"GET /", 200),
    "no host": (b"GET /y HTTP/1.1\r\n\r\n", b"GET /y", 400),
    "head": (b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", b"HEAD /", 200),
    "odd method": (b"BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", b"BREW /pot", 405),
    "lower-case method": (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", b"get /", 405),
    "proxy post": (b"POST http://h:80/post.php HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na=1", b"POST http://h:80/post.php", 404),
    "connect": (b"CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", b"CONNECT h:443", 405),
    "raw bytes": (b"GET /\xe6\x97\xa5\xff HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /\xe6\x97\xa5\xff", 404),
    "spaces": (b"GET /a b c HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /a b c", 404),
    "bare LF": (b"GET / HTTP/1.1\nHost: a\n\n", b"GET /", 200),
    "bad header": (b"GET / HTTP/1.1\r\nHost: a\r\nno colon here\r\n\r\n", b"GET /", 400),
    "folding": (b"GET / HTTP/1.1\r\nHost: a\r\nX: 1\r\n  2\r\n\r\n", b"GET /", 200),
    "tls hello": (HELLO, b"\x16\x03\x01", 400),
    "ssh": (b"SSH-2.0-Go\r\n", b"SSH-2.0-Go", 400),
    "rdp": (RDP, RDP, 400),
    "binary": (b"\x00\xff" * 100, b"\x00\xff" * 32, 400),
    "cl+te": (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", b"POST /", 400),
    "preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04", b"PRI *", 400),
    "20 kB line": (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /" + b"a" * (8192 - 5), 404),
    "smtp": (b"EHLO me\r\n", b"EHLO me", 400),
    "sip": (b"OPTIONS sip:nm SIP/2.0\r\nVia: x\r\n\r\n", b"OPTIONS sip:nm SIP/2.0", 400),
    "cut head": (b"GET /slow HTTP/1.1\r\nHost: a\r\n", b"GET /slow", 400),
    "cut line": (b"GET /slow", b"GET /slow", 400),
    "cut body": (b"POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc", b"POST /b", 400),
    "bad chunk": (b"POST /b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", b"POST /b", 400),
    "blank lines first": (b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /", 200),
}  # fmt: skip


def converse(pieces: list[bytes], body_bytes: int = 4096) -> list[Request | Reply]:
    conversation = HttpConversation(body_bytes)
    events = [event for piece in pieces for event in conversation.feed(piece)]
    return events + conversation.quiet() + conversation.eof()


def bytewise(data: bytes) -> list[bytes]:
    return [data[n : n + 1] for n in range(len(data))]


@pytest.mark.parametrize("name", PROBES)
def test_each_probe_is_one_request_with_its_bytes(name: str) -> None:
    """M-09: METHOD and target as sent; every arrival is exactly one access, whole and byte by byte."""
    data, target, status = PROBES[name]
    request, reply = converse([data])
    assert isinstance(request, Request) and isinstance(reply, Reply)
    assert (request.target, reply.status) == (target, status)
    if request.kind == "request":
        assert request.line == data.lstrip(b"\r\n").split(b"\n")[0].rstrip(b"\r")[:8192]
    assert converse(bytewise(data)) == [request, reply]


def test_irregular_input_says_why_in_fixed_words() -> None:
    remarks = {name: converse([data])[0].remark for name, (data, _, _) in PROBES.items()}  # type: ignore[union-attr]
    assert remarks["plain"] is None
    assert remarks["http/0.9"] == "no version"
    assert remarks["no host"] == "missing mandatory host"
    assert remarks["raw bytes"] == "illegal request line"
    assert remarks["ssh"] == "not http"
    assert remarks["cl+te"] == "content-length and transfer-encoding"
    assert remarks["cut body"] == "ended early"
    assert all("\xff" not in (remark or "") for remark in remarks.values())


def test_a_long_body_keeps_its_first_bytes_its_length_and_its_hash() -> None:
    body = bytes(range(256)) * 400
    events = converse([b"POST /up HTTP/1.1\r\nHost: a\r\nUser-Agent: t/1\r\nContent-Length: %d\r\n\r\n" % len(body), body], 1000)
    request = events[0]
    assert isinstance(request, Request)
    assert (request.body, request.size, request.digest) == (body[:1000], len(body), hashlib.sha256(body).digest())
    assert (request.client, request.host, request.truncated) == (b"t/1", b"a", True)


def test_pipelined_requests_are_one_access_each_and_the_connection_is_bounded() -> None:
    one = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"
    events = converse([b"".join(one % n for n in range(MOST_REQUESTS + 5))])
    assert [event.target for event in events if isinstance(event, Request)] == [b"GET /%d" % n for n in range(MOST_REQUESTS)]
    closes = [event.close for event in events if isinstance(event, Reply)]
    assert closes == [False] * (MOST_REQUESTS - 1) + [True]


def test_a_chunked_body_is_joined() -> None:
    (request, _) = converse([b"POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"])
    assert isinstance(request, Request)
    assert (request.body, request.size, request.remark) == (b"abcde", 5, None)


@pytest.mark.parametrize("data", [b"GET /" + b"a" * (HEAD_BYTES + 9) + b" HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000 + b"\r\n"])
def test_an_endless_head_is_given_up(data: bytes) -> None:
    request, reply = converse([data])
    assert isinstance(request, Request) and isinstance(reply, Reply)
    assert request.remark in ("line too long", "headers too long") and request.truncated and reply.close
    assert converse([data[n : n + 1000] for n in range(0, len(data), 1000)]) == [request, reply]


def test_nothing_becomes_nothing() -> None:
    assert converse([]) == []
    assert converse([b""]) == []


def test_quiet_does_not_end_a_regular_request() -> None:
    conversation = HttpConversation()
    assert conversation.feed(b"GET / HTTP/1.1\r\nHo") + conversation.quiet() == []
    assert len(conversation.feed(b"st: a\r\n\r\n")) == 2


@pytest.mark.parametrize(("line", "parts"), [
    (b"GET / HTTP/1.1\r\n", (b"GET", b"/", b"HTTP/1.1")), (b"GET  /a  b\tHTTP/1.0\n", (b"GET", b"/a  b", b"HTTP/1.0")),
    (b"GET HTTP/1.1", (b"GET", b"HTTP/1.1", b"")), (b"GET", None), (b" GET / HTTP/1.1", None), (b"", None),
])  # fmt: skip
def test_split_line(line: bytes, parts: tuple[bytes, bytes, bytes] | None) -> None:
    assert split_line(line) == parts


def test_a_reply_has_the_length_it_says() -> None:
    for status in (200, 400, 404, 405):
        head, _, page = render(Reply(status, close=False), "Thu, 01 Jan 1970 00:00:00 GMT").partition(b"\r\n\r\n")
        assert b"Content-Length: %d\r\n" % len(page) in head
        assert render(Reply(status, close=True, head_only=True), "now").endswith(b"Connection: close\r\n\r\n")
        assert render(Reply(status, close=True, bare=True), "now") == page


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(PROBES)), st.binary(max_size=40), st.lists(st.integers(1, 60), max_size=8))
def test_any_cut_and_any_trailing_bytes_give_the_same(name: str, trailing: bytes, cuts: list[int]) -> None:
    """Whole, in pieces, with trailing bytes: the same events, and the request that was sent is the first of them."""
    data, target, _ = PROBES[name]
    pieces, at = [], 0
    for cut in cuts:
        pieces.append((data + trailing)[at : at + cut])
        at += cut
    pieces.append((data + trailing)[at:])
    whole = converse([data + trailing])
    assert converse(pieces) == whole
    if not name.startswith(("cut", "bad chunk")) and name not in ("binary", "rdp"):
        assert isinstance(whole[0], Request) and whole[0].target == target


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_accounted_for(data: bytes) -> None:
    events = converse([data])
    requests = [event for event in events if isinstance(event, Request)]
    assert bool(requests) == bool(data)
    assert converse(bytewise(data)) == events
