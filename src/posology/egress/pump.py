"""The relay's own process: from each Unix socket to one IP address and port, and back."""

import asyncio
import json
import os
import shutil
import signal
import sys
from contextlib import closing, suppress

from posology.egress.syscalls import stop_with_parent

__all__ = ["run_pump"]

PIECE_BYTES = 65_536
CONNECT_LIMIT_S = 10.0


def run_pump() -> None:
    """Read the order from standard input, serve it, and end when the input does."""
    stop_with_parent(signal.SIGTERM)
    order = json.loads(sys.stdin.buffer.readline())
    os.umask(0o177)
    try:
        asyncio.run(_serve(order["routes"]))
    finally:
        shutil.rmtree(order["folder"], ignore_errors=True)


async def _serve(routes: list[dict[str, str | int]]) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(*_: object) -> None:  # stands to the end: a late signal must not stop the removal of the folder
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(over.set)

    signal.signal(signal.SIGTERM, stop)
    loop.add_reader(sys.stdin.fileno(), over.set)  # nothing more is sent: readable means the parent is gone
    carried: set[asyncio.Task[None]] = set()  # the loop alone would let a waiting task be collected
    for route in routes:
        await _open(route, carried)
    os.write(1, b"ready\n")
    await over.wait()


async def _open(route: dict[str, str | int], carried: set["asyncio.Task[None]"]) -> None:
    def start(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_carry(reader, writer, str(route["ip"]), int(route["port"])))
        carried.add(task)
        task.add_done_callback(carried.discard)

    await asyncio.start_unix_server(start, str(route["path"]))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, ip: str, port: int) -> None:
    with closing(writer), suppress(OSError):
        async with asyncio.timeout(CONNECT_LIMIT_S):
            far_reader, far_writer = await asyncio.open_connection(ip, port)
        with closing(far_writer):
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))


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
