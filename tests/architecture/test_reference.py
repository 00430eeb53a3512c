# SPDX-License-Identifier: Apache-2.0
"""The reference page says what the code says: settings, columns, verbs, metrics."""

from __future__ import annotations

import os

from tools.reference import PAGE, page


def test_the_reference_page_is_fresh() -> None:
    made = page()
    if os.environ.get("TEITEN_ACCEPT"):
        PAGE.write_text(made, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == made, "run ./run accept and look at the difference"
