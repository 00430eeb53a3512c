# SPDX-License-Identifier: Apache-2.0
"""This sensor's own keys, made at the first start and kept in a directory: SSH host keys and a self-signed certificate for TLS.

They are unique to each home: keys or serial numbers shared between sensors would let one scan find them all. Nothing here leaves the machine.
"""

from __future__ import annotations

import os
import secrets
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from teiten.clock import Clock, to_datetime

PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

# Ed25519 first: with another key first, a dropbear client guesses wrong and never reaches authentication.
_HOST_KEYS: Final[dict[str, Callable[[], PrivateKey]]] = {
    "ssh_host_ed25519_key": ed25519.Ed25519PrivateKey.generate,
    "ssh_host_ecdsa_key": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ssh_host_rsa_key": lambda: rsa.generate_private_key(public_exponent=65_537, key_size=3072),
}
_YEARS: Final = timedelta(days=3650)  # as Debian's ssl-cert makes them


def host_keys(directory: Path) -> list[Path]:
    """Paths of the SSH host keys (OpenSSH private key files, mode 0600), made if missing."""
    return [_kept(directory / name, lambda make=make: _openssh(make())) for name, make in _HOST_KEYS.items()]  # type: ignore[misc]


def certificate(directory: Path, clock: Clock) -> Path:
    """Path of a PEM file with an EC key and its self-signed certificate for `localhost`, made if missing."""
    return _kept(directory / "tls.pem", lambda: _self_signed(to_datetime(clock())))


def tls_context(directory: Path, clock: Clock) -> ssl.SSLContext:
    """A server context that speaks every TLS version the local OpenSSL still has, with the weakest ciphers: old clients are to be heard."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate(directory, clock))
    return context


def _kept(path: Path, make: Callable[[], bytes]) -> Path:
    """The file, written whole or not at all, readable by its owner only."""
    if path.exists():
        return path
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(make())
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return path


def _openssh(key: PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption())


def _self_signed(now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    from_at = now.astimezone(UTC).replace(microsecond=0) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(from_at)
        .not_valid_after(from_at + _YEARS)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM)
