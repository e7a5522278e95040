"""The line behind ``/``: what is typed is a filter, or a few words say what is wrong with it."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input

from novatui.present.filter import BadFilter, Filter, parsed
from novatui.present.i18n import _
from novatui.present.rows import Role, row
from novatui.tui.screens.modal import Modal
from novatui.tui.widgets.field import Field
from novatui.tui.widgets.rows_view import RowsView

TYPED_MAX = 240


class FilterPrompt(Modal[tuple[Filter | None] | None], inherit_bindings=False):
    """Enter gives the filter, in a tuple of one; empty takes it away; Esc leaves it as it was."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "leave", priority=True)]
    AUTO_FOCUS = "#filter-field"

    def __init__(self, before: str) -> None:
        super().__init__()
        self.before = before

    def compose(self) -> ComposeResult:
        with Vertical(id="filter-box"):
            yield RowsView(id="filter-say")
            with Horizontal(id="filter-line"):
                yield RowsView([row((" / ", Role.KEY))], id="filter-mark")
                yield Field(self.before, id="filter-field", max_length=TYPED_MAX)

    def on_mount(self) -> None:
        self._say("")

    def _say(self, wrong: str) -> None:
        hint = _("text, level:warn and worse, re:expression   Enter   empty: all   Esc leaves")
        said = row((f" ▲ {wrong}", Role.WARN)) if wrong else row((f" {hint}", Role.DIM))
        self.query_one("#filter-say", RowsView).set_rows([said])

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._say(_wrong(event.value))

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        try:
            self.dismiss((parsed(event.value),))
        except BadFilter as error:
            self._say(str(error))

    def action_leave(self) -> None:
        self.dismiss(None)


def _wrong(typed: str) -> str:
    try:
        parsed(typed)
    except BadFilter as error:
        return str(error)
    return ""
