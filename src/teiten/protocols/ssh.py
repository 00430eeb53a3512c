# SPDX-License-Identifier: Apache-2.0
"""What SSH packets say, as values: authentication requests, key exchange lists, the version line. Bytes are kept exactly as sent.

Any input gives a value: a packet that ends too early gives what could be read, marked `truncated`. No SSH library is used here.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Final

import msgspec

FIELD_BYTES: Final = 8192  # longer fields are cut (reliability: caps)
MOST_RESPONSES: Final = 16  # answers read from one keyboard-interactive packet

# What Debian's OpenSSH 9.2 offers, in its order, then what only old clients know. Two differences, both measured: without sntrup761
# (not in the library), and curve25519 first, or dropbear's wrong first guess is not skipped and it never reaches authentication.
KEX_ALGORITHMS: Final = (
    "curve25519-sha256", "curve25519-sha256@libssh.org", "ecdh-sha2-nistp256", "ecdh-sha2-nistp384", "ecdh-sha2-nistp521",
    "diffie-hellman-group-exchange-sha256", "diffie-hellman-group16-sha512", "diffie-hellman-group18-sha512", "diffie-hellman-group14-sha256",
    "diffie-hellman-group14-sha1", "diffie-hellman-group-exchange-sha1", "diffie-hellman-group1-sha1",
)  # fmt: skip
CIPHERS: Final = (
    "chacha20-poly1305@openssh.com", "aes128-ctr", "aes192-ctr", "aes256-ctr", "aes128-gcm@openssh.com", "aes256-gcm@openssh.com",
    "aes128-cbc", "aes192-cbc", "aes256-cbc", "3des-cbc",
)  # fmt: skip
MACS: Final = (
    "umac-64-etm@openssh.com", "umac-128-etm@openssh.com", "hmac-sha2-256-etm@openssh.com", "hmac-sha2-512-etm@openssh.com",
    "hmac-sha1-etm@openssh.com", "umac-64@openssh.com", "umac-128@openssh.com", "hmac-sha2-256", "hmac-sha2-512", "hmac-sha1",
    "hmac-sha1-96", "hmac-md5", "hmac-md5-96",
)  # fmt: skip
COMPRESSIONS: Final = ("none", "zlib@openssh.com")  # the latter begins after a login, so nothing is ever decompressed here

_KINDS: Final = {
    b"password": "password", b"publickey": "publickey", b"keyboard-interactive": "keyboard-interactive", b"none": "none",
    b"hostbased": "hostbased", b"gssapi-with-mic": "gssapi-with-mic",
}  # fmt: skip


class Attempt(msgspec.Struct, frozen=True):
    """One SSH_MSG_USERAUTH_REQUEST (RFC 4252). `kind` is a word of ours: the method, "other-method", or "malformed" without any."""

    user: bytes
    kind: str
    method: bytes
    credential: bytes | None = None  # the password, or `TYPE SHA256:…` of a public key
    new_password: bytes | None = None
    truncated: bool = False  # the packet ended too early, or a field was longer than FIELD_BYTES


class Fields:
    """Reads RFC 4251 values one after the other. Past the end everything is empty and `short` turns True."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self.short = data, 0, False

    def take(self, count: int) -> bytes:
        taken = self._data[self._at : self._at + count]
        self.short = self.short or len(taken) < count
        self._at += len(taken)
        return taken

    def string(self) -> bytes:
        return self.take(int.from_bytes(self.take(4), "big"))

    def boolean(self) -> bool:
        return self.take(1) not in (b"", b"\0")


def parse_userauth(payload: bytes) -> Attempt:
    """`payload` is the packet after its type byte."""
    fields = Fields(payload)
    user, _service, method = fields.string(), fields.string(), fields.string()
    credential, new_password = None, None
    if method == b"password":
        changes = fields.boolean()
        credential = fields.string()
        new_password = fields.string() if changes else None
    elif method == b"publickey":
        fields.boolean()
        algorithm, blob = fields.string(), fields.string()
        credential = describe_key(algorithm, blob)
    cut = any(len(value) > FIELD_BYTES for value in (user, method, credential or b"", new_password or b""))
    return Attempt(
        user=user[:FIELD_BYTES],
        kind=_KINDS.get(method, "other-method") if method else "malformed",
        method=method[:FIELD_BYTES],
        credential=None if credential is None else credential[:FIELD_BYTES],
        new_password=None if new_password is None else new_password[:FIELD_BYTES],
        truncated=cut or fields.short,
    )


def describe_key(algorithm: bytes, blob: bytes) -> bytes:
    """`ssh-ed25519 SHA256:…` as ssh-keygen writes it. The type is the blob's own: one key is one credential under any signature scheme."""
    inner = Fields(blob)
    kind = inner.string()
    shown = algorithm[:128] if inner.short or not kind else kind[:128]
    return shown + b" SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).rstrip(b"=")


def parse_responses(payload: bytes) -> list[bytes]:
    """Answers of an SSH_MSG_USERAUTH_INFO_RESPONSE (RFC 4256), without its type byte."""
    fields = Fields(payload)
    claimed = int.from_bytes(fields.take(4), "big")
    answers = []
    for _ in range(min(claimed, MOST_RESPONSES)):
        answer = fields.string()
        if fields.short and not answer:
            break
        answers.append(answer[:FIELD_BYTES])
    return answers


def hassh(payload: bytes) -> str | None:
    """HASSH of a client's KEXINIT (without its type byte): MD5 over `kex;ciphers;macs;compressions`. None if the packet is cut short."""
    fields = Fields(payload)
    fields.take(16)  # cookie
    lists = [fields.string() for _ in range(8)]
    if fields.short:
        return None
    kex, _keys, ciphers, _, macs, _, compressions, _ = lists
    return hashlib.md5(b";".join((kex, ciphers, macs, compressions)), usedforsecurity=False).hexdigest()


def version_line(head: bytes) -> bytes:
    """The first line of what a client sent, at most 255 bytes (RFC 4253 4.2), without its line end."""
    line = head.partition(b"\n")[0]
    return line.removesuffix(b"\r")[:255]
