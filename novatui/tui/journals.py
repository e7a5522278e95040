"""The journals as the screen holds them: a tail a master, all of them as one while that screen is open, and the lines that a
diagnosis reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from heapq import merge
from operator import attrgetter
from typing import Any

from novatui.diagnosis.recent import Recent
from novatui.model.entries import Entry, Level
from novatui.present.i18n import _
from novatui.present.strip import short_name
from novatui.tui.lookback import LookBack
from novatui.tui.tail import Tail


class Journals:
    """``work`` runs what asks a master for older lines, in the app's own time."""

    def __init__(
        self, nodes: Sequence[str], feed: object, work: Callable[[Coroutine[Any, Any, None]], object]
    ) -> None:
        self.tails = {name: Tail() for name in nodes}
        self.merged: Tail | None = None
        self.recent = {name: Recent() for name in nodes}
        self._stopped: list[Tail] = []  # tails that followed before somebody looked back in all of them
        self._older = {name: LookBack(name, tail, feed) for name, tail in self.tails.items()}
        self._work = work
        for name, tail in self.tails.items():
            tail.on_top = partial(self._look_back, name)

    @property
    def every(self) -> list[Tail]:
        return [*self.tails.values(), *([self.merged] if self.merged is not None else [])]

    def append(self, node: str, entries: Sequence[Entry]) -> None:
        self.tails[node].append(entries)
        self.recent[node].append(entries)
        if self.merged is not None:
            self.merged.append(entries)

    def clear(self) -> None:
        for tail in self.every:
            tail.clear()
        self.recent = {name: Recent() for name in self.tails}

    def for_diagnosis(self) -> Mapping[str, Sequence[Entry]]:
        return {name: recent.entries() for name, recent in self.recent.items()}

    # all as one

    def open_merged(self) -> Tail:
        """What the masters' panes hold, as one, looked at in the same way; fed until it is closed."""
        names = list(self.tails)
        short = [short_name(name, names) for name in names]
        width = max(map(len, short), default=0)
        like = next(iter(self.tails.values()))
        self.merged = Tail(
            wrapped=like.wrapped,
            times=like.times,
            by_time=True,
            names=tuple((name, label.ljust(width)) for name, label in zip(names, short, strict=True)),
        )
        self.merged.narrow(like.filter, like.in_context)
        self.merged.append(self.together())
        return self.merged

    def close_merged(self) -> None:
        self.merged = None
        for tail in self._stopped:
            tail.follow()
        self._stopped.clear()
        for tail in self.tails.values():
            tail.touch()

    def together(self) -> list[Entry]:
        """By time; a row says where the lines of a master begin that are held for a shorter while than another's."""
        held = {name: list(tail.held) for name, tail in self.tails.items()}
        since = min((entries[0].at_ms for entries in held.values() if entries), default=0)
        begun = [
            [_begins(name, entries[0].at_ms), *entries] if entries and entries[0].at_ms > since else entries
            for name, entries in held.items()
        ]
        return list(merge(*(sorted(entries, key=_at_ms) for entries in begun), key=_at_ms))

    # older lines

    async def older_of_all(self) -> bool:
        """Ask every master for older lines; whether anything came."""
        before = sum(tail.fetched for tail in self.tails.values())
        for tail in self.tails.values():
            if tail.following:
                tail.pause()
                self._stopped.append(tail)
        await asyncio.gather(*(one.ask() for one in self._older.values()))
        return sum(tail.fetched for tail in self.tails.values()) > before

    def _look_back(self, node: str) -> None:
        self._work(self._older[node].ask())


_at_ms = attrgetter("at_ms")


def _begins(node: str, at_ms: int) -> Entry:
    said = _("older lines of this master are not held here")
    return Entry(node=node, at_ms=at_ms, level=Level.GAP, text=said)
