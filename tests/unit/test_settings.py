# SPDX-License-Identifier: Apache-2.0
"""Bad configuration: the key's path, what is allowed, nothing touched (issue: what must hold)."""

from __future__ import annotations

from pathlib import Path

import pytest

from teiten.errors import ConfigurationError
from teiten.home import Home
from teiten.settings import NodeSettings, check_all, settings_of

WRONG = [
    ('addresses = ["203.0.113.7", "here"]', "addresses: 'here'", "host names"),
    ("prot = 1", "prot: no such key", "zone"),
    ("[site]\nprot = 1", "site.prot: no such key", "port"),
    ("[sensors.ssh]\nprot = 2", "sensors.ssh.prot: no such key", "login_seconds"),
    ("[sensors.ssh.limits]\nopen = 2", "sensors.ssh.limits.open: no such key", "open_in_all"),
    ("[sensors.telnet]\nport = 23", "sensors: no such channel: telnet", "packet, web, ssh, mail"),
    ('channels = ["webb"]', "channels: no such channel: webb", "packet, web, ssh, mail"),
    ('[site]\nport = "x"', "site.port: Expected `int`", ""),
    ("[site]\nport = 65536", "site.port: Expected `int` <= 65535", ""),
    ("[sensors.ssh]\nport = 70000", "sensors.ssh.port: Expected `int` <= 65535", ""),
    ("[sensors.web]\nport = -1", "sensors.web.port: Expected `int` >= 0", ""),
    ("[sensors.mail]\nconnection_seconds = 0", "sensors.mail.connection_seconds: Expected", "> 0"),
    ('[sensors.mail]\nbanner = "a\\nb"', "sensors.mail: name and banner: one line", ""),
    ("[sensors.packet]\ntcp_ports = [22, 99999]", "sensors.packet.tcp_ports[1]", "<= 65535"),
    ('[sensors.packet]\nmode = "sniff"', "sensors.packet.mode", "auto, live, listen"),
    ('[sensors.packet]\nprefixes = ["300.1.1.1"]', "sensors.packet: prefixes: '300.1.1.1'", "192.0.2.0/24"),
    ('[site]\nlanguage = "de"', "site.language", "ja, en"),
    ('zone = "Asia/Tokio"', "zone: no such time zone: Asia/Tokio", "Asia/Tokyo"),
    ('sensor = "a b"', "sensor: Expected `str`", ""),
    ("[retention]\nraw_days = 0", "retention.raw_days: Expected `int` >= 1", ""),
    ("[receiver]\nport = 8443", "receiver.certificate_file is not set", "certificate"),
    ('[receiver]\ncertificate_file = "/nowhere.pem"', "receiver.certificate_file", "PEM"),
    ("zone = ", "not valid TOML", ""),
]


@pytest.mark.parametrize(("content", "problem", "allowed"), WRONG, ids=[problem for _, problem, _ in WRONG])
def test_an_error_names_the_key_and_what_is_allowed(tmp_path: Path, content: str, problem: str, allowed: str) -> None:
    (tmp_path / "teiten.toml").write_text(content, encoding="utf-8")
    with pytest.raises(ConfigurationError) as raised:
        check_all(settings_of(Home(tmp_path)))
    assert raised.value.exit_code == 2
    assert problem in raised.value.problem
    assert allowed in str(raised.value)
    assert [path.name for path in tmp_path.iterdir()] == ["teiten.toml"]


def test_no_file_means_all_defaults(tmp_path: Path) -> None:
    assert settings_of(Home(tmp_path)) == NodeSettings()
    check_all(NodeSettings())


def test_a_sensor_that_is_not_started_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "teiten.toml").write_text('channels = ["web"]\n[sensors.ssh]\nprot = 1\n')
    with pytest.raises(ConfigurationError, match=r"sensors\.ssh\.prot"):
        check_all(settings_of(Home(tmp_path)))


def test_a_home_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").touch()
    with pytest.raises(ConfigurationError, match="not a folder"):
        settings_of(Home(tmp_path / "x"))


def test_what_locates_this_sensor_is_known_to_publication(tmp_path: Path) -> None:
    """O-05, P1: configured names, the machine's own addresses, observed networks, and the name its mail server gives itself."""
    (tmp_path / "teiten.toml").write_text(
        'addresses = ["203.0.113.7", "2001:db8:7::/48", "sensor7.example.net"]\n'
        '[sensors.packet]\nprefixes = ["198.51.100.0/24"]\n[sensors.mail]\nname = "mx.example.org"\n'
    )
    told = settings_of(Home(tmp_path)).secrets()
    assert {"203.0.113.7", "2001:db8:7::/48", "sensor7.example.net", "198.51.100.0/24", "mx.example.org"} <= set(told)
    assert not {"127.0.0.1", "::1"} & set(told)
