# SPDX-License-Identifier: Apache-2.0
"""Subjects: every encoding that mail brings ends as the same UTF-8, and no bytes raise (M-10, O-05)."""

import base64
import contextlib
import mailbox
import os
import quopri
from email.header import decode_header, make_header
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.protocols.subject import LONGEST_SUBJECT_BYTES, decode_subject

TEXT = "未承諾広告※ 特価のお知らせ"
DATA = Path(os.environ.get("TEITEN_DATA", Path(__file__).parents[4] / "shared" / "data"))


def word(text, charset, codec=None, encoding=b"B"):
    data = text.encode(codec or charset)
    coded = base64.b64encode(data) if encoding in b"bB" else quopri.encodestring(data, header=True).replace(b"=\n", b"").replace(b"?", b"=3F")
    return b"=?" + charset.encode() + b"?" + encoding + b"?" + coded + b"?="


@pytest.mark.parametrize("codec", ["utf-8", "cp932", "euc_jp", "iso2022_jp"])
def test_raw_bytes_by_the_ladder(codec):
    assert decode_subject(b" " + TEXT.encode(codec)) == TEXT.encode()


@pytest.mark.parametrize(
    ("charset", "codec"),
    [
        ("UTF-8", None),
        ("Shift_JIS", "cp932"),
        ("EUC-JP", "euc_jp"),
        ("ISO-2022-JP", "iso2022_jp"),
        ("iso-2022-jp*ja", "iso2022_jp"),
        ("no-such", "utf-8"),
    ],
)
@pytest.mark.parametrize("encoding", [b"B", b"Q", b"q"])
def test_encoded_words(charset, codec, encoding):
    assert decode_subject(word(TEXT, charset, codec or charset, encoding)) == TEXT.encode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (b" plain subject \r\n", "plain subject"),
        (b"", ""),
        (b"folded\r\n\tover\r\n   lines", "folded over lines"),
        (b"Re: =?utf-8?q?a_b?= (c)", "Re: a b (c)"),
        (b"=?utf-8?q?a?= =?utf-8?q?b?=", "ab"),
        (b"=?utf-8?q?a?=\r\n =?iso-8859-1?q?=E9?=", "aé"),
        (b"=?utf-8?B?44E=?= =?utf-8?B?gg==?=", "あ"),  # cut inside a character
        (b"=?utf-8?B?YWI?= =?utf-8?B?Y?=", "ab"),  # padding lost, a character left over
        (b"=?utf-8?B?Y*W-I?=", "ab"),
        (b"=?utf-8?q?=ZZ?= x", "=ZZ x"),
        (b"=?utf-8?q?never closed", "=?utf-8?q?never closed"),
        (b"=?utf-8?x?a?=", "=?utf-8?x?a?="),
        (b"=?utf-8?q?=FF?=", "ÿ"),
        (b"=?iso-8859-1?q?=80?=", "€"),
        (b"=?gb2312?B?xOO6ww==?=", "你好"),
        (b"=?koi8-r?B?8NLJ18XU?=", "Привет"),
        (b"=?us-ascii?q?caf=C3=A9?=", "café"),
        (b"Caf\xe9 menu", "Café menu"),
        (b"\x1b$B-!L$\x1b(B and \x1b(I@\x1b(B", "①未 and ﾀ"),  # NEC's circled digit, half-width katakana
        ("①Ⅳ㈱".encode("cp932"), "①Ⅳ㈱"),
        (b"=?ISO-2022-JP?B?GyRCLSFMJBsoQg==?=", "①未"),
        ("ｱﾝｹｰﾄ!".encode("cp932"), "ｱﾝｹｰﾄ!"),
        (b"a\x00b\x1b[31m", "a\x00b\x1b[31m"),
        (b"=?utf-7?q?+2AA-?=", "?"),
    ],
)
def test_what_mailers_send(value, text):
    assert decode_subject(value) == text.encode()


@pytest.mark.parametrize("charset", [b"zlib", b"hex", b"bz2", b"base64", b"rot13", b"unicode_escape", b"idna", b"punycode", b"undefined", b"mbcs"])
def test_no_codec_but_the_listed_ones_is_reached(charset):
    payload = b"x\x9c\xcbH\xcd\xc9\xc9\x07\x00\x06,\x02\x15"
    assert decode_subject(b"=?" + charset + b"?B?" + base64.b64encode(payload) + b"?=") != b"hello"


def test_the_result_is_capped_at_a_whole_character():
    decoded = decode_subject("あ".encode() * 10_000)
    assert len(decoded) == LONGEST_SUBJECT_BYTES // 3 * 3 and set(decoded.decode()) == {"あ"}


@given(st.binary(max_size=300))
def test_any_bytes_give_valid_utf8(value):
    decode_subject(value).decode("utf-8")


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"utf-8", b"iso-2022-jp", b"shift_jis", b"utf-7", b"utf-16", b"hz", b"?", b"\xff"]),
            st.sampled_from(b"BbQqX"),
            st.binary(max_size=30),
        )
    )
)
def test_any_words_give_valid_utf8(words):
    value = b" ".join(b"=?" + charset + b"?" + bytes([encoding]) + b"?" + data + b"?=" for charset, encoding, data in words)
    decode_subject(value).decode("utf-8")


@given(
    st.text(
        alphabet=st.characters(min_codepoint=0x21, max_codepoint=0x9FFF, exclude_categories=("Cs", "Cn", "Zs", "Zl", "Zp", "Cc")),
        min_size=1,
        max_size=40,
    )
)
def test_utf8_words_round_trip(text):
    assert decode_subject(word(text, "utf-8")) == text.encode()


@pytest.mark.data
def test_real_spam_agrees_with_the_standard_library():
    """200 real mails: wherever the subject is ASCII with well-formed words, Python's own decoder says the same."""
    box = DATA / "mail" / "spam-200.mbox"
    if not box.exists():
        pytest.skip(f"no real samples: {box} is missing (set TEITEN_DATA)")
    with contextlib.closing(mailbox.mbox(box)) as mails:
        subjects = [subject for mail in mails if (subject := mail.get("Subject")) and isinstance(subject, str)]
    differ = [subject for subject in subjects if plain(decode_subject(subject.encode()).decode()) != plain(str(make_header(decode_header(subject))))]
    assert len(subjects) > 150 and not differ


def plain(text):
    return " ".join(text.split())
