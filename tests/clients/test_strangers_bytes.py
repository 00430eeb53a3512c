# SPDX-License-Identifier: Apache-2.0
"""A thousand hostile strings, and every sensor's address in every disguise, sent through the real sensors of a running node and read back
everywhere: exact in the store, harmless on pages, in documents and on the terminal (B8, B11, mission O-05, U-13)."""

from __future__ import annotations

import csv
import hashlib
import io
import ipaddress
import json
import re
import shutil
import subprocess
import urllib.request
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import feedparser
import msgspec
import pytest

from teiten import texts
from teiten.clock import MICROSECONDS, system_clock
from teiten.feeds import all_feeds
from teiten.model import CHANNELS
from teiten.publication.building import Builder, Sources
from teiten.publication.echoes import redactor
from teiten.publication.policies import PUBLIC
from teiten.publication.settings import PublicationConfig
from teiten.publication.view import View, encode
from teiten.site.public import PublicPages
from teiten.site.settings import SiteConfig
from teiten.store.node import NodeStore
from tests.browser.served import folder_served
from tests.clients import sending
from tests.clients.running_node import UNLIMITED, free_port, running_node
from tests.unit.feeds.documents import document, finding
from tests.unit.publication.disguises import IPV4, IPV6
from tests.unit.site.polyglots import many
from tests.unit.site.reading import read
from tests.unit.site.test_hostile import HIDDEN

pytestmark = [pytest.mark.clients, pytest.mark.timeout(600)]
STRANGE = many(1000, 7)
NAME = "sensor9.observatory.example"
SECRETS = ("61.126.109.106", "9.20.33.4", "2001:db8:77::5")
TWELVE = ("dotted", "decimal", "hexadecimal", "dotted octal", "reversed", "percent", "base64", "base32", "punycode", "mapped", "entities", "utf-16")
TERMINAL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]")


def echoes() -> list[bytes]:
    """Each sensor, and a neighbour in its /24, in twelve encodings each; its IPv6 address and its name in those that there are for them."""
    written = []
    for secret in SECRETS[:2]:
        for address in (ipaddress.IPv4Address(secret), ipaddress.IPv4Address(int(ipaddress.IPv4Address(secret)) ^ 77)):
            written += [IPV4[name](address) for name in TWELVE]
    written += [write(ipaddress.IPv6Address(SECRETS[2])) for write in IPV6.values()]
    return [*written, NAME.encode(), NAME.upper().encode(), quote(NAME.replace(".", "%2e")).encode(), b"c2Vuc29yOS5vYnNlcnZhdG9yeS5leGFtcGxl"]


class Heard(msgspec.Struct):
    """What was sent to a node, what its command line and pages said while it ran, and its home after it stopped."""

    home: Path
    sent: dict[str, list[Any]]
    counts: dict[str, list[dict[str, Any]]]
    shell: list[str]
    pages: dict[str, str]
    registered: list[str]


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    home, payload = tmp_path_factory.mktemp("strange") / "home", free_port()
    first = f"addresses = {json.dumps([*SECRETS, NAME])}"
    limits = "".join(UNLIMITED.format(kind) for kind in CHANNELS)
    with running_node(
        home, f'mode = "listen"\ntcp_ports = [{payload}]\nudp_ports = []', first=first, site="request_seconds = 300", more=limits
    ) as node:
        values = [*STRANGE, *echoes(), *echoes()]
        sent: dict[str, list[Any]] = {}
        names = [value[:8000] for value in values]
        jobs = {"web": sending.web_requests, "mail": sending.mails, "packet": sending.packet_payloads}
        ports = {**node.ports, "packet": payload}
        threads = [Thread(target=lambda k=kind, s=send: sent.update({k: s(ports[k], values)})) for kind, send in jobs.items()]  # type: ignore[misc]
        threads += [Thread(target=sending.logins, args=(ports["ssh"], names[part::2])) for part in range(2)]

        sending.at_once(*threads)
        sent["ssh"] = names
        node.count_until(lambda rows: sum(row["accesses"] for row in rows) >= sum(map(len, sent.values())), "--by", "channel")
        counts = {channel: node.count("--channel", channel, "--by", "target") for channel in CHANNELS}
        shell = [node.teiten("count", "--by", "target", *more).stdout for more in ((), ("--format", "csv"))]
        base = f"http://127.0.0.1:{node.ports['site']}"
        tomorrow = datetime.now(UTC).date() + timedelta(days=1)  # today's accesses are in the window that ends then
        short = {channel: [row["target"] for row in rows if len(row["target"]) < 900] for channel, rows in counts.items()}
        details = [f"/en/detail?as_of={tomorrow}&channel={c}&target={quote(target)}" for c in ("web", "ssh", "mail") for target in short[c][:300:75]]
        places = [f"/ja/{place}?as_of={tomorrow}&q=script" for place in ("", "ports", "urls", "accounts", "mail", "new", "search", "live")]
        pages = {place: _get(base + place) for place in [*places, *details]}
        _in_browser(base, [*places[:-1], *details[::4]])
        registered = node.teiten("publish").stderr.splitlines()
        shell += [node.teiten(*told).stdout for told in (("detect",), ("findings", "--closed"), ("findings", "--state", "new"))]
        pages["/ja/markers"] = _get(base + "/ja/markers")
    yield Heard(home, sent, counts, shell, pages, registered)


def _get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=300) as answer:
        return str(answer.read().decode())


def _in_browser(base: str, places: list[str]) -> None:
    """No script of a stranger runs, nothing is fetched from elsewhere, no dialog, no violated policy. Needs Chromium; without it only parsed."""
    chromium = shutil.which("chromium")
    if chromium is None:
        return
    from playwright.sync_api import sync_playwright

    from tests.browser.served import watch

    troubles: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page()
        watch(page, troubles)
        for place in places:
            page.goto(base + place)
            assert "broken" not in page.title()
            assert "Teiten" in page.title() or "定点" in page.title()
        browser.close()
    assert troubles == []


@pytest.fixture(scope="module")
def store(heard: Heard) -> Iterator[NodeStore]:
    opened = NodeStore.open(heard.home / "store", ZoneInfo("UTC"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def view(store: NodeStore) -> View:
    """What a policy would publish that names everything except echoes, two days later; echoes, sent twice, would stand first."""
    policy = msgspec.structs.replace(PUBLIC, closed=False, least_count=0)
    made = Builder(Sources(store, ZoneInfo("UTC")), policy, PublicationConfig(list_rows=10), b"k" * 32, redactor(store.sensors()))
    return made.view(system_clock() + 48 * 3600 * MICROSECONDS)


@pytest.fixture(scope="module")
def public(view: View) -> dict[str, bytes]:
    pages = PublicPages(view, SiteConfig(), all_feeds())
    return {path: page.body for path in pages.paths() if (page := pages.page(path))}


def test_every_byte_is_in_the_store(heard: Heard, store: NodeStore) -> None:
    """B4: as sent, capped, with the hash of the whole; one row for each."""

    def rows(fields: str, channel: str) -> Counter[Any]:
        found = store._read(f"select {fields} from rows where channel = '{channel}' and category = 'access'", {}, ["rows"], None, None)
        return Counter(tuple(row) for row in found)

    web = [(line, body) for line, body in heard.sent["web"]]
    assert rows("request, body", "web") == Counter((line[:8192], body[:4096] or None) for line, body in web)
    assert rows("digest", "web") == Counter((hashlib.sha256(body).digest() if body else None,) for _, body in web)
    assert rows("target, account, credential", "ssh") == Counter((value, value, value) for value in heard.sent["ssh"])
    assert rows("sender, recipients", "mail") == Counter((path, path) for _, path in heard.sent["mail"])
    assert rows("request", "mail") == Counter((b"Subject: " + subject,) for subject, _ in heard.sent["mail"])
    assert rows("body, digest", "packet") == Counter((value[:256], hashlib.sha256(value).digest()) for value in heard.sent["packet"])


def test_operators_pages_stay_whole(heard: Heard) -> None:
    """B8: nothing foreign in the markup, nothing invisible, whatever was sent."""
    for place, html in heard.pages.items():
        if "/live" in place:
            assert not TERMINAL.search("".join(row["target"] for row in json.loads(html)["rows"]))
            continue
        reader = read(html)
        assert not HIDDEN.search(html), place
        assert all(link.startswith(("/", "#")) for link in reader.links), place


def test_the_shell_shows_nothing_that_moves_or_hides(heard: Heard) -> None:
    """B8: terminal and spreadsheet; the bytes come back from JSON."""
    assert not [told for told in heard.shell if TERMINAL.search(told.replace("\r\n", "\n"))]
    assert all(heard.shell)
    cells = [row[0] for row in csv.reader(io.StringIO(heard.shell[1]))]
    assert len(cells) > 2000
    assert heard.shell[0].count("\n") == len(cells)
    assert not [cell for cell in cells if cell.lstrip(" ")[:1] in ("=", "+", "-", "@", "\t", "\r", "\n", "＝")]
    assert {texts.parse(row["target"]) for row in heard.counts["ssh"]} == set(heard.sent["ssh"])


def test_feeds_of_what_came_in_are_valid_documents(heard: Heard, tmp_path: Path) -> None:
    """B8, M-20: XML by another validator against our schema, Atom, CSV and JSON."""
    came = [(channel, texts.parse(row["target"])) for channel in ("web", "ssh", "mail") for row in heard.counts[channel]]
    told = document([finding(target, number, channel=channel) for number, (channel, target) in enumerate(came)])
    assert len(told.items) > 2000
    written = {feed.place: feed.write(told) for feed in all_feeds()}
    assert {texts.parse(item["target"]) for item in json.loads(written["feeds/attention.json"])["items"]} >= set(heard.sent["ssh"])
    rows = list(csv.reader(io.StringIO(written["feeds/attention.csv"].decode(), newline="")))
    assert len(rows) == len(told.items) + 1
    assert not [cell for row in rows for cell in row if cell.lstrip(" ")[:1] in ("=", "+", "-", "@") or TERMINAL.search(cell)]
    atom = feedparser.parse(written["feeds/findings.ja.atom"])
    assert (bool(atom.bozo), len(atom.entries)) == (False, len(told.items))
    if shutil.which("xmllint") is None:
        pytest.skip("xmllint is not installed (Debian package libxml2-utils); all else holds")
    for place in ("feeds/attention.xml", "schema/attention-1.xsd"):
        (tmp_path / place.rpartition("/")[2]).write_bytes(written[place])
    done = subprocess.run(["xmllint", "--noout", "--huge", "--schema", "attention-1.xsd", "attention.xml"], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_public_pages_stay_whole_in_a_browser(view: View, public: dict[str, bytes], tmp_path: Path) -> None:
    """B8 under a policy that names them."""
    assert all(len(view.lists[channel]) == 10 for channel in ("web", "ssh", "mail"))
    for path, body in public.items():
        if path.endswith("/"):
            assert all(link.startswith(("/", "#")) for link in read(body.decode()).links), path
            assert not HIDDEN.search(body.decode()), path
        file = tmp_path / path / "index.html" if path.endswith("/") or not path else tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(body)
    details = [f"/ja/detail/{one}/" for one in list(view.targets)[::15]]
    with folder_served(tmp_path) as base:
        _in_browser(base, ["/ja/", "/en/urls/", "/ja/mail/", *details])


def test_sensors_tell_their_addresses_and_no_echo_of_them_leaves(heard: Heard, store: NodeStore, view: View, public: dict[str, bytes]) -> None:
    """B11, P1: sent in every field in twelve encodings; the registry knows what to withhold, and 0 hits are in all that is public."""
    (entry,) = store.sensors()
    assert {*SECRETS, NAME} <= set(entry.addresses)
    assert not [line for line in heard.registered if "No address is known" in line]
    output = b"\n".join([encode(view), *public.values()])
    secrets = redactor(store.sensors())
    for written in echoes():
        assert secrets.betrays(written)
        shown = texts.lossless(written)
        assert written not in output and json.dumps(shown)[1:-1].encode() not in output, written
    for row in (row for rows in view.lists.values() for row in rows):
        assert not secrets.betrays(texts.parse(row.target)), row.target
    strict = Builder(Sources(store, ZoneInfo("UTC")), PUBLIC, PublicationConfig(), b"k" * 32, secrets).view(system_clock() + 48 * 3600 * MICROSECONDS)
    assert all(row.target in ("GET /", "root", "admin") for rows in strict.lists.values() for row in rows)
    assert strict.as_of >= date(2026, 1, 1)
