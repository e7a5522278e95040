"""One thing a key can do: the form of every row of the action registry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from novatui.present.i18n import _

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
    by_key: bool = False  # acts on a run: neither a click nor the palette does it, they say which key does
    does: str = ""  # where several screens have the key: the id whose method it is

    @property
    def method(self) -> str:
        return "act_" + (self.does or self.id).replace("-", "_")


def screen_says(name: str) -> Reason:
    """The reason is the screen's own: ``why_not_<name>`` of whichever is in front; none when it has no say."""

    def why_not(app: NovatuiApp) -> str:
        for screen in reversed(app.screen_stack):
            asked = getattr(screen, f"why_not_{name}", None)
            if asked is not None:
                reason: str = asked()
                return reason
        return _("not here")

    return why_not


def N_(text: str) -> str:
    """Marks a string for the catalogue; ``_`` translates it where it is shown."""
    return text
