# SPDX-License-Identifier: Apache-2.0
"""Log formats that can be imported, one file each. To add one: its file, its line here, its folder in tests/cases, its line in docs."""

from teiten.importers.cowrie import Cowrie
from teiten.importers.interface import Importer
from teiten.importers.openssh import OpenSSH
from teiten.importers.suricata_eve import SuricataEve
from teiten.importers.web_access import WebAccess

IMPORTERS: dict[str, Importer] = {
    "openssh": OpenSSH(),
    "web_access": WebAccess(),
    "cowrie": Cowrie(),
    "suricata_eve": SuricataEve(),
}
