# SPDX-License-Identifier: Apache-2.0
"""Live frames from the kernel's packet ring (AF_PACKET, TPACKET_V3), without any library; needs CAP_NET_RAW. Receives only.

Cooked mode: frames start at the network header, so that the kind of link doesn't matter. A small kernel filter leaves out what can be
neither access nor backscatter (ARP, data of established TCP connections), so that a busy host doesn't crowd out observation.
"""

from __future__ import annotations

import ctypes
import errno
import mmap
import socket
from collections.abc import Iterator
from struct import Struct, pack
from typing import Final, NamedTuple

import msgspec

HOST, BROADCAST, MULTICAST, OTHER_HOST, OUTGOING = 0, 1, 2, 3, 4
LONGEST_FRAME_BYTES: Final = 4096  # of which this much is kept; enough for an Ethernet frame, so that digests are of the whole

_SOL_PACKET, _RX_RING, _STATISTICS, _VERSION = 263, 5, 6, 10
_TPACKET_V3 = 2
_SO_ATTACH_FILTER = 26
_ETH_P_ALL = 3
_BLOCK_BYTES = 1 << 18
_FRAME_BYTES = 2048  # only used by the kernel for arithmetic; frames in a V3 block have their own lengths
_RETIRE_MILLISECONDS = 50  # a block that isn't full is handed over after this time
_USER = 1

_BLOCK = Struct("=8xIII")  # struct tpacket_block_desc: status, number of packets, offset of the first
_STATUS_AT = 8
# struct tpacket3_hdr up to tp_net, and the struct sockaddr_ll 48 bytes after its begin
_FRAME = Struct("=IIIIII2xH20x2xHI2xB")
_VLAN_VALID = 0x10
_PROTOCOL_SWAP = socket.ntohs


class Frame(msgspec.Struct, frozen=True, gc=False):
    nanoseconds: int  # since the epoch, by the kernel's clock
    direction: int  # HOST … OUTGOING
    ethertype: int
    data: bytes
    link: int = 0  # index of the interface
    tagged: bool = False  # had a VLAN tag, which the kernel took off


class Ring:
    """One packet socket and its ring. `interface` "" means all. Raises PermissionError without CAP_NET_RAW, OSError for an unknown interface."""

    def __init__(self, interface: str = "", ring_bytes: int = 16 << 20, established: bool = False) -> None:
        self.dropped = 0
        self._count = max(2, ring_bytes // _BLOCK_BYTES)
        self._next = 0
        # All interfaces is a socket that isn't bound; the kernel throws away what came before the ring was there.
        protocol = 0 if interface else socket.htons(_ETH_P_ALL)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, protocol)
        try:
            self._map = self._open(interface, established)
        except OSError:
            self._socket.close()
            raise

    def _open(self, interface: str, established: bool) -> mmap.mmap:
        size = self._count * _BLOCK_BYTES
        self._socket.setsockopt(_SOL_PACKET, _VERSION, _TPACKET_V3)
        _attach(self._socket, filter_program(established))
        self._socket.setsockopt(
            _SOL_PACKET, _RX_RING, pack("=7I", _BLOCK_BYTES, self._count, _FRAME_BYTES, size // _FRAME_BYTES, _RETIRE_MILLISECONDS, 0, 0)
        )
        mapped = mmap.mmap(self._socket.fileno(), size)
        if interface:
            self._socket.bind((interface, _ETH_P_ALL))
        return mapped

    def fileno(self) -> int:
        """Readable when a block of frames is there."""
        return self._socket.fileno()

    def drain(self) -> list[Frame]:
        """The frames of the next finished block, oldest first; empty when there is none."""
        at = self._next * _BLOCK_BYTES
        status, packets, first = _BLOCK.unpack_from(self._map, at)
        if not status & _USER:
            return []
        frames = list(_frames(self._map, at + first, packets))
        self._map[at + _STATUS_AT : at + _STATUS_AT + 4] = bytes(4)  # back to the kernel
        self._next = (self._next + 1) % self._count
        return frames

    def error(self) -> str:
        """The socket's pending error (an interface went down), which is cleared; while it is pending the socket stays readable."""
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return errno.errorcode.get(number, "OSError") if number else ""

    def count_drops(self) -> int:
        """Packets that the kernel had to drop since the start, because nobody drained the ring in time."""
        if self._socket.fileno() < 0:
            return self.dropped
        _seen, drops, _freezes = Struct("=III").unpack(self._socket.getsockopt(_SOL_PACKET, _STATISTICS, 12))
        self.dropped += drops  # reading resets it
        return self.dropped

    def close(self) -> None:
        if self._socket.fileno() >= 0:
            self._socket.close()
            self._map.close()


def _frames(ring: mmap.mmap, at: int, packets: int) -> Iterator[Frame]:
    for _ in range(packets):
        following, seconds, nanoseconds, kept, _length, status, network, protocol, link, direction = _FRAME.unpack_from(ring, at)
        data = ring[at + network : at + network + kept]
        yield Frame(seconds * 1_000_000_000 + nanoseconds, direction, _PROTOCOL_SWAP(protocol), data, link, bool(status & _VLAN_VALID))
        at += following


class _Program(NamedTuple):
    """Classic BPF with named places: each step is (code, value, where to go if true, else)."""

    steps: list[tuple[str, int, int, str, str]]

    def assemble(self) -> bytes:
        places = {name: number for number, (name, *_) in enumerate(self.steps) if name}
        return b"".join(
            pack("=HBBI", code, places[true] - here - 1 if true else 0, places[false] - here - 1 if false else 0, value & 0xFFFFFFFF)
            for here, (_, code, value, true, false) in enumerate(self.steps)
        )


_LOAD_WORD, _LOAD_HALF, _LOAD_BYTE, _LOAD_BYTE_AT_X, _LOAD_X_HEADER = 0x20, 0x28, 0x30, 0x50, 0xB1
_IF_EQUAL, _IF_ANY_BIT, _RETURN = 0x15, 0x45, 0x06
_ETHERTYPE = -0x1000  # SKF_AD_OFF + SKF_AD_PROTOCOL: offsets below zero ask the kernel about the packet, not its bytes


def filter_program(established: bool) -> bytes:
    """Keeps IP (and tagged frames), leaves out TCP that has ACK but neither SYN nor RST; with `established` keeps that as well.

    Fragments are kept unseen: a first fragment may be too short to hold the flags, and a load past the end would discard it.
    """
    keep = "keep" if established else ""
    steps = [
        ("", _LOAD_WORD, _ETHERTYPE, "", ""),
        ("", _IF_EQUAL, 0x0800, keep or "ipv4", ""),
        ("", _IF_EQUAL, 0x86DD, keep or "ipv6", ""),
        ("", _IF_EQUAL, 0x8100, "keep", ""),
        ("", _IF_EQUAL, 0x88A8, "keep", ""),
        ("", _IF_EQUAL, 0x9100, "keep", "leave"),
        ("ipv4", _LOAD_BYTE, 9, "", ""),
        ("", _IF_EQUAL, socket.IPPROTO_TCP, "", "keep"),
        ("", _LOAD_HALF, 6, "", ""),
        ("", _IF_ANY_BIT, 0x3FFF, "keep", ""),
        ("", _LOAD_X_HEADER, 0, "", ""),
        ("", _LOAD_BYTE_AT_X, 13, "", ""),
        ("", _IF_ANY_BIT, 0x06, "keep", ""),
        ("", _IF_ANY_BIT, 0x10, "leave", "keep"),
        ("ipv6", _LOAD_BYTE, 6, "", ""),
        ("", _IF_EQUAL, socket.IPPROTO_TCP, "", "keep"),
        ("", _LOAD_BYTE, 53, "", ""),
        ("", _IF_ANY_BIT, 0x06, "keep", ""),
        ("", _IF_ANY_BIT, 0x10, "leave", "keep"),
        ("keep", _RETURN, LONGEST_FRAME_BYTES, "", ""),
        ("leave", _RETURN, 0, "", ""),
    ]
    return _Program(steps).assemble()


def _attach(sock: socket.socket, program: bytes) -> None:
    held = ctypes.create_string_buffer(program, len(program))
    sock.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, pack("@HP", len(program) // 8, ctypes.addressof(held)))
