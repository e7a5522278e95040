"""A few ways to go, one key each; the first is harmless and is what Enter takes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from novatui.present.pointing import Spans, by_key_alone, choice_at
from novatui.present.rows import BLANK, Role, Row, row, wrap
from novatui.tui.badge import stamp
from novatui.tui.screens.modal import DeafModal
from novatui.tui.widgets.rows_view import RowsView


@dataclass(frozen=True)
class Choice:
    """``key`` in Textual's name; ``meaning`` says what it does to the masters; ``by_key``: no click does it."""

    id: str
    key: str
    name: str
    meaning: str
    why_not: str = ""
    by_key: bool = False


class ChoiceModal(DeafModal[str], inherit_bindings=False):
    """Ends with a choice's id. Enter takes the first, which changes nothing on any master, and so does Esc where ``esc`` names
    no other."""

    CSS_PATH = "../styles/run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""

    def __init__(self, title: str, choices: Sequence[Choice], said: str = "", *, esc: str = "") -> None:
        super().__init__()
        self.choice_title = title
        self.choices = list(choices)
        self.said = said
        self._esc = esc or self.choices[0].id
        self._spans: Spans = []

    def compose(self) -> ComposeResult:
        with Vertical(id="choice-box") as box:
            stamp(box, self)
            yield RowsView(id="choice-title")
            yield RowsView(id="choice-rows")

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.refill)

    def refill(self) -> None:
        width = max(20, self.query_one("#choice-box").content_size.width)
        self.query_one("#choice-title", RowsView).set_rows([row((self.choice_title, Role.BRIGHT))])
        rows: list[Row] = [row(piece) for piece in wrap(self.said, width)] if self.said else []
        rows += [BLANK] if self.said else []
        self._spans = []
        for number, choice in enumerate(self.choices):
            begin = len(rows)
            rows += _choice_rows(choice, width, first=number == 0)
            self._spans.append((begin, len(rows)))
        body = self.query_one("#choice-rows", RowsView)
        body.styles.height = len(rows)
        body.set_rows(rows)

    def on_key(self, event: events.Key) -> None:
        event.stop()
        if not self.armed:
            return
        if event.key in ("escape", "enter"):
            self.dismiss(self._esc if event.key == "escape" else self.choices[0].id)
            return
        for choice in self.choices:
            if choice.key == event.key and not choice.why_not:
                self.dismiss(choice.id)

    def on_click(self, event: events.Click) -> None:
        """As its key, but for what only a key may do."""
        if not self.armed or getattr(event.widget, "id", "") != "choice-rows":
            return
        number = choice_at(self._spans, event.y)
        choice = self.choices[number] if number is not None else None
        if choice is None or choice.why_not:
            return
        if choice.by_key:
            self.said = by_key_alone(choice.key, choice.name)
            self.refill()
        else:
            self.dismiss(choice.id)


def _choice_rows(choice: Choice, width: int, *, first: bool) -> list[Row]:
    glyph = "› " if first else "  "
    name_role = Role.DIM if choice.why_not else Role.BRIGHT
    head = row((glyph, Role.ACCENT), (f"{choice.key:<3}", Role.KEY), (choice.name, name_role))
    rows = [head]
    meaning = choice.why_not or choice.meaning
    return rows + [row("     ", (piece, Role.DIM)) for piece in wrap(meaning, width - 5)]
