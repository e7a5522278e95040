"""Reads what a unit's processes write, line by line, without ever blocking the loop."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

PIECE = 1 << 16
# journald takes a line that does not end as one of this length.
LONGEST = 48 * 1024


class PipeLines:
    """The reading end of a pipe that becomes lines. Closes itself at the end of the stream."""

    def __init__(self, descriptor: int, on_line: Callable[[bytes], None]) -> None:
        self._descriptor = descriptor
        self._on_line = on_line
        self._rest = b""
        self._open = True
        os.set_blocking(descriptor, False)
        asyncio.get_running_loop().add_reader(descriptor, self._readable)

    def drain(self) -> None:
        """Take what is there now: after the writer's death that is all it ever wrote."""
        while self._open and self._readable():
            pass

    def close(self) -> None:
        if self._open:
            self._open = False
            asyncio.get_running_loop().remove_reader(self._descriptor)
            os.close(self._descriptor)
            if self._rest:
                self._on_line(self._rest)
                self._rest = b""

    def _readable(self) -> bool:
        try:
            piece = os.read(self._descriptor, PIECE)
        except BlockingIOError:
            return False
        if not piece:
            self.close()
            return False
        *whole, self._rest = (self._rest + piece).split(b"\n")
        for line in whole:
            self._on_line(line)
        while len(self._rest) > LONGEST:
            self._on_line(self._rest[:LONGEST])
            self._rest = self._rest[LONGEST:]
        return True
