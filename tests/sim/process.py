"""A script that runs on a master: a generator, stepped in virtual time.

Between two of its yields nothing else happens; at each yield it can be killed by a power-off, hang, fail, or run on
while the link that started it is gone. It yields the seconds until it goes on, and returns its exit status.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING

from novatui.remote.command import Command, Fence
from tests.sim.disk import Disk, File, NoSpace

if TYPE_CHECKING:
    from tests.sim.master import Master

Script = Generator[float, None, int]
OnEnd = Callable[["Running"], None]
TIMED_OUT = 124


class Exit(Exception):
    """``exit N`` from deep inside a script."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Lines:
    """What a script prints."""

    def __init__(self) -> None:
        self.out = bytearray()

    def say(self, key: str, value: object) -> None:
        self.out += f"nv:{key}={value}\n".encode()

    def say64(self, key: str, value: bytes | str) -> None:
        raw = value.encode() if isinstance(value, str) else value
        self.out += f"nv:{key}64={base64.b64encode(raw).decode()}\n".encode()

    def print(self, text: str) -> None:
        self.out += f"{text}\n".encode()


class Running(Lines):
    """One command on one master. ``out`` and ``err`` are what it printed; ``exit`` is None until it ended by itself.

    ``by`` is the runner process that sent it; ``owner`` the RUN:EPOCH its fence lets through, empty when it is not fenced.
    """

    def __init__(
        self, master: Master, command: Command, fence: Fence | None, by: str, stdin: bytes, on_end: OnEnd
    ) -> None:
        self.master = master
        self.command = command
        self.fence = fence if command.changes else None
        self.by = by
        self.stdin = stdin
        self.stdin_whole = True
        super().__init__()
        self.err = bytearray()
        self.exit: int | None = None
        self.passed = False  # the fence, if there is one
        self.points = 0
        self.pid = master.next_pid()
        self._on_end = on_end
        self._locks: list[tuple[File, str]] = []
        self._next: asyncio.TimerHandle | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._ended = False
        self._hangs = False
        self._script: Script = master.fleet.scripts(self)

    @property
    def disk(self) -> Disk:
        return self.master.disk

    @property
    def owner(self) -> str:
        return f"{self.fence.run}:{self.fence.epoch}" if self.fence else ""

    @property
    def verb(self) -> str:
        return self.command.argv[0] if self.command.script in VERBS and self.command.argv else ""

    @property
    def name(self) -> str:
        return f"{self.command.script or ' '.join(self.command.argv[:2])} {self.verb}".strip()

    # for the models of scripts

    def complain(self, text: str) -> None:
        self.err += f"novatui: {text}\n".encode()

    def try_lock(self, file: File, mode: str = "x") -> bool:
        """``flock`` without waiting; given back when this command, and all it started, is gone."""
        if file.exclusive is not None or (mode == "x" and file.shared):
            return False
        if mode == "x":
            file.exclusive = self
        else:
            file.shared.append(self)
        self._locks.append((file, mode))
        return True

    def lock(self, file: File, wait_s: float) -> Generator[float, None, bool]:
        """``flock -x -w``."""
        waited = 0.0
        while not self.try_lock(file):
            if waited >= wait_s:
                return False
            waited += 0.25
            yield 0.25
        return True

    def begin_limit(self) -> None:
        """``timeout`` starts counting: behind the fence."""
        self._deadline = self.master.later(self.command.timeout_s, self._timed_out)

    # its life

    def begin(self) -> None:
        self.master.running.append(self)
        self._step()

    def hang(self) -> None:
        """It does nothing any more until its limit ends it."""
        self._hangs = True
        if self._next is not None:
            self._next.cancel()

    def fail(self, status: int, words: str) -> None:
        self.complain(words)
        self._end(status)

    def die(self) -> None:
        """The master lost its power: no word of it ever comes back."""
        self._ended = True
        self._quiet()

    def _step(self) -> None:
        if self._ended or self._hangs:
            return
        self.master.actor = self
        try:
            seconds = next(self._script)
        except StopIteration as stop:
            self._end(int(stop.value))
            return
        except Exit as stop:
            self._end(stop.status)
            return
        except NoSpace as full:
            self.err += f"{full}: No space left on device\n".encode()
            self._end(1)
            return
        finally:
            self.master.actor = None
        self._next = self.master.later(seconds, self._step)
        self.points += 1
        self.master.fleet.reached(self)

    def _timed_out(self) -> None:
        self._end(TIMED_OUT)

    def _end(self, status: int) -> None:
        if self._ended:
            return
        self._ended = True
        self.exit = status
        self._quiet()
        self._on_end(self)

    def _quiet(self) -> None:
        self._script.close()
        for handle in (self._next, self._deadline):
            if handle is not None:
                handle.cancel()
        for file, mode in self._locks:
            if mode == "x":
                file.exclusive = None
            else:
                file.shared.remove(self)
        if self in self.master.running:
            self.master.running.remove(self)


# Scripts whose first word says what they do.
VERBS = (
    *("api-fence", "archive", "survivor", "stage", "hold", "stop", "swap", "start", "release", "lease"),
    *("token", "begin", "evidence", "trial", "save", "roster", "aside", "join"),
)
