"""Taking pictures along a walk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator
from typing import Any

from rich.segment import Segment
from textual._compositor import LayoutUpdate
from textual.app import App
from textual.pilot import Pilot

from tests.language import speaking
from tests.tui.gallery import WALKS, file_of
from tests.tui.gallery.picture import SIZES, Frame, Picture, Size, frame_of, read, text_of
from tests.tui.gallery.screens import shows
from tests.tui.gallery.walks import Visit
from tests.tui.waiting import LIMIT_S

OPENED_AT = SIZES[1]
LOOK_S = 0.5
AT_REST = 1  # looks that show nothing new
SURE = 12  # the same where it is not what was kept


async def taken(name: str, lang: str, *, anew: bool) -> AsyncIterator[tuple[str, str, str]]:
    """(name, as it was kept, as it is now) of each picture of a walk; ``anew``: what was kept is not looked at."""
    walk = WALKS[name]
    with speaking(lang):
        app, steps = walk.make()
        async with app.run_test(size=OPENED_AT) as pilot:
            async for picture in steps(Visit(app, pilot)):
                file = file_of(picture, lang)
                kept = file.read_text(encoding="utf-8") if file.exists() else ""
                known = {} if anew or not kept else {frame.size: frame for frame in read(kept).frames}
                sizes = walk.sizes or SIZES
                by_size = {}
                for size in sorted(
                    sizes, key=lambda one: one == OPENED_AT
                ):  # where the walk goes on comes last
                    by_size[size] = await _frame(app, pilot, size, known.get(size))
                frames = tuple(by_size[size] for size in sizes)
                now = Picture(shows(app.screen), frames)
                yield picture, kept, text_of(now)


async def _frame(app: App[Any], pilot: Pilot[Any], size: Size, kept: Frame | None) -> Frame:
    """At once where it is as it was kept; else when it has come to rest."""
    await pilot.resize_terminal(*size)
    now, same = frame_of(_rows(app), size), 0
    for _ in range(int(LIMIT_S / LOOK_S)):
        if now == kept or same == (SURE if kept else AT_REST):
            break
        await pilot.pause(LOOK_S)
        before, now = now, frame_of(_rows(app), size)
        same = same + 1 if now == before else 0
    return now


def _rows(app: App[Any]) -> Iterator[Iterable[Segment]]:
    """The screen in front alone: what lies behind a modal has a picture of its own."""
    update = app.screen._compositor.render_update(full=True)
    assert isinstance(update, LayoutUpdate)
    return ([segment for strip in line for segment in strip] for line in update.strips)
