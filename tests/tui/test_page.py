"""A framed page: where one reads stays, whatever is shown for a moment."""

from __future__ import annotations

from textual.app import App, ComposeResult

from novatui.present.rows import Row, row, text_of
from novatui.tui.theme import DARK
from novatui.tui.widgets.page import END, Page


class Book(App[None]):
    def compose(self) -> ComposeResult:
        yield Page(id="page")

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DARK.variables


def rows(count: int) -> list[Row]:
    return [row(f"line {number}") for number in range(count)]


async def test_a_size_or_rows_of_a_moment_leave_no_trace() -> None:
    app = Book()
    async with app.run_test(size=(40, 12)) as pilot:
        page = app.query_one(Page)

        def first() -> str:
            return text_of(page.shown[1]).strip("│ ")

        page.show("t", rows(100))
        page.scroll_lines(50)
        page.show("t", rows(12))
        assert first() == "line 2"
        page.show("t", rows(100))
        assert first() == "line 50" and page.row_at(1) == 50
        page.scroll_lines(-1)
        assert first() == "line 49"

        page.scroll_lines(END)
        for height in (30, 8, 12):
            await pilot.resize_terminal(40, height)
            await pilot.pause()
            page.show("t", rows(100))
            assert "line 99" in text_of(page.shown[-2])
        page.show("t", rows(120))
        assert "line 119" in text_of(page.shown[-2])
        page.scroll_lines(-1)
        page.show("t", rows(140))
        assert "line 118" in text_of(page.shown[-2])
        page.scroll_lines(-END)
        page.reveal(20, 22)
        assert first() == "line 12" and page.row_at(10) == 21
        page.reveal(3, 5)
        assert first() == "line 3"
