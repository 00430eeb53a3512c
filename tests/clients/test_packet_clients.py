# SPDX-License-Identifier: Apache-2.0
"""nmap and nping against the live capture, in two network namespaces of our own joined by a virtual cable: counted exactly (M-13)."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import textwrap
from collections import Counter

import pytest

pytestmark = pytest.mark.clients

HERE, THERE, HERE6, THERE6 = "192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8::2"
# Runs in the observed namespace; ends when a datagram with the payload END arrives, so that nothing has to be waited for.
SENSOR = textwrap.dedent("""
    import asyncio, json, sys
    from teiten.addresses import unpack
    from teiten.clock import system_clock
    from teiten.sensors.packet import PacketConfig, PacketSensor
    ended = asyncio.Event()
    def emit(*records):
        for a in records:
            if a.body == b"END":
                ended.set()
            else:
                more = a.source_port, a.tcp_flags, a.size, a.session, a.outcome
                print(json.dumps([a.kind, a.category, a.target.decode(), a.times, unpack(a.source), *more]))
    async def main():
        config = json.loads(sys.argv[1])
        sensor = PacketSensor(PacketConfig(**config), emit, system_clock)
        print("ready", sensor.listening(), flush=True)
        running = asyncio.create_task(sensor.run())
        async with asyncio.timeout(60):
            await ended.wait()
        print("dropped", sensor.dropped())
        running.cancel()
    asyncio.run(main())
""")


def namespaces():
    return f"teiten-{os.getpid()}-a", f"teiten-{os.getpid()}-b"


def ip(*words):
    return subprocess.run(["ip", *words], capture_output=True, text=True, timeout=20)


@pytest.fixture(scope="module")
def cable():
    """(observed namespace, the other one), or a skip that says why."""
    if shutil.which("ip") is None:
        pytest.skip("needs the program ip (iproute2)")
    here, there = namespaces()
    made = ip("netns", "add", here)
    if made.returncode:
        pytest.skip(f"may not make network namespaces: {made.stderr.strip()}")
    entered = ip("-n", here, "link")
    if entered.returncode:
        ip("netns", "del", here)
        pytest.skip(f"may not enter network namespaces: {entered.stderr.strip()}")
    ip("netns", "add", there)
    ip("link", "add", "seen", "netns", here, "type", "veth", "peer", "name", "far", "netns", there)
    for space, link, four, six in ((here, "seen", HERE, HERE6), (there, "far", THERE, THERE6)):
        for words in (["addr", "add", f"{four}/24", "dev", link], ["addr", "add", f"{six}/64", "dev", link, "nodad"], ["link", "set", link, "up"]):
            assert ip("-n", space, *words).returncode == 0
        ip("-n", space, "link", "set", "lo", "up")
    yield here, there
    for space in (here, there):
        ip("netns", "del", space)


def inside(space, *command, **options):
    return subprocess.run(["ip", "netns", "exec", space, *command], capture_output=True, text=True, timeout=60, **options)


def sending(space, code):
    done = inside(space, sys.executable, "-c", f"import socket\n{textwrap.dedent(code)}")
    assert done.returncode == 0, done.stderr
    return done.stdout


def observe(cable, talk, **config):
    """Rows (kind, category, target, times, source, port, flags, size, session, outcome) seen while `talk` ran; checks that nothing was dropped."""
    here, there = cable
    command = ["ip", "netns", "exec", here, sys.executable, "-c", SENSOR, json.dumps(config)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sensor:
        try:
            assert "live capture" in sensor.stdout.readline()
            talk(here, there)
            sending(there, f"socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'END', ('{HERE}', 9))")
            lines = sensor.stdout.read().splitlines()
        finally:
            sensor.kill()
    assert lines and lines[-1] == "dropped 0"
    return [json.loads(line) for line in lines[:-1]]


def need(*programs):
    for program in programs:
        if shutil.which(program) is None:
            pytest.skip(f"needs the program {program}")


def accesses(rows):
    counted = Counter()
    for _, category, target, times, *_ in rows:
        if category == "access":
            counted[target] += times
    return counted


@pytest.mark.parametrize(("flag", "address", "source"), [("-4", HERE, THERE), ("-6", HERE6, THERE6)])
def test_a_syn_scan_is_counted_packet_by_packet(cable, flag, address, source):
    """Equal to what nmap itself says that it sent; the kernel's refusals are its own traffic and not counted."""
    need("nmap")
    seen = []

    def talk(_here, there):
        version = [] if flag == "-4" else ["-6"]
        seen.append(inside(there, "nmap", *version, "-sS", "-Pn", "-n", "-p", "1-300,445,3389", "--packet-trace", address).stdout)

    rows = observe(cable, talk)
    sent = Counter(
        f"{port}/tcp" for port in re.findall(rf"^SENT .* TCP \[?{re.escape(source)}:\d+ > {re.escape(address)}:(\d+)", seen[0], re.MULTILINE)
    )
    assert len(sent) == 302 and accesses(rows) == sent
    assert {(row[0], row[4], row[6]) for row in rows if row[1] == "access"} == {("syn", source, 2)}
    assert not [row for row in rows if row[1] == "backscatter"]


def test_datagrams_are_counted_and_merged(cable):
    def talk(_here, there):
        sending(
            there,
            f"""
            peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for n in range(3000):
                peer.sendto(b'same', ('{HERE}', 1026)), peer.sendto(b'%d' % n, ('{HERE}', 5060))
            six = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
            for n in range(10):
                six.sendto(b'', ('{HERE6}', 53))
        """,
        )

    rows = observe(cable, talk)
    assert accesses(rows) == {"1026/udp": 3000, "5060/udp": 3000, "53/udp": 10}
    assert len([row for row in rows if row[2] == "1026/udp"]) < 3000 == len([row for row in rows if row[2] == "5060/udp"])


def test_pings(cable):
    need("nping")

    def talk(_here, there):
        inside(there, "nping", "-4", "--icmp", "-c", "5", "--delay", "1ms", HERE)
        inside(there, "nmap", "-6", "-sn", "-PE", "-n", HERE6)

    rows = observe(cable, talk)
    counted = accesses(rows)
    assert counted["ping/icmp"] == 5 and set(counted) <= {"ping/icmp", "ping/icmp6"}


def test_backscatter_and_odd_scans_are_not_accesses(cable):
    need("nping")

    def talk(_here, there):
        for flags in ("syn,ack", "rst", "rst,ack", "fin", "psh,urg,fin", "none"):
            inside(there, "nping", "--tcp", "--flags", flags, "-g", "80", "-p", "4321", "-c", "2", "--delay", "1ms", HERE)
        inside(there, "nping", "--icmp", "--icmp-type", "3", "--icmp-code", "1", "-c", "2", "--delay", "1ms", HERE)
        inside(there, "nping", "--tcp", "--flags", "ack", "-p", "4321", "-c", "2", "--delay", "1ms", HERE)

    rows = observe(cable, talk)
    counted = Counter()
    for kind, category, _, times, *_ in rows:
        counted[kind, category] += times
    assert counted == {
        ("syn-ack", "backscatter"): 2, ("rst", "backscatter"): 4, ("icmp-error", "backscatter"): 2, ("flags", "other"): 6,
    }  # fmt: skip


def test_own_traffic_is_never_counted(cable):
    """Connections, questions and pings of the observed host, their answers and refusals: nothing but the answer's datagram as other."""

    def talk(here, there):
        with subprocess.Popen(
            ["ip", "netns", "exec", there, sys.executable, "-c", ANSWERER], stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True
        ) as answerer:
            assert answerer.stdout.readline() == "ready\n"
            sending(
                here,
                f"""
                question = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                question.settimeout(20)
                question.sendto(b'q', ('{THERE}', 5300))
                assert question.recv(10) == b'answer'
                question.sendto(b'q', ('{THERE}', 5301))  # an ICMP error comes back
                with socket.create_connection(('{THERE}', 5300), 20) as peer:
                    assert peer.recv(10) == b'hello'
                for _ in range(3):
                    try:
                        socket.create_connection(('{THERE}', 5301), 20)
                    except ConnectionRefusedError:
                        pass
                with socket.create_server(('127.0.0.1', 0)) as own:
                    socket.create_connection(own.getsockname()).close()
            """,
            )
            answerer.communicate("\n")

    assert [(row[0], row[1]) for row in observe(cable, talk)] == [("udp-reply", "other")]


ANSWERER = textwrap.dedent("""
    import socket, sys
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); udp.bind(("", 5300))
    tcp = socket.create_server(("", 5300))
    print("ready", flush=True)
    _, asker = udp.recvfrom(10); udp.sendto(b"answer", asker)
    peer, _ = tcp.accept(); peer.sendall(b"hello"); peer.close()
    sys.stdin.readline()
""")


def test_prefixes_interfaces_and_ignored_ports(cable):
    """A routed prefix counts when it is listed; the site's port doesn't; an access through the sensor's own services is one SYN."""

    def talk(here, there):
        ip("-n", there, "route", "replace", "203.0.113.0/24", "via", HERE)
        sending(
            there,
            f"""
            peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for address, port in (('203.0.113.5', 1), ('203.0.113.200', 2), ('{HERE}', 8000), ('{HERE}', 8001)):
                peer.sendto(b'x', (address, port))
        """,
        )

    assert accesses(observe(cable, talk, prefixes=["203.0.113.0/25"], interfaces=["seen"], ignore_ports=[8000])) == {"1/udp": 1, "8001/udp": 1}
    assert accesses(observe(cable, talk)) == {"8000/udp": 1, "8001/udp": 1}


def test_established_connections_do_not_become_rows(cable):
    """A whole transfer into the observed host is one access; with `established` its segments are kept as other."""

    def talk(here, there):
        receiver = "import socket\ns = socket.create_server(('', 7000))\nprint('ready', flush=True)\np, _ = s.accept()\nwhile p.recv(65536): pass"
        with subprocess.Popen(["ip", "netns", "exec", here, sys.executable, "-c", receiver], stdout=subprocess.PIPE, text=True) as waiting:
            assert waiting.stdout.readline() == "ready\n"
            sending(
                there,
                f"""
                with socket.create_connection(('{HERE}', 7000)) as peer:
                    for _ in range(50):
                        peer.sendall(bytes(20000))
            """,
            )

    assert [(row[0], row[3]) for row in observe(cable, talk)] == [("syn", 1)]
    assert {row[0] for row in observe(cable, talk, established=True)} == {"syn", "segment"}


def test_loopback_counts_once(cable):
    """For demonstrations: the same packet leaves and arrives on lo, and is one access."""

    def talk(here, _there):
        sending(
            here,
            """
            peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            for n in range(7):
                peer.sendto(b'%d' % n, ('127.0.0.1', 4000))
        """,
        )

    assert accesses(observe(cable, talk, loopback=True)) == {"4000/udp": 7}
    assert accesses(observe(cable, talk)) == {}


def test_fragments(cable):
    """A large datagram is one access; the other fragments are kept as such."""

    def talk(_here, there):
        sending(there, f"socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(bytes(5000), ('{HERE}', 4001))")

    rows = observe(cable, talk)
    assert accesses(rows) == {"4001/udp": 1} and {row[7] for row in rows if row[1] == "access"} == {5000}
    assert sum(row[3] for row in rows if row[0] == "fragment") == 3


@pytest.mark.parametrize("kind", ["bridge", "vlan"])
def test_a_packet_seen_at_several_interfaces_counts_once(cable, kind):
    """Capturing on all interfaces sees it at each one on its way; on the one that is named, once."""
    here, there = cable
    ip("link", "add", "port", "netns", here, "type", "veth", "peer", "name", "distant", "netns", there)
    inner, outer = ("bridged", "distant") if kind == "bridge" else ("tagged", "tagged")
    if kind == "bridge":
        made = [ip("-n", here, "link", "add", "bridged", "type", "bridge"), ip("-n", here, "link", "set", "port", "master", "bridged")]
    else:
        made = [
            ip("-n", space, "link", "add", "link", link, "name", "tagged", "type", "vlan", "id", "7")
            for space, link in ((here, "port"), (there, "distant"))
        ]
    try:
        if any(done.returncode for done in made):
            pytest.skip(f"this kernel makes no {kind}: {made[0].stderr.strip()}")
        for space, links, address in ((here, {"port", inner}, "198.51.100.1/24"), (there, {"distant", outer}, "198.51.100.2/24")):
            for link in links:
                ip("-n", space, "link", "set", link, "up")
            assert ip("-n", space, "addr", "add", address, "dev", inner if space == here else outer).returncode == 0

        def talk(_here, there):
            sending(
                there,
                """
                peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                for n in range(5):
                    peer.sendto(b'%d' % n, ('198.51.100.1', 4002))
                """,
            )

        assert accesses(observe(cable, talk)) == {"4002/udp": 5}
        assert accesses(observe(cable, talk, interfaces=["port", "seen"])) == {"4002/udp": 5}
    finally:
        ip("-n", here, "link", "del", "port")
        ip("-n", here, "link", "del", "bridged")


ALL_PORTS = """
table inet teiten {
  chain untracked { type filter hook prerouting priority raw; meta l4proto tcp notrack; }
  chain untracked_answers { type filter hook output priority raw; meta l4proto tcp notrack; }
  chain all_ports {
    type filter hook prerouting priority mangle;
    ip daddr 203.0.113.0/24 meta l4proto tcp tproxy ip to :8499 meta mark set 0x7e1e accept
    ip6 daddr 2001:db8:5::/64 meta l4proto tcp tproxy ip6 to :8499 meta mark set 0x7e1e accept
  }
}
"""


def checked(space, home):
    """What `teiten sense packet --check` says there: thing -> whether it is right."""
    (home / "teiten.toml").write_text('[sensors.packet]\nall_ports = 8499\nprefixes = ["203.0.113.0/24"]\n', encoding="utf-8")
    done = inside(space, sys.executable, "-m", "teiten", "--home", str(home), "sense", "packet", "--check")
    lines = [line.partition("  ") for line in done.stdout.splitlines()]
    answer = {said.strip().partition(":")[0]: word == "ok" for word, _, said in lines}
    assert done.returncode == (0 if all(answer.values()) else 1), done.stderr
    return answer


def test_the_all_port_listener_adds_first_payloads_to_the_passive_record(cable, tmp_path):
    """TPROXY without connection tracking: the SYN stays the one access, its connection's row has the same session and what was said (M-13)."""
    need("nft")
    here, there = cable
    rules = inside(here, "nft", "-f", "-", input=ALL_PORTS)
    if rules.returncode:
        pytest.skip(f"this kernel has no TPROXY: {rules.stderr.strip().splitlines()[0]}")
    for version, everything in (("-4", "0.0.0.0/0"), ("-6", "::/0")):
        assert ip(version, "-n", here, "rule", "add", "fwmark", "0x7e1e", "lookup", "7801").returncode == 0
        assert ip(version, "-n", here, "route", "add", "local", everything, "dev", "lo", "table", "7801").returncode == 0
    ip("-n", there, "route", "replace", "203.0.113.0/24", "via", HERE)
    ip("-n", there, "route", "replace", "2001:db8:5::/64", "via", HERE6)

    def talk(_here, there):
        sending(
            there,
            """
            for number, (address, port) in enumerate((('203.0.113.5', 23), ('203.0.113.77', 31337), ('2001:db8:5::9', 6379))):
                with socket.create_connection((address, port), 10) as peer:
                    peer.sendall(b'hello %d' % number + bytes(1000))
                    peer.shutdown(socket.SHUT_WR)
                    assert peer.recv(10) == b''  # nothing is ever answered
            with socket.create_connection(('203.0.113.6', 9999), 10):
                pass
            asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            asked.settimeout(0.3)
            asked.sendto(b'udp', ('203.0.113.5', 53))
            try:
                raise SystemExit(f'a datagram was answered: {asked.recv(100)}')
            except TimeoutError:
                pass
            """,
        )

    assert checked(here, tmp_path) == {
        "live capture": True, "observed networks": True, "transparent socket": True, "TPROXY rule": True,
        "policy route IPv4": True, "policy route IPv6": True,
    }  # fmt: skip
    assert not checked(there, tmp_path)["TPROXY rule"] and not checked(there, tmp_path)["policy route IPv4"]
    try:
        rows = observe(cable, talk, prefixes=["203.0.113.0/24", "2001:db8:5::/64"], interfaces=["seen"], all_ports=8499, body_bytes=64)
    finally:
        inside(here, "nft", "delete", "table", "inet", "teiten")
    assert accesses(rows) == {"23/tcp": 1, "31337/tcp": 1, "6379/tcp": 1, "9999/tcp": 1, "53/udp": 1}
    syns = {row[2]: row for row in rows if row[0] == "syn"}
    said = {row[2]: row for row in rows if row[0] == "connect"}
    assert {target: (row[1], row[7], row[9]) for target, row in said.items()} == {
        "23/tcp": ("other", 1007, "payload"),
        "31337/tcp": ("other", 1007, "payload"),
        "6379/tcp": ("other", 1007, "payload"),
        "9999/tcp": ("other", None, "closed by the peer"),
    }
    for target, row in said.items():
        assert (row[4], row[5], row[8]) == (syns[target][4], syns[target][5], syns[target][8]) and row[8]
    assert len({row[8] for row in said.values()}) == 4
    assert {row[0] for row in rows} == {"syn", "connect", "udp"}


def test_addresses_of_this_test_are_documentation_only():
    for address in (HERE, THERE):
        assert socket.inet_aton(address).startswith(b"\xc0\0\2")
