# SPDX-License-Identifier: Apache-2.0
"""Cowrie's JSON log -> connections (packet channel, to the port Cowrie itself listened on) and SSH logins (ssh channel).

A login's client and fingerprint come from earlier events of its session. A login over telnet is a row of category other and kind
telnet-password: no channel counts it, nothing of it is lost.
`src_ip` of `direct-tcpip` events is what the client claims, never a source.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from teiten.importers.cowrie_columns import CowrieColumns
from teiten.importers.cowrie_events import Entry, Judge
from teiten.importers.interface import Reading, ReadOptions, Recognition, Records
from teiten.importers.json_records import JsonReading, first_objects

_NAMES = (
    "observed_at", "channel", "kind", "source", "target", "category", "source_port", "destination_port", "account", "credential", "client",
    "fingerprint", "session", "outcome",
)  # fmt: skip


class Cowrie:
    name = "cowrie"
    label = "Cowrie JSON log"
    records: Records = "json"
    surveys = False

    def recognise(self, head: bytes, file_name: str) -> Recognition | None:
        entries = first_objects(head)
        ours = sum(1 for entry in entries if str(entry.get("eventid", "")).startswith("cowrie."))
        return Recognition(0.97, f"{ours} of the first {len(entries)} objects have an `eventid` of cowrie") if ours else None

    def survey(self, blocks: Iterable[Sequence[bytes]], options: ReadOptions) -> object:
        return None

    def start(self, options: ReadOptions, survey: object | None) -> Reading:
        judge = Judge(options)
        return JsonReading(Entry, judge.judge, _NAMES, CowrieColumns(judge), protocol="tcp", handshake=True)

    def is_preamble(self, record: bytes) -> bool:
        return not record.strip()
