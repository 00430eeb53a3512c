# SPDX-License-Identifier: Apache-2.0
"""Addresses of this machine: netlink messages byte by byte, and the real kernel's answer."""

import socket
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.packets.own_addresses import addresses_in, member_links, members_in, own_addresses


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
    assert list(addresses_in(data)) == [b"\x0a\0\0\1", bytes(15) + b"\1"]


def test_members_of_bridges():
    link = struct.pack("=BxHiII", 0, 1, 7, 0, 0)
    data = struct.pack("=IHHII", 16 + 16 + 8, 16, 2, 1, 0) + link + attribute(10, b"\3\0\0\0")
    assert list(members_in(data)) == [7]
    assert list(members_in(data[:34])) == []
    assert list(members_in(struct.pack("=IHHII", 32, 16, 2, 1, 0) + link)) == []


def test_other_messages_and_odd_lengths_give_nothing():
    assert list(addresses_in(message(24, attribute(2, b"abcd")))) == []
    assert list(addresses_in(message(20, attribute(2, b"abc")))) == []
    assert list(addresses_in(b"\0" * 64)) == []


@given(st.binary(max_size=200))
def test_any_bytes(data):
    assert all(len(address) in (4, 16) for address in addresses_in(data))
    assert all(isinstance(index, int) for index in members_in(data))


@pytest.mark.skipif(sys.platform != "linux", reason="netlink is Linux's")
def test_the_kernel_knows_loopback():
    assert socket.inet_aton("127.0.0.1") in own_addresses()
    assert 1 not in member_links()
