"""The one-line field: keys act in the order they were typed, also where they came in one burst."""

from __future__ import annotations

import asyncio

from textual import events
from textual.app import App, ComposeResult

from novatui.tui.widgets.field import Field


class Prompt(App[None]):
    def compose(self) -> ComposeResult:
        yield Field(id="field")


async def test_a_letter_never_overtakes_the_backspace_before_it() -> None:
    app = Prompt()
    async with app.run_test() as pilot:
        field = app.query_one(Field)
        field.focus()
        await pilot.pause()
        for key in (*"wrong", *["backspace"] * 5, *"righty", "left", "delete"):
            app.post_message(events.Key(key, key if len(key) == 1 else None))
        async with asyncio.timeout(30):
            while field.value != "right":
                await pilot.pause(0.02)
