# SPDX-License-Identifier: Apache-2.0
"""The pure part of SMTP: a mail in any pieces, paths, logins. Nothing raises."""

import base64
import hashlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.protocols import smtp

DATA = Path(os.environ.get("TEITEN_DATA", Path(__file__).parents[4] / "shared" / "data"))


def fed(content, cap=4096):
    mail = smtp.Mail(cap)
    for line in content.splitlines(keepends=True) if b"\r\n" in content else [content]:
        mail.feed(line)
    return mail


def lines(content):
    """As the wire gives them: only CRLF ends a line."""
    parts = content.split(b"\r\n")
    return [part + b"\r\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def test_headers_body_subject():
    mail = fed(b"From: a\r\nSubject: one\r\n two\r\nSubject: second\r\n\r\nSubject: in the body\r\n")
    assert (mail.subject, mail.raw_subject) == (b"one two", b"Subject: one\r\n two")
    assert mail.headers == b"From: a\r\nSubject: one\r\n two\r\nSubject: second\r\n"
    assert mail.body == b"Subject: in the body\r\n" and not mail.truncated


@pytest.mark.parametrize(
    ("content", "headers", "body"),
    [
        (b"no headers at all\r\nreally\r\n", b"", b"no headers at all\r\nreally\r\n"),
        (b"A: 1\r\nnot a header\r\n", b"A: 1\r\n", b"not a header\r\n"),
        (b" folded first\r\n", b"", b" folded first\r\n"),
        (b"\r\nbody\r\n", b"", b"body\r\n"),
        (b"From a@b Mon\r\nA: 1\r\n\r\nFrom x\r\n", b"From a@b Mon\r\nA: 1\r\n", b"From x\r\n"),
        (b"A :1\r\n\r\n", b"A :1\r\n", b""),
        (b"A: 1\r\n\r\n\r\nx\r\n", b"A: 1\r\n", b"\r\nx\r\n"),
    ],
)
def test_where_the_headers_end(content, headers, body):
    mail = fed(content)
    assert (mail.headers, mail.body, mail.size) == (headers, body, len(content))


def test_no_subject_is_empty_and_an_empty_one_too():
    assert (fed(b"A: 1\r\n\r\n").subject, fed(b"A: 1\r\n\r\n").raw_subject) == (b"", None)
    assert (fed(b"Subject:\r\n\r\n").subject, fed(b"Subject:\r\n\r\n").raw_subject) == (b"", b"Subject:")
    assert fed(b"X-Subject: no\r\nsUBJECT\t:yes\r\n\r\n").subject == b"yes"


def test_the_final_dot_and_dot_stuffing():
    mail = smtp.Mail(100)
    assert mail.ends(b".\r\n") and not mail.ends(b".\n") and not mail.ends(b"..\r\n")
    mail.feed(b"\r\n")
    mail.feed(b"..a\r\n")
    mail.feed(b"piece of a line ")
    assert not mail.ends(b".\r\n")
    mail.feed(b".\r\n")
    assert mail.body == b".a\r\npiece of a line .\r\n" and mail.ends(b".\r\n")


def test_caps():
    mail = smtp.Mail(10)
    for line in (b"Subject: " + b"s" * 9000 + b"\r\n", b"A: 1\r\n", b"\r\n", b"0123456789\r\n"):
        mail.feed(line)
    assert (len(mail.headers), len(mail.raw_subject), mail.body) == (smtp.LONGEST_HEADERS_BYTES, 8192, b"0123456789")
    assert mail.truncated and mail.size == 9011 + 6 + 2 + 12
    exact = smtp.Mail(12)
    exact.feed(b"\r\n")
    exact.feed(b"0123456789\r\n")
    assert not exact.truncated and len(exact.body) == 12


@given(st.binary(max_size=400).map(lambda content: content.replace(b"\r\n.", b"\r\n-").lstrip(b".")), st.data())
def test_any_cut_gives_the_same_mail(content, data):
    """Pieces of long lines, as a bounded reader gives them, change nothing but where headers are recognised: at line starts."""
    whole, cut = smtp.Mail(64), smtp.Mail(64)
    for line in lines(content):
        whole.feed(line)
        at = data.draw(st.integers(0, max(0, len(line) - 3)))
        for piece in (line[:at], line[at:]) if at > 20 else (line,):
            cut.feed(piece)
    assert whole.size == cut.size == len(content)
    assert whole.digest == cut.digest == hashlib.sha256(content).digest()
    assert len(whole.headers) + len(whole.body) <= len(content)
    whole.subject.decode("utf-8")


@pytest.mark.parametrize(
    ("argument", "address", "parameters"),
    [
        (b"FROM:<a@b>", b"a@b", []),
        (b"from: <a@b> size=10 BODY=8bitmime", b"a@b", [b"SIZE=10", b"BODY=8BITMIME"]),
        (b"FROM:<>", b"", []),
        (b"FROM:a@b x", b"a@b", [b"X"]),
        (b'FROM:<"a> b"@c>', b'"a> b"@c', []),
        (b"FROM:<\xff\x00@b>", b"\xff\x00@b", []),
        (b"FROM:<a@b", b"a@b", []),
        (b"FROM:<@x,@y:a@b>", b"@x,@y:a@b", []),
    ],
)
def test_paths(argument, address, parameters):
    assert smtp.read_path(argument, b"FROM:") == (address, parameters)


@pytest.mark.parametrize("argument", [b"", b"FROM", b"FROM:", b"FROM:  ", b"TO:<a@b>", b"<a@b>"])
def test_no_path(argument):
    assert smtp.read_path(argument, b"FROM:") is None


@given(st.binary(max_size=200))
def test_any_path_is_capped(rest):
    path = smtp.read_path(b"TO:" + rest * 10, b"TO:")
    assert path is None or len(path.address) <= smtp.LONGEST_PATH_BYTES


@pytest.mark.parametrize(
    ("parameters", "size"), [([b"SIZE=5"], 5), ([b"BODY=8BITMIME", b"SIZE=7"], 7), ([b"SIZE=x"], 0), ([b"SIZE=" + b"9" * 500], 0), ([], 0)]
)
def test_declared_size(parameters, size):
    assert smtp.declared_size(parameters) == size


def test_recipients_are_joined_and_capped():
    assert smtp.join_recipients([b"a", b"b"]) == (b"a\nb", False)
    joined, cut = smtp.join_recipients([b"r" * 100] * 200)
    assert len(joined) == smtp.LONGEST_RECIPIENTS_BYTES and cut


@pytest.mark.parametrize(
    ("response", "login"),
    [
        (base64.b64encode(b"\0u\0p"), (b"u", b"p")),
        (base64.b64encode(b"admin\0u\0p\0q"), (b"u", b"p\0q")),
        (base64.b64encode(b"\0u\0p").rstrip(b"="), (b"u", b"p")),
        (base64.b64encode(b"user"), (b"", b"user")),
        (b"!", (b"", b"!")),
        (b"=", (b"", b"")),
    ],
)
def test_plain(response, login):
    assert smtp.decode_plain(response) == login


def test_login():
    assert smtp.decode_login(base64.b64encode(b"\xffu"), base64.b64encode(b"")) == (b"\xffu", b"")
    assert smtp.decode_login(b"not base64!", b"dGVzdA") == (b"not base64!", b"test")


@given(st.binary(max_size=60))
def test_logins_round_trip_and_never_raise(secret):
    assert smtp.decode_base64(base64.b64encode(secret)) == secret
    smtp.decode_plain(secret)
    smtp.decode_login(secret, secret)


def test_replies_in_other_words():
    assert smtp.reword('500 Error: command "X" not recognized', "h") == "502 5.5.2 Error: command not recognized"
    assert smtp.reword("421 4.7.0 AUTH sent too many times", "h") == "421 4.7.0 h Error: too many errors"
    assert smtp.reword("501 Syntax: QUIT", "h") == "501 5.5.4 Syntax: QUIT"
    assert smtp.reword("250 2.1.0 Ok", "h") == "250 2.1.0 Ok"


def test_extensions_end_the_answer_once():
    for encrypted, tls in ((False, True), (True, True), (False, False)):
        answer = smtp.extensions("h", 1000, encrypted, tls)
        assert [line[3] for line in answer] == ["-"] * (len(answer) - 1) + [" "]
        assert ("250-STARTTLS" in answer) == (tls and not encrypted)


@pytest.mark.data
def test_real_spam_keeps_sizes_and_subjects():
    folder = DATA / "mail" / "single"
    if not folder.exists():
        pytest.skip(f"no real samples: {folder} is missing (set TEITEN_DATA)")
    found = 0
    paths = sorted(folder.glob("*.eml"))
    for path in paths:
        content = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        mail = smtp.Mail(4096)
        for line in lines(content):
            mail.feed(b"." + line if line.startswith(b".") else line)
        assert mail.digest == hashlib.sha256(content).digest() and mail.size == len(content)
        found += bool(mail.subject)
    assert found == len(paths) > 10
