# SPDX-License-Identifier: Apache-2.0
"""The attention list as JSON; text of strangers in the lossless form, so that a program gets the bytes back."""

from __future__ import annotations

from typing import Final

import msgspec

from teiten.publication.document import Document, Feed

VERSION: Final = 1


def write(document: Document) -> bytes:
    told = {
        "version": VERSION,
        "name": document.name,
        "policy": document.policy,
        "made_on": document.made_on,
        "period": {"from_on": document.period.from_on, "to_on": document.period.to_on},
        "zone": document.zone,
        "region_data_on": document.region_data_on,
        "items": [{**msgspec.to_builtins(item), "page": document.page_of(item)} for item in document.attention],
    }
    return msgspec.json.format(msgspec.json.encode(told), indent=1) + b"\n"


FEEDS: Final = (Feed("JSON", "feeds/attention.json", "application/json", "feeds.json", write),)
