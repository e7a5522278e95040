"""A modal that wants words typed: the gate and the undo. Enter never confirms; Esc changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.widgets import Input

from novatui.present.gate import Typed, all_match, match_mark, why_rows
from novatui.present.i18n import _
from novatui.present.rows import BLANK, Role, Row, row, width_of
from novatui.tui.badge import stamp
from novatui.tui.screens.modal import DeafModal
from novatui.tui.widgets.field import Field
from novatui.tui.widgets.rows_view import RowsView

T = TypeVar("T")


class StartButton(RowsView, can_focus=True):
    """Can be pressed once every word is right: by ``y`` when it has the focus. Never by Enter, and never by a click:
    that gives it the focus."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "press", "yes"),
        Binding("enter", "refuse", "enter"),
    ]

    class Pressed(Message):
        """The words stand and the person means it."""

    class Refused(Message):
        """Enter, a click, or a press while a word is missing."""

    def __init__(self, label: str, *, id: str) -> None:
        super().__init__(id=id)
        self.label = label
        self.ready = False

    def update(self, *, ready: bool, focused: bool | None = None) -> None:
        """``focused``: while the focus moves; ``has_focus`` still says what was."""
        self.ready = ready
        if focused is None:
            focused = self.has_focus
        if self.disabled:  # pressed: what is going on stands below it
            line = row((f" ▶ {self.label} ", Role.DIM))
        elif not ready:
            line = row((f" ▷ {self.label} ", Role.DIM), ("  " + _("type every word first"), Role.DIM))
        elif focused:
            line = row((f" ▶ {self.label} ", Role.CURSOR), ("  " + _("press "), Role.NORMAL), ("y", Role.KEY))
        else:
            line = row(
                (f" ▶ {self.label} ", Role.BRIGHT),
                ("  ", Role.NORMAL),
                ("Tab", Role.KEY),
                " " + _("to it, then "),
                ("y", Role.KEY),
            )
        self.set_rows([line])

    def watch_disabled(self, disabled: bool) -> None:
        super().watch_disabled(disabled)
        self.update(ready=self.ready)

    def on_focus(self) -> None:
        self.update(ready=self.ready, focused=True)

    def on_blur(self) -> None:
        self.update(ready=self.ready, focused=False)

    def action_press(self) -> None:
        self.post_message(self.Pressed() if self.ready else self.Refused())

    def action_refuse(self) -> None:
        self.post_message(self.Refused())

    def on_click(self, event: events.Click) -> None:
        self.action_refuse()


class WordsModal(DeafModal[T], Generic[T], inherit_bindings=False):
    """Rows of what is at stake, a field a word, the start. A subclass says what the rows are and what starting does."""

    CSS_PATH = "../styles/run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", priority=True),
        Binding("f2", "commands", "commands", priority=True),
        Binding("tab,down", "focus_next", "next", priority=True),
        Binding("shift+tab,up", "focus_previous", "previous", priority=True),
        Binding("pageup", "lines(-10)", "page up", priority=True),
        Binding("pagedown", "lines(10)", "page down", priority=True),
    ]
    AUTO_FOCUS = ""

    def __init__(self, title: str, words: Sequence[Typed], start_label: str) -> None:
        super().__init__()
        self.words_title = title
        self.words = list(words)
        self.start_label = start_label

    def compose(self) -> ComposeResult:
        with Vertical(id="words-box") as box:
            stamp(box, self)
            yield RowsView(id="words-title")
            with VerticalScroll(id="words-scroll", can_focus=False):
                yield RowsView(id="words-rows")
            for number, word in enumerate(self.words):
                yield RowsView(id=f"why-{number}", classes="why")
                with Horizontal(classes="word"):
                    label = row((_("type") + "  ", Role.DIM), (word.word, Role.BRIGHT), ("  ", Role.DIM))
                    shown = RowsView([label], classes="word-label")
                    shown.styles.width = width_of(label)
                    yield shown
                    field = Field(id=f"field-{number}", disabled=True, select_on_focus=False)
                    field.styles.width = max(24, len(word.word) + 4)
                    yield field
                    yield RowsView(id=f"mark-{number}", classes="word-mark")
            yield StartButton(self.start_label, id="start")
            yield RowsView(id="words-say")
            yield RowsView(id="words-keys")

    def on_mount(self) -> None:
        self._check()
        self.say(BLANK)

    def _listen(self) -> None:
        super()._listen()
        for field in self.query(Input):
            field.disabled = False
        if self.focused is None:
            self.query_one("#field-0", Input).focus()

    # drawing

    def rows(self, width: int) -> list[Row]:
        raise NotImplementedError

    def keys(self) -> Row:
        return row(
            (" F2", Role.KEY),
            " " + _("every command"),
            ("   Tab", Role.KEY),
            " " + _("next field"),
            ("   Esc", Role.KEY),
            " " + _("changes nothing"),
        )

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.refill)

    def refill(self) -> None:
        """Lay the rows out for the width there is; the scrolling part takes what the fields leave."""
        width = max(20, self.query_one("#words-box").content_size.width)
        self.query_one("#words-title", RowsView).set_rows([row((self.words_title, Role.BRIGHT))])
        body = self.query_one("#words-rows", RowsView)
        rows = self.rows(width - 1)
        body.styles.height = max(1, len(rows))
        body.set_rows(rows)
        for number, word in enumerate(self.words):
            why = self.query_one(f"#why-{number}", RowsView)
            lines = why_rows(word, width)
            why.styles.height = len(lines)
            why.set_rows(lines)
        room = self.size.height - 10 - sum(2 + len(why_rows(word, width)) for word in self.words)
        shown = max(3, min(len(rows), room))
        self.query_one("#words-scroll").styles.height = shown
        more = row(("   PgDn", Role.KEY), " ", _("more")) if shown < len(rows) else BLANK
        self.query_one("#words-keys", RowsView).set_rows([(*self.keys(), *more)])

    def say(self, line: Row) -> None:
        self.query_one("#words-say", RowsView).set_rows([line])

    # typing

    @property
    def typed(self) -> tuple[str, ...]:
        return tuple(self.query_one(f"#field-{n}", Input).value.strip() for n in range(len(self.words)))

    def _check(self) -> bool:
        typed = self.typed
        for number, word in enumerate(self.words):
            self.query_one(f"#mark-{number}", RowsView).set_rows([match_mark(word.word, typed[number])])
        ready = all_match(self.words, typed)
        self.query_one(StartButton).update(ready=ready)
        return ready

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._check()

    @on(Input.Submitted)
    def _submitted(self, event: Input.Submitted) -> None:
        """Enter goes on to what is still to be typed, or to the start; it confirms nothing."""
        for number, word in enumerate(self.words):
            if self.typed[number] != word.word:
                self.query_one(f"#field-{number}", Input).focus()
                return
        self.query_one(StartButton).focus()

    @on(StartButton.Refused)
    def _not_yet(self, event: StartButton.Refused) -> None:
        words = (
            _("neither Enter nor a click confirms: y does") if self._check() else _("type every word first")
        )
        self.say(row((words, Role.WARN)))

    @on(StartButton.Pressed)
    def _pressed(self, event: StartButton.Pressed) -> None:
        if self.armed and self._check():
            self.start()

    def start(self) -> None:
        """Every word is right and ``y`` was pressed."""
        raise NotImplementedError

    def action_leave(self) -> None:
        raise NotImplementedError

    def action_commands(self) -> None:
        """Every command, over this modal."""

    def action_lines(self, lines: int) -> None:
        self.query_one("#words-scroll", VerticalScroll).scroll_relative(y=lines, animate=False)

    def action_focus_next(self) -> None:
        if self.armed:
            self.focus_next("Input, StartButton")

    def action_focus_previous(self) -> None:
        if self.armed:
            self.focus_previous("Input, StartButton")
