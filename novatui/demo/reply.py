"""How a stand-in's answer goes back: frames of stdout and stderr, then the exit status."""

from __future__ import annotations

import asyncio
import struct

from novatui.errors import NovatuiError

UNKNOWN_TO_THE_DEMO = 64


class NotHere(NovatuiError):
    """A verb or an option that the stand-in does not have: never ignored, since nobody would notice."""

    exit_code = UNKNOWN_TO_THE_DEMO


class Reply:
    """The answer to one call of a stand-in."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def out(self, text: str | bytes) -> None:
        await self._frame(b"o", text.encode() if isinstance(text, str) else text)

    async def err(self, text: str) -> None:
        await self._frame(b"e", text.encode())

    async def exit(self, code: int) -> None:
        await self._frame(b"x", str(code).encode())

    async def _frame(self, kind: bytes, content: bytes) -> None:
        self._writer.write(kind + struct.pack(">I", len(content)) + content)
        await self._writer.drain()


class Words:
    """Options and operands of one call, taken one by one; ``--name value``, ``--name=value``, ``-n5`` and ``-n 5``."""

    def __init__(self, tool: str, words: list[str]) -> None:
        self.tool = tool
        self._words = list(words)
        self.option = ""
        self._inline: str | None = None

    def __bool__(self) -> bool:
        return bool(self._words)

    def rest(self) -> list[str]:
        words, self._words = self._words, []
        return words

    def take(self) -> tuple[str, bool]:
        """The next word and whether it is an option. Short options do not combine."""
        word = self._words.pop(0)
        self._inline = None
        if word == "--" or not word.startswith("-") or word == "-":
            return word, False
        if word.startswith("--"):
            self.option, equals, value = word.partition("=")
            self._inline = value if equals else None
        else:
            self.option = word[:2]
            self._inline = word[2:] or None
        return self.option, True

    def value(self) -> str:
        if self._inline is not None:
            value, self._inline = self._inline, None
            return value
        if not self._words:
            raise NotHere(f"{self.tool}: option '{self.option}' requires an argument")
        return self._words.pop(0)

    def optional(self) -> str | None:
        """The value of an option that has one only when joined to it (``--boot=0``, ``-b0``)."""
        value, self._inline = self._inline, None
        return value

    def flag(self) -> None:
        """This option takes no value; a joined one is an option this stand-in cannot tell apart."""
        if self._inline is not None:
            raise self.unknown(self.option + self._inline)

    def unknown(self, word: str) -> NotHere:
        return NotHere(f"{self.tool}: {word}: the demo's stand-in does not know this")
