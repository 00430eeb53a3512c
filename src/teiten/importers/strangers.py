# SPDX-License-Identifier: Apache-2.0
"""Files that no importer reads but that people have beside their logs: what they are, and what to do with them. Only for the report."""

from __future__ import annotations

import re

from teiten import texts

_UNPACK = "unpack it and import what is inside"
_KNOWN: tuple[tuple[re.Pattern[bytes], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), said)
    for pattern, said in (
        (rb"\APK\x03\x04", f"a zip archive: {_UNPACK}"),
        (rb"\A.{257}ustar", f"a tar archive: {_UNPACK}"),
        (rb"\A7z\xbc\xaf\x27\x1c", f"a 7-Zip archive: {_UNPACK}"),
        (rb"\A\x02\x21\x4c\x18", "the legacy form of lz4: unpack it with lz4 -d"),
        (rb"\A\x1f[\x9d\xa0]", "packed by Unix compress: unpack it with gzip -d"),
        (rb"\ASQLite format 3\x00", "a database of SQLite"),
        (rb"\A(?:\xff\xfe|\xfe\xff)", "text in UTF-16: write it as UTF-8 (iconv -f UTF-16 -t UTF-8)"),
        (rb"\APAR1", "a Parquet file: write it as CSV or JSON lines and describe those with --mapping"),
        (rb"\AElfFile\x00", "a Windows event log"),
        (rb"\ALPKSHHRH", "a journal of systemd: journalctl --file FILE -o json | teiten import -"),
        (
            rb"\[(?:cowrie\.|HoneyPot|CowrieSSH|CowrieTelnet)| cowrie\[\d+\]: |/cowrie/etc/cowrie",
            "Cowrie's text log: its JSON log tells the same and is read",
        ),
        (rb"\A\[ *\d+\.\d{6}\] ", "the kernel's messages with its own clock: dmesg -T or journalctl -k write times"),
        (rb"\ADate first seen ", "nfdump's lines for people: nfdump -o csv is read"),
        (rb"Z (?:Port|Delay|MaxLineLength) \d|\b(?:ACCEPT|CLOSE) host=", "a log of endlessh, which lets nobody try to log in"),
        (rb"\A\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[[\d.a-fA-F:\[\]]+:\d+\] ", "a log of sshesame, which is not read"),
        (rb" dovecot(?:\[\d+\])?: ", "a log of Dovecot, which observes no channel"),
        (rb" (?:firewall,info|input: in:|forward: in:)", "a log of RouterOS, which is not read"),
        (rb"\A\s*<(?:\?xml|!DOCTYPE|html)", "XML or HTML"),
    )
)  # fmt: skip
_SHOWN_BYTES, _LOOKED_AT = 60, 300


def describe(head: bytes) -> str:
    """What a file that nobody reads seems to be; else how it begins."""
    for pattern, said in _KNOWN:
        if pattern.search(head[:_LOOKED_AT]):
            return said
    return f"no importer knows it; it begins with: {texts.visible(head.lstrip()[:_SHOWN_BYTES].partition(chr(10).encode())[0])}"
