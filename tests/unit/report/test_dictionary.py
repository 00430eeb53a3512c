# SPDX-License-Identifier: Apache-2.0
"""The dictionary of ports is whole: enough kinds, both languages, dated advisories, references that lead somewhere (R-23, R-25)."""

from __future__ import annotations

import re
from datetime import date

from teiten.report.dictionary import PortEntry, port_dictionary

KIND = re.compile(r"(?:[1-9]\d{0,4}/(?:tcp|udp)|[a-z]+/icmp)")


def test_at_least_150_kinds_each_once() -> None:
    kinds = [kind for entry in port_dictionary().entry for kind in entry.kinds]
    assert len(kinds) >= 150 and len(set(kinds)) == len(kinds)
    assert all(KIND.fullmatch(kind) for kind in kinds)
    assert all(int(kind.split("/")[0]) < 65_536 for kind in kinds if kind[0].isdigit())


def test_entries_are_bilingual_and_advisories_are_dated() -> None:
    for entry in port_dictionary().entry:
        for text in (entry.service, entry.abuse):
            assert text.ja and text.en and not re.search("[ぁ-んァ-ヶ一-龠]", text.en)
        for advisory in entry.advisories:
            assert re.fullmatch(r"(?:19|20)\d\d(?:-[01]\d(?:-[0-3]\d)?)?", advisory.on), advisory
            date.fromisoformat((advisory.on + "-01-01")[:10])
            assert advisory.url == "" or advisory.url.startswith("https://")
        assert not entry.see or port_dictionary().of(entry.see.encode())


def test_r25_what_the_published_table_names_is_there() -> None:
    of = port_dictionary().of
    expected = {b"135/tcp": ("MS03-026", "W32/MSBlaster"), b"445/tcp": ("MS04-011", "W32/Sasser"), b"ping/icmp": ("", "W32/Welchia")}
    for kind, (advisory, malware) in expected.items():
        entry = of(kind)
        assert entry is not None and malware in entry.malware
        assert not advisory or advisory in [one.id for one in entry.advisories]
    messenger = of(b"1026/udp")
    assert messenger is not None and messenger is of(b"1028/udp") and messenger.group


def test_a_report_doesnt_know_the_future() -> None:
    entry = port_dictionary().of(b"445/tcp")
    assert isinstance(entry, PortEntry)
    then, now = entry.at(date(2007, 9, 1)), entry.at(date(2026, 1, 1))
    assert then.malware == ("W32/Sasser", "W32/Deloder") and "WannaCry" in now.malware
    assert [one.id for one in then.advisories] == ["MS04-011", "MS06-040"] and len(now.advisories) == 5


def test_unknown_kinds_have_no_entry() -> None:
    assert port_dictionary().of(b"64999/tcp") is None and port_dictionary().of(b"\xff\x00") is None
