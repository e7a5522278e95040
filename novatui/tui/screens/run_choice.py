"""A few ways to go, one key each; the first is harmless and is what Enter and Esc take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen

from novatui.present.rows import BLANK, Role, Row, row, wrap
from novatui.tui.badge import stamp
from novatui.tui.screens.run_words import DEAF_SECONDS
from novatui.tui.widgets.rows_view import RowsView


@dataclass(frozen=True)
class Choice:
    """``key`` in Textual's name; ``meaning`` says what it does to the masters."""

    id: str
    key: str
    name: str
    meaning: str
    why_not: str = ""


class ChoiceModal(ModalScreen[str], inherit_bindings=False):
    """Ends with a choice's id. Esc and Enter take the first, which changes nothing on any master."""

    CSS_PATH = "../styles/run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""

    def __init__(self, title: str, choices: Sequence[Choice], said: str = "") -> None:
        super().__init__()
        self.choice_title = title
        self.choices = list(choices)
        self.said = said
        self._armed = False
        self._starts: list[tuple[int, int, Choice]] = []

    def compose(self) -> ComposeResult:
        with Vertical(id="choice-box") as box:
            stamp(box, self)
            yield RowsView(id="choice-title")
            yield RowsView(id="choice-rows")

    def on_mount(self) -> None:
        self.set_timer(DEAF_SECONDS, self._listen)

    def _listen(self) -> None:
        self._armed = True

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.refill)

    def refill(self) -> None:
        width = max(20, self.query_one("#choice-box").content_size.width)
        self.query_one("#choice-title", RowsView).set_rows([row((self.choice_title, Role.BRIGHT))])
        rows: list[Row] = [row(piece) for piece in wrap(self.said, width)] if self.said else []
        rows += [BLANK] if self.said else []
        self._starts = []
        for number, choice in enumerate(self.choices):
            begin = len(rows)
            rows += _choice_rows(choice, width, first=number == 0)
            self._starts.append((begin, len(rows), choice))
        body = self.query_one("#choice-rows", RowsView)
        body.styles.height = len(rows)
        body.set_rows(rows)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        if not self._armed:
            return
        if event.key in ("escape", "enter"):
            self.dismiss(self.choices[0].id)
            return
        for choice in self.choices:
            if choice.key == event.key and not choice.why_not:
                self.dismiss(choice.id)

    def on_click(self, event: events.Click) -> None:
        body = self.query_one("#choice-rows", RowsView)
        at = event.screen_y - body.region.y
        for begin, end, choice in self._starts:
            if (
                begin <= at < end
                and body.region.contains(event.screen_x, event.screen_y)
                and not choice.why_not
            ):
                self.dismiss(choice.id)


def _choice_rows(choice: Choice, width: int, *, first: bool) -> list[Row]:
    glyph = "› " if first else "  "
    name_role = Role.DIM if choice.why_not else Role.BRIGHT
    head = row((glyph, Role.ACCENT), (f"{choice.key:<3}", Role.KEY), (choice.name, name_role))
    rows = [head]
    meaning = choice.why_not or choice.meaning
    return rows + [row("     ", (piece, Role.DIM)) for piece in wrap(meaning, width - 5)]
