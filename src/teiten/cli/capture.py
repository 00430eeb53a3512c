# SPDX-License-Identifier: Apache-2.0
"""`teiten capture`: what is in a packet capture, at the speed of the decoder: no store, no home folder, nothing kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from teiten.cli.choices import one_of

if TYPE_CHECKING:
    from teiten.packets.captures import Capture, Report
    from teiten.packets.targets import TargetCount


def register(app: typer.Typer) -> None:
    app.command("capture")(capture)


def capture(
    path: Annotated[str, typer.Argument(metavar="FILE", help="pcap or pcapng, also compressed; - for standard input.")],
    top: Annotated[int, typer.Option(min=0, help="So many targets; 0 for all.")] = 20,
    flows: Annotated[
        Path | None, typer.Option(help="Instead of targets, write the exact flowtuples of each minute as Parquet into this new folder.")
    ] = None,
    format_: Annotated[str, typer.Option("--format", help="table or json.")] = "table",
) -> None:
    """Accesses and exact distinct sources of every target of a capture, or its flowtuples; and what became of every byte.

    \b
    teiten capture day.pcap.gz --top 50
    teiten capture day.pcapng --flows day-flows

    Nothing is stored: `teiten import` does that. Exit code 1 if the capture is damaged.
    """
    from teiten.packets import captures
    from teiten.packets.capture_files import open_capture

    one_of("--format", format_, ("table", "json"))
    shown: list[TargetCount] = []
    rows = in_all = 0
    with open_capture(path) as stream:
        reading = captures.Capture(stream)
        if flows is None:
            from teiten.packets.targets import tally_targets

            tally = tally_targets(reading)
            shown, in_all = tally.most(top or None), int((tally.accesses > 0).sum())
        else:
            rows = _write_flows(reading, flows)
    report = reading.report
    if format_ == "json":
        typer.echo(json.dumps(_facts(report) | ({"flows": rows} if flows else {"targets": [_named(count) for count in shown]}), indent=1))
    else:
        typer.echo("\n".join([*_said(report), *([f"{rows:,} flowtuples in {flows}"] if flows else _table(shown, in_all))]))
    raise typer.Exit(1 if report.gap_count or report.trouble else 0)


def _write_flows(reading: Capture, folder: Path) -> int:
    from teiten.packets.flow_files import FlowFiles

    files = FlowFiles(folder)
    for batch in reading.flows():
        if batch is not None:
            files.write(batch)
    files.close()
    return files.rows


def _facts(report: Report) -> dict[str, Any]:
    from teiten.packets.layout import Count, Outcome

    return {
        "format": report.format,
        "packets": report[Count.PACKETS],
        **{outcome.name.lower(): report.outcome(outcome) for outcome in Outcome},
        "bytes": report.total_bytes,
        "gaps": report.gap_count,
        "gap_bytes": report.gap_bytes,
        "trailing_bytes": report.trailing_bytes,
        "trouble": report.trouble,
    }


def _said(report: Report) -> list[str]:
    facts = _facts(report)
    kinds = ", ".join(f"{name.replace('_', ' ')} {facts[name]:,}" for name in ("ipv4", "ipv6", "not_ip", "unknown_link", "malformed", "truncated"))
    lines = [f"{facts['format']}, {facts['bytes']:,} bytes, {facts['packets']:,} packets: {kinds}"]
    if report.gap_count:
        first = report.gaps[0]
        lines.append(
            f"damaged: {report.gap_count:,} gaps of {report.gap_bytes:,} bytes, the first at byte {first.at:,}, after record {first.record:,}"
        )
    if report.trailing_bytes:
        lines.append(f"the file ends inside a record: {report.trailing_bytes:,} bytes")
    return [*lines, *([report.trouble] if report.trouble else [])]


def _table(counts: list[TargetCount], in_all: int) -> list[str]:
    rows = [f"{count.target.decode():<16}{count.accesses:>14,}{count.sources:>12,}" for count in counts]
    return [f"{'target':<16}{'accesses':>14}{'sources':>12}", *rows, *([f"… and {in_all - len(counts):,} more"] if in_all > len(counts) else [])]


def _named(count: TargetCount) -> dict[str, Any]:
    return {"target": count.target.decode(), "accesses": count.accesses, "sources": count.sources}
