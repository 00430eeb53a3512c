# SPDX-License-Identifier: Apache-2.0
"""`./run bench [NAME] [options]`: runs one bench, or all that take under a minute each. Each prints its command, seed and machine."""

from __future__ import annotations

import importlib
import sys

# name -> what it compares; `bench/NAME.py` has main(arguments) -> exit code. The quick ones run when no name is given.
BENCHES = {
    "sensors": "SSH, SMTP and HTTP: CPU per connection against the bare libraries and Cowrie; memory of each process",
    "ingest": "durable ingest: accesses/s through spool, courier and store, with ack p50/p99; bulk import rows/s",
    "top_page": "the first page and a list over HTTP at 1 M, 10 M (and with --full 100 M) stored accesses: cold, made again, kept",
    "site": "both sides' pages with 200,000, 10 M (--rows) or 100 M (--full) accesses stored and more coming in; requests/s of one core",
    "slow_line": "first views over slow 3G without scripts, in Chromium: when they can be read, when they are whole, bytes",
    "detection": "outbreaks found in simulated worlds at equal false alarms: ours, and published detectors; hours to detect",
    "questions": "the top page's questions at 1 M, 10 M (and with --full 100 M) stored accesses",
    "importers": "lines/s of each log format, read to columns, against one plain loop of json.loads or re.match",
    "packets": "capture file to flowtuples and sources per port: ours, a C probe, tcpdump, nfpcapd, tracereport, dpkt, scapy",
    "live": "live capture over a virtual cable (root): packets lost at rising rates, ours, pcapy-ng with dpkt, scapy",
    "report": "the monthly report, asked, drawn and typeset, at 1 M (with --full 10 M and 100 M) stored accesses",
}


def main() -> int:
    name, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if name in ("help", "-h", "--help") or (name and name not in BENCHES):
        print("./run bench            all of these\n" + "\n".join(f"./run bench {n:<12} {what}" for n, what in BENCHES.items()))
        return 0 if name not in BENCHES and name in ("help", "-h", "--help") else 2
    results = [importlib.import_module(f"bench.{chosen}").main(arguments) for chosen in ([name] if name else BENCHES)]
    return max(results)


if __name__ == "__main__":
    sys.exit(main())
