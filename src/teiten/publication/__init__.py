# SPDX-License-Identifier: Apache-2.0
"""From the store's answers to what others may see: policies, echo redaction, closed vocabulary, coarse counts, and the view as files.

The only code that reads the store for publication. The public site, feeds and reports read the view, never the store.
"""
