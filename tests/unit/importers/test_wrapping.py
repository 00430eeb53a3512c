# SPDX-License-Identifier: Apache-2.0
"""JSON inside a shipper's object is opened; a stranger's text that looks like one is not (mission row 7; reliability: strangers' bytes)."""

from __future__ import annotations

import pytest

from teiten.importers.wrapping import bared

INNER = b'{"eventid":"cowrie.login.failed"}'
ESCAPED = INNER.replace(b'"', b'\\"')


@pytest.mark.parametrize(
    "record",
    [
        b"Mar  1 10:00:00 host cowrie[7]: " + INNER,
        b"<13>Mar  1 10:00:00 host cowrie: " + INNER,
        b"<13>1 2025-03-01T10:00:00Z host cowrie 7 - - " + INNER,
        b'{"log":"' + ESCAPED + b'\\n","stream":"stdout","time":"2025-03-01T10:00:00Z"}',
        b'{"@timestamp":"x","agent":{"type":"filebeat"},"message":"' + ESCAPED + b'"}',
        b'{"MESSAGE":"' + ESCAPED + b'","__REALTIME_TIMESTAMP":"1"}',
    ],
)
def test_what_a_shipper_put_round_a_record_is_taken_off(record: bytes) -> None:
    assert bared(record) == INNER


@pytest.mark.parametrize(
    "record",
    [
        INNER,
        b'{"src_ip":"198.51.100.7","message":"' + ESCAPED + b'"}',  # no shipper: a field that a stranger may fill
        b'{"username":"\\"log\\":\\"' + ESCAPED + b'","stream":"x"}',
        b'{"log":"text","stream":"stdout"}',
        b'{"log":"{broken","stream":',
        b"no frame " + INNER,
        b"",
    ],
)
def test_anything_else_stays_as_it_is(record: bytes) -> None:
    assert bared(record) == record
