# SPDX-License-Identifier: Apache-2.0
"""A shipper process: a courier with the sender, towards the Unix socket of a centre elsewhere."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from pathlib import Path

from teiten.clock import system_clock
from teiten.transport.courier import Courier, CourierSettings
from teiten.transport.sender import Sender, SenderSettings

SETTINGS = CourierSettings(poll_seconds=0.02, first_pause_seconds=0.05, longest_pause_seconds=0.5)


async def main(spool: Path, socket: str) -> None:
    sender = Sender(SenderSettings(unix_socket=socket, timeout_seconds=20.0))
    running = asyncio.create_task(Courier(spool, sender, system_clock, SETTINGS).run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    with suppress(asyncio.CancelledError):
        await running
    await sender.close()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2]))
