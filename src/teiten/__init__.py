# SPDX-License-Identifier: Apache-2.0
"""Teiten (定点): Internet fixed-point observation. Read docs/architecture.md for the way of an access through the folders."""

__version__ = "0.1.0"
