# SPDX-License-Identifier: Apache-2.0
"""Log formats that can be imported, one file each. To add one: its file, its line here, its folder in tests/cases, its line in docs."""

from teiten.importers.corsaro import Corsaro
from teiten.importers.cowrie import Cowrie
from teiten.importers.dionaea import Dionaea
from teiten.importers.dshield import DShield
from teiten.importers.heralding import Heralding
from teiten.importers.interface import Importer
from teiten.importers.kernel_log import KernelLog
from teiten.importers.mailbox import Mailbox
from teiten.importers.netflow import Netflow
from teiten.importers.nfdump import Nfdump
from teiten.importers.nginx_json import NginxJson
from teiten.importers.opencanary import OpenCanary
from teiten.importers.openssh import OpenSSH
from teiten.importers.pcap import Pcap
from teiten.importers.postfix import Postfix
from teiten.importers.stardust import Stardust
from teiten.importers.suricata_eve import SuricataEve
from teiten.importers.tpot import TPot
from teiten.importers.web_access import WebAccess
from teiten.importers.zeek import Zeek

IMPORTERS: dict[str, Importer] = {
    "openssh": OpenSSH(),
    "web_access": WebAccess(),
    "cowrie": Cowrie(),
    "suricata_eve": SuricataEve(),
    "zeek": Zeek(),
    "kernel_log": KernelLog(),
    "mailbox": Mailbox(),
    "postfix": Postfix(),
    "dshield": DShield(),
    "opencanary": OpenCanary(),
    "heralding": Heralding(),
    "dionaea": Dionaea(),
    "nfdump": Nfdump(),
    "netflow": Netflow(),
    "corsaro": Corsaro(),
    "stardust": Stardust(),
    "tpot": TPot(),
    "nginx_json": NginxJson(),
    "pcap": Pcap(),
}
