# SPDX-License-Identifier: Apache-2.0
"""A quick run of the mutator over every parser; `python -m tests.torture.mutate_protocols all 100000` is the long one."""

from __future__ import annotations

import pytest

from tests.torture.mutate_protocols import PROTOCOLS, mutate


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_mutated_input_breaks_no_promise(protocol: str) -> None:
    assert mutate(protocol, 2000, seed=7) == 2000
