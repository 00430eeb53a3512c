# SPDX-License-Identifier: Apache-2.0
"""Keeps every access, exactly once. The only place with SQL."""
