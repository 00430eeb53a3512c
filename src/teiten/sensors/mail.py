# SPDX-License-Identifier: Apache-2.0
"""The mail channel: an SMTP server that takes every mail, states it, and delivers none. It looks nobody up and answers nobody later.

The library reads commands and switches to TLS; envelope, data and logins are handled here from the bytes, because it would drop what
is oversized or odd. A record is emitted before the reply that acknowledges it; each connection ends with exactly one closing record.
"""

# ruff: noqa: N802 - the library finds commands by their names

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from aiosmtpd.smtp import SMTP, Envelope, Session

from teiten import metrics
from teiten.clock import Clock
from teiten.config import Port, Seconds, Settings
from teiten.model import Access
from teiten.protocols import smtp as protocol
from teiten.sensors.certificates import tls_context
from teiten.sensors.interface import Emit
from teiten.sensors.listener import Arrival, Gate, Limits, Line, Listener, addresses_of, bind

_LINE_BYTES: Final = 2048  # Postfix's line_length_limit
_MOST_RECIPIENTS: Final = 1000  # Postfix's smtpd_recipient_limit
_MOST_REPLIES: Final = 3000  # per connection, whatever they say
_CALLS: Final = {"MAIL": 100, "RCPT": 2 * _MOST_RECIPIENTS, "DATA": 100, "RSET": 200, "AUTH": 6, "STARTTLS": 1, "*": 40}
_REQUEST_BYTES: Final = 512
_LOGIN_REFUSED: Final = "535 5.7.8 Error: authentication failed: authentication failure"


class MailConfig(Settings, frozen=True):
    host: str = "0.0.0.0"
    ipv6: bool = True  # with host 0.0.0.0, listen on [::] too
    port: Port = 2525
    name: str = "localhost.localdomain"  # what the server calls itself; a real name would tell where the sensor is
    banner: str = "ESMTP Postfix (Debian/GNU)"
    starttls: bool = True
    most_mail_bytes: Annotated[int, msgspec.Meta(ge=1024)] = 10_240_000  # Postfix's; larger ones are refused, and recorded all the same
    body_bytes: Annotated[int, msgspec.Meta(ge=0, le=65_536)] = 4096  # how much of a body is kept
    connection_seconds: Seconds = 60  # absolute, from the first byte to the last
    limits: Limits = Limits()

    def __post_init__(self) -> None:
        if not (self.name + self.banner).isascii() or not (self.name + self.banner).isprintable():
            raise ValueError("name and banner: one line of ASCII each; a server's greeting can't hold anything else")


Config = MailConfig


class MailSensor:
    """Observes mails until cancelled. Raises PortTaken when made."""

    def __init__(self, config: MailConfig, emit: Emit, clock: Clock, keys: Path) -> None:
        self.config, self.emit, self.clock = config, emit, clock
        self.tls: ssl.SSLContext | None = None
        self._keys = keys
        self._sockets = bind(config.host, config.port, "sensors.mail.port", ipv6=config.ipv6)
        self.gate = Gate(config.limits, "mail", emit, clock, self._sockets[0].getsockname()[1])

    async def run(self) -> None:
        silenced = logging.getLogger("mail.log")  # the library's; its messages carry what strangers wrote, passwords too
        silenced.setLevel(logging.CRITICAL + 1)
        if self.config.starttls:
            self.tls = await asyncio.to_thread(tls_context, self._keys, self.clock)
        await Listener(self._sockets, self.gate, self._start).serve()

    def listening(self) -> list[str]:
        return addresses_of(self._sockets)

    def dropped(self) -> int:
        return self.gate.refused

    async def _start(self, arrival: Arrival, line: Line) -> None:
        await asyncio.get_running_loop().connect_accepted_socket(partial(_Connection, self, arrival, line), arrival.sock)


class _Reader(asyncio.StreamReader):
    """Ends the task that reads when the peer has finished, so that what it sent before is still handled; remembers the last line."""

    last = b""

    async def readuntil(self, separator: bytes = b"\n") -> bytes:  # type: ignore[override]
        try:
            line = await super().readuntil(separator)
        except (asyncio.IncompleteReadError, OSError) as error:
            raise asyncio.CancelledError("the peer has finished") from error
        self.last = line
        return line


class _Envelope(Envelope):
    def __init__(self) -> None:
        super().__init__()
        self.sender: bytes | None = None
        self.recipients: list[bytes] = []


class _OneLimit(dict[str, int]):
    """The library would keep an entry for each word a stranger sends as a command."""

    def __missing__(self, _command: str) -> int:
        return _LINE_BYTES


class _Connection(SMTP):
    """One client. Overrides private parts of the library; tests/unit/sensors/test_mail.py fails if they move."""

    command_size_limit = _LINE_BYTES
    command_size_limits = _OneLimit()
    line_length_limit = _LINE_BYTES
    envelope: _Envelope
    session: Session
    transport: asyncio.Transport | None
    _reader: _Reader

    def __init__(self, sensor: MailSensor, arrival: Arrival, line: Line) -> None:
        self._sensor, self._arrival = sensor, arrival
        self._began_at = sensor.clock()
        self._session_id = secrets.token_hex(8)
        self._client: bytes | None = None
        self._mail: protocol.Mail | None = None  # while DATA is coming in
        self._replies = 0
        self._first_refused: bytes | None = None
        self._outcome = ""
        self._stated_end = False
        config, loop = sensor.config, asyncio.get_running_loop()
        super().__init__(
            object(), data_size_limit=config.most_mail_bytes, enable_SMTPUTF8=True, hostname=config.name, ident=config.banner,
            tls_context=sensor.tls, timeout=config.connection_seconds, auth_require_tls=False, command_call_limit=_CALLS, loop=loop,
        )  # fmt: skip
        # Again, with a reader of our own: the library gives no way to hand one in.
        asyncio.StreamReaderProtocol.__init__(self, _Reader(limit=_LINE_BYTES, loop=loop), self._cb_client_connected, loop)
        line.cut = self._evict

    # --- what the transport calls ---

    def eof_received(self) -> bool | None:
        keep_open = asyncio.StreamReaderProtocol.eof_received(self)
        return False if self._encrypted else keep_open

    def connection_lost(self, error: Exception | None) -> None:
        try:
            self._state_end("closed by the peer" if error is None else "reset by the peer")
        finally:
            self._arrival.ticket.release()
            super().connection_lost(error)

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Once only: the library would start it again with every command."""
        if self._timeout_handle is None:
            super()._reset_timeout(duration)

    def _timeout_cb(self) -> None:
        if self.transport is not None:
            self.transport.write(f"421 4.4.2 {self.hostname} Error: timeout exceeded\r\n".encode())
        self._cut("deadline")

    def _evict(self) -> None:
        self._cut(self._sensor.gate.cut_reason)

    def _cut(self, outcome: str) -> None:
        """Close at once; a peer that doesn't read can't delay it."""
        self._outcome = self._outcome or outcome
        transport = self._original_transport or self.transport
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()

    # --- what the library calls ---

    def _create_envelope(self) -> _Envelope:
        return _Envelope()

    async def push(self, status: Any) -> None:
        reply = protocol.reword(status, self.hostname) if isinstance(status, str) else status.decode("ascii")
        self._count_reply(reply)
        if self.transport is None or self.transport.is_closing():
            raise asyncio.CancelledError("the connection is closing")
        self._writer.write(reply.encode("utf-8", "surrogateescape") + b"\r\n")
        try:
            await self._writer.drain()
        except ConnectionError as error:
            raise asyncio.CancelledError("the peer has gone") from error

    def _count_reply(self, reply: str) -> None:
        self._replies += 1
        if self._replies > _MOST_REPLIES:
            self._cut("too many commands")
        if reply.startswith("421"):
            self._outcome = self._outcome or "too many errors"
        if self._first_refused is None and reply.startswith("5") and not reply.startswith("535"):  # no password in a closing record
            self._first_refused = self._reader.last.rstrip(b"\r\n")[:_REQUEST_BYTES]

    async def handle_exception(self, error: Exception) -> str:
        """A record that could not be written, or a mistake of ours: never acknowledged, always counted."""
        metrics.problems.labels("mail", type(error).__name__).inc()
        return "451 4.3.0 Error: queue file write error"

    async def check_helo_needed(self, helo: str = "HELO") -> bool:
        return False  # as Postfix by default

    # --- commands ---

    async def smtp_HELO(self, hostname: str | None) -> None:
        if await self._greeted(hostname, "HELO"):
            await self.push(f"250 {self.hostname}")

    async def smtp_EHLO(self, hostname: str | None) -> None:
        if await self._greeted(hostname, "EHLO"):
            most = self._sensor.config.most_mail_bytes
            answer = protocol.extensions(self.hostname, most, self._encrypted, self.tls_context is not None)
            await self.push("\r\n".join(answer))  # in one piece: some clients read no further than that

    async def _greeted(self, name: str | None, command: str) -> bool:
        if not name:
            await self.push(f"501 5.5.4 Syntax: {command} hostname")
            return False
        self.envelope = _Envelope()
        self._client = _raw(name)[: protocol.LONGEST_CLIENT_BYTES]
        self.session.host_name, self.session.extended_smtp = name, command == "EHLO"
        return True

    async def smtp_MAIL(self, arg: str | None) -> None:
        path = protocol.read_path(_raw(arg), b"FROM:")
        if self.envelope.sender is not None:
            await self.push("503 5.5.1 Error: nested MAIL command")
        elif path is None:
            await self.push("501 5.5.4 Syntax: MAIL FROM:<address>")
        elif (size := protocol.declared_size(path.parameters)) > self._sensor.config.most_mail_bytes:
            self._emit(kind="mail-declared", category="other", sender=path.address, size=size, outcome="refused: too large", request=_raw(arg))
            await self.push("552 5.3.4 Message size exceeds fixed limit")
        else:
            self.envelope.sender = path.address
            await self.push("250 2.1.0 Ok")

    async def smtp_RCPT(self, arg: str | None) -> None:
        path = protocol.read_path(_raw(arg), b"TO:")
        if self.envelope.sender is None:
            await self.push("503 5.5.1 Error: need MAIL command")
        elif path is None or not path.address:
            await self.push("501 5.1.3 Bad recipient address syntax" if path else "501 5.5.4 Syntax: RCPT TO:<address>")
        elif len(self.envelope.recipients) >= _MOST_RECIPIENTS:
            await self.push("452 4.5.3 Error: too many recipients")
        else:
            self.envelope.recipients.append(path.address)
            await self.push("250 2.1.5 Ok")

    async def smtp_DATA(self, arg: str | None) -> None:
        if not self.envelope.recipients:
            await self.push("554 5.5.1 Error: no valid recipients" if self.envelope.sender is not None else "503 5.5.1 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        mail = self._mail = protocol.Mail(self._sensor.config.body_bytes)
        most = self._sensor.config.most_mail_bytes
        while not mail.ends(piece := await self._piece()):
            mail.feed(piece)
            if mail.size > 2 * most:  # enough to know what it is
                break
        fits = mail.size <= most
        self._state_mail("mail", "access", "accepted" if fits else "refused: too large")
        self.envelope = _Envelope()
        await self.push(f"250 2.0.0 Ok: queued as {secrets.token_hex(5).upper()}" if fits else "552 5.3.4 Error: message file too big")
        if mail.size > 2 * most:
            self._cut("mail without end")

    async def smtp_AUTH(self, arg: str | None) -> None:
        words = _raw(arg).split()
        mechanism = words[0].upper() if words else b""
        first = words[1] if len(words) > 1 else None
        if mechanism == b"PLAIN":
            answers = [first if first is not None else await self._ask(b"")]
        elif mechanism == b"LOGIN":
            answers = [first if first is not None else await self._ask(b"VXNlcm5hbWU6"), await self._ask(b"UGFzc3dvcmQ6")]
        else:
            self._emit(kind="auth", category="other", request=b"AUTH " + _raw(arg), outcome="refused: unknown mechanism")
            await self.push("535 5.7.8 Error: authentication failed: Invalid authentication mechanism")
            return
        if b"*" in answers:
            await self.push("501 5.7.0 Authentication aborted")
            return
        login = protocol.decode_plain(answers[0]) if len(answers) == 1 else protocol.decode_login(answers[0], answers[1])
        # The mechanism is the request: the rest of the line is the credential.
        self._emit(kind="auth", category="other", target=login.account, account=login.account, credential=login.credential,
                   request=b"AUTH " + mechanism, outcome="refused")  # fmt: skip
        await self.push(_LOGIN_REFUSED)

    async def smtp_VRFY(self, arg: str | None) -> None:
        if not arg:
            await self.push("501 5.5.4 Syntax: VRFY address")
            return
        self._emit(kind="vrfy", category="other", target=_raw(arg), request=b"VRFY " + _raw(arg), outcome="252")
        await self.push(f"252 2.0.0 {arg}")

    async def smtp_EXPN(self, arg: str | None) -> None:
        self._emit(kind="expn", category="other", target=_raw(arg), request=(b"EXPN " + _raw(arg)).rstrip(), outcome="502")
        await self._unknown()

    async def smtp_STARTTLS(self, arg: str | None) -> None:
        if self._encrypted:  # the library would put TLS into TLS
            await self.push("554 5.5.1 Error: TLS already active")
            return
        await super().smtp_STARTTLS(arg)
        if self._encrypted and self.session.ssl is None:
            # Cut during the handshake: the TLS layer calls it finished, but tells neither the library nor us that the connection is lost.
            self.connection_lost(None)
            raise asyncio.CancelledError("cut during the handshake")

    async def smtp_ETRN(self, arg: str | None) -> None:
        await self.push(f"459 4.7.1 <{arg or ''}>: service unavailable")

    async def smtp_HELP(self, _arg: str | None) -> None:
        await self._unknown()

    async def smtp_GET(self, _arg: str | None) -> None:
        """Postfix's smtpd_forbidden_commands: a web client that got lost, or a browser made to speak to us."""
        self._first_refused = self._reader.last.rstrip(b"\r\n")[:_REQUEST_BYTES]
        self._outcome = "not SMTP"
        await self.push("221 2.7.0 Error: I can break rules, too. Goodbye.")
        self._writer.close()
        raise asyncio.CancelledError("not SMTP")

    smtp_POST = smtp_CONNECT = smtp_GET  # noqa: N815 - the library finds commands by these names

    async def _unknown(self) -> None:
        await self.push("502 5.5.2 Error: command not recognized")

    # --- reading ---

    async def _piece(self) -> bytes:
        """The next line with its CRLF, or a piece of a line that is too long to be held."""
        try:
            return bytes(await self._reader.readuntil(b"\r\n"))
        except asyncio.LimitOverrunError as error:
            return bytes(await self._reader.read(max(1, error.consumed)))

    async def _ask(self, challenge: bytes) -> bytes:
        await self.push(b"334 " + challenge)
        try:
            return bytes(await self._reader.readuntil()).strip()
        except asyncio.LimitOverrunError:
            self._cut("line too long")
            raise asyncio.CancelledError("line too long") from None

    # --- stating ---

    @property
    def _encrypted(self) -> bool:
        return self._tls_protocol is not None

    def _emit(self, *, target: bytes = b"", **fields: Any) -> None:
        arrival = self._arrival
        record: dict[str, Any] = {
            "observed_at": self._sensor.clock(), "channel": "mail", "source": arrival.source, "source_port": arrival.source_port,
            "destination_port": arrival.destination_port, "handshake": True, "client": self._client, "encrypted": self._encrypted,
            "session": self._session_id, "target": target,
        }  # fmt: skip
        self._sensor.emit(Access(**record | fields))

    def _state_mail(self, kind: str, category: str, outcome: str) -> None:
        mail, self._mail = self._mail, None
        if mail is None:
            return
        recipients, cut = protocol.join_recipients(self.envelope.recipients)
        self._emit(
            kind=kind, category=category, target=mail.subject, request=mail.raw_subject, headers=mail.headers, body=mail.body, size=mail.size,
            digest=mail.digest, sender=self.envelope.sender, recipients=recipients, outcome=outcome,
            truncated=mail.truncated or cut or outcome != "accepted",
        )  # fmt: skip

    def _state_end(self, outcome: str) -> None:
        if self._stated_end:
            return
        self._stated_end = True
        self._state_mail("mail-incomplete", "other", "incomplete")
        duration_us = max(0, self._sensor.clock() - self._began_at)
        self._emit(kind="connection", category="other", outcome=self._outcome or outcome, duration_us=duration_us, request=self._first_refused)


def _raw(arg: str | None) -> bytes:
    """The argument's bytes as sent (the library decodes them in a way that can be undone)."""
    return (arg or "").encode("utf-8", "surrogateescape")
