# SPDX-License-Identifier: Apache-2.0
"""Whatever arrives at a web port, as values: bytes in, requests and replies out. Never a socket, clock or disk; nothing is decompressed.

h11 judges first. What it refuses still becomes exactly one request with the bytes as sent and h11's reason; so does what isn't HTTP at all.
Irregular input has no end of its own: it is collected until the caller says that the peer went quiet (`quiet`), ended or ran out of time.
"""

from __future__ import annotations

import hashlib
import re
from typing import Final, Literal, NamedTuple

import h11
import msgspec

LINE_BYTES: Final = 8192  # kept of the request line, of the header block
HEAD_BYTES: Final = 65_536  # a longer head is irregular
TARGET_BYTES: Final = 64  # of what isn't HTTP
MOST_REQUESTS: Final = 100  # per connection; the last one is answered with Connection: close

_WORD: Final = re.compile(rb"[!-~]{1,64}(?=[ \t])")
_VERSION: Final = re.compile(rb"HTTP/[0-9.]{1,8}")
_BLANK: Final = re.compile(rb"\r?\n\r?\n")
_FRAMING: Final = re.compile(rb"(?im)^(content-length|transfer-encoding)[ \t]*:")
_FIELD: Final = re.compile(rb"(?im)^(user-agent|host)[ \t]*:[ \t]*([^\r\n]*)")
_METHOD: Final = re.compile(rb"[A-Za-z][A-Za-z_-]{1,31}\Z")
_KNOWN: Final = frozenset((b"GET", b"HEAD", b"POST", b"PUT", b"OPTIONS", b"DELETE", b"TRACE", b"CONNECT", b"PATCH", b"PROPFIND"))


class Line(NamedTuple):
    """A request line in its parts, none of them judged."""

    method: bytes
    target: bytes
    version: bytes  # empty: HTTP/0.9, or something that only looks alike


class Request(msgspec.Struct, frozen=True):
    """One arrival. `line` and `target` are as sent; `remark` says in fixed words what is irregular, None if nothing is."""

    kind: Literal["request", "not-http"]
    target: bytes  # METHOD, a space, the request target; or the first bytes of what isn't HTTP
    line: bytes
    headers: bytes = b""
    body: bytes = b""
    size: int = 0  # true length of the body
    digest: bytes | None = None  # SHA-256 of the whole body, None without one
    client: bytes | None = None  # User-Agent
    host: bytes | None = None
    remark: str | None = None
    truncated: bool = False


class Reply(msgspec.Struct, frozen=True):
    status: int
    close: bool
    head_only: bool = False  # the answer to HEAD
    bare: bool = False  # HTTP/0.9: no status line and no headers


Event = Request | Reply
State = Literal["head", "body", "irregular", "closed"]


class _Body:
    """Length and hash of everything, and the first bytes."""

    def __init__(self, keep: int) -> None:
        self._keep, self.size, self.kept, self._hash = keep, 0, bytearray(), hashlib.sha256()

    def add(self, data: bytes) -> None:
        self.kept += data[: max(0, self._keep - self.size)]
        self.size += len(data)
        self._hash.update(data)

    def digest(self) -> bytes | None:
        return self._hash.digest() if self.size else None


class HttpConversation:
    """The server's side of one connection. A Request always comes before the Reply that answers it."""

    def __init__(self, body_bytes: int = 4096) -> None:
        self._body_bytes = body_bytes
        self._buffer = bytearray()
        self._line: Line | None = None  # once it is complete
        self._line_size = 0
        self._seen = 0  # the buffer up to here has no line end (no blank line, once there is a line)
        self._skipped = 0
        self._head: _Head | None = None
        self._framing: h11.Connection | None = None
        self._body = _Body(body_bytes)
        self._answered = 0
        self.state: State = "head"

    def feed(self, data: bytes) -> list[Event]:
        if self.state == "irregular":
            self._body.add(data)
            return []
        events: list[Event] = []
        self._buffer += data if self.state == "head" else b""
        if self.state == "body":
            self._take_body(data, events)
        while self.state == "head" and self._buffer and self._take_head(events):
            pass
        return events

    def quiet(self) -> list[Event]:
        """The peer sent nothing for a moment: ends what has no end of its own; anything else goes on."""
        return self._finish(None) if self.state == "irregular" else []

    def eof(self) -> list[Event]:
        """The peer will send no more."""
        return self._finish("ended early")

    def deadline(self) -> list[Event]:
        """The peer's time is over."""
        return self._finish("deadline")

    def pending(self) -> bool:
        """Whether something has begun that no Request has told yet."""
        return self.state in ("body", "irregular") or (self.state == "head" and bool(self._buffer))

    def _take_head(self, events: list[Event]) -> bool:
        """Start the request whose head is complete; False if more bytes are needed."""
        self._skip_blank_lines()
        if self._line is None and not self._take_line():
            return False
        line_size, line = self._line_size, self._line
        end = _BLANK.search(self._buffer, max(0, max(self._seen, line_size - 2) - 3))
        self._seen = len(self._buffer)
        if (end.end() if end else len(self._buffer)) > HEAD_BYTES:
            self._irregular("headers too long", line_size)
        elif end:
            self._begin(_Head(bytes(self._buffer[:line_size]), bytes(self._buffer[line_size : end.end()]), line), end.end(), events)
            return True
        return False

    def _take_line(self) -> bool:
        """Find the request line; False if it isn't complete, or nothing that headers could follow."""
        if self._skipped < 2 and self._buffer == b"\r\n":
            return False
        line_end = self._buffer.find(b"\n", self._seen)
        self._seen = len(self._buffer)
        if line_end > HEAD_BYTES or (line_end < 0 and len(self._buffer) > HEAD_BYTES):
            self._irregular("line too long")
        elif line_end < 0 and self._buffer and not _may_be_method(self._buffer):
            self._irregular("not http")
        elif line_end >= 0:
            self._line, self._line_size, self._seen = split_line(bytes(self._buffer[: line_end + 1])), line_end + 1, 0
            if self._line is None or not self._line.version:
                self._irregular("no version" if _is_simple(self._line) else "not http", line_end + 1)
        return self.state == "head" and line_end >= 0

    def _begin(self, head: _Head, size: int, events: list[Event]) -> None:
        framing, head.remark = _framing(head)
        rest = bytes(self._buffer[size:])
        ambiguous = _ambiguous(head)
        if framing is None or ambiguous:
            head.remark = ambiguous or head.remark
            self._head, self.state = head, "irregular"
            self._buffer.clear()
            self._body.add(rest)
            return
        self._buffer.clear()
        self._head, self._framing, self.state = head, framing, "body"
        self._take_body(rest, events)

    def _take_body(self, data: bytes, events: list[Event]) -> None:
        framing, head = self._framing, self._head
        assert framing is not None and head is not None  # state "body" has both
        try:
            if data:
                framing.receive_data(data)
            while True:
                event = framing.next_event()
                if isinstance(event, h11.Data):
                    self._body.add(bytes(event.data))
                    continue
                break
        except h11.RemoteProtocolError as error:
            head.remark = head.remark or _words(error)
            events += self._finish(None)
            return
        if isinstance(event, h11.EndOfMessage):
            rest = framing.trailing_data[0]
            self._answered += 1
            close = framing.their_state is not h11.DONE or self._answered >= MOST_REQUESTS
            events += [head.request(self._body), Reply(head.status(), close, head_only=head.method == b"HEAD")]
            self._reset("closed" if close else "head")
            self._buffer += b"" if close else rest

    def _irregular(self, remark: str, line_size: int | None = None) -> None:
        """From here on everything belongs to one request without a known end."""
        data = bytes(self._buffer)
        self._buffer.clear()
        self.state = "irregular"
        if line_size is None or remark == "not http":
            self._head = _Head(b"", b"", None, remark)
            self._body.add(data)
            return
        self._head = _Head(data[:line_size], b"", split_line(data[:line_size]), remark)
        self._body.add(data[line_size:])

    def _finish(self, remark: str | None) -> list[Event]:
        """State what is there, however incomplete, and end."""
        if self._answered and self._buffer.strip(b"\r\n") == b"":  # what some clients send after a body
            self._buffer.clear()
        if self.state == "head" and self._buffer:
            self._give_up(remark or "ended early")
        head, self._head = self._head, None
        was, body = self.state, self._body
        self._reset("closed")
        if head is None:
            return []
        if remark and was == "body":
            head.remark = head.remark or remark
        bare = head.remark == "no version" and head.method == b"GET"
        return [head.request(body), Reply(head.status() if bare else 400, close=True, bare=bare)]

    def _give_up(self, remark: str) -> None:
        """The head that never got complete becomes what it can be."""
        data = bytes(self._buffer)
        size = data.find(b"\n") + 1 or len(data)
        line = split_line(data[:size])
        if line is None or not (line.version or _is_simple(line)):
            self._irregular("not http")
            return
        self._head = _Head(data[:size], data[size:], line, remark)

    def _skip_blank_lines(self) -> None:
        """RFC 9112 2.2: empty lines before a request line are ignored; two at most, so that a stream of them is something, not nothing."""
        while self._skipped < 2 and self._buffer.startswith(b"\r\n") and len(self._buffer) > 2:
            del self._buffer[:2]
            self._skipped, self._seen = self._skipped + 1, 0

    def _reset(self, state: State) -> None:
        self.state, self._head, self._framing = state, None, None
        self._line, self._line_size, self._seen, self._skipped = None, 0, 0, 0
        self._body = _Body(self._body_bytes)
        self._buffer.clear()


class _Head:
    """A request line and its header block, as sent."""

    def __init__(self, line: bytes, headers: bytes, parts: Line | None, remark: str | None = None) -> None:
        self.line, self.headers, self.remark = line, headers, remark
        self.method, self.path, self.version = parts or (b"", b"", b"")

    def request(self, body: _Body) -> Request:
        if not self.method:
            return self._not_http(body)
        fields = {found[1].lower(): found[2].rstrip()[:LINE_BYTES] for found in reversed(list(_FIELD.finditer(self.headers[:HEAD_BYTES])))}
        line = self.line.rstrip(b"\r\n")
        return Request(
            kind="request",
            target=(self.method + b" " + self.path)[:LINE_BYTES],
            line=line[:LINE_BYTES],
            headers=self.headers.rstrip(b"\r\n")[:LINE_BYTES],
            body=bytes(body.kept),
            size=body.size,
            digest=body.digest(),
            client=fields.get(b"user-agent"),
            host=fields.get(b"host"),
            remark=self.remark,
            truncated=len(line) > LINE_BYTES or len(self.headers) > LINE_BYTES or body.size > len(body.kept),
        )

    def _not_http(self, body: _Body) -> Request:
        first = bytes(body.kept[:LINE_BYTES])
        return Request(
            kind="not-http", target=shown_bytes(first), line=first.partition(b"\n")[0].rstrip(b"\r"), body=bytes(body.kept), size=body.size,
            digest=body.digest(), remark=self.remark, truncated=body.size > len(body.kept),
        )  # fmt: skip

    def status(self) -> int:
        """What a plain nginx with one page answers."""
        path = re.sub(rb"\A[A-Za-z]+://[^/]*", b"", self.path).partition(b"?")[0] or b"/"
        if self.method in (b"GET", b"HEAD"):
            return 200 if path in (b"/", b"/index.html") else 404
        return 404 if self.method == b"POST" and path not in (b"/", b"/index.html") else 405


def shown_bytes(first: bytes) -> bytes:
    """The key under which bytes that aren't HTTP are counted. A TLS hello is named by record type and version alone: the rest is random."""
    if first[:2] == b"\x16\x03":
        return first[:3]
    return first.partition(b"\n")[0].rstrip(b"\r")[:TARGET_BYTES] or first[:TARGET_BYTES]


def split_line(line: bytes) -> Line | None:
    """METHOD, anything, and a version if the last word is one; None if there aren't two words of which the first could be a method.

    Linear in the length: it faces lines made to be slow.
    """
    text = line.rstrip(b" \t\r\n")
    word = _WORD.match(text)
    if word is None:
        return None
    rest = text[word.end() :].lstrip(b" \t")
    cut = max(rest.rfind(b" "), rest.rfind(b"\t"))
    if cut > 0 and _VERSION.fullmatch(rest[cut + 1 :]):
        return Line(word[0], rest[:cut].rstrip(b" \t"), rest[cut + 1 :])
    return Line(word[0], rest, b"")


def _is_simple(line: Line | None) -> bool:
    """HTTP/0.9, or a version that isn't HTTP's; other protocols' commands (EHLO name) are not web requests."""
    return line is not None and _METHOD.match(line.method) is not None and (line.target.startswith(b"/") or line.method in _KNOWN)


def _ambiguous(head: _Head) -> str | None:
    """What may be one request or two, depending on who reads it, is kept whole as one."""
    if head.line.startswith(b"PRI * HTTP/2"):
        return "http/2 preface"
    names = {found[1].lower() for found in _FRAMING.finditer(head.headers)}
    return "content-length and transfer-encoding" if len(names) == 2 else None


def _may_be_method(data: bytearray) -> bool:
    """Whether what came so far can still become a request line."""
    start = bytes(data[:65]).lstrip(b"\r\n")
    word = start.split(b" ", 1)[0].split(b"\t", 1)[0]
    return len(word) <= 64 and all(0x21 <= byte < 0x7F for byte in word)


def _framing(head: _Head) -> tuple[h11.Connection | None, str | None]:
    """h11 standing right after the head, and its remark. A bad request line alone (raw bytes, spaces) doesn't spoil the framing."""
    connection, remark = _judge(head.line + head.headers)
    if connection is not None or head.version not in (b"HTTP/1.0", b"HTTP/1.1"):
        return connection, remark
    method = head.method if _METHOD.match(head.method) else b"GET"
    connection, _ = _judge(method + b" / " + head.version + b"\r\n" + head.headers)
    return connection, remark


def _judge(data: bytes) -> tuple[h11.Connection | None, str | None]:
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES * 2)
    try:
        connection.receive_data(data)
        event = connection.next_event()
    except h11.RemoteProtocolError as error:
        return None, _words(error)
    return (connection, None) if isinstance(event, h11.Request) else (None, "no request")


def _words(error: h11.RemoteProtocolError) -> str:
    """h11's reason without the bytes of the peer that some of its messages quote."""
    return re.split(r"[:\[{(\"']", str(error), maxsplit=1)[0].strip().lower()[:80] or "refused"


_REASONS: Final = {200: "OK", 400: "Bad Request", 404: "Not Found", 405: "Not Allowed"}
_PAGE: Final = (
    b"<!DOCTYPE html>\n<html>\n<head>\n<title>Welcome</title>\n</head>\n<body>\n<h1>It works</h1>\n"
    b"<p>This server has no content yet.</p>\n</body>\n</html>\n"
)


def render(reply: Reply, date: str, server: str = "nginx") -> bytes:
    """The bytes of a reply; `date` is an HTTP date (RFC 9110 5.6.7)."""
    title = f"{reply.status} {_REASONS[reply.status]}"
    page = _PAGE if reply.status == 200 else _error_page(title, server)
    if reply.bare:
        return page
    head = (
        f"HTTP/1.1 {title}\r\nServer: {server}\r\nDate: {date}\r\nContent-Type: text/html\r\nContent-Length: {len(page)}\r\n"
        f"Connection: {'close' if reply.close else 'keep-alive'}\r\n\r\n"
    )
    return head.encode("ascii") + (b"" if reply.head_only else page)


def _error_page(title: str, server: str) -> bytes:
    page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n<hr><center>{server}</center>\r\n"
    return (page + "</body>\r\n</html>\r\n").encode("ascii")
