# SPDX-License-Identifier: Apache-2.0
"""Protocols as values: bytes in, replies and accesses out. No socket, clock or disk here, so that every input can be replayed in a test."""
