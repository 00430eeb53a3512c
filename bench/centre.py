# SPDX-License-Identifier: Apache-2.0
"""A whole centre (`teiten up`) in a temporary home for a bench: no sensors of its own, a receiver with TLS, a token for each sensor that sends."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bench.processes import Process, free_port, python, running, wait_until
from teiten.centre.beside import answers
from teiten.home import Home
from teiten.transport.tokens import TokenRegistry


class Running(msgspec.Struct):
    home: Home
    process: Process
    site: int  # port
    receiver: int  # port
    certificate: Path


@contextmanager
def centre(root: Path, *, zone: str = "Asia/Tokyo", cache_seconds: float = 1.0) -> Iterator[Running]:
    home = Home(root)
    home.prepare()
    site, receiver = free_port(), free_port()
    certificate = _certificate(root / "receiver.pem")
    home.settings_file.write_text(
        f'zone = "{zone}"\nchannels = []\n[site]\nport = {site}\ncache_seconds = {cache_seconds}\n'
        f'[receiver]\nhost = "127.0.0.1"\nport = {receiver}\ncertificate_file = "{certificate}"\n',
        encoding="utf-8",
    )
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    with running(python("-m", "teiten", "--home", root, "up"), root / "output.txt", [site, receiver], env=environment) as process:
        wait_until(lambda: answers(home.socket), process, root / "output.txt")  # it holds its ports before it is ready
        yield Running(home, process, site, receiver, certificate)


def issue(running_centre: Running, sensor: str) -> Path:
    """A file with a new token for the sensor."""
    path = running_centre.home.root / f"token-{sensor}"
    path.write_text(TokenRegistry(running_centre.home.keys / "tokens.json").issue(sensor), encoding="ascii")
    return path


def _certificate(path: Path) -> Path:
    """Self-signed for `localhost`, and its own authority."""
    if path.exists():
        return path
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + made.public_bytes(Encoding.PEM))
    path.chmod(0o600)
    return path
