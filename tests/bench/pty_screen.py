"""A program in a pseudo-terminal that is read as fast as it writes: what it costs, and what it says when."""

from __future__ import annotations

import fcntl
import os
import select
import signal
import struct
import subprocess
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

_TICKS = os.sysconf("SC_CLK_TCK")


class PtyScreen:
    """``argv`` on a terminal of ``size`` (columns, rows); ``with`` ends it."""

    def __init__(
        self, argv: Sequence[str], size: tuple[int, int], env: Mapping[str, str] | None = None
    ) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._process = subprocess.Popen(
            argv,
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **(env or {})},
        )
        os.close(theirs)
        self._over = threading.Event()
        self._news = threading.Condition()
        self._said = bytearray()
        self.written = 0  # bytes it sent to the terminal
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu_s(self) -> float:
        """Seconds of a core it used so far."""
        words = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / _TICKS

    def resident_mb(self) -> float:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def keys(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def mark(self) -> int:
        """The place in its output: ``until`` looks after it."""
        with self._news:
            return self.written

    def until(self, word: str, since: int, limit_s: float) -> float | None:
        """When (monotonic) ``word`` came after the place ``since``; None when it did not."""
        return self.all_of((word,), since, limit_s).get(word)

    def all_of(self, words: Sequence[str], since: int, limit_s: float) -> dict[str, float]:
        """When each of ``words`` came, in whatever order; who is missing did not come within the limit."""
        deadline, came = time.monotonic() + limit_s, dict[str, float]()
        with self._news:
            while True:
                said = self._said[max(0, len(self._said) - (self.written - since)) :]
                came |= {
                    word: time.monotonic() for word in words if word not in came and word.encode() in said
                }
                left = deadline - time.monotonic()
                if len(came) == len(words) or left <= 0 or not self._news.wait(left):
                    return came

    def _read(self) -> None:
        while not self._over.is_set():
            if not select.select([self._ours], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(self._ours, 1 << 16)
            except OSError:
                return
            with self._news:
                self._said += piece
                del self._said[: -(1 << 20)]
                self.written += len(piece)
                self._news.notify_all()

    def __enter__(self) -> PtyScreen:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(10)
        self._over.set()
        self._reader.join(2)
        os.close(self._ours)
