"""Which masters have a pane where there is no room for all: what is broken is in the first look, and nothing jumps under a
reader's eyes."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from novatui.model.cluster import ClusterSnapshot, Link, NodeSnapshot
from novatui.model.words import N_
from novatui.present.rows import Role
from novatui.present.standing import ASKING, standing

PINNED = 3  # panes side by side, however many masters

RULE = N_(
    "Where there is no room for a pane a master, those that are worst off have one at first. A pane changes by a key alone, or"
    " where a master without one is worse off than all that are shown: it takes the place of one that nobody chose or reads."
    " In the line of masters [ ] is the chosen one, ‹ › has a pane too."
)

_BAD, _WARN, _FINE = 2, 1, 0


def troubles(snapshot: ClusterSnapshot) -> list[int]:
    """How badly off each master is, more is worse. Of what is only asked, or was not heard for seconds, nothing is known."""
    return [_trouble(node) for node in snapshot.nodes]


def _trouble(node: NodeSnapshot) -> int:
    role = standing(node).role
    if _asked(node) or node.link is Link.STALE:
        return _FINE
    return {Role.BAD: _BAD, Role.WARN: _WARN}.get(role, _FINE)


def _asked(node: NodeSnapshot) -> bool:
    return standing(node).glyph == ASKING


class Panes:
    """``pinned`` are the masters with a pane, ``chosen`` is the one that keys act on; numbers from 1, in their order."""

    def __init__(self, count: int) -> None:
        self.pinned: list[int] = list(range(1, min(PINNED, count) + 1))
        self.partly = count > PINNED  # there are masters without one
        self.chosen = 1
        self._opening = True  # not every master was heard of yet, and nobody chose
        self._by_hand = False

    def choose(self, number: int) -> None:
        """By a key or a click: pinned in place of the one chosen before."""
        self._opening, self._by_hand = False, True
        self._show(number)

    def look(self, snapshot: ClusterSnapshot, *, alone: bool, read: Collection[int]) -> bool:
        """What came since may need a pane; whether anything changed. ``alone``: only the chosen one is shown, ``read`` are
        those whose journal stands still because somebody reads in it."""
        before = (self.pinned, self.chosen)
        bad = troubles(snapshot)
        if self._opening:
            self.pinned = _worst(bad, len(self.pinned))
            self._opening = any(_asked(node) for node in snapshot.nodes)
            if alone:
                self._show(_worst(bad, 1)[0])
            elif self.chosen not in self.pinned:
                self.chosen = self.pinned[0]
        else:
            self.pinned = _with_the_worst(self.pinned, bad, {self.chosen, *read})
            if alone and not self._by_hand:
                self._show(_with_the_worst([self.chosen], bad, read)[0])
        return (self.pinned, self.chosen) != before

    def _show(self, number: int) -> None:
        if number not in self.pinned:
            gone = self.chosen if self.chosen in self.pinned else self.pinned[-1]
            self.pinned = sorted([*(n for n in self.pinned if n != gone), number])
        self.chosen = number


def _worst(bad: Sequence[int], room: int) -> list[int]:
    """The worst off, the first of those that are so equally."""
    return sorted(sorted(range(1, len(bad) + 1), key=lambda n: -bad[n - 1])[:room])


def _with_the_worst(shown: Sequence[int], bad: Sequence[int], kept: Collection[int]) -> list[int]:
    """The same, unless one that is not shown is worse off than all of them: then it stands for the least of those not kept."""
    others = [n for n in range(1, len(bad) + 1) if n not in shown]
    free = [n for n in shown if n not in kept]
    worst = max(others, key=lambda n: bad[n - 1], default=0)
    if not worst or not free or bad[worst - 1] <= max(bad[n - 1] for n in shown):
        return list(shown)
    gone = min(reversed(free), key=lambda n: bad[n - 1])
    return sorted([*(n for n in shown if n != gone), worst])
