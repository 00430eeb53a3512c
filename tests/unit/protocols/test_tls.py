# SPDX-License-Identifier: Apache-2.0
"""TLS without a socket: a whole handshake, the server name of a raw hello, and that damage never raises."""

from __future__ import annotations

import ssl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.protocols.tls import TlsConversation, server_name_of
from teiten.sensors.certificates import tls_context


def client(name: str) -> tuple[ssl.SSLObject, ssl.MemoryBIO, ssl.MemoryBIO]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    return context.wrap_bio(incoming, outgoing, server_hostname=name), incoming, outgoing


def hello(name: str) -> bytes:
    peer, _, outgoing = client(name)
    with pytest.raises(ssl.SSLWantReadError):
        peer.do_handshake()
    return outgoing.read()


@pytest.fixture(scope="module")
def context(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    return tls_context(tmp_path_factory.mktemp("keys"), lambda: 1_700_000_000_000_000)


def test_a_conversation(context: ssl.SSLContext) -> None:
    peer, incoming, outgoing = client("www.example.jp")
    server = TlsConversation(context)
    heard, done = b"", False
    for _ in range(6):
        try:
            if not done:
                peer.do_handshake()
                done = True
                peer.write(b"GET / HTTP/1.0\r\n\r\n")
        except ssl.SSLWantReadError:
            pass
        outcome = server.feed(outgoing.read())
        assert not outcome.failed
        heard += outcome.plain
        incoming.write(outcome.reply)
    assert heard == b"GET / HTTP/1.0\r\n\r\n"
    assert (server.server_name, server.version) == (b"www.example.jp", "TLSv1.3")
    incoming.write(server.seal(b"hello"))
    assert peer.read(100) == b"hello"


def test_a_hello_that_is_none_fails_with_a_reason_and_is_kept(context: ssl.SSLContext) -> None:
    server = TlsConversation(context)
    outcome = server.feed(b"\x16\x03\x01\x00\x04abcd")
    assert outcome.failed and not server.established and server.hello == b"\x16\x03\x01\x00\x04abcd"


def test_the_name_of_a_raw_hello() -> None:
    assert server_name_of(hello("xn--wgv71a119e.jp")) == b"xn--wgv71a119e.jp"
    assert server_name_of(b"") is None


@given(st.integers(0, 600), st.binary(max_size=8), st.binary(max_size=400))
def test_damage_never_raises(cut: int, wrong: bytes, noise: bytes) -> None:
    data = hello("a.example")
    damaged = data[:cut] + wrong + data[cut + len(wrong) :]
    for one in (data[:cut], damaged, b"\x16\x03\x01" + noise, noise):
        name = server_name_of(one)
        assert name is None or len(name) <= 255
