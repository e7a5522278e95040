"""One master's output into another master's input, through us, with back-pressure; nothing is kept here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from novatui.model.sanitize import clean
from novatui.remote.call import Call
from novatui.remote.command import Outcome, Status


def tie(giver: Call, taker: Call, on_progress: Callable[[int], None] | None) -> None:
    """``giver`` writes into ``taker`` and is not read while ``taker`` cannot take more. Before either is started."""
    passed = 0

    def forward(data: bytes) -> None:
        nonlocal passed
        taker.session.write(data)
        passed += len(data)
        if on_progress is not None:
            on_progress(passed)

    giver.on_stdout = forward
    taker.session.on_pause = giver.session.pause
    taker.session.on_resume = giver.session.resume


async def relayed(giver: Call, taker: Call) -> Outcome:
    """Both are started. The target's outcome, or the source's failure.

    SSH cannot tell a command that its input broke off: a closed channel reads as an end. So a failed source gets its
    target a TERM and a closed channel, and the target's command must itself prove size and hash of what it took.
    """
    giver.session.write(giver.command.stdin)
    giver.session.write_eof()
    gave = asyncio.create_task(giver.session.wait(linger=False))
    took = asyncio.create_task(taker.session.wait())
    try:
        await asyncio.wait({gave, took}, return_when=asyncio.FIRST_COMPLETED)
        if not gave.done():  # the target ended first: it needed no more, or it failed
            return taker.outcome()
        given = giver.outcome()
        if not given.ok:
            taker.session.stop()
            return _source_failed(given, taker)
        taker.session.write_eof()
        await took
        return taker.outcome()
    finally:
        gave.cancel()
        took.cancel()


def _source_failed(given: Outcome, taker: Call) -> Outcome:
    why = given.error or f"exit {given.exit}"
    said = clean(given.stderr[-300:].strip(), cap=300)
    outcome = taker.outcome(
        Status.FAILED if given.status is Status.FAILED else Status.UNKNOWN,
        f"the source failed: {why}" + (f": {said}" if said else ""),
    )
    return msgspec.structs.replace(outcome, exit=None, signal=None, stderr=outcome.stderr + given.stderr)
