# SPDX-License-Identifier: Apache-2.0
"""The attention list as XML (M-20, A-10), valid against attention-1.xsd; strangers' text holds only characters that XML 1.0 allows."""

from __future__ import annotations

from importlib.resources import files
from typing import Final
from xml.etree import ElementTree as Tree  # writes only, parses nothing

from teiten import texts
from teiten.publication.document import Document, Feed
from teiten.publication.view import Finding

NAMESPACE: Final = "urn:teiten:attention:1"
SCHEMA: Final = "schema/attention-1.xsd"
LONGEST: Final = 70_000


def write(document: Document) -> bytes:
    root = Tree.Element(
        "attention", {"xmlns": NAMESPACE, "version": "1", "policy": document.policy, "made": str(document.made_on), "zone": document.zone}
    )
    Tree.SubElement(root, "name").text = texts.visible(document.name)
    Tree.SubElement(root, "period", {"from": str(document.period.from_on), "before": str(document.period.to_on)})
    if document.region_data_on:
        Tree.SubElement(root, "region-data", {"on": str(document.region_data_on)})
    for item in document.attention:
        root.append(_item(document, item))
    Tree.indent(root, " ")
    body: bytes = Tree.tostring(root, "utf-8")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body + b"\n"


def _item(document: Document, item: Finding) -> Tree.Element:
    found = Tree.Element("item", {"id": item.id, "channel": item.channel, "level": item.level})
    shown = texts.visible(item.target, LONGEST)
    sent = texts.parse(item.target)
    # Where the eye's form isn't the whole truth, the bytes stand beside it.
    exact = {} if shown.encode() == sent else {"hex": sent.hex()}
    Tree.SubElement(found, "target", exact).text = shown
    for state in item.states:
        Tree.SubElement(found, "state").text = state
    for name, on in (("since", item.since_on), ("raised", item.raised_on), ("last", item.last_on)):
        Tree.SubElement(found, name).text = str(on)
    for name, count in (("accesses", item.accesses), ("sources", item.sources)):
        if count is not None:
            Tree.SubElement(found, name).text = str(count)
    Tree.SubElement(found, "spread", _given(part=item.reach, sensors=item.sensors, of=item.live))
    Tree.SubElement(found, "evidence", _given(rule=item.rule, days=f"{item.days:g}", networks=item.networks, usual=item.usual, ratio=item.ratio))
    for region in item.regions:
        Tree.SubElement(found, "region", _given(code=region.key, accesses=region.accesses, sources=region.sources))
    for language in ("ja", "en"):
        Tree.SubElement(found, "page", {"xml:lang": language, "href": document.page_of(item, language)})
    return found


def _given(**values: object) -> dict[str, str]:
    return {name: texts.visible(str(value)) for name, value in values.items() if value is not None}


def schema(_: Document) -> bytes:
    return (files("teiten.feeds") / "attention-1.xsd").read_bytes()


FEEDS: Final = (
    Feed("XML", "feeds/attention.xml", "application/xml", "feeds.xml", write),
    Feed("XSD", SCHEMA, "application/xml", "feeds.xsd", schema),
)
