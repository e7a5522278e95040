"""Looking back beyond what is held: older lines are asked of a master when somebody wants to go above the oldest one."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from novatui.errors import NovatuiError
from novatui.model.entries import Entry, Record
from novatui.model.sanitize import clean
from novatui.present.i18n import _
from novatui.present.numbers import grouped
from novatui.present.rows import Role, Row, row
from novatui.tui.tail import Tail

if TYPE_CHECKING:
    from novatui.probes.lookback import Older

OLDER_MAX = 5_000  # fetched lines held of one master, besides those that came by themselves

log = logging.getLogger(__name__)


@runtime_checkable
class Asks(Protocol):
    """A feed that has masters behind it. Both raise RemoteError."""

    async def older(self, node: str, cursor: str) -> Older: ...

    async def record(self, node: str, cursor: str) -> Record: ...


class LookBack:
    """One master's journal above the oldest line held; the head of its pane says what is there."""

    def __init__(self, node: str, tail: Tail, feed: object) -> None:
        self.node = node
        self._tail = tail
        self._feed = feed
        self._asking = False
        self._begins = ""  # cursor of the first line that the master has
        self._trouble = ""
        if self.possible:
            tail.head = self.head

    @property
    def possible(self) -> bool:
        return isinstance(self._feed, Asks)

    @property
    def _oldest(self) -> str:
        """The cursor of the oldest line held; gaps have none."""
        return next((one.cursor for one in self._tail.held if one.cursor), "")

    def head(self) -> Row:
        """What is above."""
        if self._asking:
            return row((_("asking the master for older lines .."), Role.ACCENT))
        if self._trouble:
            return row((f"▲ {self._trouble}", Role.WARN))
        if self._begins and self._begins == self._oldest:
            return row((_("here the master's journal of etcd begins"), Role.DIM))
        if self._tail.fetched >= OLDER_MAX:
            words = _("{n} older lines are held, and no more: journalctl on the master has them")
            return row((words.format(n=grouped(self._tail.fetched)), Role.DIM))
        return row(("k", Role.KEY), (f" {_('older lines, from the master')}", Role.DIM))

    async def ask(self) -> None:
        """Fetch once more, unless it is being done, there is none, or enough is held."""
        oldest = self._oldest
        if self._asking or not oldest or oldest == self._begins or self._tail.fetched >= OLDER_MAX:
            return
        if not isinstance(self._feed, Asks):
            return
        self._asking, self._trouble = True, ""
        self._tail.touch()
        try:
            found = await self._feed.older(self.node, oldest)
            if oldest == self._oldest:  # else it has fallen out meanwhile
                self._take(found.entries, found.begins)
        except NovatuiError as error:
            self._trouble = f"{error.title}: {error.detail}" if error.detail else error.title
        except Exception as error:  # what a master says must not end the screen
            log.exception("%s: older lines", self.node)
            self._trouble = clean(f"{type(error).__name__}: {error}", cap=200)
        finally:
            self._asking = False
            self._tail.touch()

    def _take(self, entries: Sequence[Entry], begins: bool) -> None:
        room = OLDER_MAX - self._tail.fetched
        self._tail.put_before(entries[-room:])
        if begins and len(entries) <= room:
            self._begins = self._oldest
