# SPDX-License-Identifier: Apache-2.0
"""What SMTP's bytes say: a mail's parts as it streams in, envelope paths, tried logins. No socket, clock or disk; never raises.

Everything kept has a cap; the size and digest are of the whole. Replies are worded like Postfix on Debian, as the library's own words
would tell a scanner what it has found.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Final, NamedTuple

from teiten.protocols.subject import LONGEST_SUBJECT_BYTES, decode_subject

LONGEST_HEADERS_BYTES: Final = 8192
LONGEST_CLIENT_BYTES: Final = 255
LONGEST_PATH_BYTES: Final = 1024
LONGEST_RECIPIENTS_BYTES: Final = 8192

_HEADER_LINE = re.compile(rb"[!-9;-~]+[ \t]*:")
_MAILBOX_LINES = (b"From ", b">From ")  # bulk mailers send files as mail programs keep them; Postfix takes this line too
_SUBJECT_LINE = re.compile(rb"subject[ \t]*:", re.IGNORECASE)
_ANGLE_PATH = re.compile(rb'\s*<((?:"(?:[^"\\]|\\.)*"|[^">])*)>(.*)', re.DOTALL)


class Mail:
    """Takes the lines of DATA one by one (or in pieces) and keeps the beginning of headers and body, the subject, size and digest."""

    def __init__(self, body_cap_bytes: int) -> None:
        self.size = 0
        self.headers = b""
        self.body = b""
        self.subject_field: bytes | None = None  # the first Subject field as sent, folds and all, without its last line end
        self.truncated = False
        self._body_cap = body_cap_bytes
        self._hash = hashlib.sha256()
        self._in_headers = True
        self._in_subject = False
        self._at_line_start = True
        self._tail = b""

    def feed(self, piece: bytes) -> None:
        """A whole line with its CRLF, or a piece of a long one, as on the wire; the final dot is not fed."""
        starts = self._at_line_start
        self._tail = (self._tail + piece)[-2:]  # a long line may be cut between its CR and its LF
        self._at_line_start = self._tail == b"\r\n"
        if starts and piece.startswith(b"."):
            piece = piece[1:]  # RFC 5321 4.5.2
        self.size += len(piece)
        self._hash.update(piece)
        if self._in_headers and starts:
            self._begin_line(piece)
        elif self._in_headers:
            self._keep_header(piece)
        else:
            self._keep_body(piece)

    def ends(self, piece: bytes) -> bool:
        """Whether this piece is the end of the mail: a dot alone between two CRLF, and nothing more lenient (smuggling)."""
        return self._at_line_start and piece == b".\r\n"

    @property
    def digest(self) -> bytes:
        return self._hash.digest()

    @property
    def subject(self) -> bytes:
        """UTF-8; empty without a Subject field."""
        return decode_subject((self.subject_field or b":").partition(b":")[2])

    @property
    def raw_subject(self) -> bytes | None:
        return self.subject_field.rstrip(b"\r\n") if self.subject_field is not None else None

    def _begin_line(self, line: bytes) -> None:
        folded = line[:1] in (b" ", b"\t") and bool(self.headers)
        if line in (b"\r\n", b"\n"):
            self._in_headers = False
        elif folded or _HEADER_LINE.match(line) or (not self.headers and line.startswith(_MAILBOX_LINES)):
            self._in_subject = self._in_subject if folded else self.subject_field is None and bool(_SUBJECT_LINE.match(line))
            self._keep_header(line)
        else:  # a mail without headers, or whose headers end without an empty line
            self._in_headers = False
            self._keep_body(line)

    def _keep_header(self, piece: bytes) -> None:
        if self._in_subject:
            self.subject_field, cut = _grown(self.subject_field or b"", piece, LONGEST_SUBJECT_BYTES)
            self.truncated |= cut
        self.headers, cut = _grown(self.headers, piece, LONGEST_HEADERS_BYTES)
        self.truncated |= cut

    def _keep_body(self, piece: bytes) -> None:
        self.body, cut = _grown(self.body, piece, self._body_cap)
        self.truncated |= cut


def _grown(kept: bytes, more: bytes, most: int) -> tuple[bytes, bool]:
    """(kept and as much of more as fits, whether something was cut)."""
    room = most - len(kept)
    return (kept + more[:room] if room > 0 else kept), len(more) > room


class Path(NamedTuple):
    address: bytes
    parameters: list[bytes]  # `SIZE=1000`, `BODY=8BITMIME`: upper case


def read_path(argument: bytes, keyword: bytes) -> Path | None:
    """The path in `FROM:<a@b> SIZE=1`, lenient as Postfix (blanks, no angle brackets); None without the keyword or without any path."""
    if argument[: len(keyword)].upper() != keyword:
        return None
    rest = argument[len(keyword) :]
    if found := _ANGLE_PATH.fullmatch(rest):
        return Path(found[1].strip()[:LONGEST_PATH_BYTES], found[2].upper().split())
    words = rest.split()
    return Path(words[0].strip(b"<>")[:LONGEST_PATH_BYTES], [word.upper() for word in words[1:]]) if words else None


def declared_size(parameters: list[bytes]) -> int:
    """The SIZE of RFC 1870, 0 if there is none that makes sense."""
    for parameter in parameters:
        name, _, value = parameter.partition(b"=")
        if name == b"SIZE" and value.isdigit() and len(value) <= 20:
            return int(value)
    return 0


def join_recipients(recipients: list[bytes]) -> tuple[bytes, bool]:
    """(joined by LF, whether some were cut)."""
    joined = b"\n".join(recipients)
    return joined[:LONGEST_RECIPIENTS_BYTES], len(joined) > LONGEST_RECIPIENTS_BYTES


class Login(NamedTuple):
    account: bytes
    credential: bytes


def decode_plain(response: bytes) -> Login:
    """RFC 4616: authorisation id NUL account NUL password. What isn't in that form is kept whole, as the credential."""
    message = decode_base64(response)
    if message is None:
        return Login(b"", response)
    parts = message.split(b"\0", 2)
    return Login(parts[1], parts[2]) if len(parts) == 3 else Login(b"", message)


def decode_login(account: bytes, credential: bytes) -> Login:
    """The two answers of AUTH LOGIN; an answer that isn't base64 is taken as it was sent, as careless clients do that."""
    return Login(*(answer if (decoded := decode_base64(answer)) is None else decoded for answer in (account, credential)))


def decode_base64(text: bytes) -> bytes | None:
    """None if it isn't base64; `=` alone is the empty answer (RFC 4954), and missing padding is forgiven."""
    text = text.strip()
    if text == b"=":
        return b""
    try:
        return base64.b64decode(text.rstrip(b"=") + b"=" * (-len(text.rstrip(b"=")) % 4), validate=True)
    except binascii.Error:
        return None


# --- the words of Postfix ---

_REWORDED: Final[tuple[tuple[str, str], ...]] = (
    ("250 OK", "250 2.0.0 Ok"),
    ("221 Bye", "221 2.0.0 Bye"),
    ("220 Ready to start TLS", "220 2.0.0 Ready to start TLS"),
    ("500 Error: bad syntax", "500 5.5.2 Error: bad syntax"),
    ("500 Error: command", "502 5.5.2 Error: command not recognized"),
    ("500 Command line too long", "500 5.5.2 Error: command line too long"),
    ("502 5.5.1 Too many unrecognized", "421 4.7.0 {host} Error: too many errors"),
    ("421 4.7.0 ", "421 4.7.0 {host} Error: too many errors"),
    ("501 Syntax: ", "501 5.5.4 Syntax: "),
)


def reword(reply: str, host: str) -> str:
    """The library's reply in Postfix's words; other replies unchanged."""
    for begin, words in _REWORDED:
        if reply.startswith(begin):
            rest = reply[len(begin) :] if words.endswith(" ") else ""
            return words.format(host=host) + rest
    return reply


def extensions(host: str, most_bytes: int, encrypted: bool, tls: bool) -> list[str]:
    """The lines that answer EHLO."""
    offered = [host, "PIPELINING", f"SIZE {most_bytes}", "VRFY", "ETRN"]
    offered += ["STARTTLS"] if tls and not encrypted else []
    offered += ["AUTH PLAIN LOGIN", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "SMTPUTF8"]
    return [f"250{' ' if line == offered[-1] else '-'}{line}" for line in offered]
