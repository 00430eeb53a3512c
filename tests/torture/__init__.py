# SPDX-License-Identifier: Apache-2.0
"""Faults against the real processes. A ledger of what was emitted is compared with what the store has. `./run torture` runs all of it."""
