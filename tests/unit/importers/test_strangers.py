# SPDX-License-Identifier: Apache-2.0
"""A file that is not read is named as what it is, so that its owner knows what to do (mission row 7)."""

from __future__ import annotations

import pytest

from teiten.importers.intake import recognise


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (b"PK\x03\x04rest", "zip archive"),
        (b"x" * 257 + b"ustar  ", "tar archive"),
        (b"2025-03-18T03:39:50.202235Z [cowrie.ssh.factory.CowrieSSHFactory] New connection: 4.2.3.1:47630", "Cowrie's text log"),
        (b"LPKSHHRH" + bytes(20), "journalctl"),
        (b"a note\x1b[31m for myself\nsecret", r"no importer knows it; it begins with: a note\x1b[31m for myself"),
    ],
)
def test_what_a_file_seems_to_be(head: bytes, said: str) -> None:
    importer, why = recognise(head, "x")
    assert importer is None and said in why and "secret" not in why
