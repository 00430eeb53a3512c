# SPDX-License-Identifier: Apache-2.0
"""Hypothesis looks for new examples on a developer's machine; where CI is set it tries the same ones each time, so that red means changed code."""

from __future__ import annotations

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
