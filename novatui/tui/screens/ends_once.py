"""A screen ends once, and takes nothing but itself off the stack."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from textual.await_complete import AwaitComplete

T = TypeVar("T")

if TYPE_CHECKING:
    from textual.screen import Screen as OfScreen
else:

    class OfScreen(Generic[T]):
        """No node of its own: Textual looks the style of a screen up along its first base that is one."""


class EndsOnce(OfScreen[T]):
    """Goes before Textual's screen in the bases.

    Textual (8.2) pops whatever is on top when a screen is dismissed: a second key in the same read took the screen below
    away too, and a screen that ended by itself the one that lay over it. Here the second end is nothing, and an end under
    another screen waits until this one is in front again.
    """

    _ended = False
    _late: Callable[[], AwaitComplete] | None = None

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        return self._end(partial(super().dismiss, result))

    def give_way(self, screen: OfScreen[Any]) -> AwaitComplete:
        """``screen`` takes this one's place on the stack."""
        return self._end(partial(self.app.switch_screen, screen))

    def _end(self, leave: Callable[[], AwaitComplete]) -> AwaitComplete:
        if not self._ended:
            self._ended = True
            if self.is_active:
                return leave()
            self._late = leave
        return AwaitComplete()

    def on_screen_resume(self) -> None:
        if self._late is not None and self.is_active:
            leave, self._late = self._late, None
            leave()
