# SPDX-License-Identifier: Apache-2.0
"""Which wording for which numbers: trend (R-08), change (R-09)."""

from __future__ import annotations

import pytest

from teiten.report.rules import change, trend


@pytest.mark.parametrize(("means", "rule"), [
    ((100.0, 100.2, 99.9, 100.1, 100.0, 100.0), "trend.level"),
    ((927.1, 909.0, 891.0, 874.0, 858.1, 851.4), "trend.fall_gentle"),
    ((100.0, 92.0, 84.0, 78.0, 70.0, 66.0), "trend.fall"),
    ((100.0, 60.0, 40.0, 25.0, 15.0, 10.0), "trend.fall_sharp"),
    ((100.0, 102.0, 104.0, 106.0, 108.0, 110.0), "trend.rise_gentle"),
    ((100.0, 110.0, 120.0, 130.0, 140.0, 150.0), "trend.rise"),
    ((10.0, 15.0, 25.0, 40.0, 60.0, 100.0), "trend.rise_sharp"),
    ((None, None, None, None, 5.0, 6.0), "trend.short"),
    ((None, None, None, None, None, None), "trend.short"),
    ((0.0, 0.0, 0.0, None, 0.0, 0.0), "trend.level"),
    ((100.0, None, 104.0, None, None, 110.0), "trend.rise_gentle"),
])  # fmt: skip
def test_r08_the_trend_of_observed_months(means: tuple[float | None, ...], rule: str) -> None:
    assert trend(means).rule == rule


@pytest.mark.parametrize(("now", "before", "rule"), [
    (851.4, 858.1, "change.steady"), (100, 100, "change.steady"), (102.9, 100, "change.steady"), (103.1, 100, "change.rise_slight"),
    (115, 100, "change.rise"), (131, 100, "change.rise_large"), (96, 100, "change.fall_slight"), (80, 100, "change.fall"),
    (1, 100, "change.fall_large"),
])  # fmt: skip
def test_r09_this_month_against_the_last(now: float, before: float, rule: str) -> None:
    assert change(now, before) == rule
