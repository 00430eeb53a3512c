# SPDX-License-Identifier: Apache-2.0
"""`teiten sense packet --check`: what live capture and the all-port listener need of this machine, what is missing, and the next step.

Looks only: makes no rule and changes nothing. What it may not see without a right is said so, and is not called right.
"""

from __future__ import annotations

import shutil
import subprocess
from typing import NamedTuple

from teiten.errors import ConfigurationError, PortTaken, TeitenError
from teiten.packets.live import Ring
from teiten.sensors import all_ports
from teiten.sensors.packet import PacketConfig

_PAGE = "docs/packets.md, “Every TCP port”"


class Looked(NamedTuple):
    what: str
    good: bool
    said: str


def look(config: PacketConfig) -> list[Looked]:
    found = [_capture(config)]
    if not config.all_ports:
        return [*found, Looked("all-port listener", True, f"is off; {all_ports.SETTING} = 8499 switches it on ({_PAGE})")]
    return [*found, _prefixes(config), _socket(config), _rule(config.all_ports), *_routes(config)]


def _capture(config: PacketConfig) -> Looked:
    if config.mode == "listen":
        return Looked(
            "live capture", False, "is switched off: with mode = “listen” the all-port rows count as accesses; set sensors.packet.mode to auto"
        )
    try:
        for name in config.interfaces or ("",):
            Ring(name, 1 << 20).close()
    except PermissionError:
        return Looked("live capture", False, "needs CAP_NET_RAW: AmbientCapabilities=CAP_NET_RAW in the service, or start it as root")
    except OSError as error:
        return Looked("live capture", False, f"{', '.join(config.interfaces)}: {error.strerror}; sensors.packet.interfaces names the interfaces")
    return Looked("live capture", True, "may be opened")


def _prefixes(config: PacketConfig) -> Looked:
    if config.prefixes:
        return Looked("observed networks", True, ", ".join(config.prefixes))
    return Looked("observed networks", False, "only this machine's own addresses; sensors.packet.prefixes names the networks that are routed here")


def _socket(config: PacketConfig) -> Looked:
    try:
        for sock in all_ports.bind(config.all_ports, config.ipv6):
            sock.close()
    except PortTaken:
        return Looked("transparent socket", True, f"port {config.all_ports} is taken, by the running sensor or another program (ss -ltnp)")
    except ConfigurationError as error:
        return Looked("transparent socket", False, str(error).replace("\n", " "))
    return Looked("transparent socket", True, f"may be opened on port {config.all_ports}")


def _rule(port: int) -> Looked:
    try:
        rules = _told("nft", "list", "ruleset")
    except TeitenError as error:
        return Looked("TPROXY rule", False, str(error))
    if any("tproxy" in line and line.split(f":{port}", 1)[1:] for line in rules.splitlines()):
        untracked = "notrack" in rules
        return Looked(
            "TPROXY rule", True, f"leads to port {port}" + ("" if untracked else "; without notrack every connection fills the tracking table")
        )
    return Looked("TPROXY rule", False, f"no rule of nft leads to port {port}: load the table of {_PAGE}")


def _routes(config: PacketConfig) -> list[Looked]:
    """The marked packets must be local, or the kernel forwards or drops them."""
    found = []
    for version in ("-4", "-6") if config.ipv6 else ("-4",):
        what = f"policy route IPv{version[1]}"
        try:
            marked = [line for line in _told("ip", version, "rule").splitlines() if "fwmark" in line]
            tables = [line.split("lookup", 1)[1].split()[0] for line in marked if "lookup" in line]
            local = any("local" in _told("ip", version, "route", "show", "table", table) for table in tables)
        except TeitenError as error:
            found.append(Looked(what, False, str(error)))
            continue
        everything = "0.0.0.0/0" if version == "-4" else "::/0"
        step = f"ip {version} rule add fwmark 0x7e1e lookup 7801; ip {version} route add local {everything} dev lo table 7801"
        found.append(Looked(what, local, "marked packets are local" if local else step))
    return found


def _told(*command: str) -> str:
    if shutil.which(command[0]) is None:
        raise TeitenError(f"{command[0]} is not installed, so this can't be looked at")
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - fixed words
    if done.returncode:
        raise TeitenError(f"{' '.join(command)}: {(done.stderr.strip().splitlines() or ['failed'])[0]}; look again as root")
    return done.stdout
