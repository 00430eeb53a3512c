# SPDX-License-Identifier: Apache-2.0
"""The SSH sensor: an SSH server that hears every login attempt and refuses them all.

The library does the transport; authentication is answered here, from the raw bytes, because the library would prepare (and lose)
names and passwords. There is no code that lets anyone in, opens a channel or forwards anything. Attempts are stated before they are refused.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final

import asyncssh
import msgspec
from asyncssh import connection as library
from asyncssh.logging import SSHLogger
from asyncssh.misc import MaybeAwait
from asyncssh.packet import NameList, SSHPacket, SSHPacketHandler, String, UInt32

from teiten import metrics
from teiten.clock import Clock
from teiten.config import Port, Settings
from teiten.errors import ConfigurationError
from teiten.model import Access
from teiten.protocols import ssh as protocol
from teiten.sensors.certificates import host_keys
from teiten.sensors.interface import Emit
from teiten.sensors.listener import Arrival, Gate, Limits, Line, Listener, addresses_of, bind

# RFC 4250 and 4256; the library's own names for these are not public.
_DISCONNECT, _IGNORE, _SERVICE_REQUEST, _KEXINIT = 1, 2, 5, 20
_USERAUTH_REQUEST, _USERAUTH_FAILURE, _INFO_REQUEST, _INFO_RESPONSE = 50, 51, 60, 61
_Handler = Callable[[Any, int, int, SSHPacket], MaybeAwait[None]]
_OFFERED: Final = (b"publickey", b"password")  # as Debian's sshd
_NO_ATTEMPT: Final = ("none", "malformed")
_MOST_KEY_EXCHANGES: Final = 3  # no client renews its keys before login; each costs milliseconds of CPU
_MOST_WAITING_BYTES: Final = 512 * 1024


class SshConfig(Settings, frozen=True):
    host: str = "0.0.0.0"
    ipv6: bool = True  # with host 0.0.0.0, listen on [::] too
    port: Port = 2222
    version: str = "OpenSSH_9.2p1 Debian-2+deb12u7"  # after SSH-2.0-
    tries: Annotated[int, msgspec.Meta(ge=1)] = 6  # attempts per connection
    login_seconds: Annotated[int, msgspec.Meta(ge=1)] = 30  # absolute, from the first byte to the last
    limits: Limits = Limits()


Config = SshConfig


class SshSensor:
    """Observes login attempts until cancelled."""

    def __init__(self, config: SshConfig, emit: Emit, clock: Clock, keys: Path) -> None:
        self.config, self.emit, self.clock = config, emit, clock
        self._keys = keys
        self._sockets = bind(config.host, config.port, "sensors.ssh.port", ipv6=config.ipv6)
        self.gate = Gate(config.limits, "ssh", emit, clock, self._sockets[0].getsockname()[1])
        self._options: asyncssh.SSHServerConnectionOptions | None = None

    async def run(self) -> None:
        logging.getLogger("asyncssh").setLevel(logging.CRITICAL)  # its messages carry what strangers wrote
        warnings.filterwarnings("ignore", message="Diffie-Hellman over finite fields")  # known, and wanted for old clients
        self._options = await asyncio.to_thread(_options, self.config, self._keys)
        await Listener(self._sockets, self.gate, self._start).serve()

    def listening(self) -> list[str]:
        return addresses_of(self._sockets)

    def close(self) -> None:
        """Free the port of a sensor that was never run; `run` does it by itself."""
        for sock in self._sockets:
            sock.close()

    def dropped(self) -> int:
        return self.gate.refused

    async def _start(self, arrival: Arrival, line: Line) -> None:
        assert self._options is not None
        loop = asyncio.get_running_loop()
        made = partial(_Connection, loop, self._options, self, arrival, line)
        await loop.connect_accepted_socket(made, arrival.sock)


def _options(config: SshConfig, keys: Path) -> asyncssh.SSHServerConnectionOptions:
    try:
        return asyncssh.SSHServerConnectionOptions(
            server_factory=asyncssh.SSHServer,
            server_host_keys=[str(path) for path in host_keys(keys)],
            server_version=config.version,
            kex_algs=protocol.KEX_ALGORITHMS,
            encryption_algs=protocol.CIPHERS,
            mac_algs=protocol.MACS,
            compression_algs=protocol.COMPRESSIONS,
            login_timeout=config.login_seconds,
            allow_pty=False,
            agent_forwarding=False,
            gss_host=None,
            gss_kex=False,
            gss_auth=False,
            host_based_auth=False,
            rdns_lookup=False,
        )
    except (ValueError, asyncssh.KeyImportError) as error:
        raise ConfigurationError(f"ssh: {error}", "Correct ssh.version, or move the damaged key files away: new ones are made.") from error


class _Prompt(SSHPacketHandler):
    """Stands where the library keeps the authentication in progress; it only forwards the answers of keyboard-interactive."""

    def __init__(self, connection: _Connection) -> None:
        self._connection = connection

    @property
    def logger(self) -> SSHLogger:
        return self._connection.logger

    def process_packet(self, pkttype: int, _pktid: int, packet: SSHPacket) -> bool:
        if pkttype == _INFO_RESPONSE:
            self._connection.heard_answers(packet.get_remaining_payload())
        return pkttype == _INFO_RESPONSE

    def cancel(self) -> None:
        """The library calls this when the connection ends."""


class _Connection(library.SSHServerConnection):
    """One client. Overrides private parts of the library; tests/unit/sensors/test_ssh.py fails loudly if they move."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, options: asyncssh.SSHServerConnectionOptions, sensor: SshSensor, arrival: Arrival, line: Line
    ) -> None:
        super().__init__(loop, options)
        self._sensor, self._arrival = sensor, arrival
        self._began_at = sensor.clock()
        self._head = b""  # first bytes, for the client's version line
        self._hassh: str | None = None
        self._tries = self._key_exchanges = 0
        self._asked: protocol.Attempt | None = None  # keyboard-interactive that waits for its answer
        self._outcome = ""
        self._stated_end = False
        self._session = secrets.token_hex(8)
        line.cut = self._evict

    # What the transport calls.

    def data_received(self, data: bytes, datatype: int | None = None) -> None:
        if len(self._head) < 256:
            self._head += data[: 256 - len(self._head)]
        if len(self._inpbuf) + len(data) > _MOST_WAITING_BYTES:
            self._cut("too many bytes waiting")
            return
        super().data_received(data, datatype)

    def connection_lost(self, exc: Exception | None = None) -> None:
        self._outcome = self._outcome or ("connection lost" if exc else "closed by peer")
        super().connection_lost(exc)

    # What the library calls.

    def _get_extra_kex_algs(self) -> list[bytes]:
        return [b"kex-strict-s-v00@openssh.com"]  # OpenSSH's server doesn't offer ext-info-s

    def _login_timer_callback(self) -> None:
        self._outcome = f"deadline of {self._sensor.config.login_seconds} s"
        super()._login_timer_callback()

    def _cleanup(self, exc: Exception | None) -> None:
        self._arrival.ticket.release()
        try:
            if not self._stated_end:
                self._stated_end = True
                self._state_end(exc)
        finally:
            super()._cleanup(exc)

    def send_packet(self, pkttype: int, *args: bytes, handler: object = None) -> None:
        if pkttype != _IGNORE:  # OpenSSH doesn't send them, and each would be encrypted for nothing
            super().send_packet(pkttype, *args, handler=handler)  # type: ignore[arg-type]

    # Packets heard.

    def _heard_disconnect(self, pkttype: int, pktid: int, packet: SSHPacket) -> MaybeAwait[None]:
        code = int.from_bytes(packet.get_remaining_payload()[:4], "big")
        self._outcome = f"disconnected by peer, code {code}"
        return _ORIGINAL[_DISCONNECT](self, pkttype, pktid, packet)

    def _heard_kexinit(self, pkttype: int, pktid: int, packet: SSHPacket) -> MaybeAwait[None]:
        self._key_exchanges += 1
        if self._key_exchanges > _MOST_KEY_EXCHANGES:
            self._outcome = "too many key exchanges"
            raise asyncssh.ProtocolError("Too many key exchanges")
        if self._hassh is None:
            self._hassh = protocol.hassh(packet.get_remaining_payload())
        return _ORIGINAL[_KEXINIT](self, pkttype, pktid, packet)

    def _heard_service_request(self, pkttype: int, pktid: int, packet: SSHPacket) -> MaybeAwait[None]:
        """Paramiko asks again before every attempt; OpenSSH lets it, the library would end the connection."""
        if self._auth_in_progress:
            self._next_service = b"ssh-userauth"
        return _ORIGINAL[_SERVICE_REQUEST](self, pkttype, pktid, packet)

    def _heard_userauth(self, _pkttype: int, _pktid: int, packet: SSHPacket) -> None:
        attempt = protocol.parse_userauth(packet.get_remaining_payload())
        self._abandon_prompt()
        if attempt.kind == "keyboard-interactive" and not attempt.truncated:
            self._asked, self._auth = attempt, _Prompt(self)  # type: ignore[assignment]
            prompts = UInt32(1) + String(b"Password: ") + b"\0"
            super().send_packet(_INFO_REQUEST, String(b""), String(b""), String(b""), prompts)
            return
        self._state(attempt)
        self._refuse(attempt)

    def heard_answers(self, payload: bytes) -> None:
        attempt, self._asked, self._auth = self._asked, None, None
        if attempt is None:
            return
        answers = protocol.parse_responses(payload)
        self._state(attempt, b"\n".join(answers)[: protocol.FIELD_BYTES] if answers else None)
        self._refuse(attempt)

    # What is done about them.

    def _refuse(self, attempt: protocol.Attempt) -> None:
        self._tries += attempt.kind != "none"
        super().send_packet(_USERAUTH_FAILURE, NameList(_OFFERED), b"\0")
        if self._tries >= self._sensor.config.tries and self._transport:
            # No DISCONNECT: libssh (hydra) then forgets the failure it has just read, repeats the password and hangs
            # (docs/decisions/ssh-closing.md).
            self._outcome = "too many tries"
            self._transport.close()

    def _abandon_prompt(self) -> None:
        """A keyboard-interactive attempt whose question was never answered was an attempt all the same."""
        attempt, self._asked, self._auth = self._asked, None, None
        if attempt is not None:
            self._tries += 1
            self._state(attempt)

    def _evict(self) -> None:
        self._cut(self._sensor.gate.cut_reason)

    def _cut(self, outcome: str) -> None:
        self._outcome = self._outcome or outcome
        self.abort()

    def _state(self, attempt: protocol.Attempt, answer: bytes | None = None) -> None:
        arrival = self._arrival
        self._sensor.emit(
            Access(
                observed_at=self._sensor.clock(), channel="ssh", kind=attempt.kind, category="other" if attempt.kind in _NO_ATTEMPT else "access",
                source=arrival.source, source_port=arrival.source_port, destination_port=arrival.destination_port, handshake=True,
                target=attempt.user, account=attempt.user, credential=attempt.credential if answer is None else answer,
                body=attempt.new_password, request=attempt.method if attempt.kind == "other-method" else None,
                client=protocol.version_line(self._head), fingerprint=self._hassh, session=self._session, truncated=attempt.truncated,
            )
        )  # fmt: skip

    def _state_end(self, exc: Exception | None) -> None:
        self._abandon_prompt()
        arrival, now = self._arrival, self._sensor.clock()
        self._sensor.emit(
            Access(
                observed_at=now, channel="ssh", kind="connection", category="other", source=arrival.source, source_port=arrival.source_port,
                destination_port=arrival.destination_port, handshake=True, target=b"", client=protocol.version_line(self._head) or None,
                fingerprint=self._hassh, session=self._session, outcome=self._outcome or _reason(exc),
                duration_us=max(0, now - self._began_at),
            )
        )  # fmt: skip

    _packet_handlers: ClassVar[Mapping[int, _Handler]] = {  # type: ignore[misc, assignment]
        **library.SSHServerConnection._packet_handlers,
        _DISCONNECT: _heard_disconnect,
        _SERVICE_REQUEST: _heard_service_request,
        _KEXINIT: _heard_kexinit,
        _USERAUTH_REQUEST: _heard_userauth,
    }


_ORIGINAL = library.SSHServerConnection._packet_handlers


def _reason(exc: Exception | None) -> str:
    """Why the library ended the connection, in words that no peer can choose."""
    if isinstance(exc, asyncssh.KeyExchangeFailed):
        return "no common algorithm"
    if isinstance(exc, asyncssh.DisconnectError):
        return f"refused: {type(exc).__name__}"
    if exc is not None:
        metrics.problems.labels("ssh connection", type(exc).__name__).inc()
        return f"broken off: {type(exc).__name__}"
    return "closed"
