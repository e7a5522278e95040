"""What every screen of ours has: a scope in the action registry, and a footer that says things."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from textual.binding import BindingType
from textual.screen import Screen

from novatui.tui.actions import of_scope
from novatui.tui.screens.ends_once import EndsOnce
from novatui.tui.widgets.footer import Footer

if TYPE_CHECKING:
    from novatui.tui.app import NovatuiApp
    from novatui.tui.state import View


class NovaScreen(EndsOnce[Any], Screen[Any], inherit_bindings=False):
    """A full screen. ``scope`` names its actions; a subclass sets ``BINDINGS = actions.bindings(scope)``."""

    scope: ClassVar[str] = "app"
    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""

    @property
    def help_note(self) -> str:
        """What the help page says below the keys."""
        return ""

    @property
    def nova(self) -> NovatuiApp:
        return cast("NovatuiApp", self.app)

    async def pick(self, does: str) -> None:
        """By a click: one of this screen's actions, by what it does or by the key that was shown."""
        for action in of_scope(self.scope):
            if does in (action.does or action.id, action.label):
                await self.nova.action_pick(action.id)
                return

    def say(self, text: str) -> None:
        """A few words on the last line for a few seconds; never markup."""
        for footer in self.query(Footer):
            footer.say(text)

    def on_mount(self) -> None:
        self.watch(self.app, "view", self.on_view)
        self.watch(self.app, "now_ms", self.on_clock, init=False)

    def on_view(self, view: View) -> None:
        """A new snapshot, inside ``batch_update``."""

    def on_clock(self, now_ms: int) -> None:
        """A second has passed."""
