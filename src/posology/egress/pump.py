"""The relay's own process: from each Unix socket to one IP address and port, and back."""

import asyncio
import json
import os
import shutil
import signal
import sys
from contextlib import closing, suppress

from posology.egress.syscalls import give_up_privileges, stop_with_parent

__all__ = ["run_pump"]

PIECE_BYTES = 65_536
CONNECT_LIMIT_S = 10.0


def run_pump() -> None:
    """Read the order from standard input, serve it, and end when the input does."""
    stop_with_parent(signal.SIGTERM)
    give_up_privileges()
    order = json.loads(sys.stdin.buffer.readline())
    os.umask(0o177)
    try:
        asyncio.run(_serve(order["routes"]))
    finally:
        shutil.rmtree(order["folder"], ignore_errors=True)


async def _serve(routes: list[dict[str, str | int]]) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, over.set)
    loop.add_reader(sys.stdin.fileno(), over.set)  # nothing more is sent: readable means the parent is gone
    for route in routes:
        await _open(str(route["path"]), str(route["ip"]), int(route["port"]))
    os.write(1, b"ready\n")
    await over.wait()


async def _open(path: str, ip: str, port: int) -> None:
    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with closing(writer), suppress(OSError):
            async with asyncio.timeout(CONNECT_LIMIT_S):
                far_reader, far_writer = await asyncio.open_connection(ip, port)
            with closing(far_writer):
                await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    await asyncio.start_unix_server(carry, path)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the sender ends, and pass its end on; a broken side breaks the other."""
    try:
        while piece := await reader.read(PIECE_BYTES):
            writer.write(piece)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


if __name__ == "__main__":
    run_pump()
