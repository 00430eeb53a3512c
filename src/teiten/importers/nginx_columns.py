# SPDX-License-Identifier: Apache-2.0
"""Web access logs in JSON by columns: the fast way for plain lines over IPv4, saying of each what `nginx_json.py` says of it.

Sites name their fields themselves, but one file keeps to its names: those of its first plain line. Lines with others are left to the judge.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from teiten.columnar import Columns, same
from teiten.importers.field_layout import NONE, ODD, Array, Look, Read
from teiten.importers.fields import NOTHING, TEXTS, Fields, Reads, is_port, looked_up, objects, optional, packed
from teiten.importers.lines import Lines
from teiten.importers.web_requests import kind_and_target

ADDRESSES = ("remote_addr", "src_ip", "remote_ip", "client_ip", "clientip", "remoteIP", "remoteIp", "host_ip", "ClientHost", "sip")
TIMES = ("time_iso8601", "StartUTC", "time_local", "@timestamp", "timestamp", "time", "msec", "ts")
METHODS = ("request_method", "method", "http_method", "requestMethod", "RequestMethod")
URIS = ("request_uri", "uri", "url", "path", "requestUrl", "RequestPath")
AGENTS = ("http_user_agent", "user_agent", "agent", "useragent", "userAgent", "request_User-Agent")
VERSIONS = ("server_protocol", "protocol", "http_version", "proto", "RequestProtocol")
PORTS = ("remote_port", "src_port", "ClientPort")
STATUSES = ("status", "DownstreamStatus", "OriginStatus")
NESTED = ("request", "httpRequest")
"""Objects in which some servers (Caddy, proxies of clouds) put all that is of the request."""
_ROLES = (ADDRESSES, TIMES, METHODS, URIS, AGENTS, VERSIONS, PORTS)
_FIELDS = (*dict.fromkeys(name for role in _ROLES for name in role), *STATUSES, *NESTED, "remote_user")
_OLDEST_US, _LATEST_US = 10**14, 10**16  # nine or ten digits of seconds, as the judge reads them
_CACHED_REQUESTS = 50_000


class NginxColumns:
    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str, bytes]] = {}
        self._reads: tuple[Reads, ...] = ()  # of the names that the last lines used

    def take(self, lines: Lines, leave: Callable[[int], None]) -> tuple[Columns, Counter[str]]:
        fields = Fields.of_objects(lines, _FIELDS, reads=self._reads)
        (address, is_address), (time, is_time), (agent, is_agent), (port, is_place) = (
            _settled(fields, role) for role in (ADDRESSES, TIMES, AGENTS, PORTS)
        )
        state, is_state = _settled(fields, STATUSES)
        self._reads = (Reads(address, Read.ADDRESS), Reads(time, Read.INSTANT), Reads(state, Read.INTEGER), Reads(port, Read.INTEGER))
        source, at, status, there = fields.addresses(address), _times(fields, time), fields.integers(state), fields.integers(port)
        ready = (
            fields.plain
            & is_state
            & ~fields.are("request", Look.OBJECT)
            & ~fields.are("httpRequest", Look.OBJECT)
            & is_address
            & is_time
            & is_agent
            & is_place
            & (source >= 0)
            & (at >= 0)
            & (status >= NONE)
            & is_port(there, none=True)
        )
        requested, request_of = self._requests(fields)
        ready &= requested & fields.short(agent) & fields.short("remote_user")
        rows = np.flatnonzero(ready)
        for index in np.flatnonzero(~ready).tolist():
            leave(index)
        if not len(rows):
            return {}, Counter()
        requests = request_of(rows)
        kinds, targets = self._said(requests)
        user = fields.values("remote_user", rows)
        for place in np.flatnonzero(fields.sizes("remote_user")[rows] < 2).tolist() if fields.have("remote_user") else ():
            if user[place] in (b"", b"-"):
                user[place] = None
        return {
            "observed_at": at[rows], "kind": objects(kinds), "source": packed(source[rows]),
            "target": objects(targets), "request": objects(requests), "client": fields.values(agent, rows),
            "outcome": looked_up(status[rows], lambda code: (str(code)[:4] if code >= 0 else None,), 1)[0], "source_port": optional(there[rows]),
            "account": user, "channel": same("web", len(rows)), "protocol": same("tcp", len(rows)),
            "category": same("access", len(rows)), "times": same(1, len(rows)),
            "handshake": same(True, len(rows)), "encrypted": same(False, len(rows)), "truncated": same(False, len(rows)),
        }, Counter()  # fmt: skip

    def _said(self, requests: list[bytes]) -> tuple[list[str], list[bytes]]:
        """Kinds and targets. The same requests come again and again, so each is looked at once."""
        fresh = set(requests).difference(self._known)
        if len(self._known) + len(fresh) > _CACHED_REQUESTS:
            self._known.clear()
            fresh = set(requests)
        self._known.update((request, kind_and_target(request)) for request in fresh)
        kinds, targets = zip(*map(self._known.__getitem__, requests), strict=True)
        return list(kinds), list(targets)

    def _requests(self, fields: Fields) -> tuple[Array, Callable[[Array], list[bytes]]]:
        """Which lines tell their request in the file's way, and those requests."""
        if fields.are("request", *TEXTS).mean() > 0.5:
            (method, is_method) = _settled(fields, METHODS)
            told = fields.are("request", *TEXTS) & fields.short("request") & is_method & fields.short(method)
            if not fields.have(method):
                return told, lambda rows: fields.values("request", rows).tolist()
            return told, lambda rows: [
                a + b" " + b if a and b.startswith(b"/") else b
                for a, b in zip(fields.values(method, rows).tolist(), fields.values("request", rows).tolist(), strict=True)
            ]
        (method, is_method), (uri, is_uri), (version, is_version) = (_settled(fields, role) for role in (METHODS, URIS, VERSIONS))
        told = fields.are("request", *NOTHING) & is_method & is_uri & is_version
        for name in (method, uri):
            told &= fields.are(name, *TEXTS) & fields.short(name)
        return told & fields.short(version), lambda rows: [
            (a or b"") + b" " + (b or b"") + (b" " + c if c and c.startswith(b"HTTP/") else b"")
            for a, b, c in zip(*(fields.values(name, rows).tolist() for name in (method, uri, version)), strict=True)
        ]


def _settled(fields: Fields, names: tuple[str, ...]) -> tuple[str, Array]:
    """The name of `names` that the first plain line uses, and where it is the first one with a value (or no line needs any)."""
    first = np.full(len(fields.plain), len(names), np.int8)
    for index in reversed(range(len(names))):
        if fields.have(names[index]):
            look = fields.look(names[index])
            first[(look > Look.STRING) & (look != Look.NULL) | (look == Look.STRING) & (fields.sizes(names[index]) > 0)] = index
    plain = np.flatnonzero(fields.plain & (first < len(names)))
    chosen = int(first[plain[0]]) if len(plain) else 0
    return names[chosen], (first == chosen) | ((first == len(names)) & fields.are(names[chosen], *NOTHING))


def _times(fields: Fields, name: str) -> Array:
    """ISO times with an offset, seconds with a fraction, or the servers' own form; ODD for anything else."""
    written = fields.instants(name)
    if (written >= 0).all():
        return written
    seconds = fields.seconds(name)
    seconds = np.where((seconds >= _OLDEST_US) & (seconds < _LATEST_US), seconds, ODD)
    times: Array = np.where(written >= 0, written, seconds)
    if (times < 0).any():
        times = np.where(times >= 0, times, fields.local_instants(name))
    return times
