"""What a row of bad input is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bad_input.masters import EVERY, Masters

RESTART, START, RECOVER, RESTORE = EVERY
Spoil = Callable[[Masters], None]


@dataclass(frozen=True)
class Row:
    """``spoil`` makes the masters bad, each of ``books`` then refuses with ``code``, in one reason that says all of ``names``.

    In ``names``: ``{m1}`` .. ``{m3}``, ``{env}`` (of the second master), ``{root}`` (its ``/``), ``{archive}`` (its plain
    name). ``more`` is of the request for a restore.
    """

    name: str
    spoil: Spoil
    names: Sequence[str]
    books: Sequence[str] = EVERY
    code: int = 2
    more: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Words:
    """A command line on masters that are well; ``names`` and ``words`` take the same ``{..}``."""

    name: str
    words: Sequence[str]
    names: Sequence[str]
    code: int
