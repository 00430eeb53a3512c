# SPDX-License-Identifier: Apache-2.0
"""Typed rows -> Vega-Lite as plain dicts -> SVG. One drawing serves page, print and PDF.

Draws what it is given and counts nothing: no store, no clock, no language of its own. Every word in a drawing comes from the caller.
"""
