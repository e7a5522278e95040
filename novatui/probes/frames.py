"""What ``poll.sh`` and ``facts.sh`` print: pieces of output, each followed by a line with the nonce that names it."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from novatui.model.sanitize import clean
from novatui.probes.numbers import whole

# One piece: a metrics page or an env file is a few KiB; what is longer is no answer to our question.
PIECE_MAX = 1024 * 1024
PIECES_MAX = 32


class Piece(msgspec.Struct, frozen=True):
    """One named output: the words after its name, the bytes before it."""

    args: tuple[str, ...] = ()
    body: bytes = b""

    @property
    def exit(self) -> int | None:
        """The first word as an exit status."""
        return whole(self.args[0]) if self.args else None

    def said(self) -> str:
        """The body in one line, safe to show."""
        return clean(b" ".join(self.body.split()), cap=300)


Frame = Mapping[str, Piece]


class Frames:
    """Feeds on lines, gives a frame at each ``NONCE end``. Lines with another nonce are output like any other."""

    def __init__(self, nonce: str) -> None:
        self._nonce = nonce.encode() + b" "
        self._lines: list[bytes] = []
        self._length = 0
        self._pieces: dict[str, Piece] = {}

    def feed(self, line: bytes) -> Frame | None:
        if not line.startswith(self._nonce):
            self._length += len(line) + 1
            if self._length <= PIECE_MAX:
                self._lines.append(line)
            return None
        name, *args = clean(line[len(self._nonce) :]).split()[:8] or [""]
        body = b"\n".join(self._lines).strip(b"\n")
        self._lines.clear()
        self._length = 0
        if name != "end":
            if len(self._pieces) < PIECES_MAX:
                self._pieces[name] = Piece(tuple(args), body)
            return None
        frame, self._pieces = self._pieces, {}
        return frame
