# SPDX-License-Identifier: Apache-2.0
"""Findings: the detectors run over the store at ticks, what they claim kept with its life, and told as sentences.

Everything here can be computed again from the store; the book only spares that, and remembers when something was first said.
"""
