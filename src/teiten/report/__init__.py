# SPDX-License-Identifier: Apache-2.0
"""The periodic report: facts from questions, sentences by rule, figures; one typed report, written as HTML, PDF, CSV and JSON.

Same input, same bytes: no clock, no chance, no network. Text of strangers comes in through `texts.visible` only and is never markup.
"""
