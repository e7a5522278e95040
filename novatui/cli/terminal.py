"""The controlling terminal: asked there and nowhere else, whatever standard input and output are."""

from __future__ import annotations

import asyncio
import os
import select
import termios
from collections.abc import Iterator
from contextlib import contextmanager

_LOOK_S = 0.05
_LINE_BYTES = 4096  # the kernel's own limit for a line


class NoTerminal(Exception):
    """There is none, or it belongs to another job at this moment."""


@contextmanager
def opened() -> Iterator[int]:
    """A descriptor of the terminal. Raises NoTerminal."""
    try:
        fd = os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError:
        raise NoTerminal from None
    try:
        try:
            front = os.tcgetpgrp(fd)
        except OSError:
            raise NoTerminal from None
        if front != os.getpgrp():
            raise NoTerminal  # in the background: writing its settings would stop us
        yield fd
    finally:
        os.close(fd)


def say(words: str) -> None:
    """One line on the terminal. Raises NoTerminal."""
    with opened() as fd:
        _write(fd, words + "\n")


async def ask(prompt: str, *, echo: bool) -> str | None:
    """The line typed after ``prompt``, without its end; None at the end of input. What was typed before is dropped.

    Raises NoTerminal. Cancelling it gives the terminal back as it was.
    """
    with opened() as fd:
        before = termios.tcgetattr(fd)
        mode = termios.tcgetattr(fd)
        mode[3] |= termios.ICANON | termios.ISIG | termios.ECHO
        if not echo:
            mode[3] &= ~termios.ECHO
        # Mode first, prompt second: whoever answers at the prompt is already not shown.
        termios.tcsetattr(fd, termios.TCSAFLUSH, mode)
        try:
            _write(fd, prompt)
            while not select.select([fd], [], [], 0)[0]:  # epoll and kqueue do not take every tty
                await asyncio.sleep(_LOOK_S)
                # A shell that we were stopped in (Ctrl-Z, fg) has set the terminal to its own liking: with echo.
                now = termios.tcgetattr(fd)[3]
                if (now ^ mode[3]) & (termios.ECHO | termios.ICANON) and os.tcgetpgrp(fd) == os.getpgrp():
                    termios.tcsetattr(fd, termios.TCSAFLUSH, mode)
                    _write(fd, prompt)
            raw = os.read(fd, _LINE_BYTES)
        finally:
            termios.tcsetattr(fd, termios.TCSADRAIN, before)
            if not echo:
                _write(fd, "\n")
    return raw.decode("utf-8", "surrogateescape").rstrip("\r\n") if raw else None


def _write(fd: int, words: str) -> None:
    left = words.encode("utf-8", "backslashreplace")
    while left:
        left = left[os.write(fd, left) :]
