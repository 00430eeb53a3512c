# SPDX-License-Identifier: Apache-2.0
"""What targets mean, in words for readers: a data file for each channel, and the facts and the advice that their entries refer to by name.

The one home of these words: pages, the self-check and the report's notes read them here. It knows no store and no counts.
"""
