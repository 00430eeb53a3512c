# SPDX-License-Identifier: Apache-2.0
"""OpenCanary's log by columns: the fast way for plain SSH events over IPv4, saying of each what `opencanary.py` says of it.

Connections of other services, requests and scans are rarer and left to the judge, in the order of the lines.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from teiten.columnar import Columns, same
from teiten.importers.field_layout import Array, Look, Read
from teiten.importers.fields import TEXTS, Fields, Reads, is_port, optional, packed
from teiten.importers.lines import Lines

PROGRAM = "message of the program itself"
_TEXTS = ("logdata.USERNAME", "logdata.PASSWORD", "logdata.REMOTEVERSION")
_FIELDS = ("logtype", "src_host", "src_port", "dst_port", "utc_time", "local_time", "logdata", *_TEXTS)
_READS = (
    *(Reads(name, Read.INTEGER) for name in ("logtype", "src_port", "dst_port")), Reads("src_host", Read.ADDRESS),
    *(Reads(name, Read.UTC_INSTANT) for name in ("utc_time", "local_time")),
)  # fmt: skip
_LOGIN = 4002


class OpenCanaryColumns:
    def take(self, lines: Lines, leave: Callable[[int], None]) -> tuple[Columns, Counter[str]]:
        fields = Fields.of_objects(lines, _FIELDS, ("logdata",), reads=_READS)
        usual = fields.plain & fields.are("logtype", Look.INTEGER) & (fields.sizes("logtype") < 10)
        for name in ("src_host", "utc_time", "local_time"):
            usual &= fields.are(name, Look.STRING, Look.MISSING)
        kind, source = fields.integers("logtype"), fields.addresses("src_host")
        utc, local = (fields.instants(name, naive_is_utc=True) for name in ("utc_time", "local_time"))
        at = np.where(fields.sizes("utc_time") > 0, utc, local)
        here, there = fields.integers("dst_port"), fields.integers("src_port")
        is_program = usual & (((kind >= 1000) & (kind < 2000)) | (kind >= 99_000))
        ready = usual & (kind >= 4000) & (kind < 5000) & (at >= 0) & (source >= 0) & is_port(here, none=True) & is_port(there, none=True)
        ready &= fields.are("logdata", Look.OBJECT)
        for name in _TEXTS:
            ready &= fields.short(name)
        for index in np.flatnonzero(~(ready | is_program)).tolist():
            leave(index)
        rows, count = np.flatnonzero(ready), int(is_program.sum())
        return _columns(fields, rows, at, source, here, there, kind), Counter({PROGRAM: count} if count else {})


def _columns(fields: Fields, rows: Array, at: Array, source: Array, here: Array, there: Array, kind: Array) -> Columns:
    if not len(rows):
        return {}
    is_login = kind[rows] == _LOGIN
    account, credential, client = (fields.values(name, rows) for name in _TEXTS)
    account[is_login & ~fields.are("logdata.USERNAME", *TEXTS)[rows]] = b""
    target = account.copy()
    target[~is_login] = b""
    account[~is_login] = credential[~is_login] = None
    return {
        "observed_at": at[rows], "channel": same("ssh", len(rows)), "source": packed(source[rows]), "target": target,
        "kind": np.where(is_login, "password", "connection").astype(object), "category": np.where(is_login, "access", "other").astype(object),
        "protocol": same("tcp", len(rows)), "source_port": optional(there[rows]), "destination_port": optional(here[rows]),
        "handshake": same(True, len(rows)), "account": account, "credential": credential, "client": client,
        "times": same(1, len(rows)), "encrypted": same(False, len(rows)), "truncated": same(False, len(rows)),
    }  # fmt: skip
