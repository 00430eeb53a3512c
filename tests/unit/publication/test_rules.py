# SPDX-License-Identifier: Apache-2.0
"""The single rules of publication: coarse counts, vocabulary, marker watch, what a policy lets out, the view on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from teiten.errors import TeitenError
from teiten.publication.coarse import NOISE, Coarsener, two_digits
from teiten.publication.folder import publication_key, read_view, write_file, write_view
from teiten.publication.markers import POOLED, PORTS, Marker, aimed, even, heavy, shape_of, watch
from teiten.publication.measuring import Measure
from teiten.publication.policies import OPERATOR, PARTNERS, POLICIES, PUBLIC
from teiten.publication.settings import PublicationConfig
from teiten.publication.vocabulary import known, marker_bits
from teiten.questions.breadth import Breadth
from tests.unit.publication.observed import NOW, Met, builder, store_of


@given(some.integers(0, 10**9), some.text(max_size=5))
def test_coarse_counts(value: int, item: str) -> None:
    """P5: near the truth, two digits, the same at every asking; nothing below ten."""
    told = Coarsener(b"secret").count(value, item)
    assert told == Coarsener(b"secret").count(value, item)
    if value < 10:
        assert told is None
    else:
        assert told is not None
        assert told == two_digits(told)
        assert abs(told - value) <= value * (NOISE + 0.051) + 3


def test_noise_averages_out_only_over_different_items() -> None:
    told = [Coarsener(b"secret").count(500, "item", day) or 0 for day in range(400)]
    assert abs(sum(told) / 400 - 500) < 10
    assert {Coarsener(b"secret").count(500, "item") for _ in range(20)} == {Coarsener(b"secret").count(500, "item")}
    assert len({Coarsener(b"secret", mark=mark).count(500, "item") for mark in "abcdefgh"}) > 1


@pytest.mark.parametrize(("value", "told"), [(0, 0), (9.4, 9), (99.6, 100), (105, 110), (104, 100), (12_345, 12_000), (995, 1000)])
def test_two_digits(value: float, told: int) -> None:
    assert two_digits(value) == told


@pytest.mark.parametrize("text", ["root", "admin", "GET /", "GET /wp-login.php", "445/tcp", "jorge", "GET /phpMyAdmin/main.php", "GET /cgi-bin/test"])
def test_everyday_words_carry_little(text: str) -> None:
    assert marker_bits(text.encode()) <= PUBLIC.bits


@pytest.mark.parametrize("text", ["k7f3q9zz", "GET /a8f1c29b", "user 61.126.109.106", "xkqzwvbt", "GET /3F8A11C0", "aBcDeFgHiJkLmNoP", "1032741738"])
def test_codes_carry_much(text: str) -> None:
    assert marker_bits(text.encode()) > PUBLIC.bits


@given(some.binary(max_size=80))
def test_the_estimate_never_raises(value: bytes) -> None:
    assert marker_bits(value) >= 0


def test_the_curated_list_is_clean() -> None:
    assert {channel for channel, _ in known()} == {"packet", "web", "ssh"}
    assert ("packet", b"445/tcp") in known()
    assert ("packet", b"ping/icmp") in known()


def seen(target: bytes) -> Breadth:
    return Breadth((target,), 1, 1, 1, 1, 1, 1, 0, 0, 1)


def test_marker_watch_over_ports_and_strings() -> None:
    """P8: one port for each address; ordinary rare ports stay below the line."""
    sweep = [seen(b"%d/tcp" % (20_000 + n)) for n in range(PORTS)]
    assert watch("packet", sweep)[0].targets == PORTS
    assert watch("packet", sweep[1:]) == []
    assert watch("packet", sweep, sweep[:30]) == []  # a tail that was always there
    assert watch("packet", sweep, sweep[:10]) != []
    assert watch("ssh", [seen(b"user%d" % n) for n in range(30)]) == []
    assert watch("ssh", [seen(b"u%010d" % (n * 7919)) for n in range(30)])[0].shape == "#"


def test_marker_watch_over_group_tests_and_volume() -> None:
    """P8, B12: many targets that several networks name and a part of the sensors meets; a day of one sensor that stands out."""
    pooled = [Breadth((b"%d/tcp" % (20_000 + n),), 12, 12, 12, 12, 12, 12, 0, 0, 4) for n in range(POOLED)]
    (found,) = watch("packet", pooled, live=16)
    assert (found.kind, found.targets) == ("ports", POOLED)
    assert watch("packet", pooled, pooled, live=16) == []
    assert watch("packet", pooled, live=7) == []  # more than half of them: news, not a test
    alike = {"a": 600, "b": 580, "c": 640, "d": 610}
    assert heavy("packet", b"445/tcp", alike, {}, 4) is None
    assert heavy("packet", b"445/tcp", alike | {"b": 9_000}, alike, 4) == Marker("volume", "packet", "9/a", 1, (b"445/tcp",), "b")
    assert heavy("packet", b"445/tcp", alike | {"b": 9_000}, alike | {"b": 8_000}, 4) is None  # it was always so
    assert heavy("packet", b"445/tcp", {"a": 400}, {}, 4) is None
    assert heavy("packet", b"445/tcp", {"a": 4000}, {}, 2) is None


def test_marker_watch_over_few_sensors_days_and_sources() -> None:
    """P8, B12: a text for each of sixteen sensors; days that one sensor alone knows; single sources, as many to each sensor."""
    texts = [Breadth((b"GET /?q=%08x9z" % (n * 7919 + 0xABC00000),), 12, 12, 12, 12, 12, 12, 0, 0, 1) for n in range(16)]
    assert [(one.kind, one.targets) for one in watch("web", texts, live=16)] == [("strings", 16)]
    assert watch("web", texts[:7], live=16) == []
    assert watch("web", texts, texts, live=16) == []
    days = [Breadth((b"23/tcp", day), 12, 12, 12, 12, 12, 12, 0, 0, sensors) for day, sensors in ((1, 16), (2, 1), (3, 1))]  # type: ignore[arg-type]
    (found,) = aimed("packet", days, [], 16)
    assert (found.kind, found.targets, found.examples) == ("days", 2, (b"23/tcp",))
    assert found.told() == "packet: 2 days on which 23/tcp came to one or two sensors alone, from many networks"
    assert aimed("packet", days, days, 16) == aimed("packet", days[:2], [], 16) == aimed("packet", days, [], 5) == []
    each = {f"point-{n}": 1 for n in range(16)}
    (found,) = even("packet", {b"23/tcp": each, b"22/tcp": each | {"point-3": 2}}, 16)
    assert (found.kind, found.targets, found.examples) == ("sources", 16, (b"23/tcp",))
    assert even("packet", {b"23/tcp": each}, 17) == []
    assert even("packet", {b"23/tcp": dict.fromkeys("abcdef", 1)}, 6) == []  # among six sensors chance does that


def test_what_the_watch_says_is_safe_to_print() -> None:
    assert "\x1b" not in watch("web", [seen(b"GET /\x1b[2J?id=%08x" % (n * 7919 + 0xABC00000)) for n in range(30)])[0].told()


def test_shapes() -> None:
    assert shape_of(b"GET /x?id=12ab") == shape_of(b"GET /y?id=98cd")
    assert shape_of(b"a-1") != shape_of(b"a1")


@pytest.mark.parametrize(
    ("met", "live", "reach"), [(2, 2, "few"), (3, 10, "part"), (5, 10, "half"), (9, 10, "most"), (10, 10, "most"), (3, 0, "most")]
)
def test_reach(met: int, live: int, reach: str) -> None:
    """P7: in how large a part of the sensors, never how many."""
    assert Measure(PUBLIC, Coarsener(b"k")).reach(met, live) == reach


def test_regions_end_in_other() -> None:
    rows = [Breadth((b"t", name), n, n, n, n, n, n, 0, 0, 5) for name, n in (("CN", 500), ("JP", 60), ("FR", 8), ("unknown", 40))]
    told = Measure(PUBLIC, Coarsener(b"k")).regions(rows, 10)
    assert [row.key for row in told] == ["CN", "JP", "unknown", "other"]
    assert told[-1].accesses is None
    assert [row.key for row in Measure(OPERATOR, Coarsener(b"k")).regions(rows, 2)] == ["CN", "JP", "other"]


def test_the_strict_policy_is_the_default() -> None:
    assert PublicationConfig().policy == "public"
    assert POLICIES["public"] is PUBLIC
    assert (PUBLIC.redacted, PUBLIC.closed, PUBLIC.coarse, PUBLIC.sources, PUBLIC.exact_sensors) == (True, True, True, False, False)
    assert (PARTNERS.redacted, PARTNERS.closed, PARTNERS.coarse, PARTNERS.sources) == (True, True, True, False)


def test_the_view_on_disk_is_whole_or_absent(tmp_path: Path) -> None:
    with pytest.raises(TeitenError, match="nothing has been published"):
        read_view(tmp_path)
    view = builder(store_of(tmp_path, [Met(target=b"GET /")])).view(NOW)
    path = write_view(tmp_path / "public", view)
    assert read_view(tmp_path / "public") == view
    assert path.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in path.parent.iterdir()] == ["view.json"]
    path.write_bytes(b"{}")
    with pytest.raises(TeitenError, match="cannot be read"):
        read_view(tmp_path / "public")


def test_a_failed_write_leaves_the_old_file(tmp_path: Path) -> None:
    write_file(tmp_path / "a", b"old")
    with pytest.raises(TypeError):
        write_file(tmp_path / "a", None)  # type: ignore[arg-type]
    assert (tmp_path / "a").read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 1


def test_the_key_is_made_once_and_private(tmp_path: Path) -> None:
    key = publication_key(tmp_path / "keys")
    assert len(key) == 32
    assert publication_key(tmp_path / "keys") == key
    assert (tmp_path / "keys" / "publication.key").stat().st_mode & 0o777 == 0o600
