# SPDX-License-Identifier: Apache-2.0
"""B10: a token is good for one sensor, until it is revoked, and is written nowhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from teiten.errors import ConfigurationError, UsageError
from teiten.transport.tokens import TokenRegistry


def test_good_for_its_sensor_only_and_written_nowhere(tmp_path: Path) -> None:
    registry = TokenRegistry(tmp_path / "tokens.json")
    token, other = registry.issue("s1"), registry.issue("s2")
    assert registry.verify(token) == "s1"
    assert registry.verify(other) == "s2"
    assert registry.sensors() == ["s1", "s2"]
    secret = token.split("_", 2)[2]
    assert len(secret) >= 43, "32 random bytes"
    assert all(secret.encode() not in path.read_bytes() for path in tmp_path.iterdir())
    assert (tmp_path / "tokens.json").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("wrong", ["", "_", "teiten_x_y", "teiten__", "é_é_é", "\udce9"])
def test_wrong_tokens(tmp_path: Path, wrong: str) -> None:
    registry = TokenRegistry(tmp_path / "tokens.json")
    token = registry.issue("s1")
    assert registry.verify(wrong) is None
    assert registry.verify(token[:-1]) is None
    assert registry.verify(token + "x") is None
    name = token.split("_")[1]
    assert registry.verify(f"teiten_{name}_{'A' * 43}") is None


def test_two_live_for_rotation(tmp_path: Path) -> None:
    registry = TokenRegistry(tmp_path / "tokens.json")
    first, second = registry.issue("s1"), registry.issue("s1")
    with pytest.raises(UsageError, match="two live"):
        registry.issue("s1")
    assert registry.verify(first) == registry.verify(second) == "s1"
    assert registry.revoke_older("s1") == 1
    assert (registry.verify(first), registry.verify(second)) == (None, "s1")


def test_revoked_by_another_process_at_once(tmp_path: Path) -> None:
    serving, command = TokenRegistry(tmp_path / "tokens.json"), TokenRegistry(tmp_path / "tokens.json")
    token = command.issue("s1")
    assert serving.verify(token) == "s1"
    assert command.revoke("s1") == 1
    assert serving.verify(token) is None
    (tmp_path / "tokens.json").unlink()
    assert serving.verify(token) is None


def test_a_damaged_file_is_an_error_and_stays(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_bytes(b"{")
    with pytest.raises(ConfigurationError):
        TokenRegistry(path).issue("s1")
    assert path.read_bytes() == b"{"
