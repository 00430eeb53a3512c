# SPDX-License-Identifier: Apache-2.0
"""Real SSH clients and guessers against the SSH sensor: what they sent is what was recorded, byte for byte. M-13, M-18."""

from __future__ import annotations

import socket
import warnings
from pathlib import Path

import pytest

from teiten.clock import system_clock
from teiten.model import Access
from teiten.sensors.interface import Emit
from teiten.sensors.ssh import SshConfig, SshSensor
from tests.clients.serving import observed, program, talk

pytestmark = pytest.mark.clients
PASSWORDS = [f"pw-{n}" for n in range(200)]


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def sensor(keys: Path):  # type: ignore[no-untyped-def]
    def make(emit: Emit) -> SshSensor:
        return SshSensor(SshConfig(host="127.0.0.1", port=0), emit, system_clock, keys)

    return make


def attempts(accesses: list[Access], kind: str = "password") -> list[tuple[bytes | None, bytes | None]]:
    return [(one.account, one.credential) for one in accesses if one.kind == kind]


def words(directory: Path, lines: list[str]) -> Path:
    path = directory / "words"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def ask_pass(directory: Path, answer: str) -> dict[str, str]:
    """OpenSSH asks this program for the password instead of a terminal."""
    script = directory / "answer"
    script.write_text(f"#!/bin/sh\nprintf '%s\\n' '{answer}'\n", encoding="utf-8")
    script.chmod(0o700)
    return {"SSH_ASKPASS": str(script), "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}


OPENSSH = ("-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "NumberOfPasswordPrompts=2")


@pytest.mark.parametrize("password", ["hunter2", "パスワード Ⅸ"])
def test_openssh_password(sensor, tmp_path: Path, password: str) -> None:  # type: ignore[no-untyped-def]
    ssh = program("ssh")
    with observed(sensor) as (port, accesses):
        done = talk(ssh, *OPENSSH, "-o", "PubkeyAuthentication=no", "-p", str(port), "admin@127.0.0.1", env=ask_pass(tmp_path, password))
    assert b"Permission denied (publickey,password)" in done.stderr
    assert attempts(accesses) == [(b"admin", password.encode())] * 2
    assert [one.kind for one in accesses] == ["none", "password", "password", "connection"]
    assert all((one.client or b"").startswith(b"SSH-2.0-OpenSSH_") and one.fingerprint for one in accesses)


def test_openssh_old_algorithms(sensor, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ssh = program("ssh")
    old = ("-o", "KexAlgorithms=diffie-hellman-group1-sha1", "-o", "Ciphers=3des-cbc", "-o", "MACs=hmac-md5", "-o", "PubkeyAuthentication=no")
    with observed(sensor) as (port, accesses):
        talk(ssh, *OPENSSH, *old, "-p", str(port), "old@127.0.0.1", env=ask_pass(tmp_path, "x"))
    assert attempts(accesses) == [(b"old", b"x")] * 2


def test_openssh_public_key(sensor, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ssh, keygen = program("ssh"), program("ssh-keygen")
    key = tmp_path / "key"
    talk(keygen, "-q", "-t", "ed25519", "-N", "", "-f", key)
    shown = talk(keygen, "-l", "-f", key).stdout.split()[1]
    with observed(sensor) as (port, accesses):
        talk(ssh, *OPENSSH, "-o", "PasswordAuthentication=no", "-o", "IdentitiesOnly=yes", "-i", key, "-p", str(port), "git@127.0.0.1")
    assert attempts(accesses, "publickey") == [(b"git", b"ssh-ed25519 " + shown)]


def test_dropbear(sensor) -> None:  # type: ignore[no-untyped-def]
    """With an unlucky order of algorithms dropbear never reaches authentication."""
    client = program("dbclient")
    with observed(sensor) as (port, accesses):
        talk(client, "-y", "-y", "-p", str(port), "root@127.0.0.1", "id", env={"DROPBEAR_PASSWORD": "dropped"})
    assert (b"root", b"dropped") in attempts(accesses)
    assert (accesses[-1].client or b"").startswith(b"SSH-2.0-dropbear")


def test_hydra_200_guesses_are_200_accesses(sensor, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    hydra = program("hydra")
    with observed(sensor) as (port, accesses):
        done = talk(hydra, "-I", "-l", "root", "-P", words(tmp_path, PASSWORDS), "-t", "4", f"ssh://127.0.0.1:{port}", seconds=100)
    assert done.returncode == 0, done.stdout
    assert sorted(attempts(accesses)) == sorted((b"root", word.encode()) for word in PASSWORDS)


def test_medusa(sensor, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    medusa = program("medusa")
    with observed(sensor) as (port, accesses):
        talk(medusa, "-h", "127.0.0.1", "-n", str(port), "-u", "oracle", "-P", words(tmp_path, PASSWORDS[:8]), "-M", "ssh", "-t", "2", seconds=100)
    heard = attempts(accesses) + attempts(accesses, "keyboard-interactive")
    assert sorted(set(heard)) == sorted((b"oracle", word.encode()) for word in PASSWORDS[:8])


def test_ncrack(sensor, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    ncrack = program("ncrack")
    with observed(sensor) as (port, accesses):
        talk(ncrack, "--user", "pi", "-P", words(tmp_path, PASSWORDS[:5]), f"ssh://127.0.0.1:{port}", seconds=100)
    assert set(attempts(accesses)) >= {(b"pi", word.encode()) for word in PASSWORDS[:5]}


def test_nmap_believes_it(sensor) -> None:  # type: ignore[no-untyped-def]
    nmap = program("nmap")
    with observed(sensor) as (port, accesses):
        done = talk(nmap, "-Pn", "-n", "-sV", "-p", str(port), "--script", "ssh2-enum-algos,ssh-hostkey,ssh-auth-methods", "127.0.0.1", seconds=110)
    assert b"OpenSSH 9.2p1 Debian" in done.stdout
    assert accesses and all(one.source == bytes([127, 0, 0, 1]) for one in accesses)


def test_paramiko_with_bytes_that_are_no_text(sensor) -> None:  # type: ignore[no-untyped-def]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        paramiko = pytest.importorskip("paramiko")
    with observed(sensor) as (port, accesses):
        client = paramiko.Transport(socket.create_connection(("127.0.0.1", port)))
        client.start_client(timeout=20)
        with pytest.raises(paramiko.AuthenticationException):
            client.auth_password(b"\xff\x00user", b"\x80\x81\r\n")
        client.close()
    assert attempts(accesses) == [(b"\xff\x00user", b"\x80\x81\r\n")]
