# SPDX-License-Identifier: Apache-2.0
"""The packet sensor: rows from frames, and listening on ports where capture isn't allowed (M-13)."""

import asyncio
import contextlib
import gc
import hashlib
import itertools
import socket
import struct

import pytest

from teiten.addresses import unpack
from teiten.clock import system_clock
from teiten.config import from_mapping
from teiten.errors import ConfigurationError, PortTaken
from teiten.packets.headers import SYN, TCP, Packet
from teiten.packets.live import HOST, Frame
from teiten.packets.unsolicited import Arrival
from teiten.sensors import packet as module
from teiten.sensors.packet import PacketConfig, PacketSensor, access_of

LO = socket.inet_aton("127.0.0.1")
SOURCE, HERE = socket.inet_aton("198.51.100.7"), socket.inet_aton("192.0.2.1")


class Records(list):
    """An `emit` that lets a test wait for what it needs."""

    def __init__(self):
        super().__init__()
        self._changed = asyncio.Event()

    def __call__(self, *records):
        self.extend(records)
        self._changed.set()

    async def until(self, count):
        async with asyncio.timeout(20):
            while len(self) < count:
                self._changed.clear()
                await self._changed.wait()


def listening(talk, **config):
    """The records of `talk(ports, records)` against a sensor that listens on one TCP and one UDP port."""
    unseen = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: unseen.append(context))
        records, ticks = Records(), itertools.count(1_700_000_000_000_000, 10)
        chosen = {"mode": "listen", "host": "127.0.0.1", "tcp_ports": (0,), "udp_ports": (0,)} | config
        sensor = PacketSensor(PacketConfig(**chosen), records, lambda: next(ticks))
        running = asyncio.create_task(sensor.run())
        ports = [int(place.rpartition(":")[2].partition("/")[0]) for place in sensor.listening()[:2]]
        try:
            await talk(*ports, records)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        return records

    found = asyncio.run(main())
    gc.collect()
    assert not unseen
    return found


def test_a_connection_and_what_it_says_first():
    async def talk(tcp, _udp, records):
        reader, writer = await asyncio.open_connection("127.0.0.1", tcp)
        writer.write(b"\x03\0\0\x13" + b"x" * 500)
        assert await reader.read() == b""  # nothing is ever answered
        writer.close()
        await records.until(1)
        records.port = tcp

    records = listening(talk)
    [row] = records
    said = b"\x03\0\0\x13" + b"x" * 500
    assert (row.channel, row.kind, row.category, row.handshake) == ("packet", "connect", "access", True)
    assert (row.target, row.destination_port) == (b"%d/tcp" % records.port, records.port)
    assert (row.body, row.size, row.digest, row.truncated) == (said[:256], 504, hashlib.sha256(said).digest(), True)
    assert (row.source, row.outcome) == (LO, "payload") and row.source_port and row.duration_us > 0


def test_a_silent_connection_is_an_access_too():
    async def talk(tcp, _udp, records):
        for half_close in (True, False):
            reader, writer = await asyncio.open_connection("127.0.0.1", tcp)
            if half_close:
                writer.write_eof()
            assert await reader.read() == b""
            writer.close()
        await records.until(2)

    records = listening(talk, wait_seconds=0.05)
    assert [(row.outcome, row.body, row.size) for row in records] == [("closed by the peer", None, None), ("deadline", None, None)]


def test_open_connections_are_stated_when_the_sensor_stops():
    async def talk(tcp, _udp, records):
        writers = []
        for _ in range(2):
            _, writer = await asyncio.open_connection("127.0.0.1", tcp)
            writers.append(writer)
        reader, last = await asyncio.open_connection("127.0.0.1", tcp)
        last.write_eof()
        await reader.read()  # connections are accepted in order: the two before it are in the sensor's hands
        for writer in (*writers, last):
            writer.close()
        await records.until(3)

    assert len(listening(talk)) == 3


def test_datagrams_are_never_answered():
    async def talk(_tcp, udp, records):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as peer:
            peer.setblocking(False)
            for payload in (b"", b"a", b"b" * 9000):
                peer.sendto(payload, ("127.0.0.1", udp))
            await records.until(3)
            with pytest.raises(BlockingIOError):
                peer.recv(1)
            records.ports = udp, peer.getsockname()[1]

    records = listening(talk)
    assert [(row.kind, row.category, row.size, row.truncated) for row in records] == [
        ("udp", "access", None, False), ("udp", "access", 1, False), ("udp", "access", 9000, True),
    ]  # fmt: skip
    assert records[0].target == b"%d/udp" % records.ports[0] and records[0].source_port == records.ports[1]
    assert records[2].body == b"b" * 256 and not records[0].handshake and records[0].protocol == "udp"


def test_without_the_right_to_capture_it_says_so_and_listens(monkeypatch, caplog):
    def refused(*_):
        raise PermissionError("Operation not permitted")

    monkeypatch.setattr(module, "Ring", refused)
    sensor = PacketSensor(PacketConfig(host="127.0.0.1", tcp_ports=(0,), udp_ports=()), print, system_clock)
    assert sensor.listening()[-1] == "no live capture: needs CAP_NET_RAW" and sensor.listening()[0].endswith("/tcp")
    assert "no live capture" in caplog.text
    stop(sensor)
    with pytest.raises(ConfigurationError, match="CAP_NET_RAW"):
        PacketSensor(PacketConfig(mode="live"), print, system_clock)


def test_taken_ports_are_skipped_with_a_message(caplog):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        sensor = PacketSensor(PacketConfig(mode="listen", host="127.0.0.1", tcp_ports=(port, 0), udp_ports=()), print, system_clock)
        assert f"skips port {port}/tcp" in caplog.text and len([name for name in sensor.listening() if name.endswith("/tcp")]) == 1
        stop(sensor)
        with pytest.raises(PortTaken, match="none of its ports"):
            PacketSensor(PacketConfig(mode="listen", host="127.0.0.1", tcp_ports=(port,), udp_ports=()), print, system_clock)


def stop(sensor):
    async def main():
        running = asyncio.create_task(sensor.run())
        await asyncio.sleep(0)
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    asyncio.run(main())


def test_an_impossible_prefix_is_refused_with_its_place():
    with pytest.raises(ConfigurationError, match=r"sensors\.packet: prefixes: 'nonsense'"):
        from_mapping({"prefixes": ["nonsense"]}, PacketConfig, "teiten.toml", "sensors.packet")


def test_an_unknown_interface_is_refused_with_the_known_ones():
    if not may_capture():
        pytest.skip("needs CAP_NET_RAW to open a capture")
    with pytest.raises(ConfigurationError, match=r"sensors\.packet\.interfaces"):
        PacketSensor(PacketConfig(interfaces=("no-such-link",)), print, system_clock)


def may_capture():
    try:
        socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0).close()
    except PermissionError:
        return False
    return True


# --- rows from frames ---


def frame(at_us, source_port=1, payload=b"", source=SOURCE):
    data = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 28 + len(payload), 1, 0, 64, 17, 0, source, HERE)
    return Frame(at_us * 1000, HOST, 0x0800, data + struct.pack("!HHHH", source_port, 9, 8 + len(payload), 0) + payload)


@pytest.fixture
def rows():
    sensor = PacketSensor(PacketConfig(mode="listen", host="127.0.0.1", tcp_ports=(0,), udp_ports=()), print, system_clock)
    sensor._unsolicited.own = frozenset({HERE})
    yield lambda *frames: list(sensor._accesses(list(frames)))
    stop(sensor)


def test_identical_packets_of_one_second_are_one_row(rows):
    """A retransmission is an access of its own: `times` keeps the count."""
    found = rows(frame(1_000_000), frame(1_000_001, 2), frame(1_999_999), frame(2_000_000), frame(1_000_002, payload=b"x"))
    assert [(row.observed_at, row.source_port, row.times) for row in found] == [
        (1_000_000, 1, 2),
        (1_000_001, 2, 1),
        (2_000_000, 1, 1),
        (1_000_002, 1, 1),
    ]
    assert sum(row.times for row in found) == 5


def test_nothing_is_held_back_between_reads(rows):
    assert [len(rows(frame(1_000_000))) for _ in range(3)] == [1, 1, 1]


def test_every_packet_is_in_exactly_one_row(rows):
    frames = [frame(1_000_000 + n * 777, n % 7, bytes([n % 3]), socket.inet_aton(f"198.51.100.{n % 11}")) for n in range(4000)]
    found = rows(*frames)
    assert sum(row.times for row in found) == 4000 and len({unpack(row.source) for row in found}) == 11


def test_a_row_of_a_captured_packet():
    packet = Packet(SOURCE, HERE, TCP, 5, 22, SYN, False, b"ear", 5)
    row = access_of(Arrival(packet, "syn", "access"), 7, 3, 2)
    assert (row.target, row.tcp_flags, row.destination_port, row.times, row.handshake) == (b"22/tcp", 2, 22, 3, False)
    assert (row.body, row.size, row.digest, row.truncated) == (b"ea", 5, None, True)  # no digest of a part
    ping = access_of(Arrival(Packet(SOURCE, HERE, 1, None, 0x0800), "echo-request", "access"), 7, 1, 2)
    assert (ping.target, ping.destination_port, ping.protocol, ping.body) == (b"ping/icmp", None, "icmp", None)
