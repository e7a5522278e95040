"""The ``:`` palette: every action of the registry by name, with its key, and why it cannot act now."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.types import IgnoreReturnCallbackType
from textual.widgets import Input

from novatui.present.i18n import _
from novatui.tui.actions import Action, of_scope
from novatui.tui.screens.ends_once import EndsOnce

if TYPE_CHECKING:
    from novatui.tui.app import NovatuiApp


class RegistryProvider(Provider):
    """Texts go in as ``Content``: the palette would parse a string for markup."""

    _done = False

    @property
    def _nova(self) -> NovatuiApp:
        return cast("NovatuiApp", self.app)

    def _actions(self) -> Iterator[tuple[Action, str]]:
        """In columns, as on the help page: key, name, what it does."""
        scope = getattr(self.screen, "scope", "app")
        shown = [one for one in of_scope(scope) if not one.id.startswith("node-") and one.id != "palette"]
        names = max((len(_(action.name)) for action in shown), default=0)
        for action in shown:
            why_not = action.why_not(self._nova)
            text = f"{action.label:<6} {_(action.name):<{names}}  {_(action.description)}"
            yield action, f"{text}  ({why_not})" if why_not else text

    def _command(self, action: Action) -> IgnoreReturnCallbackType:
        return partial(self._picked, action)

    async def _picked(self, action: Action) -> None:
        """Once for every time the palette is opened: a second Enter in the same read picks again."""
        if not self._done:
            self._done = True
            await self._nova.action_pick(action.id)

    async def discover(self) -> Hits:
        for action, text in self._actions():
            yield DiscoveryHit(Content(text), self._command(action), text)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        for action, text in self._actions():
            score = matcher.match(text)
            if score > 0:
                yield Hit(score, Content(text), self._command(action), text)


class Palette(EndsOnce[Any], CommandPalette):
    """Over the screen in front, whose actions it offers; nothing in it blinks."""

    def __init__(self) -> None:
        super().__init__(providers=[RegistryProvider], placeholder=_("Find an action"))

    def on_mount(self) -> None:
        self.query_one(Input).cursor_blink = False
