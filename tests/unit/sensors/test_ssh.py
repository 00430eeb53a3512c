# SPDX-License-Identifier: Apache-2.0
"""The SSH sensor over loopback: raw bytes of every attempt, no way in, and the private parts of the library it stands on. M-13, M-18."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import warnings
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest
from asyncssh import connection as library

from teiten.errors import ConfigurationError, PortTaken
from teiten.model import Access, Record
from teiten.sensors.listener import Limits
from teiten.sensors.ssh import SshConfig, SshSensor

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it announces the end of old ciphers at import
    import paramiko

NOW = 1_700_000_000_000_000
LOOPBACK = SshConfig(host="127.0.0.1", port=0)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


def observe(config: SshConfig, keys: Path, talk: Callable[[int], object]) -> list[Access]:
    """What a sensor emits while `talk`, in a thread, talks to it."""
    records: list[Record] = []

    async def main() -> None:
        sensor = SshSensor(config, records.append, lambda: NOW, keys)
        running = asyncio.create_task(sensor.run())
        await asyncio.to_thread(talk, int(sensor.listening()[0].rpartition(":")[2].removesuffix("/tcp")))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())
    return [record for record in records if isinstance(record, Access)]


def transport(port: int) -> paramiko.Transport:
    made = paramiko.Transport(socket.create_connection(("127.0.0.1", port)))
    made.start_client(timeout=20)
    return made


def passwords(*pairs: tuple[bytes, bytes]) -> Callable[[int], None]:
    def talk(port: int) -> None:
        client = transport(port)
        for user, password in pairs:
            with pytest.raises(paramiko.AuthenticationException):
                client.auth_password(user, password)  # type: ignore[arg-type]
        client.close()

    return talk


RAW = [
    (b"root", b"123456"),
    ("花子".encode(), "パスワード".encode()),
    (b"\xff\xfe", b"\x80\x81"),
    ("Ⅸ".encode(), "a\u00a0b".encode()),
    (b"a\x01b", b"tab\tnul\0end"),
    (b"", b""),
]


def test_every_password_is_one_access_with_its_raw_bytes(keys: Path) -> None:
    """M-18: what SASLprep would change or refuse arrives as it was sent."""
    accesses = [one for one in observe(SshConfig(host="127.0.0.1", port=0, tries=20), keys, passwords(*RAW)) if one.kind == "password"]
    assert [(one.account, one.credential) for one in accesses] == RAW
    assert all(one.target == one.account and one.category == "access" and one.handshake and one.channel == "ssh" for one in accesses)
    assert all((one.client or b"").startswith(b"SSH-2.0-paramiko_") and len(one.fingerprint or "") == 32 for one in accesses)
    assert {one.source for one in accesses} == {bytes([127, 0, 0, 1])} and len({one.session for one in accesses}) == 1


def test_after_the_allowed_tries_the_connection_ends_and_says_why(keys: Path) -> None:
    def talk(port: int) -> None:
        client = transport(port)
        for n in range(3):
            with pytest.raises(paramiko.SSHException):
                client.auth_password("root", str(n))
        client.join(20)
        assert not client.is_active()

    accesses = observe(SshConfig(host="127.0.0.1", port=0, tries=3), keys, talk)
    assert [one.kind for one in accesses] == ["password"] * 3 + ["connection"]
    closing = accesses[-1]
    assert (closing.category, closing.target, closing.outcome, closing.duration_us) == ("other", b"", "too many tries", 0)
    assert closing.session == accesses[0].session and closing.fingerprint == accesses[0].fingerprint


def test_keyboard_interactive_is_asked_and_heard(keys: Path) -> None:
    def talk(port: int) -> None:
        client = transport(port)
        with pytest.raises(paramiko.AuthenticationException):
            client.auth_interactive("u", lambda _title, _instructions, prompts: [f"answer to {prompt}" for prompt, _ in prompts])
        client.close()

    attempt = observe(LOOPBACK, keys, talk)[0]
    assert (attempt.kind, attempt.account, attempt.credential) == ("keyboard-interactive", b"u", b"answer to Password: ")


def test_a_public_key_is_type_and_fingerprint(keys: Path) -> None:
    key = paramiko.ECDSAKey.generate()

    def talk(port: int) -> None:
        client = transport(port)
        with pytest.raises(paramiko.AuthenticationException):
            client.auth_publickey("git", key)
        client.close()

    attempt = observe(LOOPBACK, keys, talk)[0]
    shown = base64.b64encode(hashlib.sha256(key.asbytes()).digest()).rstrip(b"=")
    assert (attempt.kind, attempt.account, attempt.credential) == ("publickey", b"git", b"ecdsa-sha2-nistp256 SHA256:" + shown)


def test_asking_for_none_is_heard_but_is_no_access(keys: Path) -> None:
    def talk(port: int) -> None:
        client = transport(port)
        with pytest.raises(paramiko.BadAuthenticationType) as raised:
            client.auth_none("scan")
        assert raised.value.allowed_types == ["publickey", "password"]
        client.close()

    attempt = observe(LOOPBACK, keys, talk)[0]
    assert (attempt.kind, attempt.category, attempt.account, attempt.credential) == ("none", "other", b"scan", None)


@pytest.mark.parametrize(
    ("data", "client", "outcome"),
    [
        (b"", None, "closed by peer"),
        (b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1", "refused: ProtocolNotSupported"),
        (b"SSH-1.5-old\r\n", b"SSH-1.5-old", "refused: ProtocolNotSupported"),
        (b"SSH-2.0-\xe3\x81\x82\r\n", b"SSH-2.0-\xe3\x81\x82", "broken off: UnicodeDecodeError"),
        (b"SSH-2.0-x\r\n\xff\xff\xff\xff" + b"a" * 100, b"SSH-2.0-x", "refused: ProtocolError"),
        (b"a" * 70_000, b"a" * 255, "refused: ProtocolError"),
    ],
)
def test_what_is_not_ssh_leaves_its_closing_record(keys: Path, data: bytes, client: bytes | None, outcome: str) -> None:
    def talk(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
            sock.sendall(data)
            sock.shutdown(socket.SHUT_WR)
            try:
                while sock.recv(4096):
                    pass
            except ConnectionResetError:
                pass

    (closing,) = observe(LOOPBACK, keys, talk)
    assert (closing.kind, closing.category, closing.client, closing.outcome) == ("connection", "other", client, outcome)


def test_the_deadline_holds_even_for_one_who_keeps_talking(keys: Path) -> None:
    def talk(port: int) -> None:
        client = transport(port)
        client.join(20)
        assert not client.is_active()

    closing = observe(SshConfig(host="127.0.0.1", port=0, login_seconds=1), keys, talk)[-1]
    assert closing.outcome == "deadline of 1 s"


def test_a_sensor_that_stops_says_so_for_who_was_connected(keys: Path) -> None:
    accesses = observe(LOOPBACK, keys, transport)
    assert [(one.kind, one.outcome) for one in accesses] == [("connection", "sensor stopped")]


def test_no_one_gets_a_channel(keys: Path) -> None:
    def talk(port: int) -> None:
        client = transport(port)
        with pytest.raises((paramiko.SSHException, EOFError)):
            client.open_session(timeout=5)
        client.close()

    assert observe(LOOPBACK, keys, talk)[-1].outcome == "refused: ProtocolError"


def test_nothing_is_refused_before_it_is_stated(keys: Path) -> None:
    """If the record can't be kept, the client doesn't get its answer."""

    def broken(record: Record) -> None:
        if isinstance(record, Access) and record.kind == "password":
            raise OSError("disk full")

    def talk(port: int) -> None:
        client = transport(port)
        with pytest.raises(paramiko.SSHException) as raised:
            client.auth_password("root", "x")
        assert "authentication failed" not in str(raised.value).lower() or not client.is_active()
        client.close()

    async def main() -> None:
        sensor = SshSensor(LOOPBACK, broken, lambda: NOW, keys)
        running = asyncio.create_task(sensor.run())
        await asyncio.to_thread(talk, int(sensor.listening()[0].rpartition(":")[2].removesuffix("/tcp")))
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(main())


def test_a_refused_source_is_told(keys: Path) -> None:
    def talk(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
            assert sock.recv(100) == b""

    (summary,) = observe(SshConfig(host="127.0.0.1", port=0, limits=Limits(open_per_source=0)), keys, talk)
    assert (summary.kind, summary.outcome) == ("connection", "refused: per-source limit")


def test_it_looks_like_openssh(keys: Path) -> None:
    heard: list[bytes] = []

    def talk(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
            heard.append(sock.recv(100))
            sock.sendall(b"SSH-2.0-x\r\n")
            heard.append(sock.recv(4096))

    observe(LOOPBACK, keys, talk)
    assert heard[0].startswith(b"SSH-2.0-OpenSSH_9.2p1 Debian-")
    assert b"curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256," in heard[1] and b"kex-strict-s-v00@openssh.com" in heard[1]
    assert b"ssh-ed25519,ecdsa-sha2-nistp256," in heard[1] and b"ext-info-s" not in heard[1]


@pytest.mark.parametrize("kex", ["diffie-hellman-group14-sha1", "diffie-hellman-group1-sha1", "diffie-hellman-group-exchange-sha1"])
def test_old_clients_reach_authentication(keys: Path, kex: str) -> None:
    """group14-sha1 and its like must still negotiate: the cryptography library announces their end."""

    def talk(port: int) -> None:
        asyncio.run(login(port))

    async def login(port: int) -> None:
        with pytest.raises(asyncssh.PermissionDenied):
            await asyncssh.connect(
                "127.0.0.1", port, username="old", password="pw", known_hosts=None, client_keys=None, config=None, agent_path=None,
                kex_algs=[kex], encryption_algs=["3des-cbc"], mac_algs=["hmac-md5"], server_host_key_algs=["ssh-rsa"],
            )  # fmt: skip

    assert [one.credential for one in observe(LOOPBACK, keys, talk) if one.kind == "password"] == [b"pw"]


def test_the_private_parts_of_the_library_are_where_we_need_them() -> None:
    """Fails loudly after an upgrade of asyncssh that moves what teiten.sensors.ssh overrides or reads."""
    server = library.SSHServerConnection
    assert asyncssh.__version__ >= "2.24"
    assert {1, 2, 5, 20, 50} <= set(server._packet_handlers)
    assert (library.MSG_USERAUTH_FIRST, library.MSG_USERAUTH_LAST, library.MSG_USERAUTH_REQUEST, library.MSG_USERAUTH_FAILURE) == (60, 79, 50, 51)
    for name in ("_cleanup", "_login_timer_callback", "_get_extra_kex_algs", "_force_close", "send_packet", "data_received", "abort"):
        assert callable(getattr(server, name))
    made = library.SSHConnection.__init__.__code__.co_names
    assert {"_inpbuf", "_auth", "_transport", "_auth_in_progress", "_next_service"} <= set(made)


def test_bad_settings_and_taken_ports_are_said(tmp_path: Path, keys: Path) -> None:
    first = SshSensor(LOOPBACK, lambda _: None, lambda: NOW, keys)
    port = int(first.listening()[0].rpartition(":")[2].removesuffix("/tcp"))
    with pytest.raises(PortTaken):
        SshSensor(SshConfig(host="127.0.0.1", port=port), lambda _: None, lambda: NOW, keys)
    first.close()
    bad = SshSensor(SshConfig(host="127.0.0.1", port=0, version="日本"), lambda _: None, lambda: NOW, keys)
    with pytest.raises(ConfigurationError):
        asyncio.run(bad.run())
    bad.close()
