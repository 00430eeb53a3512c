# SPDX-License-Identifier: Apache-2.0
"""The bare servers that ours are compared with: the same libraries with nothing around them. They record nothing and know no limits.

python -m bench.peers ssh|smtp|http PORT
"""

from __future__ import annotations

import asyncio
import logging
import sys
from typing import Any

_NOT_FOUND = b"Not Found\n"


async def ssh(port: int) -> Any:
    """Every password is refused; one Ed25519 host key; the library's own algorithms (the client of the bench names the ones it wants)."""
    import asyncssh

    class Server(asyncssh.SSHServer):
        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return False

    logging.getLogger("asyncssh").setLevel(logging.CRITICAL)
    key = asyncssh.generate_private_key("ssh-ed25519")
    return await asyncssh.create_server(Server, "127.0.0.1", port, server_host_keys=[key], backlog=1024)


async def smtp(port: int) -> Any:
    from aiosmtpd.smtp import SMTP, Envelope, Session

    class Taken:
        async def handle_DATA(self, _server: SMTP, _session: Session, _envelope: Envelope) -> str:  # noqa: N802
            return "250 OK"

    loop = asyncio.get_running_loop()
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)
    return await loop.create_server(lambda: SMTP(Taken(), hostname="localhost", loop=loop), "127.0.0.1", port, backlog=1024)


async def http(port: int) -> Any:
    """One request a connection: parsed by h11, answered with 404, closed."""
    import h11

    class Connection(asyncio.Protocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            assert isinstance(transport, asyncio.Transport)
            self.transport, self.state = transport, h11.Connection(h11.SERVER)

        def data_received(self, data: bytes) -> None:
            self.state.receive_data(data)
            while (event := self.state.next_event()) is not h11.NEED_DATA and not isinstance(event, h11.ConnectionClosed):
                if isinstance(event, h11.EndOfMessage):
                    self.answer()
                    return

        def answer(self) -> None:
            headers = [("content-type", "text/plain"), ("content-length", str(len(_NOT_FOUND))), ("connection", "close")]
            parts = (h11.Response(status_code=404, headers=headers), h11.Data(data=_NOT_FOUND), h11.EndOfMessage())
            self.transport.write(b"".join(sent for part in parts if (sent := self.state.send(part))))
            self.transport.close()

    return await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=1024)


PEERS = {"ssh": ssh, "smtp": smtp, "http": http}


async def _serve(kind: str, port: int) -> None:
    serving = await PEERS[kind](port)
    async with serving:
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_serve(sys.argv[1], int(sys.argv[2])))
