# SPDX-License-Identifier: Apache-2.0
"""What a message of Dropbear says, in the words of its svr-auth*.c and svr-session.c. Names are quoted and strangers write them.

It tells of each refused password once, and of each try with a name that doesn't exist; older versions leave that name out.
"""

from __future__ import annotations

import re

from teiten.importers.openssh_messages import Said

_PEER = rb" from <?(\S+?):(\d{1,5})>?"
_PASSWORD = re.compile(rb"[Bb]ad (?:PAM )?password attempt for '(.*)'" + _PEER + rb"$", re.DOTALL)
_NO_USER = re.compile(rb"[Ll]ogin attempt (?:for nonexistent user(?: '(.*)')?|with wrong user (.*))" + _PEER + rb"$", re.DOTALL)
_ACCEPTED = re.compile(rb"(?:PAM )?(password|[Pp]assword|[Pp]ubkey) auth succeeded for '(.*)'.*" + _PEER + rb"$", re.DOTALL)
_CONNECTION = re.compile(rb"(?:Exit before auth|[Cc]hild connection|Max auth tries reached - user '.*')" + _PEER, re.DOTALL)


def say(message: bytes) -> Said | str:
    if found := _PASSWORD.match(message):
        return Said("password", found[2], found[1], _port(found[3]), outcome="refused")
    if found := _NO_USER.match(message):
        return Said("invalid-user", found[3], found[1] or found[2], _port(found[4]), outcome="refused")
    if found := _ACCEPTED.match(message):
        kind = "publickey" if found[1].lower() == b"pubkey" else "password"
        return Said("accepted", found[3], found[2], _port(found[4]), outcome=f"accepted {kind}")
    if found := _CONNECTION.match(message):
        return Said("connection", found[1], None, _port(found[2]), outcome="closed before a login" if message.startswith(b"Exit") else None)
    return "other message of dropbear"


def _port(text: bytes) -> int | None:
    return int(text) if int(text) < 65536 else None
