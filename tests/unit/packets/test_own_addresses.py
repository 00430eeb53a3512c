# SPDX-License-Identifier: Apache-2.0
"""Addresses of this machine: netlink messages byte by byte, and the real kernel's answer."""

import socket
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.packets.own_addresses import addresses_in, own_addresses


def attribute(kind, value):
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def message(kind, *attributes):
    body = struct.pack("=BBBBI", 2, 24, 0, 0, 1) + b"".join(attributes)
    return struct.pack("=IHHII", 16 + len(body), kind, 2, 1, 0) + body


def test_the_own_end_of_a_link():
    """On a point-to-point link IFA_ADDRESS is the peer."""
    data = message(20, attribute(1, b"\x0a\0\0\2"), attribute(2, b"\x0a\0\0\1"), attribute(3, b"tun0\0")) + message(
        20, attribute(1, bytes(15) + b"\1")
    )
    assert addresses_in(data) == ({b"\x0a\0\0\1", bytes(15) + b"\1"}, False)


@pytest.mark.parametrize("kind", [2, 3])
def test_the_answer_ends(kind):
    assert addresses_in(message(20, attribute(2, b"abcd")) + message(kind)) == ({b"abcd"}, True)


def test_other_messages_and_odd_lengths_give_nothing():
    assert addresses_in(message(24, attribute(2, b"abcd"))) == (set(), False)
    assert addresses_in(message(20, attribute(2, b"abc"))) == (set(), False)
    assert addresses_in(b"\0" * 64) == (set(), False)


@given(st.binary(max_size=200))
def test_any_bytes(data):
    addresses, _ = addresses_in(data)
    assert all(len(address) in (4, 16) for address in addresses)


@pytest.mark.skipif(sys.platform != "linux", reason="netlink is Linux's")
def test_the_kernel_knows_loopback():
    assert socket.inet_aton("127.0.0.1") in own_addresses()
