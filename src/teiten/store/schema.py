# SPDX-License-Identifier: Apache-2.0
"""The tables of a node, derived from columns.COLUMNS, and the shapes of the relations that questions read.

Instants are whole microseconds UTC (BIGINT), so that one SQL text does exact arithmetic on every engine. Addresses are 4 or 16 bytes.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from teiten.columns import COLUMNS, NAMES
from teiten.model import Access

TYPES: Final = {"instant": "bigint", "date": "date", "text": "varchar", "bytes": "blob", "integer": "bigint", "boolean": "boolean"}
COLUMN_TYPES: Final[dict[str, str]] = {column.name: TYPES[column.type] for column in COLUMNS}

# What a sensor may leave out, with the value it then has.
DEFAULTS: Final[dict[str, Any]] = {field.name: field.default for field in msgspec.structs.fields(Access) if not field.required}

ROWS: Final = ", ".join(NAMES)
STORED: Final = f"{ROWS}, conflict"
PAIR_KEYS: Final = "day, sensor, channel, category, target, source, region"
PAIRS: Final = f"{PAIR_KEYS}, accesses, first_at, last_at"
ROLLUP_KEYS: Final = "day, sensor, channel, category, target, region"
ROLLUP: Final = f"{ROLLUP_KEYS}, accesses, sources"

# Accesses and distinct sources of a day, of category `access`; '*' stands for all sensors or all channels together.
DAILY: Final = "day, sensor, channel, accesses, sources"

# Sources that met many targets of a channel on a day, at any sensor. What a question calls broad must be no fewer than this.
SURVEYS: Final = "day, channel, category, source, targets"
LEAST_SURVEYED: Final = 10

_FIELDS = ", ".join(f"{name} {type_}" for name, type_ in COLUMN_TYPES.items())

# `version` of this layout; a store of another version is refused rather than guessed at.
LAYOUT: Final = 2

TABLES: Final = f"""
create table if not exists facts (name varchar not null, value bigint not null);
create table if not exists zone (name varchar not null);
create table if not exists sensors (name varchar not null, sensor_group varchar not null, demo boolean not null, addresses varchar not null);
create table if not exists epochs (epoch_id bigint not null, sensor varchar not null, epoch varchar not null, mark bigint not null,
  batches bigint not null, batch_rows bigint not null);
create table if not exists ledger (arrival bigint not null, epoch_id bigint not null, seq bigint not null, hash blob not null,
  batch_rows bigint not null, received_at bigint not null, status varchar not null);
create table if not exists coverage (day date not null, sensor varchar not null, channel varchar not null, from_at bigint not null,
  to_at bigint not null);
create table if not exists beats (sensor varchar not null, channel varchar not null, to_at bigint not null, emitted bigint not null,
  dropped bigint not null, backlog_bytes bigint not null, detail varchar not null);
create table if not exists gaps (day date not null, sensor varchar not null, channel varchar not null, from_at bigint not null,
  to_at bigint not null, records bigint not null, reason varchar not null);
create table if not exists parts (part_id bigint not null, day date not null, kind varchar not null, path varchar not null, size bigint not null,
  hash blob not null, part_rows bigint not null, state varchar not null, changed_at bigint not null);
create table if not exists seen (day date not null, sensor varchar not null, channel varchar not null);
create table if not exists daily_sealed (day date not null, sensor varchar not null, channel varchar not null, accesses bigint not null,
  sources bigint not null);
create table if not exists surveys_sealed (day date not null, channel varchar not null, category varchar not null, source blob not null,
  targets bigint not null);
create table if not exists open_rows ({_FIELDS}, conflict boolean not null, arrival bigint not null);
create view if not exists presence as
  select day, sensor, channel from seen union all select day, sensor, channel from open_rows;
"""
