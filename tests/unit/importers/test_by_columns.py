# SPDX-License-Identifier: Apache-2.0
"""The fast way by columns says of every line what the careful reader says of it, whatever the line is (mission row 7: nothing dropped silently).

Rows are compared without their order: a batch's rows have none.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from teiten.importers import IMPORTERS, fields
from teiten.importers.lines import Lines, chained, weight
from tests.unit.importers.ledger import options, readable
from tests.unit.importers.test_mutations import CASES, MUTATIONS, mutated

FILES = (
    "cowrie/cowrie.json", "cowrie/shipped.json", "cowrie/wrapped.json", "suricata_eve/eve.json", "suricata_eve/netflow.json",
    "zeek/conn.log", "zeek/mixed.json", "zeek/shipped.json",
    "nginx_json/access.json", "nginx_json/variants.json", "nginx_json/sites.json", "tpot/tpot.json", "tpot/bulk.json",
    "opencanary/opencanary.log",
)  # fmt: skip
pytestmark = pytest.mark.skipif(not fields.use_numba(), reason="numba is switched off (TEITEN_NO_NUMBA)")
MORE = {
    "cowrie": [
        b'{"eventid":"cowrie.session.connect","src_ip":"198.51.100.7","src_port":%d,"dst_port":2222,"session":"s%d","protocol":"%s",'
        b'"timestamp":"2024-03-01T0%d:08:28.255441Z"}' % (40000 + n, n % 9, b"telnet" if n % 4 == 0 else b"ssh", n % 10)
        for n in range(40)
    ]
    + [b'{"eventid":"cowrie.client.version","version":"SSH-2.0-Go %d","session":"s%d","timestamp":"2024"}' % (n, n % 9) for n in range(9)]
    + [b'{"eventid":"cowrie.client.kex","hassh":"%032x","session":"s%d","timestamp":"2024-03-01T00:00:01Z"}' % (n, n % 9) for n in range(20)]
    + [
        b'{"eventid":"cowrie.login.%s","username":"u%d","password":%s,"src_ip":"203.0.113.9","session":"s%d","timestamp":"2024-02-29T23:59:60.5+0900"}'
        % (b"success" if n % 5 == 0 else b"failed", n, (b'"p\\u3042\\n"', b"null", b'"\\"q\\""', b"7", b'"plain"')[n % 5], n % 11)
        for n in range(60)
    ]
    + [b'{"eventid":"cowrie.login.failed","fingerprint":"aa:b","username":"k","src_ip":"203.0.113.9","session":"s","timestamp":"2024-02-29T23:59Z"}']
    + [b'{"eventid":"cowrie.login.failed","fingerprint":"aa","username":"k","src_ip":"203.0.113.9","session":"s","timestamp":"2024-02-29T23:59:0Z"}'],
    "suricata_eve": [
        b'{"timestamp":"2011-03-12T22:45:11.889859+0000","flow_id":%d,"event_type":"%s","src_ip":"192.0.2.%d","src_port":%d,"dest_ip":"198.51.100.1",'
        b'"dest_port":%d,"proto":"%s","icmp_type":8,"icmp_code":0,"flow":{"start":"2011-03-12T22:45:%02d.0+0000","end":"2011-03-12T22:46:00.5+0000",'
        b'"state":"%s","pkts_toclient":%d},"http":{"hostname":"h","url":"\\/a\\/%d?x","http_method":"GET","protocol":"HTTP\\/1.1","status":%s}}'
        % (
            n % 20, (b"flow", b"alert", b"http", b"stats")[n % 4], n, n, n * 7, (b"TCP", b"UDP", b"ICMP")[n % 3], n % 60,
            (b"new", b"established", b"closed")[n % 3], n % 2, n, (b"200", b'"404"', b"null")[n % 3],
        )
        for n in range(200)
    ]
    + [b'{"timestamp":"2011-03-12T22:45:11.889859+0000","flow_id":1%s,"event_type":"alert","src_ip":"192.0.2.1","proto":"TCP"}' % (b"0" * 30)],
    "zeek": [],
    "nginx_json": [
        b'{"remote_addr":"198.51.100.%d","time_iso8601":"2024-03-01T0%d:00:00+09:00","request":"%s","status":%s,"http_user_agent":"ua %d",'
        b'"remote_user":"%s","remote_port":%d}'
        % (
            n, n % 10, (b"GET /%d HTTP/1.1" % n, b"-", b"\\u0016\\u0003", b"PRI *")[n % 4], (b"200", b'"404"', b"null", b'"x"')[n % 4], n,
            (b"-", b"", b"u")[n % 3], n,
        )
        for n in range(60)
    ]
    + [
        b'{"src_ip":"198.51.100.%d","ts":%s,"method":"GET","uri":"/%d","protocol":"HTTP/%s","status":200,"user_agent":["a"]}'
        % (n, (b"1709251200.25", b'"1709251201"', b"1709251200.1234567", b"12")[n % 4], n, (b"1.1", b"")[n % 2])
        for n in range(40)
    ]
    + [
        b'{"time_local":"%s","remote_addr":"198.51.100.%d","request":"GET / HTTP/1.1","status":200}'
        % ((b"29/Feb/2024:23:59:%02d +0900" % (n % 62), b"29/Feb/2023:00:00:00 -0700", b"01/Dec/1970:00:00:00 +0000", b"1/Dec/2024:00:00:00 +0000",
            b"31/Dec/9998:00:00:00 +2460", b"05/nov/2024:10:00:00 +0100")[n % 6], n)
        for n in range(200)
    ],
    "tpot": [
        b'{"@timestamp":"2024-03-01T00:0%d:00.000Z","type":"%s","src_ip":"198.51.100.%d","src_port":%s,"dest_port":%d,"proto":%s,'
        b'"session":%s,"t-pot_ip_ext":"1"}'
        % (n % 10, (b"Honeytrap", b"Suricata", b"NGINX", b"Dionaea", b"Cowrie")[n % 5], n % 9, (b"5", b'"6"', b"null")[n % 3], n % 7,
           (b'"tcp"', b'"UDP"', b'"icmp"', b'""', b"null")[n % 5], (b'"s"', b"null", b"7")[n % 3])
        for n in range(120)
    ],
    "opencanary": [
        b'{"dst_host":"","dst_port":%d,"utc_time":"2024-03-01 00:00:0%d.5","logtype":%d,"node_id":"n",'
        b'"src_host":"198.51.100.%d","src_port":%s,"logdata":%s}'
        % (n % 9, n % 10, (4000, 4002, 1001, 4001, 6001, 2000)[n % 6], n, (b"-1", b"7", b'""', b'"8"')[n % 4],
           (b'{"USERNAME":"r","PASSWORD":"p\\n","REMOTEVERSION":"SSH"}', b"{}", b'""', b'{"USERNAME":7,"PASSWORD":null}')[n % 4])
        for n in range(120)
    ],
}  # fmt: skip


def read(name: str, blocks: Sequence[Sequence[bytes]], survey_blocks: Sequence[Sequence[bytes]]) -> tuple[Any, ...]:
    importer = IMPORTERS[name]
    reading = importer.start(options(zone="Asia/Tokyo"), importer.survey(survey_blocks, options()) if importer.surveys else None)
    rows: list[str] = []
    taken, other, rejected, first = 0, {}, [], 1
    for block in blocks:
        chunk = reading.take(block, first)
        first, taken, rejected = first + len(block), taken + chunk.taken, rejected + chunk.rejected
        for kind, count in chunk.other.items():
            other[kind] = other.get(kind, 0) + count
        names = list(chunk.columns)
        cells = zip(*(chunk.columns[column].tolist() for column in names), strict=True)
        rows += [repr(sorted(readable(dict(zip(names, row, strict=True))).items())) for row in cells]
    return taken, other, sorted((one.line, one.reason) for one in rejected), sorted(rows)


@pytest.mark.parametrize("file", FILES)
def test_both_ways_say_the_same(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    name = file.split("/")[0]
    own = (CASES / file).read_bytes().rstrip(b"\n").split(b"\n")
    lines = [line for _ in range(20) for line in own] + MORE[name] + list(mutated(own + MORE[name], MUTATIONS, random.Random(file)))
    head = [line for line in own if line.startswith(b"#")]
    blocks = [[*head, *lines[at : at + 700]] if at == 0 else lines[at : at + 700] for at in range(0, len(lines), 700)]
    if name == "zeek":
        blocks = [[line for line in block if not line.startswith((b"#f", b"#s", b"#p")) or line in head] for block in blocks]
    monkeypatch.setattr(fields, "WORTH_COMPILING_BYTES", 0)
    monkeypatch.setattr(fields, "WORTH_CALLING_BYTES", 0)
    in_lines = [Lines(b"\n".join(block)) for block in blocks]
    fast = read(name, in_lines, in_lines)
    slow = read(name, blocks, blocks)
    assert fast[0] > 100
    assert fast == slow


def test_the_fast_way_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the test above would compare the careful reader with itself."""
    monkeypatch.setattr(fields, "WORTH_COMPILING_BYTES", 0)
    monkeypatch.setattr(fields, "WORTH_CALLING_BYTES", 0)
    names = ("eventid", "timestamp", "session", "src_ip")
    found = fields.Fields.of_objects(Lines(b"\n".join(MORE["cowrie"])), names)
    assert found.plain.mean() > 0.9


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{", b"{}x", b'{"a"}', b'{"a":}', b'{"a":01}', b'{"a":1.}', b'{"a":.5}', b'{"a":+1}', b'{"a":1e5}', b'{"a":tru}', b'{"a":1,}',
        b'{"a":1}}',
        b'{"a":[1,2}', b'{"a":{"b":1]}', b'{"a":"\\x"}', b'{"a":"\\u12g4"}', b'{"a":"\\ud800"}', b'{"a":"b\tc"}', b'{"a":"\xc3\xa9"}',
        b'{"\\u0061":1}',
        b'{"a":1,"a":2}', b'{"b":"unclosed', b'[{"a":1}]', b'"a"', b'{"a":1} {"a":2}', b'{"b":' + b"[" * 70 + b"]" * 70 + b"}",
        b'{"a":12345678901234567890}',
    ],
)  # fmt: skip
def test_what_is_not_plain_is_left_to_the_careful_reader(line: bytes) -> None:
    assert fields.Fields.of_objects(Lines(b'{"a":1}\n' + line + b'\n{"a":"x"}'), ("a",)).plain.tolist() == [True, False, True]


@pytest.mark.parametrize(
    "line",
    [
        b'{"a":1}', b' { "b" : [ ] , "a" : 1 } \r', b'{"b":{"a":2,"c":[{"a":[]},"\\\\"]},"a":1}', b'{"b":"\\"}","a":1,"longer name than eight":null}',
        b'{"b":-1.5,"c":true,"d":false,"e":[1,[2,{}]],"a":1}',
    ],
)  # fmt: skip
def test_a_wanted_field_is_found_where_it_stands(line: bytes) -> None:
    found = fields.Fields.of_objects(Lines(line), ("a", "none"))
    assert (found.plain.tolist(), found.integers("a").tolist(), found.integers("none").tolist()) == ([True], [1], [-1])


def test_lines_are_a_list_of_lines() -> None:
    text = b"\nab\n\nc\r\n" + b"d" * 9
    plain = text.split(b"\n")
    lines = Lines(text)
    assert list(lines) == plain and len(lines) == len(plain) and lines[-1] == plain[-1] and lines[1] == b"ab"
    for first in range(6):
        for last in range(6):
            part = lines[first:last]
            assert list(part) == plain[first:last]
            assert weight(part) == sum(map(len, plain[first:last]))
            assert list(chained([part, lines, [b"x"]])) == [*plain[first:last], *plain, b"x"]
            assert list(chained([part, lines])) == [*plain[first:last], *plain]


def test_paths_of_samples_exist() -> None:
    assert all((Path(CASES) / file).is_file() for file in FILES)
