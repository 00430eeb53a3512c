# SPDX-License-Identifier: Apache-2.0
"""Counters of everything that moves, in Prometheus' format. Diagnostics only: observations never travel through here."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

REGISTRY = CollectorRegistry()

emitted = Counter("teiten_sensor_records", "Records a sensor emitted", ["channel", "category"], registry=REGISTRY)
refused = Counter("teiten_sensor_refused", "Connections refused or evicted by a limit", ["channel", "reason"], registry=REGISTRY)
batches = Counter("teiten_collector_batches", "Batches by the collector's answer", ["status"], registry=REGISTRY)
rows = Counter("teiten_collector_rows", "Access rows stored", ["channel"], registry=REGISTRY)
undelivered = Gauge("teiten_spool_bytes", "Bytes in spools that are not acknowledged yet", ["sensor"], registry=REGISTRY)
problems = Counter("teiten_problems", "Errors that were handled and counted", ["where", "what"], registry=REGISTRY)


def exposition() -> bytes:
    return generate_latest(REGISTRY)
