# SPDX-License-Identifier: Apache-2.0
"""Keys are made once, kept private, and differ between homes."""

from __future__ import annotations

from pathlib import Path

from cryptography import x509

from teiten.sensors.certificates import certificate, host_keys, tls_context

NOW = 1_800_000_000_000_000


def test_keys_are_made_once_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    paths = host_keys(tmp_path / "keys")
    first = [path.read_bytes() for path in paths]
    assert [path.name for path in paths] == ["ssh_host_ed25519_key", "ssh_host_ecdsa_key", "ssh_host_rsa_key"]
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in paths)
    assert all(body.startswith(b"-----BEGIN OPENSSH PRIVATE KEY-----") for body in first)
    assert [path.read_bytes() for path in host_keys(tmp_path / "keys")] == first
    assert sorted(path.name for path in (tmp_path / "keys").iterdir()) == sorted(path.name for path in paths)


def test_no_two_homes_share_a_serial_number(tmp_path: Path) -> None:
    serials = set()
    for home in ("a", "b"):
        made = x509.load_pem_x509_certificate(certificate(tmp_path / home, lambda: NOW).read_bytes())
        serials.add(made.serial_number)
        assert made.subject == made.issuer
        assert made.not_valid_before_utc.timestamp() < NOW / 1e6 < made.not_valid_after_utc.timestamp()
    assert len(serials) == 2
    assert tls_context(tmp_path / "a", lambda: NOW).get_ciphers()
