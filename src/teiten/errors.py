# SPDX-License-Identifier: Apache-2.0
"""Errors a person is meant to read: each says what is wrong and what to do next. The CLI prints them without a traceback."""

from __future__ import annotations


class TeitenError(Exception):
    """What went wrong in one line, and the next step in another."""

    exit_code = 1

    def __init__(self, problem: str, next_step: str = "") -> None:
        super().__init__(f"{problem}\n{next_step}" if next_step else problem)
        self.problem = problem
        self.next_step = next_step


class ConfigurationError(TeitenError):
    """A setting is unknown or has an impossible value; nothing has been touched."""

    exit_code = 2


class UsageError(TeitenError):
    """The call itself can't be understood."""

    exit_code = 2


class PortTaken(TeitenError):
    """A listening port belongs to another program."""


class StoreBusy(TeitenError):
    """Another process holds the store and doesn't answer."""


class StoreDamaged(TeitenError):
    """A part of the store fails its checksum."""
