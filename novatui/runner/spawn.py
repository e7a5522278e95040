"""Start a runner process that outlives its starter, and hear from it whether it began."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from novatui import logs
from novatui.errors import NovatuiError
from novatui.runner.places import RunDir

PROCESS = (sys.executable, "-m", "novatui.runner.process")
_BEGIN_S = 60.0  # imports, the lock, the socket; the masters are not waited for


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """The one line a runner reads from its standard input. ``do``: run | resume | undo | abandon."""

    do: str
    answers: tuple[str, ...] | None = None  # None: the gate waits for a client


Secrets = Mapping[str, str]  # secret id -> answer; see ``remote.secrets``


class Began(msgspec.Struct, frozen=True, kw_only=True):
    """The one line a runner says back: it holds the journal and listens, or why it cannot."""

    ok: bool
    title: str = ""
    detail: str = ""
    hint: str = ""
    exit_code: int = 0


class NotBegun(NovatuiError):
    """The runner ended before it began; its own words and exit code."""

    code = "not-begun"

    def __init__(self, began: Began) -> None:
        super().__init__(began.title, began.detail, began.hint)
        self.exit_code = began.exit_code  # type: ignore[misc]  # the runner's own


async def spawn(
    place: RunDir, orders: Orders, command: Sequence[str], secrets: Secrets | None = None
) -> None:
    """Returns when the runner holds the journal and listens on its socket; raises NovatuiError when it does not.

    ``secrets`` go over a socket pair that the runner inherits: never in words, environment or a file.
    """
    # Each wait in it is bounded. A bound around the thread would say that nothing began while it still listens: it may yet.
    await asyncio.to_thread(_spawn, place, orders, tuple(command), dict(secrets or {}))


def _spawn(place: RunDir, orders: Orders, command: tuple[str, ...], secrets: Secrets) -> None:
    reading, writing = os.pipe()
    ours, theirs = socket.socketpair()
    log = os.open(place.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        child: subprocess.Popen[Any] = subprocess.Popen(
            [
                *(*command, str(place.path), "--began-fd", str(writing)),
                *("--secrets-fd", str(theirs.fileno())),
                *("--log-level", logs.level()),
            ],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            pass_fds=(writing, theirs.fileno()),
        )
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
        os.close(writing)
        os.close(log)
    try:
        assert child.stdin is not None
        try:
            child.stdin.write(msgspec.json.encode(orders) + b"\n")
            child.stdin.close()
            ours.settimeout(_BEGIN_S)
            ours.sendall(msgspec.json.encode(secrets) + b"\n")
        except (BrokenPipeError, ConnectionResetError):
            pass  # it ended at once: its word, or its silence, says why
        finally:
            ours.close()
        began = _hear(reading, place)
    finally:
        os.close(reading)
    # The runner forks away from this first process, which ends at once: nothing is left of it here to wait for.
    with contextlib.suppress(subprocess.TimeoutExpired):  # one that comes too late finds that nobody hears it
        child.wait(timeout=_BEGIN_S)
    if not began.ok:
        raise NotBegun(began)


def _hear(reading: int, place: RunDir) -> Began:
    import select

    said = b""
    while not said.endswith(b"\n"):
        ready, _, _ = select.select([reading], [], [], _BEGIN_S)
        piece = os.read(reading, 65536) if ready else b""
        if not piece:
            return Began(ok=False, title="The runner did not begin", detail=f"see {place.log}", exit_code=70)
        said += piece
    return msgspec.json.decode(said, type=Began)
