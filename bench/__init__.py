# SPDX-License-Identifier: Apache-2.0
"""Measurements: ours, peers and limits in one run, as ratios. `./run bench help` lists them."""
