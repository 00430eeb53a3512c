# SPDX-License-Identifier: Apache-2.0
"""New, active, becoming active (A-04); waves; ranks (A-12); arrival; annotations; variants (A-07)."""

from __future__ import annotations

import importlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.detectors import DETECTORS
from teiten.detectors.annotations import Recent, annotate
from teiten.detectors.arrival import order_of_arrival, time_to_sensor
from teiten.detectors.ranks import rank_changes
from teiten.detectors.states import is_active, is_becoming_active, is_confirmed, states_of
from teiten.detectors.variants import pattern
from teiten.detectors.waves import waves


def test_every_detector_is_there() -> None:
    for reference in DETECTORS.values():
        module, _, name = reference.partition(":")
        assert callable(getattr(importlib.import_module(module), name))


def test_new_is_confirmed_by_others() -> None:
    assert is_confirmed(3, 2, 5)
    assert not is_confirmed(2, 2, 5)
    assert not is_confirmed(30, 1, 5)
    assert not is_confirmed(30, 1, 1)


def test_active_is_wide() -> None:
    assert is_active(10, 4, 8)
    assert not is_active(10, 3, 8)
    assert not is_active(9, 8, 8)
    assert not is_active(100, 2, 2)


def test_becoming_active() -> None:
    assert is_becoming_active(3.5, "→", False)
    assert is_becoming_active(2.0, "↑", False)
    assert not is_becoming_active(2.0, "→", False)
    assert is_becoming_active(0.0, "↓", True)
    assert states_of(new=True, active=False, becoming=True) == ("new", "becoming")


def test_targets_with_the_same_sources_are_one_wave() -> None:
    a, b, c = ({bytes([n]) for n in numbers} for numbers in (range(10), range(5, 15), range(14, 40)))
    assert waves({"a": a, "b": b, "c": c}) == [("a", "b"), ("c",)]
    assert waves({"x": c, "small": {b"\x0e"}, "none": set()}) == [("x", "small"), ("none",)]
    assert waves({}) == []


def test_a_rank_change_needs_most_sensors() -> None:
    """One sensor whose list is turned round says nothing; three of four that agree do."""
    usual = {name: {f"t{n}": 100 - n for n in range(20)} for name in "abcd"}
    risen = {**usual, **{name: {**usual[name], "t15": 95} for name in "abc"}}
    changes = rank_changes(usual, risen)
    assert set(changes) == {"t15"}
    assert (changes["t15"].rising, changes["t15"].sensors, changes["t15"].before) == (3, 4, 16)
    assert changes["t15"].now < 8
    assert rank_changes(usual, {**usual, "a": {"t19": 5}}) == {}
    assert rank_changes(usual, {name: {target: 50 * n for target, n in counts.items()} for name, counts in usual.items()}) == {}


def test_order_of_arrival() -> None:
    order = order_of_arrival({"c": 30, "a": 10, "b": 10})
    assert [(one.sensor, one.place, one.after_us) for one in order] == [("a", 1, 0), ("b", 1, 0), ("c", 3, 20)]
    assert (time_to_sensor({"a": 10, "b": 25}, 2), time_to_sensor({"a": 10}, 2), order_of_arrival({})) == (15, None, [])


@pytest.mark.parametrize(
    ("recent", "told"),
    [
        (Recent(48_210, 48_200, 11, 0, 10, 3, 5), ("flood",)),
        (Recent(100, 5, 56, 0, 56, 55, 2), ("one-sensor",)),
        (Recent(60, 5, 56, 41, 14, 3, 8), ("scanner",)),
        (Recent(60, 5, 56, 0, 50, 10, 8), ()),
        (Recent(0, 0, 0, 0, 0, 0, 0), ()),
    ],
)
def test_annotations(recent: Recent, told: tuple[str, ...]) -> None:
    assert annotate(recent, 8) == told


def test_a_site_of_one_sensor_has_no_crowds_at_one_sensor() -> None:
    """Else every busy target of it would say so."""
    assert annotate(Recent(100, 5, 56, 0, 56, 56, 1), 1) == ()


def test_variants_of_an_attack_are_one_pattern() -> None:
    first = pattern(b"GET /cgi-bin/a.php?id=1&x=%27%20or%201")
    assert first == pattern(b"GET http://192.0.2.1:80/cgi-bin//A.php?x=&ID=77")
    assert first != pattern(b"POST /cgi-bin/a.php?id=1&x=2")
    assert pattern(b"GET /session/0123456789abcdef/7") == pattern(b"GET /session/fedcba9876543210/912")
    assert pattern(b"GET /") == b"GET /"


@given(st.binary(max_size=80))
def test_any_target_has_a_pattern_that_is_its_own(target: bytes) -> None:
    """Bytes of strangers: never an error."""
    assert isinstance(pattern(target), bytes)
