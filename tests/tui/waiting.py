"""Wait for what is to be seen, as long as a busy machine may take."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from textual.app import App
from textual.pilot import Pilot

LIMIT_S = 60.0


async def until(pilot: Pilot[Any], true: Callable[[], object], why: str = "it did not come") -> None:
    """A failure shows the screen in front."""
    deadline = time.monotonic() + LIMIT_S
    while not true():
        assert time.monotonic() < deadline, f"{why}; in front is {pilot.app.screen!r}\n{drawn(pilot.app)}"
        await pilot.pause(0.03)


def drawn(app: App[Any]) -> str:
    """Every cell of the terminal."""
    return "\n".join("".join(seg.text for seg in strip) for strip in app.screen._compositor.render_strips())
