# SPDX-License-Identifier: Apache-2.0
"""Which lines of a host's sshd are its attempts: found by one look at the whole file, so that each attempt is counted once.

sshd says the same attempt in several ways, and which of them depends on its version, level and methods. The strongest that a host's log
holds anywhere is what counts for that host; the rest are other views of the same:
2  refused credentials: `Failed password`, `Failed keyboard-interactive`, `error: PAM: …`
1  `pam_unix(sshd:auth): authentication failure` and `PAM N more …`, where sshd itself is silent
0  `Invalid user`, `User … not allowed`, too many tries, a connection that ends while authenticating (hosts that take keys only)
"""

from __future__ import annotations

import re
from collections import OrderedDict
from typing import NamedTuple

from teiten.importers.syslog import Framed

_MOST_HOSTS = 5_000
_MOST_LOGINS = 100_000
_PAM = b"sshd(pam_unix)"  # before 2005 the module wrote under a name of its own
DROPBEAR = b"dropbear"
_SSHD = frozenset((b"sshd", b"sshd-session", b"sshd-auth", DROPBEAR, _PAM))
_FAILED = re.compile(
    rb"(?:error: )?(?:Failed (password|keyboard-interactive)|(PAM: )|(pam_unix\(sshd:auth\): authentication failure|PAM \d+ more auth))"
)
_KEY = re.compile(rb"(Failed publickey|Accepted \S+) for .* from (\S+) port (\d+) ssh2?")
_REPEATED = re.compile(rb"message repeated (\d{1,7}) times: \[ ?(.*?) ?\]?$", re.DOTALL)
_LAST_REPEATED = re.compile(rb"last message repeated (\d{1,7}) times?")


class Survey:
    """What must be known before the first line can be counted."""

    def __init__(self, first_year: int) -> None:
        self.first_year = first_year
        self.then_accepted: set[tuple[bytes, bytes, bytes, int | None]] = set()  # host, process, source, port of keys refused before a login
        self._strengths: dict[bytes, int] = {}
        self._pam_errors: set[bytes] = set()

    def strength(self, host: bytes) -> int:
        return self._strengths.get(host, 0)

    def has_pam_errors(self, host: bytes) -> bool:
        return host in self._pam_errors


class Evidence:
    def __init__(self) -> None:
        self._survey = Survey(0)
        self._refused_keys: OrderedDict[tuple[bytes, bytes, bytes, int | None], None] = OrderedDict()

    def see(self, framed: Framed) -> None:
        message = as_sshd(framed).message
        repeated = _REPEATED.match(message)
        if repeated:
            message = repeated[2]
        failed = _FAILED.match(message)
        if failed:
            self._strengthen(framed.host, 1 if failed[3] else 2, bool(failed[2]))
        elif key := _KEY.match(message):
            self._login(framed, key[1], key[2], int(key[3][:9]))

    def survey(self, first_year: int) -> Survey:
        self._survey.first_year = first_year
        return self._survey

    def _strengthen(self, host: bytes, strength: int, pam_error: bool) -> None:
        survey = self._survey
        if host in survey._strengths or len(survey._strengths) < _MOST_HOSTS:
            survey._strengths[host] = max(strength, survey.strength(host))
            if pam_error:
                survey._pam_errors.add(host)

    def _login(self, framed: Framed, what: bytes, source: bytes, port: int) -> None:
        key = (framed.host, framed.process, source, port)
        if what.startswith(b"Failed"):
            if len(self._refused_keys) >= _MOST_LOGINS:
                self._refused_keys.popitem(last=False)
            self._refused_keys[key] = None
        elif key in self._refused_keys and len(self._survey.then_accepted) < _MOST_LOGINS:
            self._survey.then_accepted.add(key)


class Repeated(NamedTuple):
    framed: Framed
    at: int
    times: int
    told: bool  # the line is a repetition told by the syslog daemon


def unrepeat(framed: Framed, last: dict[bytes, Framed]) -> Repeated | None:
    """The message behind `message repeated N times: [ … ]` (rsyslog) or `last message repeated N times` (BSD); None if it isn't sshd's."""
    found = _REPEATED.match(framed.message)
    if found:
        return Repeated(framed._replace(message=found[2]), framed.at or 0, int(found[1]), True)
    found = _LAST_REPEATED.match(framed.message)
    if found is None:
        return Repeated(framed, framed.at or 0, 1, False)
    before = last.get(framed.host)
    if before is None or not is_sshd(before.program):
        return None
    return Repeated(before, framed.at or 0, int(found[1]), True)


def is_sshd(program: bytes) -> bool:
    return program in _SSHD


def as_sshd(framed: Framed) -> Framed:
    """The message in the words that the module uses today."""
    return framed._replace(message=b"pam_unix(sshd:auth): " + framed.message) if framed.program == _PAM else framed


def candidate(line: bytes) -> bool:
    """A cheap look whether a line may be evidence."""
    return b"Failed " in line or b"Accepted " in line or b"PAM" in line or b"pam_unix" in line
