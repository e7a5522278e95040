"""A flood of journal lines leaves nothing behind: neither what was read nor what was drawn of it."""

from __future__ import annotations

import gc
import tracemalloc
import weakref

from textual.app import App, ComposeResult

from novatui.diagnosis.recent import Recent
from novatui.present.rows import row
from novatui.probes import journald
from novatui.tui.tail import Tail
from novatui.tui.widgets.rows_view import RowsView
from tests.bench import pouring

HELD, TIMES = 500, 1_500  # lines that are held, and that come each time
BATCH = 100


def test_lines_that_fell_out_are_gone() -> None:
    tail, recent = Tail(capacity=HELD), Recent()

    def pour() -> int:
        """Bytes held after it."""
        for begin in range(0, TIMES, BATCH):
            lines = [pouring.line(number) for number in range(begin, begin + BATCH)]
            found = [journald.entry("m1", line) for line in lines]
            entries = [entry for entry in found if entry is not None]
            assert len(entries) == BATCH
            tail.append(entries)
            recent.append(entries)
            assert len(tail.rows(60, 40)) == 40
        del lines, found, entries
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    pour()  # fills what is bounded
    tracemalloc.start()
    try:
        pour()  # everything that is held was made while memory is traced
        first, second = pour(), pour()
    finally:
        tracemalloc.stop()
    assert tail.count == 4 * TIMES and len(tail.held) == HELD
    assert second - first < 20_000, "of 1,500 lines a megabyte"


async def test_what_was_drawn_needs_no_collector_to_go() -> None:
    class Shown(App[None]):
        def compose(self) -> ComposeResult:
            yield RowsView([row("before")], id="rows")

    app = Shown()
    async with app.run_test(size=(40, 4)) as pilot:
        await pilot.pause()
        view = app.query_one("#rows", RowsView)
        drawn = weakref.ref(view.render_lines(view.size.region)[0])
        assert drawn() is not None
        gc.disable()
        try:
            app.export_screenshot()
            view.set_rows([row("after")])
            await pilot.pause()
            assert drawn() is None
        finally:
            gc.enable()
