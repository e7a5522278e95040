"""A program on a terminal of its own, its standard input elsewhere: what it shows there is read, what it asks is answered."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

_WAIT_S = 60.0


class OnTerminal:
    """``argv`` with a controlling terminal. Its stdin is /dev/null, its stdout and stderr go to files."""

    def __init__(self, argv: Sequence[str], folder: Path) -> None:
        self.master, slave = pty.openpty()
        self.out, self.err = folder / "out", folder / "err"
        # The child makes the terminal its own before it becomes the program.
        code = (
            "import fcntl, os, sys, termios\n"
            "os.setsid()\n"
            "fcntl.ioctl(int(sys.argv[1]), termios.TIOCSCTTY, 0)\n"
            "os.execv(sys.argv[2], sys.argv[2:])\n"
        )
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-c", code, str(slave), *argv],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                pass_fds=(slave,),
            )
        os.close(slave)
        self.shown = ""

    def expect(self, words: str, seconds: float = _WAIT_S) -> None:
        """Wait for ``words`` in what comes from now on."""
        begin = len(self.shown)
        deadline = time.monotonic() + seconds
        while words not in self.shown[begin:]:
            assert time.monotonic() < deadline, f"no {words!r} in {self.shown[begin:]!r}; {self.said()}"
            self._read(0.1)

    def type(self, line: str) -> None:
        os.write(self.master, line.encode() + b"\n")

    def end(self, seconds: float = _WAIT_S) -> int:
        """Its exit code; what it still shows is read meanwhile."""
        deadline = time.monotonic() + seconds
        try:
            while self.process.poll() is None:
                assert time.monotonic() < deadline, f"it does not end: {self.shown!r}; {self.said()}"
                self._read(0.05)
            self._read(0)
        finally:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            os.close(self.master)
        return self.process.returncode

    def said(self) -> str:
        """All of stdout and stderr so far."""
        return self.out.read_text() + self.err.read_text()

    def _read(self, seconds: float) -> None:
        while select.select([self.master], [], [], seconds)[0]:
            try:
                piece = os.read(self.master, 65536)
            except OSError:  # the other side is closed
                time.sleep(seconds)
                return
            if not piece:
                return
            self.shown += piece.decode("utf-8", "replace")
            seconds = 0
