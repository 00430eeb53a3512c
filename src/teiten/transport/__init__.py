# SPDX-License-Identifier: Apache-2.0
"""From a sensor's memory to the collector's receipt: framed segments on disk, a sender, a receiver. Nothing here reads an access's meaning."""
