# SPDX-License-Identifier: Apache-2.0
"""All settings of a Teiten home, composed from the structs that live beside the code they belong to.

Some tables are checked only when they are wanted (`check_all` before anything starts): their structs live in modules that load whole
protocol libraries, which a question from the shell must not pay for.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from teiten.addresses import locates
from teiten.config import Name, Settings, from_mapping, read_settings
from teiten.errors import ConfigurationError
from teiten.home import Home
from teiten.packets.own_addresses import told
from teiten.publication.settings import PublicationConfig
from teiten.sensors import SENSORS
from teiten.site.settings import SiteConfig
from teiten.transport.courier import CourierSettings
from teiten.transport.spool import SpoolSettings

if TYPE_CHECKING:
    from teiten.transport.listening import ListeningSettings
    from teiten.transport.sender import SenderSettings

_FILE = "teiten.toml"


class RetentionSettings(Settings, frozen=True):
    """`[retention]`: how long raw rows stay. Pairs and rollups stay for ever."""

    raw_days: Annotated[int, msgspec.Meta(ge=1)] = 400
    raw_bytes: Annotated[int, msgspec.Meta(ge=1 << 20)] = 200 << 30


class NodeSettings(Settings, frozen=True):
    zone: str = "Asia/Tokyo"  # days are calendar days of this zone, for ever: changing it needs a new store
    sensor: Name = "local"  # the name of this machine's observation point
    group: Name = "local"
    addresses: tuple[str, ...] = ()  # what this sensor is called from outside besides its own addresses: behind NAT, its host names; kept secret
    channels: tuple[str, ...] = tuple(SENSORS)  # which sensors `teiten up` starts
    sensors: dict[str, dict[str, Any]] = {}
    spool: SpoolSettings = SpoolSettings()
    site: SiteConfig = SiteConfig()
    courier: CourierSettings = CourierSettings()
    retention: RetentionSettings = RetentionSettings()
    publication: PublicationConfig = PublicationConfig()
    receiver: dict[str, Any] = {}  # see `receiver_settings`: sensors on other machines deliver there
    ship: dict[str, Any] = {}  # see `ship_settings`: where `teiten ship` sends this machine's spools

    def __post_init__(self) -> None:
        if unlikely := [text for text in self.addresses if not locates(text)]:
            raise ValueError(f"addresses: {unlikely[0]!r} (allowed: addresses, networks of /8, /16 (IPv6) or smaller, host names, MACs)")
        for key, names in (("channels", self.channels), ("sensors", self.sensors)):
            if unknown := [name for name in names if name not in SENSORS]:
                raise ValueError(f"{key}: no such channel: {unknown[0]} (allowed: {', '.join(SENSORS)})")
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError(f"zone: no such time zone: {self.zone} (allowed: names like Asia/Tokyo, Europe/Berlin, UTC)") from None

    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.zone)

    def of(self, kind: str) -> Any:
        """The checked settings of one sensor kind. Raises ConfigurationError with the key's path."""
        module = importlib.import_module(SENSORS[kind].partition(":")[0])
        config: type[Settings] = module.Config
        return from_mapping(self.sensors.get(kind, {}), config, _FILE, f"sensors.{kind}")

    def secrets(self) -> tuple[str, ...]:
        """What may locate this machine's sensor: configured, its own addresses, the networks it observes, the name its mail server gives itself."""
        mail = self.sensors.get("mail", {}).get("name", "")
        named = (mail,) if isinstance(mail, str) and locates(mail) else ()
        observed = self.of("packet").prefixes if "prefixes" in self.sensors.get("packet", {}) else ()
        return tuple(dict.fromkeys((*self.addresses, *told(), *observed, *named)))

    def receiver_settings(self) -> ListeningSettings | None:
        """None: no receiver wanted (no `[receiver]` in the settings)."""
        from teiten.transport.listening import ListeningSettings

        return from_mapping(self.receiver, ListeningSettings, _FILE, "receiver") if self.receiver else None

    def ship_settings(self) -> SenderSettings:
        from teiten.transport.sender import SenderSettings

        return from_mapping(self.ship, SenderSettings, _FILE, "ship")


def settings_of(home: Home) -> NodeSettings:
    if not home.settings_file.exists() and home.root.exists() and not home.root.is_dir():
        raise ConfigurationError(f"{home.root}: is not a folder.", "Name another with --home.")
    return read_settings(home.settings_file, NodeSettings)


def check_all(settings: NodeSettings) -> None:
    """Every table is right, before anything is started or changed."""
    for kind in {*settings.channels, *settings.sensors}:
        settings.of(kind)
    settings.ship_settings()
    receiver = settings.receiver_settings()
    if receiver is None:
        return
    from teiten.transport.listening import server_context

    server_context(receiver)
