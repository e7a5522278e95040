"""Reading what our scripts print: lines ``nv:KEY=VALUE``, keys ending in 64 are base64, ``nv:end=1`` is the last one.

Anything else on stdout (a login shell's greeting, a tool's progress) is passed over. All functions are total.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator
from typing import Any

from novatui.model.sanitize import clean
from novatui.remote.command import Outcome
from novatui.runbooks.step import Probed, State

PREFIX = "nv:"
UNREADABLE = Probed(State.UNKNOWN, detail="the answer did not come whole")


class Reading:
    """The pairs of one answer, in order. ``whole`` is False when its end is missing: then nothing in it counts."""

    def __init__(self, text: str) -> None:
        self.pairs: list[tuple[str, str]] = []
        for line in text.split("\n"):
            if line.startswith(PREFIX):
                key, equals, value = line[len(PREFIX) :].rstrip("\r").partition("=")
                if equals:
                    self.pairs.append((key, value))
        self.whole = ("end", "1") in self.pairs

    def get(self, key: str, default: str = "") -> str:
        """The last value of ``key``, as one line that is safe to show."""
        return clean(next((value for name, value in reversed(self.pairs) if name == key), default))

    def all(self, key: str) -> list[str]:
        return [clean(value) for name, value in self.pairs if name == key]

    def number(self, key: str) -> int | None:
        return whole_number(self.get(key))

    def raw(self, key: str) -> str:
        """The decoded text of ``<key>64``: several lines, not yet safe to show. Lossy UTF-8."""
        return decoded(next((value for name, value in reversed(self.pairs) if name == f"{key}64"), ""))

    def text(self, key: str) -> str:
        """The decoded text of ``<key>64`` as one line that is safe to show."""
        return clean(self.raw(key))

    def texts(self, key: str) -> list[str]:
        return [clean(decoded(value)) for name, value in self.pairs if name == f"{key}64"]

    def json(self, key: str) -> Any:
        """The decoded JSON of ``<key>64``, or None."""
        try:
            return json.loads(self.raw(key))
        except ValueError:
            return None

    def unit(self, key: str) -> str:
        return self.get(f"unit.{key}")

    def groups(self, first: str) -> Iterator[Reading]:
        """The pairs cut into pieces that each begin with ``first``."""
        piece: Reading | None = None
        for key, value in self.pairs:
            if key == first:
                if piece is not None:
                    yield piece
                piece = Reading("")
                piece.whole = self.whole
            if piece is not None:
                piece.pairs.append((key, value))
        if piece is not None:
            yield piece


def read(outcome: Outcome | None) -> Reading:
    """What an answer says; an unfinished one reads as not whole."""
    return Reading(outcome.text() if outcome is not None else "")


def whole_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else None


def decoded(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return ""
