# SPDX-License-Identifier: Apache-2.0
"""One row per stored field: type, privacy class, labels. Schema, wire check, exports and reference pages are derived from this table.

Privacy: `open` may be published under the rules of publication; `personal` identifies a source; `restricted` may be a real victim's
credential or content; `internal` is for the operator. Sensor addresses are in no column: they live in the sensor registry only.
"""

from __future__ import annotations

from typing import Final, Literal, NamedTuple

Type = Literal["instant", "date", "text", "bytes", "integer", "boolean"]
Privacy = Literal["open", "personal", "restricted", "internal"]


class Column(NamedTuple):
    name: str
    type: Type
    privacy: Privacy
    ja: str
    en: str
    by: Literal["sensor", "collector"] = "sensor"


COLUMNS: Final[tuple[Column, ...]] = (
    Column("day", "date", "open", "日(設定した時間帯)", "day (configured zone)", "collector"),
    Column("sensor", "text", "internal", "観測点", "sensor", "collector"),
    Column("received_at", "instant", "internal", "受信時刻", "received at", "collector"),
    Column("region", "text", "open", "発信元地域(登録国)", "region of registration", "collector"),
    Column("observed_at", "instant", "open", "観測時刻", "observed at"),
    Column("channel", "text", "open", "観測対象", "channel"),
    Column("kind", "text", "open", "種別", "kind of arrival"),
    Column("source", "bytes", "personal", "発信元", "source address"),
    Column("target", "bytes", "open", "攻撃対象", "target"),
    Column("category", "text", "open", "分類", "category"),
    Column("times", "integer", "open", "アクセス数", "accesses in this row"),
    Column("source_port", "integer", "internal", "発信元ポート", "source port"),
    Column("destination_port", "integer", "open", "宛先ポート", "destination port"),
    Column("protocol", "text", "open", "プロトコル", "protocol"),
    Column("handshake", "boolean", "open", "接続確立", "handshake completed"),
    Column("account", "bytes", "restricted", "アカウント名", "account"),
    Column("credential", "bytes", "restricted", "試行されたパスワード・鍵", "credential tried"),
    Column("client", "bytes", "internal", "クライアント", "client"),
    Column("fingerprint", "text", "internal", "クライアント指紋", "client fingerprint"),
    Column("request", "bytes", "internal", "要求行", "request as sent"),
    Column("headers", "bytes", "restricted", "ヘッダ", "headers"),
    Column("body", "bytes", "restricted", "本文の先頭", "first bytes of the body"),
    Column("size", "integer", "open", "本文の長さ", "true length of the body"),
    Column("digest", "bytes", "internal", "本文のSHA-256", "SHA-256 of the body"),
    Column("sender", "bytes", "restricted", "差出人", "envelope sender"),
    Column("recipients", "bytes", "restricted", "宛先", "envelope recipients"),
    Column("server_name", "bytes", "restricted", "TLSのサーバ名", "TLS server name"),
    Column("encrypted", "boolean", "open", "暗号化", "over TLS"),
    Column("session", "text", "internal", "接続ID", "connection id"),
    Column("outcome", "text", "internal", "結果", "outcome"),
    Column("duration_us", "integer", "internal", "継続時間(µs)", "duration (µs)"),
    Column("tcp_flags", "integer", "internal", "TCPフラグ", "TCP flags"),
    Column("truncated", "boolean", "internal", "切り詰めあり", "some field was cut"),
)

NAMES: Final[tuple[str, ...]] = tuple(column.name for column in COLUMNS)
SENSOR_NAMES: Final[tuple[str, ...]] = tuple(column.name for column in COLUMNS if column.by == "sensor")
