# SPDX-License-Identifier: Apache-2.0
"""World ipa2007 as a world: the same bytes every time, other seeds with the same totals, moved to other days, well-formed batches."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta

import numpy as np

from teiten.columns import SENSOR_NAMES
from teiten.worlds.interface import WorldBatch
from teiten.worlds.ipa2007 import Ipa2007
from tests.worlds.conftest import Counted, count, ordinal

# The world's bytes are the same on every machine. A change of the world changes this line, and needs a line in the CHANGELOG.
FINGERPRINT = "38de23897ef08d9c"


def fingerprint(batches: list[WorldBatch]) -> str:
    return hashlib.blake2b(b"".join(batch.key.content_hash for batch in batches), digest_size=8).hexdigest()


def test_same_bytes_on_every_machine(batches: list[WorldBatch]) -> None:
    assert fingerprint(batches) == FINGERPRINT


def test_same_rows_twice(world: Ipa2007, batches: list[WorldBatch]) -> None:
    for first, second in zip(batches, world.batches(), strict=True):
        assert first.key == second.key
        if first.key.seq == 1:
            assert all(np.array_equal(first.columns[name], second.columns[name]) for name in first.columns)


def test_other_seed_other_rows_same_totals(batches: list[WorldBatch], counted: Counted) -> None:
    others = list(Ipa2007(8).batches())
    assert not {batch.key.content_hash for batch in batches} & {batch.key.content_hash for batch in others}
    recounted = count(others)
    august = (date(2007, 8, 1), date(2007, 9, 1))
    assert len(recounted.between("talot2", *august).day) == 263_940
    by_target = recounted.between("talot2", *august).accesses_by_target("packet")
    assert by_target[b"1026/udp"] + by_target[b"1027/udp"] + by_target[b"1028/udp"] == 65_985
    assert len(recounted.day) == len(counted.day)


def test_moved_world_ends_on_the_day_asked_for(world: Ipa2007, batches: list[WorldBatch]) -> None:
    """Both groups end on the same day, hours of the day and sources stay, and epochs tell the moved world from the other."""
    last_on = date(2026, 11, 24)
    moved = list(world.batches(last_on))
    assert not {(b.key.sensor, b.key.epoch) for b in batches} & {(b.key.sensor, b.key.epoch) for b in moved}
    ends = {"talot2": date(2007, 8, 31), "mustan": date(2007, 8, 26)}
    for before, after in zip(batches, moved, strict=True):
        days = (last_on - ends[before.key.sensor.rpartition("-")[0]]).days
        assert np.array_equal(
            after.columns["observed_at"] - before.columns["observed_at"], np.full(len(after.columns["source"]), days * 86_400_000_000)
        )
        assert np.array_equal(before.columns["source"], after.columns["source"])
    assert {cover.last_on for cover in world.coverage(last_on)} == {last_on}
    assert world.period(last_on).to_on == last_on + timedelta(days=1)


def test_batches_are_well_formed(batches: list[WorldBatch]) -> None:
    always = ("observed_at", "channel", "kind", "source", "target", "category", "times", "protocol", "handshake", "encrypted", "truncated")
    seen = set()
    for batch in batches:
        key = (batch.key.sensor, batch.key.epoch, batch.key.seq)
        assert key not in seen
        seen.add(key)
        assert set(always) <= set(batch.columns) <= set(SENSOR_NAMES)
        assert len({len(column) for column in batch.columns.values()}) == 1
        assert len(batch.key.content_hash) == 16
        assert np.all(np.diff(batch.columns["observed_at"]) >= 0)
        for name in ("source", "target"):
            assert all(type(value) is bytes for value in batch.columns[name][:50])
    assert len(seen) == 76


def test_packets_look_like_packets(batches: list[WorldBatch]) -> None:
    columns = batches[0].columns
    for row in range(2000):
        target = columns["target"][row].decode()
        number, protocol = target.split("/")
        assert columns["protocol"][row] == protocol
        assert columns["kind"][row] == {"tcp": "syn", "udp": "udp", "icmp": "echo-request"}[protocol]
        assert columns["destination_port"][row] == (None if protocol == "icmp" else int(number))


def test_every_access_is_covered(world: Ipa2007, batches: list[WorldBatch]) -> None:
    covered = {(cover.sensor, cover.channel): (ordinal(cover.first_on), ordinal(cover.last_on)) for cover in world.coverage()}
    assert {entry.name for entry in world.sensors()} == {sensor for sensor, _ in covered}
    assert all(entry.demo and not entry.addresses for entry in world.sensors())
    for batch in batches:
        days = (batch.columns["observed_at"] + 9 * 3_600_000_000) // 86_400_000_000
        for channel in set(batch.columns["channel"]):
            first, last = covered[batch.key.sensor, channel]
            assert first <= days.min() and days.max() <= last


def test_truth_is_what_is_counted(world: Ipa2007, counted: Counted) -> None:
    truth = world.truth()
    month, window = truth["talot2"]["month"], truth["mustan"]["window"]
    assert len(counted.between("talot2", month.from_on, month.to_on).day) == truth["talot2"]["accesses"]
    part = counted.between("mustan", window.from_on, window.to_on)
    for channel in ("packet", "ssh", "web", "mail"):
        counts = part.accesses_by_target(channel)
        for rank, _, accesses, target in truth["mustan"][channel]:
            assert counts[target] == accesses
            assert rank == 1 + sum(other > accesses for other in counts.values())
