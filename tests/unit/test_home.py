# SPDX-License-Identifier: Apache-2.0
"""Who may look into a home: the store, the keys and the spools are their owner's alone, whatever the umask."""

from __future__ import annotations

import os
from pathlib import Path

from teiten.home import Home


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_nothing_in_a_home_is_readable_for_others(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        home = Home(tmp_path / "home")
        home.prepare()
        home.prepare_channel("web")
    finally:
        os.umask(before)
    for private in (home.store, home.findings, home.keys, home.socket.parent, home.incoming, home.spool("web"), home.sensor_keys("web")):
        assert mode(private) == 0o700, private
    for passage in (home.root, home.root / "sensor", home.root / "sensor" / "web"):
        assert mode(passage) == 0o711, passage


def test_preparing_again_changes_nothing_and_closes_what_was_open(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.prepare_channel("web")
    home.spool("web").chmod(0o755)
    (home.spool("web") / "x").write_bytes(b"x")
    home.prepare_channel("web")
    assert mode(home.spool("web")) == 0o700
    assert home.spools == [home.spool("web")]
    assert (home.spool("web") / "x").read_bytes() == b"x"
