# SPDX-License-Identifier: Apache-2.0
"""Group mustan of world ipa2007: eight sensors with four channels in July and August 2007, whose last eleven days are the published ones.

Published (N-07 … N-11): the four Top 5 tables of 2007-08-16 → 2007-08-26 with their marks. Corrections of the scan: port 139 for 159,
`GET /` for `CET /`, a second mail count that fits the order; subjects are neutral, because the printed ones held sensor addresses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from teiten.worlds.dice import Dice, Floats, Integers, apportion, starts, within
from teiten.worlds.interface import WorldBatch
from teiten.worlds.regions import draw_addresses
from teiten.worlds.rows import Kind, Rows, batch, day_number, instants, port_kind, tables

FIRST_ON: Final = date(2007, 7, 1)
LAST_ON: Final = date(2007, 8, 26)
WINDOW_FIRST_ON: Final = date(2007, 8, 16)
SENSORS: Final = tuple(f"mustan-{number:02}" for number in range(1, 9))
CHANNELS: Final = ("packet", "web", "ssh", "mail")
_DAYS: Final = (LAST_ON - FIRST_ON).days + 1
_WINDOW: Final = (LAST_ON - WINDOW_FIRST_ON).days + 1


class Item(NamedTuple):
    """One target. `window` and `before`: accesses in the last eleven days and in the 46 days before them."""

    kind: Kind
    window: int
    before: int
    sources: float = 0.7  # distinct sources per day, for each access
    shape: str = "flat"  # flat | uneven | growing | latest (window: only its last two days) | fading (before: its last two weeks) | early (July)


class Surrounding(NamedTuple):
    """Sources are shared by all targets of one: a dictionary's accounts have the same sources, ports have their own."""

    name: str
    items: tuple[Item, ...]
    pool: int = 0  # sources a day that the items share; 0: each item has its own
    mix: str = "usual"


PORTS: Final = (("135/tcp", 1659, 0.42), ("445/tcp", 469, 0.6), ("139/tcp", 379, 0.6), ("1433/tcp", 271, 0.7), ("5900/tcp", 263, 0.68))
ACCOUNTS: Final = (("test", 157), ("admin", 143), ("guest", 135), ("user", 127), ("oracle", 112))
URLS: Final = (
    ("GET /", 308, 1288, "flat"),
    ("POST http://69.61.54.154:80/post.php", 2, 0, "latest"),
    ("GET /env.cgi", 1, 24, "fading"),
    ("HEAD /", 1, 30, "fading"),
    ("GET /asa./", 1, 22, "fading"),
)
SUBJECTS: Final = (("Relay test 2007-11", 20, 84), ("Open relay check", 5, 21), ("message 7534", 3, 13), ("probe SM", 1, 4))

_OTHER_PORTS: Final = (
    *("22/tcp", "1026/udp", "ping/icmp", "2967/tcp", "80/tcp", "1027/udp", "1434/udp", "4899/tcp", "25/tcp", "8080/tcp", "1028/udp", "3389/tcp"),
    *("137/udp", "21/tcp", "1025/tcp", "3306/tcp", "1080/tcp", "10000/tcp", "23/tcp", "3128/tcp", "6129/tcp", "443/tcp", "6101/tcp", "53/udp"),
    *("111/tcp", "5554/tcp", "9898/tcp", "161/udp", "4662/tcp", "6881/tcp", "110/tcp", "143/tcp", "5000/tcp", "8000/tcp", "1521/tcp", "12345/tcp"),
    *("27374/tcp", "3127/tcp", "2745/tcp", "4672/udp", "7871/udp", "500/udp", "1900/udp", "123/udp", "42/tcp", "5901/tcp", "6588/tcp", "8888/tcp"),
)
_OTHER_ACCOUNTS: Final = """
root administrator mysql postgres www webmaster ftp info backup web mail john nagios sales student apache david mike office support staff
michael paul tester temp service news master adam alex robert george cvs svn testuser server linux web1 apple ftpuser lab dan daniel demo
games jack james javier kevin library martin mark max monitor music operator peter public richard sam samba school scott shop steve student1
teacher tech tom upload visitor william workshop yamada suzuki tanaka sato webadmin www-data zope informix db2inst1
"""
# Seen in July only: what a window's list must not show, and what "seen before" means for the detector of new items.
_OLD_URLS: Final = ("GET /phpmyadmin/main.php", "GET /awstats/awstats.pl", "GET /cgi-bin/formmail.pl", "GET /xmlrpc.php", "OPTIONS /")
NEW_ACCOUNT: Final = "tomcat"  # first tried on the last days of the window, from several sources

_PASSWORDS: Final = b"""
123456 password 12345 1234 test admin guest user oracle root qwerty abc123 changeme letmein 111111 secret passwd welcome pass123
"""
_SSH_CLIENTS: Final = (b"SSH-2.0-libssh-0.1", b"SSH-2.0-libssh-0.11", b"SSH-2.0-PuTTY_Release_0.58", b"SSH-2.0-OpenSSH_3.9p1")
_WEB_CLIENTS: Final = (b"Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)", b"Mozilla/5.0 (compatible; survey/0.1)", b"libwww-perl/5.805", b"")
_MAIL_CLIENTS: Final = (b"localhost", b"mail.example.net", b"[192.0.2.77]", b"friend")
_SENDERS: Final = (b"check@example.net", b"postmaster@example.org", b"", b"probe@example.com")
_CLIENTS: Final = (*_SSH_CLIENTS, *_WEB_CLIENTS, *_MAIL_CLIENTS)


def surroundings() -> tuple[Surrounding, ...]:
    """All targets of the group. Whatever is not in the published tables stays strictly below their fifth place."""
    near = {"135/tcp": "near", "445/tcp": "near", "139/tcp": "near", "1433/tcp": "database"}
    top = [Surrounding(name, (_top_port(name, count, share),), mix=near.get(name, "usual")) for name, count, share in PORTS]
    others = [Item(port_kind(name), _tail(232, rank), _tail(970, rank), 0.7, "uneven") for rank, name in enumerate(_OTHER_PORTS)]
    return (
        *top,
        *(Surrounding(item.kind.target.decode(), (item,)) for item in others),
        Surrounding("accounts", tuple(_accounts()), pool=26, mix="database"),
        Surrounding("web", tuple(_urls()), pool=26),
        Surrounding("subjects", tuple(_subjects()), pool=3, mix="popup"),
    )


def _top_port(name: str, count: int, share: float) -> Item:
    if name == "5900/tcp":
        return Item(port_kind(name), count, 540, share, "growing")
    return Item(port_kind(name), count, count * 46 // 11, share)


def _tail(top: int, rank: int) -> int:
    return max(1, top * 6 // (6 + rank * (rank + 5) // 4))


def _accounts() -> Iterator[Item]:
    for name, count in ACCOUNTS:
        yield Item(_account(name), count, count * 46 // 11, 0.55)
    for rank, name in enumerate(_OTHER_ACCOUNTS.split()):
        count = max(1, 104 * 8 // (8 + rank))
        yield Item(_account(name), count, count * 46 // 11, 0.6, "uneven")
    yield Item(_account(NEW_ACCOUNT), 9, 0, 0.6, "latest")


def _account(name: str) -> Kind:
    target = name.encode()
    return Kind(target, "ssh", "password", destination_port=22, account=target, handshake=True)


def _urls() -> Iterator[Item]:
    for target, count, before, shape in URLS:
        yield Item(_url(target), count, before, 0.65 if shape == "flat" else 1.0, shape)
    for rank, target in enumerate(_OLD_URLS):
        yield Item(_url(target), 0, 40 - 6 * rank, 0.8, "early")


def _url(target: str) -> Kind:
    return Kind(target.encode(), "web", "request", destination_port=80, request=f"{target} HTTP/1.0".encode(), size=0, handshake=True)


def _subjects() -> Iterator[Item]:
    for subject, count, before in SUBJECTS:
        kind = Kind(subject.encode(), "mail", "mail", destination_port=25, request=subject.encode(), size=640, handshake=True)
        yield Item(kind._replace(recipients=b"relay-check@example.org"), count, before, 0.8)


def batches(seed: int, epoch: str, shift_days: int) -> Iterator[WorldBatch]:
    """Two batches for each sensor: July, and August."""
    dice = Dice(seed, "mustan")
    groups = surroundings()
    kinds_known = [item.kind for group in groups for item in group.items]
    known = tables(kinds_known, _PASSWORDS.split(), _CLIENTS, _SENDERS)
    parts = [_arrivals(Dice(seed, f"mustan/{group.name}"), group) for group in groups]
    kinds = np.concatenate([part.item + first for part, first in zip(parts, starts(np.array([len(g.items) for g in groups])), strict=True)])
    numbers = np.concatenate([part.source + first for part, first in zip(parts, starts(np.array([part.known for part in parts])), strict=True)])
    mixes = tuple(dict.fromkeys(group.mix for group in groups))
    mix_of = np.repeat([mixes.index(group.mix) for group in groups], [part.known for part in parts])
    addresses = draw_addresses(dice, mix_of, mixes, apart=True)
    days = np.concatenate([part.day for part in parts])
    sensors = _sensors(dice, numbers)
    rows = _describe(dice, kinds_known, kinds, addresses[numbers], instants(dice, days + day_number(FIRST_ON) + shift_days))
    for place, sensor in enumerate(SENSORS):
        for seq, mine in enumerate((days < 31, days >= 31)):
            yield batch(sensor, epoch, seq, rows.take(np.flatnonzero(mine & (sensors == place))), known)


class _Arrivals(NamedTuple):
    """Accesses of one surrounding; `source` numbers count from 0 to `known`."""

    item: Integers
    day: Integers
    source: Integers
    known: int


def _arrivals(dice: Dice, group: Surrounding) -> _Arrivals:
    """Each day's sources slide along the line of all sources, so that about a quarter of them were there the day before."""
    counts = np.array([_daily(dice, item) for item in group.items])
    share = np.array([[item.sources] for item in group.items])
    sources = np.clip((counts * share + 0.5).astype(np.int64), np.minimum(counts, 1), counts)
    size = np.full(_DAYS, group.pool) if group.pool else np.maximum(sources.max(axis=0), 1)
    sources = np.minimum(sources, size)
    first = starts(np.maximum((size * 0.74).astype(np.int64), 1))
    turn = (dice.uniform(*counts.shape) * size).astype(np.int64)
    cell = np.repeat(np.arange(counts.size), counts.ravel())
    inside = within(counts.ravel())
    luck = dice.uniform(len(cell))
    seen = sources.ravel()[cell]
    place = np.where(inside < seen, inside, (seen * luck * luck).astype(np.int64))
    day = cell % _DAYS
    number = first[day] + (turn.ravel()[cell] + place) % size[day]
    return _Arrivals(cell // _DAYS, day, number, int((first + size).max()))


def _daily(dice: Dice, item: Item) -> Integers:
    """Accesses of each day; the sums before and in the window are the item's."""
    before, window = _shape(dice, item)
    counts = np.zeros(_DAYS, dtype=np.int64)
    if item.before:
        counts[:-_WINDOW] = apportion(item.before, before, float(dice.uniform()))
    if item.window:
        counts[-_WINDOW:] = apportion(item.window, window)
    return counts


def _shape(dice: Dice, item: Item) -> tuple[Floats, Floats]:
    steady, window = dice.around(0.06, _DAYS - _WINDOW), np.ones(_WINDOW)
    if item.shape == "uneven":
        luck = dice.uniform(_DAYS) + 0.2
        return (luck * luck)[:-_WINDOW], (luck * luck)[-_WINDOW:]
    if item.shape == "growing":
        return steady, np.linspace(1.0, 3.1, _WINDOW)
    if item.shape == "latest":
        window[:-2] = 0.0
    if item.shape == "fading":
        steady[:-14] = 0.0
    if item.shape == "early":
        steady[25:] = 0.0
    return steady, window * _swing()


def _swing() -> Floats:
    """A mild up and down whose trend over the last ten days is nothing, so that a flat item is flat."""
    return np.array([1.0, 1.0, 1.06, 0.95, 1.03, 0.96, 0.96, 1.03, 0.95, 1.06, 1.0])


def _sensors(dice: Dice, numbers: Integers) -> Integers:
    """Each source has one sensor that it knocks at; one access in six goes to any other."""
    home = dice.below(len(SENSORS), int(numbers.max()) + 1)[numbers]
    return np.where(dice.uniform(len(numbers)) < 0.16, dice.below(len(SENSORS), len(numbers)), home)


def _describe(dice: Dice, known: Sequence[Kind], kinds: Integers, sources: NDArray[np.uint32], observed_at: Integers) -> Rows:
    """Passwords, clients and senders by channel; a source keeps its client."""
    channel = np.array([CHANNELS.index(kind.channel) for kind in known])[kinds]
    count = len(kinds)
    by_source = (sources.astype(np.int64) * 40_503 >> 7) % 4
    client = np.where(channel == 0, -1, by_source + np.array([0, 4, 0, 8])[channel])
    return Rows(
        observed_at,
        sources,
        1024 + dice.below(64_000, count),
        kinds,
        np.where(channel == CHANNELS.index("ssh"), dice.below(len(_PASSWORDS.split()), count), -1),
        client,
        np.where(channel == CHANNELS.index("mail"), by_source % len(_SENDERS), -1),
    )


def window_dates() -> Sequence[date]:
    """The eleven dates of the published tables (N-11)."""
    return [WINDOW_FIRST_ON + timedelta(days=day) for day in range(_WINDOW)]
