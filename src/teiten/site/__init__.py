# SPDX-License-Identifier: Apache-2.0
"""The operator's pages in Japanese and English: server-rendered, complete without JavaScript."""
