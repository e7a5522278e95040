"""One thing a key can do: the form of every row of the action registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from novatui.tui.app import NovatuiApp

Reason = Callable[["NovatuiApp"], str]  # why not, in a few words; empty when it can act


def always(app: NovatuiApp) -> str:
    return ""


@dataclass(frozen=True)
class Action:
    """``keys`` in Textual's names, ``label`` as shown; ``footer`` is the rank there, 1 first, 0 not shown."""

    id: str
    keys: str
    label: str
    name: str
    description: str
    scope: str
    footer: int = 0
    why_not: Reason = always

    @property
    def method(self) -> str:
        return "act_" + self.id.replace("-", "_")


def N_(text: str) -> str:
    """Marks a string for the catalogue; ``_`` translates it where it is shown."""
    return text
