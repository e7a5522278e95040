"""Non-blocking reads and writes of pipes on the loop, one caller an end."""

from __future__ import annotations

import asyncio
import os


async def read(descriptor: int, limit: int) -> bytes:
    """What is there, at most ``limit`` bytes; empty at the end of the stream."""
    while True:
        try:
            return os.read(descriptor, limit)
        except BlockingIOError:
            await until(descriptor, writable=False)


async def write(descriptor: int, content: bytes) -> None:
    """All of it. Raises BrokenPipeError when nobody reads."""
    rest = memoryview(content)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:
            await until(descriptor, writable=True)


async def until(descriptor: int, *, writable: bool) -> None:
    """Wait until a non-blocking descriptor can be read (or written)."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    add, remove = (loop.add_writer, loop.remove_writer) if writable else (loop.add_reader, loop.remove_reader)

    def wake() -> None:
        if not ready.done():
            ready.set_result(None)

    add(descriptor, wake)
    try:
        await ready
    finally:
        remove(descriptor)
