"""The journal of one master: numbered entries with cursors, kept in memory, read by the ``journalctl`` stand-in."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

LINE_MAX = 48 * 1024  # journald's LineMax: a longer line becomes several entries
KEPT = 50_000


@dataclass(frozen=True)
class JournalEntry:
    """One entry. ``fields`` are journald's, values raw bytes; ``cursor`` is opaque to everybody else."""

    number: int
    realtime_us: int
    monotonic_us: int
    boot_id: str
    cursor: str
    fields: dict[str, bytes] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return self.fields.get(name, b"").decode("utf-8", "replace")


class Journal:
    """Appended by the unit daemon, followed by any number of readers."""

    def __init__(self, hostname: str) -> None:
        self.hostname = hostname
        self.boot_id = secrets.token_hex(16)
        self.entries: deque[JournalEntry] = deque(maxlen=KEPT)
        self._sequence = secrets.token_hex(16)
        self._machine_id = secrets.token_hex(16)
        self._last = 0
        self._grown = asyncio.Event()

    def write(self, message: bytes, **fields: str) -> None:
        """One line, split as journald does; ``fields`` are journald's names."""
        pieces = [message[at : at + LINE_MAX] for at in range(0, len(message), LINE_MAX)] or [b""]
        for number, piece in enumerate(pieces):
            broken = {"_LINE_BREAK": "line-max"} if number + 1 < len(pieces) else {}
            self._append(piece, {**fields, **broken})

    def new_boot(self) -> None:
        """What is written from now on belongs to another boot."""
        self.boot_id = secrets.token_hex(16)

    def vacuum(self, keep: int) -> int:
        """Forget all but the newest ``keep`` entries; returns how many went."""
        gone = max(0, len(self.entries) - keep)
        for _ in range(gone):
            self.entries.popleft()
        return gone

    def after(self, number: int) -> Iterator[JournalEntry]:
        """Entries with a higher number, oldest first, as of now."""
        if not self.entries or self._last <= number:
            return iter(())
        skip = max(0, number + 1 - self.entries[0].number)
        return iter([self.entries[at] for at in range(skip, len(self.entries))])

    async def more(self, number: int) -> None:
        """Wait until there is an entry with a higher number."""
        while self._last <= number:
            await self._grown.wait()

    def _append(self, message: bytes, fields: dict[str, str]) -> None:
        self._last += 1
        realtime, monotonic = time.time_ns() // 1000, time.monotonic_ns() // 1000
        cursor = (
            f"s={self._sequence};i={self._last:x};b={self.boot_id};m={monotonic:x};t={realtime:x};"
            f"x={secrets.token_hex(8)}"
        )
        raw = {"MESSAGE": message, **{name: value.encode() for name, value in fields.items()}}
        raw |= {"_HOSTNAME": self.hostname.encode(), "_MACHINE_ID": self._machine_id.encode()}
        raw["_BOOT_ID"] = self.boot_id.encode()
        self.entries.append(JournalEntry(self._last, realtime, monotonic, self.boot_id, cursor, raw))
        grown, self._grown = self._grown, asyncio.Event()
        grown.set()
