# SPDX-License-Identifier: Apache-2.0
"""What a message of sshd says: who came, by which name, and how. A table of patterns by first word; no state, no counting.

Patterns are anchored from the right, because names, identification strings and reasons are written by strangers.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from teiten.importers.rows import FIELD_BYTES

_METHODS = {name.encode(): name for name in ("password", "publickey", "keyboard-interactive", "none", "hostbased", "gssapi-with-mic", "gssapi-keyex")}


class Said(NamedTuple):
    kind: str
    source: bytes  # as written; may be a host name
    account: bytes | None = None
    port: int | None = None
    strength: int = 2  # see openssh_evidence
    times: int = 1
    doubles_pam: bool = False
    credential: bytes | None = None
    outcome: str | None = None
    request: bytes | None = None


_FROM = rb" from (\S+?)(?: port (\d{1,5}))?"
_FAILED = re.compile(rb"(Failed|Accepted) (\S+) for (?:invalid user |illegal user )?(.*)" + _FROM + rb"(?: ssh[12]?)?(?:: (.*))?$", re.DOTALL)
_INVALID = re.compile(rb"(?:Invalid|Illegal) user (.*)" + _FROM + rb"$", re.DOTALL)
_NOT_ALLOWED = re.compile(rb"User (.*) from (\S+) not allowed because ", re.DOTALL)
_ROOT = re.compile(rb"ROOT LOGIN REFUSED FROM (\S+)(?: port (\d{1,5}))?", re.DOTALL)
_TOO_MANY = re.compile(rb"maximum authentication attempts exceeded for (?:invalid user )?(.*)" + _FROM + rb"(?: ssh2)?(?: \[preauth\])?$", re.DOTALL)
_PAM_ERROR = re.compile(rb"PAM: [^\n]{1,60}? for (?:illegal user |invalid user )?(.*) from (\S+?)(?: via \S+)?$", re.DOTALL)
_PAM_UNIX = re.compile(
    rb"(?:pam_unix\(sshd:auth\): authentication failure;|PAM (\d{1,4}) more authentication failures?;).*? rhost=(\S*)(?:\s+user=(.*))?$",
    re.DOTALL,
)
_END = rb"(?:Connection (?:closed|reset) by|Disconnected from|Disconnecting) "
_ENDED = re.compile(_END + rb"(\S+?)(?: port (\d{1,5}))?( \[preauth\])?$", re.DOTALL)
_ENDED_USER = re.compile(_END + rb"(invalid|authenticating|\S+) user (.*) (\S+) port (\d{1,5})(?:: [^\n]*?)?( \[preauth\])?$", re.DOTALL)
_CONNECTIONS = tuple(
    (re.compile(pattern, re.DOTALL), outcome)
    for pattern, outcome in (
        (rb"Did not receive identification string from (\S+)(?: port (\d{1,5}))?()", "no identification string"),
        (rb"Received disconnect from (\S+?)(?: port (\d{1,5}))?: ?\d+: ?()", "disconnected by the client"),
        (rb"Unable to negotiate with (\S+?)(?: port (\d{1,5}))?:()", "no common algorithm"),
        (rb"Bad protocol version identification '(?P<sent>.*)' from (\S+)(?: port (\d{1,5}))?$", "not SSH"),
        (rb"banner exchange: Connection from (\S+) port (\d{1,5}): ()", "not SSH"),
        (rb"(?:fatal: )?Timeout before authentication for (?:connection from )?(\S+)(?: port (\d{1,5}))?()", "timeout before authentication"),
        (rb"ssh_dispatch_run_fatal: Connection from (?:\S+ user .* )?(\S+) port (\d{1,5}): ()", "protocol error"),
        (rb"Magic value check failed \(\d+\) on obfuscated handshake from (\S+) port (\d{1,5})()", "obfuscated handshake"),
        (rb"Protocol major versions differ for (\S+?)(?: port (\d{1,5}))?: ()", "not SSH"),
        (rb"refused connect from \S* ?\(([^()\s]+)\)()()$", "refused by address"),
        (rb"drop connection #\d+ from \[?(\S+?)\]?:(\d{1,5}) on ()", "too many connections"),
    )
)
_STARTS = tuple(
    start.encode()
    for start in (
        "Did", "Protocol", "Received", "Unable", "Bad", "banner", "Timeout", "ssh_dispatch", "Magic", "refused", "drop",
    )
)  # fmt: skip
_KEY = re.compile(rb"\S+ ((?:SHA256|MD5):\S+)")
_VIS = re.compile(rb"\\(?:([0-3][0-7]{2})|(.))", re.DOTALL)
_VIS_LETTERS = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"b": b"\b", b"a": b"\a", b"v": b"\v", b"f": b"\f", b"s": b" ", b"0": b"\0", b"\\": b"\\"}


def say(message: bytes) -> Said | str:
    """What the message says of a peer, or the kind of message that says nothing of one."""
    for prefix in (b"error: ", b"fatal: "):
        message = message.removeprefix(prefix)
    first = message[:6]
    if first == b"Failed" or first == b"Accept":
        return _credential(message)
    if first == b"Invali" or first == b"Illega":
        found = _INVALID.match(message)
        return Said("invalid-user", found[2], unvis(found[1]), _port(found[3]), strength=0) if found else "other message of sshd"
    if first in (b"Connec", b"Discon"):
        return _ending(message)
    if message.startswith(_STARTS):
        return _connection(message)
    return _rarer(message)


def _credential(message: bytes) -> Said | str:
    found = _FAILED.match(message)
    if found is None:
        return "other message of sshd"
    verb, method, account, source, port, tail = found.groups()
    kind = _METHODS.get(method.partition(b"/")[0], "other-method")
    key = _KEY.match(tail) if tail else None
    credential = key[1][:200] if key else None
    if verb == b"Accepted":
        return Said("accepted", source, unvis(account), _port(port), credential=credential, outcome=f"accepted {kind}")
    return Said(kind, source, unvis(account), _port(port), credential=credential, outcome="refused", doubles_pam=kind == "keyboard-interactive")


def _ending(message: bytes) -> Said | str:
    found = _ENDED_USER.match(message)
    if found:
        state, account, source, port, _ = found.groups()
        name = unvis(account) if state in (b"invalid", b"authenticating") else None
        return Said("connection", source, name, _port(port), strength=0, outcome="closed before a login")
    found = _ENDED.match(message)
    if found is None:
        return "session message" if message.startswith(b"Connection from") else "other message of sshd"
    source, port, preauth = found.groups()
    if b"." not in source and b":" not in source:
        return "other message of sshd"
    if not preauth and message.startswith(b"Disconnected"):
        return "session message"
    return Said("connection", source, None, _port(port), outcome="closed before a login" if preauth else "closed")


def _connection(message: bytes) -> Said | str:
    for pattern, outcome in _CONNECTIONS:
        found = pattern.match(message)
        if found:
            if found.re.groupindex:
                return Said("connection", found[2], None, _port(found[3]), outcome=outcome, request=unvis(found[1])[:FIELD_BYTES])
            if outcome == "disconnected by the client" and not message.endswith(b"[preauth]"):
                return "session message"
            return Said("connection", found[1], None, _port(found[2]), outcome=outcome)
    return "other message of sshd"


def _rarer(message: bytes) -> Said | str:
    if found := _PAM_UNIX.match(message):
        more, source, account = found.groups()
        if not source:
            return "login not over the network"
        return Said("pam", source, unvis(account) if account else None, strength=1, times=int(more or 1), outcome="refused")
    if found := _PAM_ERROR.match(message):
        return Said("keyboard-interactive", found[2], unvis(found[1]), outcome="refused")
    if found := _TOO_MANY.match(message):
        return Said("connection", found[2], unvis(found[1]), _port(found[3]), strength=0, outcome="too many attempts")
    if found := _NOT_ALLOWED.match(message):
        return Said("invalid-user", found[2], unvis(found[1]), strength=0, outcome="name not allowed")
    if found := _ROOT.match(message):
        return Said("connection", found[1], b"root", _port(found[2]), strength=0, outcome="root refused")
    if message.startswith((b"pam_unix(sshd:session)", b"Starting session", b"Server listening", b"User child", b"Close session")):
        return "session message"
    return "other message of sshd"


def _port(text: bytes | None) -> int | None:
    return int(text) if text and int(text) < 65536 else None


def unvis(text: bytes) -> bytes:
    r"""The bytes that sshd wrote as `\303\251` or `\\` (strnvis)."""
    if b"\\" not in text:
        return text
    return _VIS.sub(lambda found: bytes([int(found[1], 8)]) if found[1] else _VIS_LETTERS.get(found[2], found[0]), text)
