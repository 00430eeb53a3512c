# SPDX-License-Identifier: Apache-2.0
"""The mark ↑ → ↓ (A-02, A-09, M-12): definition, edges, properties, and its rates on simulated series (detection goals)."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from teiten.detectors.thresholds import REASONS, TREND, TrendThresholds
from teiten.detectors.trend import DailySpread, Mark, standing_mark, trend_mark

COUNTS = st.lists(st.integers(0, 5000), min_size=10, max_size=24)
LIVE = st.floats(0, 50, allow_subnormal=False).map(lambda sensors: sensors if sensors > 0.04 else 0.0)


def spread(*networks: int, live: float = 8.0) -> DailySpread:
    return DailySpread(networks, (live,) * len(networks))


def mark(*networks: int, shown: str = "→") -> Mark:
    return trend_mark(spread(*networks), shown)  # type: ignore[arg-type]


def test_spreading() -> None:
    found = mark(8, 9, 10, 11, 13, 14, 16, 18, 20, 22)
    assert (found.arrow, found.few, found.networks) == ("↑", False, 141)
    assert 2.5 < found.growth < 3.6


def test_going() -> None:
    assert mark(22, 20, 18, 16, 14, 13, 11, 10, 9, 8).arrow == "↓"


def test_flat() -> None:
    found = mark(*[20] * 10)
    assert (found.arrow, found.growth, found.z) == ("→", pytest.approx(1), pytest.approx(0))


def test_significant_but_small_growth_is_no_spreading() -> None:
    found = mark(*[1000 + 20 * day for day in range(10)])
    assert found.z > 2
    assert found.arrow == "→"


def test_large_but_uncertain_growth_is_no_spreading() -> None:
    found = mark(0, 2, 0, 1, 1, 2, 1, 0, 2, 3)
    assert found.growth > 1.4
    assert found.arrow == "→"


def test_few_networks_have_no_slope() -> None:
    """Nine networks on the last days: 少数."""
    found = mark(0, 0, 0, 0, 0, 0, 0, 2, 3, 4)
    assert (found.arrow, found.few, found.growth) == ("→", True, 1.0)


def test_few_after_many_is_a_fall() -> None:
    """N-09: one access in the window, a score of sources in the weeks before."""
    found = mark(*[2] * 10, *[0] * 9, 1)
    assert (found.arrow, found.few, found.networks, found.networks_before) == ("↓", True, 1, 20)


@pytest.mark.parametrize(
    ("before", "now", "arrow"), [(9, 0, "→"), (10, 1, "→"), (10, 0, "↓"), (12, 1, "↓"), (20, 9, "→"), (25, 9, "→"), (26, 9, "↓")]
)
def test_where_a_fall_begins(before: int, now: int, arrow: str) -> None:
    assert mark(before, *[0] * 9, now, *[0] * 9).arrow == arrow


def test_few_without_a_window_before_is_level() -> None:
    assert mark(*[0] * 9, 1).arrow == "→"
    assert mark(*[0] * 20).arrow == "→"


def test_fall_allows_for_sensors_that_were_down() -> None:
    """One network with one of eight sensors live is no fall from eight networks with eight."""
    series = DailySpread((2,) * 10 + (0,) * 8 + (1, 1), (8.0,) * 10 + (1.0,) * 10)
    assert trend_mark(series).arrow == "→"


def test_more_sensors_are_no_growth() -> None:
    """Networks double because sensors do."""
    counts, live = (20,) * 5 + (40,) * 5, (10.0,) * 5 + (20.0,) * 5
    assert trend_mark(DailySpread(counts, live)).arrow == "→"
    assert trend_mark(DailySpread(counts, (10.0,) * 10)).arrow == "↑"


def test_days_without_sensors_say_nothing() -> None:
    holed = DailySpread((20, 20, 0, 20, 20, 20, 0, 20, 20, 20), (8, 8, 0, 8, 8, 8, 0, 8, 8, 8))
    assert trend_mark(holed).arrow == "→"
    assert trend_mark(holed).growth == pytest.approx(1)


def test_a_shown_arrow_goes_slowly() -> None:
    """Hysteresis: z between 0.7 and 2 keeps what is shown, and makes nothing new."""
    middling = (17, 16, 19, 18, 17, 20, 18, 21, 20, 21)
    assert 0.7 < mark(*middling).z < 2
    assert (mark(*middling).arrow, mark(*middling, shown="↑").arrow, mark(*middling, shown="↓").arrow) == ("→", "↑", "→")
    assert mark(*middling[::-1], shown="↓").arrow == "↓"
    assert mark(*[20] * 10, shown="↑").arrow == "→"
    assert mark(*[0] * 10, shown="↑").arrow == "→"


def test_standing_mark_remembers_what_was_shown() -> None:
    """An arrow earned five days ago holds while z is above 0.7; without those days it would not appear."""
    rising = (8, 9, 10, 11, 13, 14, 16, 18, 20, 22)
    level = (21, 22, 21, 22, 23)
    assert mark(*rising[5:], *level).arrow == "→"
    assert 0.7 < mark(*rising[5:], *level).z < 2
    assert standing_mark(spread(*rising, *level)).arrow == "↑"
    assert standing_mark(spread(*rising, *[21] * 12)).arrow == "→"
    assert standing_mark(spread(*rising)) == mark(*rising)
    assert standing_mark(spread(3, 3)).few


def test_one_day_with_everything_has_a_bounded_growth() -> None:
    found = mark(*[0] * 9, 500)
    assert found.arrow == "↑"
    assert found.growth == pytest.approx(np.exp(4.5))


def test_only_twenty_days_count() -> None:
    rising = (8, 9, 10, 11, 13, 14, 16, 18, 20, 22)
    assert mark(500, 400, 0, *[3] * 10, *rising) == mark(*[3] * 10, *rising)
    assert mark(*rising, *rising[::-1]).arrow == "↓"


def test_series_must_fit_together() -> None:
    with pytest.raises(ValueError, match="10 days of networks, 9 of live sensors"):
        DailySpread((1,) * 10, (8.0,) * 9)
    with pytest.raises(ValueError, match="never below zero"):
        DailySpread((-1,), (8.0,))
    with pytest.raises(ValueError, match="never below zero"):
        DailySpread((1,), (float("nan"),))


def test_every_threshold_has_its_reason() -> None:
    assert set(REASONS) == set(TrendThresholds.__struct_fields__)
    assert all(len(reason) > 20 for reason in REASONS.values())
    assert mark(*[5] * 10).version == TREND.version


@given(COUNTS, st.data(), st.sampled_from("↑→↓"))
def test_any_series_has_a_mark(networks: list[int], data: st.DataObject, shown: str) -> None:
    live = data.draw(st.lists(LIVE, min_size=len(networks), max_size=len(networks)))
    found = trend_mark(DailySpread(tuple(networks), tuple(live)), shown)  # type: ignore[arg-type]
    assert found.arrow in ("↑", "→", "↓")
    assert np.isfinite(found.z)
    assert np.exp(-4.5) * 0.999 <= found.growth <= np.exp(4.5) * 1.001
    assert found.few == (found.networks < 10 or sum(sensors > 0 for sensors in live[-10:]) < 3)
    assert not (found.few and found.arrow == "↑")


@given(st.lists(st.integers(0, 300), min_size=10, max_size=10).filter(lambda counts: sum(counts) >= 10))
def test_time_turned_round_turns_the_mark(networks: list[int]) -> None:
    forth, back = mark(*networks), mark(*networks[::-1])
    turned = {"↑": "↓", "→": "→", "↓": "↑"}
    assert forth.z == pytest.approx(-back.z, abs=1e-6)
    if min(abs(abs(forth.z) - 2), abs(abs(np.log(forth.growth)) - np.log(1.4))) > 1e-6:
        assert back.arrow == turned[forth.arrow]


@given(st.lists(st.integers(0, 300), min_size=10, max_size=20), st.floats(0.1, 20))
def test_number_of_sensors_alone_changes_nothing(networks: list[int], live: float) -> None:
    assert trend_mark(spread(*networks, live=live)).z == pytest.approx(trend_mark(spread(*networks)).z, abs=1e-6)


@given(st.lists(st.integers(1, 300), min_size=10, max_size=10).filter(lambda counts: sum(counts) >= 10))
def test_more_on_the_last_day_is_never_less_growth(networks: list[int]) -> None:
    assert mark(*networks[:-1], networks[-1] + 5).growth >= mark(*networks).growth - 1e-9


def share_of(arrow: str, rates: np.ndarray, draws: int = 800) -> float:
    random = np.random.default_rng(5)
    return float(np.mean([trend_mark(spread(*random.poisson(rates).tolist())).arrow == arrow for _ in range(draws)]))


@pytest.mark.parametrize("rate", [2, 10, 50])
def test_flat_series_are_rarely_marked(rate: int) -> None:
    """Goal: at most 6 % wrong."""
    assert share_of("↑", np.full(10, rate)) <= 0.05
    assert share_of("↓", np.full(10, rate)) <= 0.05


def test_doubling_is_found() -> None:
    """Goal: growth by two over the window at ten networks a day found in at least 60 of 100."""
    doubling = 10 * 2 ** (np.arange(10) / 9)
    assert share_of("↑", doubling) >= 0.6
    assert share_of("↑", 5 * doubling) >= 0.95


def test_marks_do_not_flicker() -> None:
    """On flat series the mark changes at most once in ten days, on average."""
    random, changes = np.random.default_rng(6), 0
    for _ in range(40):
        counts, shown = random.poisson(10, 70).tolist(), "→"
        for end in range(20, 70):
            found = trend_mark(spread(*counts[:end]), shown).arrow
            changes += found != shown
            shown = found
    assert changes / (40 * 50) <= 0.1
