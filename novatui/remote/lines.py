"""Bytes to lines, with a bound on each."""

from __future__ import annotations

LINE_MAX = 2 * 1024 * 1024


class Lines:
    """Feeds on pieces, gives whole lines without their ends; of a longer line the first ``limit`` bytes."""

    def __init__(self, limit: int = LINE_MAX) -> None:
        self._limit = limit
        self._tail = bytearray()
        self._cutting = False  # the rest of this line is thrown away

    def feed(self, data: bytes) -> list[bytes]:
        *whole, rest = data.split(b"\n")
        lines = []
        for piece in whole:
            self._grow(piece)
            lines.append(bytes(self._tail))
            self._tail.clear()
            self._cutting = False
        self._grow(rest)
        return lines

    def rest(self) -> bytes:
        """What came after the last line end; empty when nothing did."""
        rest = bytes(self._tail)
        self._tail.clear()
        self._cutting = False
        return rest

    def _grow(self, piece: bytes) -> None:
        if self._cutting:
            return
        self._tail += piece
        if len(self._tail) > self._limit:
            del self._tail[self._limit :]
            self._cutting = True
