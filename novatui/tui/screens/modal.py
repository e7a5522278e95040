"""What lies over a screen: it ends once, and may be deaf at first to what was typed for the screen below."""

from __future__ import annotations

from typing import Generic, TypeVar

from textual import events
from textual.screen import ModalScreen
from textual.timer import Timer

from novatui.tui.screens.ends_once import EndsOnce

DEAF_SECONDS = 0.3
T = TypeVar("T")


class Modal(EndsOnce[T], ModalScreen[T], Generic[T], inherit_bindings=False):
    """Ends with a value of its own kind, or with None."""


class DeafModal(Modal[T], Generic[T], inherit_bindings=False):
    """Does nothing before it is ``armed``. ``unasked``: it opened by itself, perhaps under somebody's typing, and listens
    only once no key came for that long."""

    unasked = False
    armed = False
    _deaf: Timer | None = None

    def on_mount(self) -> None:
        self._deaf = self.set_timer(DEAF_SECONDS, self._listen)

    def _listen(self) -> None:
        self.armed = True

    def on_key(self, event: events.Key) -> None:
        self.typed_while_deaf()

    def typed_while_deaf(self) -> None:
        """A key came; of one that is a priority binding only its action hears."""
        if self.unasked and not self.armed and self._deaf is not None:
            self._deaf.reset()
