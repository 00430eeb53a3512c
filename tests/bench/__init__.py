# SPDX-License-Identifier: Apache-2.0
"""The benches themselves: that each can be called, and that what they measure with is what they say. Nothing is timed here."""
