# SPDX-License-Identifier: Apache-2.0
"""What gets into the view and what never does (publication rules P1 to P8; mission O-05, M-14 … M-18)."""

from __future__ import annotations

import ipaddress
from datetime import date, datetime
from pathlib import Path

import msgspec
import pytest

from teiten.model import Period
from teiten.publication.building import Builder, Sources
from teiten.publication.echoes import redactor
from teiten.publication.findings import Claim
from teiten.publication.policies import OPERATOR, POLICIES, PUBLIC
from teiten.publication.settings import PublicationConfig
from teiten.publication.view import decode, encode, target_id
from tests.unit.publication.disguises import IPV4, IPV6
from tests.unit.publication.observed import AS_OF, NOW, SENSORS, TOKYO, Met, builder, store_of


def test_a_widely_seen_target_is_named_and_coarse(tmp_path: Path) -> None:
    store = store_of(tmp_path, [Met(target=b"GET /newthing.php", sources=123)])
    view = builder(store).view(NOW)
    (row,) = view.lists["web"]
    assert (row.target, row.rank, row.reach, row.sensors) == ("GET /newthing.php", 1, "half", None)
    assert view.period == Period(date(2026, 8, 10), AS_OF)
    assert row.accesses is not None
    assert 110 <= row.accesses <= 140
    assert row.accesses % 10 == 0
    assert view.lists == decode(encode(view)).lists
    assert view.fresh["web"][0].target == "GET /newthing.php"
    assert view.targets[row.id].listed == row


@pytest.mark.parametrize(
    "met",
    [
        Met(target=b"GET /narrow.php", sensors=2),
        Met(target=b"GET /narrow.php", sources=9),
        Met(target=b"GET /narrow.php", spread=0),
        Met(target=b"GET /narrow.php", hours=20),
        Met(target=b"GET /k3v9q0z7x1"),
        Met(target=b"GET /\xff\xfe"),
    ],
)
def test_what_is_not_widely_seen_or_could_carry_a_mark_is_not_named(tmp_path: Path, met: Met) -> None:
    """P2: named nowhere, counted as other; and an unknown target answers the same."""
    view = builder(store_of(tmp_path, [Met(target=b"GET /"), met])).view(NOW)
    assert [row.target for row in view.lists["web"]] == ["GET /"]
    assert target_id("web", met.target) not in view.targets
    assert b"narrow" not in encode(view)
    assert builder(store_of(tmp_path / "2", [Met(target=b"GET /"), met]), OPERATOR).view(NOW).lists["web"][-1].rank in (1, 2)


def test_an_approved_text_is_named_but_only_when_widely_seen(tmp_path: Path) -> None:
    settings = PublicationConfig(approved=("web GET /k3v9q0z7x1", "web GET /k3v9q0z7x2"))
    store = store_of(tmp_path, [Met(target=b"GET /k3v9q0z7x1"), Met(target=b"GET /k3v9q0z7x2", sensors=1)])
    assert [row.target for row in builder(store, settings=settings).view(NOW).lists["web"]] == ["GET /k3v9q0z7x1"]


def test_small_counts_are_withheld_even_of_known_targets(tmp_path: Path) -> None:
    """P5: below ten nothing is said."""
    view = builder(store_of(tmp_path, [Met(target=b"root", channel="ssh", sources=9, sensors=1)])).view(NOW)
    assert view.lists["ssh"] == ()
    assert view.channels["ssh"].accesses is None
    assert all(day.accesses is None for day in view.series["ssh"])


def test_one_source_can_not_drive_a_count(tmp_path: Path) -> None:
    """P5: each source counts to a limit for an item and day."""
    view = builder(store_of(tmp_path, [Met(target=b"root", channel="ssh", sources=12, accesses=50_000)])).view(NOW)
    assert (view.lists["ssh"][0].accesses or 0) < 1_400


def test_a_day_is_published_a_day_after_its_end(tmp_path: Path) -> None:
    """P4: on 22 August at six, the last public day is the 20th."""
    store = store_of(tmp_path, [Met(target=b"GET /", ends_at=datetime(2026, 8, 21, 23, 0, tzinfo=TOKYO), hours=1)])
    assert builder(store).view(NOW).lists["web"] == ()
    assert builder(store, "partners").view(NOW).lists["web"] != ()


def test_numbers_are_the_same_at_every_building_and_differ_with_the_key(tmp_path: Path) -> None:
    """P5: noise is drawn once."""
    store = store_of(tmp_path, [Met(target=b"GET /", sources=140)])
    assert encode(builder(store).view(NOW)) == encode(builder(store).view(NOW))
    answers = {builder(store, key=bytes([n]) * 32).view(NOW).lists["web"][0].accesses for n in range(8)}
    assert len(answers) > 1


def test_no_sensor_in_any_disguise_in_any_channel(tmp_path: Path) -> None:
    """P1, B11: every way to write every sensor's address, widely seen, under a policy that names everything else: nothing gets out."""
    targets = [
        Met(target=b"GET /" + write(ipaddress.IPv4Address(sensor.addresses[0])), channel=channel, sources=12)
        for sensor in SENSORS[:2]
        for write in IPV4.values()
        for channel in ("web", "ssh", "mail")
    ]
    targets += [Met(target=b"x " + write(ipaddress.IPv6Address(SENSORS[2].addresses[1])), channel="mail", sources=12) for write in IPV6.values()]
    store = store_of(tmp_path, [*targets, Met(target=b"GET /", sources=12), Met(target=b"root", channel="ssh")])
    policy = msgspec.structs.replace(PUBLIC, closed=False)
    view = builder(store, policy, PublicationConfig(list_rows=1000)).view(NOW)
    assert [row.target for rows in view.lists.values() for row in rows] == ["GET /", "root"]
    assert not redactor(SENSORS).betrays(b" ".join(text for text in encode(view).split(b'"') if b"/" in text))


def test_no_sensor_names_sources_or_exact_coverage_in_the_public_view(tmp_path: Path) -> None:
    """P6, P7."""
    store = store_of(tmp_path, [Met(target=b"GET /", sources=140)])
    told = encode(builder(store).view(NOW))
    assert b"point-" not in told
    view = decode(told)
    target = next(iter(view.targets.values()))
    assert target.networks == ()
    assert set(target.reaches) == {None}
    assert {day.observed for day in view.series["web"]} <= {0, 1}
    assert encode(builder(store, OPERATOR).view(NOW)) != told


def test_the_operators_view_is_exact(tmp_path: Path) -> None:
    store = store_of(tmp_path, [Met(target=b"GET /odd", sources=3, sensors=2, hours=30)])
    (row,) = builder(store, OPERATOR).view(NOW).lists["web"]
    assert (row.accesses, row.sources, row.sensors, row.reach) == (3, 3, 2, "few")
    target = builder(store, OPERATOR).view(NOW).targets[row.id]
    assert sum(day.accesses or 0 for day in target.days) == 3
    assert sum(network.sources or 0 for network in target.networks) == 3


def claim(target: bytes, networks: int = 44) -> Claim:
    return Claim(
        id="f1", channel="web", target=target, level="attention", states=("new",), since_on=date(2026, 8, 18), raised_on=date(2026, 8, 19),
        last_on=date(2026, 8, 20), days=2, networks=networks, usual=3, ratio=9.7, sensors=4, live=5, rule="rise-1", sentence={"en": "44 of 5"},
    )  # fmt: skip


def test_findings_follow_their_targets(tmp_path: Path) -> None:
    """M-14, A-10: a finding about a target that may not be named doesn't leave; numbers and sentence follow the policy."""
    store = store_of(tmp_path, [Met(target=b"GET /"), Met(target=b"GET /single", sensors=1)])
    claims = [claim(b"GET /"), claim(b"GET /single"), claim(b"GET /never")]

    def findings(policy: str) -> list[str]:
        made = Builder(Sources(store, TOKYO, claims=lambda _: claims), POLICIES[policy], PublicationConfig(), b"k" * 32, redactor(SENSORS))
        view = made.view(NOW)
        for finding in view.findings:
            exact = policy == "operator"
            assert (finding.usual == 3, finding.sentence != {}, finding.sensors == 4) == (exact, exact, exact)
            assert view.targets[finding.target_id].findings == (finding,)
        return [finding.target for finding in view.findings]

    assert findings("public") == ["GET /"]
    assert findings("operator") == ["GET /", "GET /single"]


def test_markers_are_the_operators_to_see(tmp_path: Path) -> None:
    """P8: one code for each address met."""
    store = store_of(tmp_path, [Met(target=b"GET /?id=%08x9z" % (n * 0x9E3779B1 % 2**32), sources=1, sensors=1) for n in range(25)])
    (found,) = builder(store).markers(NOW)
    assert (found.kind, found.channel) == ("strings", "web")
    assert builder(store).view(NOW).lists["web"] == ()


def test_a_day_that_fewer_than_three_sensors_met_is_no_count(tmp_path: Path) -> None:
    """P7: a target that everybody knows is named; but its day at one sensor would answer a probe at half of all addresses."""
    one = Met(target=b"23/tcp", channel="packet", sensors=1, sources=40, hours=5, ends_at=datetime(2026, 8, 18, 12, 0, tzinfo=TOKYO))
    store = store_of(
        tmp_path, [Met(target=b"23/tcp", channel="packet", sources=60, hours=24, ends_at=datetime(2026, 8, 15, 20, 0, tzinfo=TOKYO)), one]
    )
    (target,) = builder(store).view(NOW).targets.values()
    shown = {day.day.day: day.accesses for day in target.days}
    assert shown[18] is None
    assert shown[15] is not None
    assert {day.day.day: day.accesses for day in builder(store, OPERATOR).view(NOW).series["packet"]}[18] == 40
