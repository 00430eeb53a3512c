# SPDX-License-Identifier: Apache-2.0
"""The sensor kinds, one file each. To add one: its file, its line here, its settings in settings.py, its tests, its page in docs."""

from __future__ import annotations

from typing import Final

# kind -> "module:class"; loaded when needed, so that the web sensor never imports an SSH library.
SENSORS: Final[dict[str, str]] = {
    "packet": "teiten.sensors.packet:PacketSensor",
    "web": "teiten.sensors.web:WebSensor",
    "ssh": "teiten.sensors.ssh:SshSensor",
    "mail": "teiten.sensors.mail:MailSensor",
}
