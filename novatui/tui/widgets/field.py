"""The one-line field of prompts and gates."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class Field(Input):
    """An Input whose keys act in the order they were typed.

    Textual puts a letter in at once but sends an editing key up to the app first: on a busy terminal a letter typed after
    a backspace came in before it.
    """

    def __init__(
        self,
        value: str = "",
        *,
        id: str,
        max_length: int = 0,
        password: bool = False,
        disabled: bool = False,
        select_on_focus: bool = True,
    ) -> None:
        super().__init__(
            value,
            id=id,
            compact=True,
            max_length=max_length,
            password=password,
            disabled=disabled,
            select_on_focus=select_on_focus,
        )
        self.cursor_blink = False

    async def _on_key(self, event: events.Key) -> None:
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            event.stop()
            event.prevent_default()
            await self.run_action(binding.action)
