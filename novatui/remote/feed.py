"""What we have here into a master's command, with back-pressure: as much is read as the other side takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from novatui.model.sanitize import clean
from novatui.remote.call import Call
from novatui.remote.command import Outcome, Status


async def fed(call: Call, pieces: Iterator[bytes], on_progress: Callable[[int], None] | None) -> Outcome:
    """``call`` is started. ``pieces`` may read a file: it is asked in a thread. When it fails the command is ended, and must
    itself know by size and hash that it did not get all."""
    free = asyncio.Event()
    free.set()
    call.session.on_pause = free.clear
    call.session.on_resume = free.set
    given = 0
    while not call.session.over:
        try:
            piece = await asyncio.to_thread(next, pieces, b"")
        except Exception as error:  # whatever a damaged archive does to its reader
            call.session.stop()
            why = clean(str(error) or type(error).__name__, cap=300)
            return call.outcome(Status.FAILED, f"reading it here failed: {why}")
        if not piece:
            call.session.write_eof()
            break
        call.session.write(piece)
        given += len(piece)
        if on_progress is not None:
            on_progress(given)
        await free.wait()
    await call.session.wait()
    return call.outcome()
