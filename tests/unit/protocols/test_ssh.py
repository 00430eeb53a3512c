# SPDX-License-Identifier: Apache-2.0
"""SSH packets as values: raw bytes kept, truncated packets never raise. M-13, M-18."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.protocols import ssh


def string(value: bytes) -> bytes:
    return len(value).to_bytes(4, "big") + value


def userauth(user: bytes, method: bytes, rest: bytes = b"") -> bytes:
    return string(user) + string(b"ssh-connection") + string(method) + rest


@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=20))
def test_user_and_password_are_the_bytes_that_were_sent(user: bytes, password: bytes, trailing: bytes) -> None:
    """M-18: accounts as sent, whatever their encoding."""
    attempt = ssh.parse_userauth(userauth(user, b"password", b"\0" + string(password)) + trailing)
    assert (attempt.user, attempt.kind, attempt.credential, attempt.truncated) == (user, "password", password, False)


@given(st.binary(max_size=60), st.integers(0, 200))
def test_a_packet_cut_anywhere_gives_what_was_there(password: bytes, cut: int) -> None:
    payload = userauth("花子".encode(), b"password", b"\0" + string(password))
    attempt = ssh.parse_userauth(payload[:cut])
    assert attempt.truncated == (cut < len(payload))
    assert "花子".encode().startswith(attempt.user)
    assert password.startswith(attempt.credential or b"")


@given(st.binary(max_size=300))
def test_any_bytes_parse(payload: bytes) -> None:
    attempt = ssh.parse_userauth(payload)
    assert attempt.kind in ("password", "publickey", "keyboard-interactive", "none", "hostbased", "gssapi-with-mic", "other-method", "malformed")
    assert len(ssh.parse_responses(payload)) <= ssh.MOST_RESPONSES
    assert ssh.hassh(payload) is None or len(ssh.hassh(payload) or "") == 32
    assert b"\n" not in ssh.version_line(payload)


def test_a_password_change_keeps_both() -> None:
    attempt = ssh.parse_userauth(userauth(b"u", b"password", b"\1" + string(b"old") + string(b"new")))
    assert (attempt.credential, attempt.new_password) == (b"old", b"new")


def test_a_key_is_named_by_its_own_type_and_fingerprint() -> None:
    blob = string(b"ssh-rsa") + string(b"\1\0\1") + string(b"n" * 20)
    attempt = ssh.parse_userauth(userauth(b"u", b"publickey", b"\0" + string(b"rsa-sha2-512") + string(blob)))
    assert attempt.credential is not None and attempt.credential.startswith(b"ssh-rsa SHA256:") and not attempt.credential.endswith(b"=")
    assert ssh.describe_key(b"odd", b"").startswith(b"odd SHA256:")


def test_long_fields_are_cut_and_say_so() -> None:
    attempt = ssh.parse_userauth(userauth(b"u" * 9000, b"password", b"\0" + string(b"p" * 9000)))
    assert (len(attempt.user), len(attempt.credential or b""), attempt.truncated) == (ssh.FIELD_BYTES, ssh.FIELD_BYTES, True)


def test_answers_claimed_but_not_sent_are_not_waited_for() -> None:
    assert ssh.parse_responses(b"\xff\xff\xff\xff" + string(b"a")) == [b"a"]
    assert ssh.parse_responses(b"\0\0\0\2" + string(b"a") + string(b"")) == [b"a", b""]


def test_hassh_is_the_published_definition() -> None:
    lists = [b"k1,k2", b"h", b"c1", b"c2", b"m1", b"m2", b"none", b"zlib", b"", b""]
    payload = bytes(16) + b"".join(string(one) for one in lists) + bytes(5)
    assert ssh.hassh(payload) == hashlib.md5(b"k1,k2;c1;m1;none").hexdigest()
    assert ssh.hassh(payload[:40]) is None


@pytest.mark.parametrize(
    ("head", "line"), [(b"SSH-2.0-x\r\nrest", b"SSH-2.0-x"), (b"GET / HTTP/1.1\n", b"GET / HTTP/1.1"), (b"", b""), (b"a" * 300, b"a" * 255)]
)
def test_version_line(head: bytes, line: bytes) -> None:
    assert ssh.version_line(head) == line
