"""What only a person knows, typed masked; and the fingerprint of a host that was never met, confirmed by a typed yes."""

from __future__ import annotations

from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widgets import Input

from novatui.present.asking import (
    host_key_advice,
    host_key_facts,
    kept_where,
    secret_purpose,
    secret_title,
    wrong_answer,
)
from novatui.present.i18n import _
from novatui.present.rows import BLANK, Role, Row, row, wrap
from novatui.remote.secrets import SecretAsk
from novatui.tui.badge import stamp
from novatui.tui.screens.modal import DeafModal
from novatui.tui.widgets.field import Field
from novatui.tui.widgets.rows_view import RowsView

QUIET_SECONDS = 1.0


class AskModal(DeafModal[str | None], inherit_bindings=False):
    """One field under a few rows. Esc ends it with None; a subclass says what Enter does."""

    CSS_PATH = "../styles/run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "decline", "decline", priority=True)]
    AUTO_FOCUS = ""
    unasked = True

    def __init__(self, title: str, label: str, *, masked: bool) -> None:
        super().__init__()
        self.ask_title, self.label, self.masked = title, label, masked
        self._quiet: Timer | None = None  # since it was withdrawn

    def compose(self) -> ComposeResult:
        with Vertical(id="ask-box") as box:
            stamp(box, self)
            yield RowsView(id="ask-title")
            yield RowsView(id="ask-rows")
            with Horizontal(classes="word"):
                label = RowsView([row((self.label + "  ", Role.DIM))], classes="word-label")
                label.styles.width = len(self.label) + 2
                yield label
                yield Field(id="ask-field", disabled=True, password=self.masked, select_on_focus=False)
            yield RowsView(id="ask-say")
            yield RowsView(id="ask-keys")

    def _listen(self) -> None:
        if self._quiet is None:
            super()._listen()
            self.field.disabled = False
            self.field.focus()

    @property
    def field(self) -> Input:
        return self.query_one("#ask-field", Input)

    def rows(self, width: int) -> list[Row]:
        raise NotImplementedError

    def keys(self) -> Row:
        raise NotImplementedError

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.refill)

    def refill(self) -> None:
        width = max(20, self.query_one("#ask-box").content_size.width)
        title = self.query_one("#ask-title", RowsView)
        lines = wrap(self.ask_title, width)
        title.styles.height = len(lines)
        title.set_rows([row((line, Role.BRIGHT)) for line in lines])
        body = self.query_one("#ask-rows", RowsView)
        rows = self.rows(width)
        body.styles.height = max(1, len(rows))
        body.set_rows(rows)
        keys = self.keys() if self._quiet is None else row(("Esc", Role.KEY), f" {_('back')}")
        self.query_one("#ask-keys", RowsView).set_rows([keys])

    def say(self, words: str) -> None:
        self.query_one("#ask-say", RowsView).set_rows([row((words, Role.WARN))])

    @on(Input.Submitted)
    def _entered(self, event: Input.Submitted) -> None:
        if self.armed:
            self.entered(event.value)

    def entered(self, typed: str) -> None:
        raise NotImplementedError

    def action_decline(self) -> None:
        if self.armed or self._quiet is not None:
            self.end(None)
        else:
            self.typed_while_deaf()

    def withdraw(self) -> None:
        """Nobody waits for the answer any more. It stays until whoever types into it has stopped: the rest of a password
        must not act on the screen below."""
        if not self.is_attached:
            return
        if not self.is_active:
            self.end(None)
            return
        self.armed = False
        self._quiet = self.set_timer(QUIET_SECONDS, lambda: self.end(None))
        self.field.value, self.field.disabled = "", True
        self.say(_("not needed any more: answered elsewhere, or nobody waits"))
        self.refill()

    def on_key(self, event: events.Key) -> None:
        if self._quiet is not None:
            self._quiet.reset()

    def end(self, answer: str | None) -> None:
        """The field is emptied first: nothing typed stays in a widget."""
        self.field.value = ""
        self.dismiss(answer)


class SecretModal(AskModal):
    """Ends with the secret, or with None when it is declined."""

    def __init__(self, ask: SecretAsk) -> None:
        title = secret_title(ask.kind, ask.node, ask.what)
        super().__init__(title[:1].upper() + title[1:], _("answer"), masked=not ask.echo)
        self.asked = ask

    def rows(self, width: int) -> list[Row]:
        wrong = wrong_answer(self.asked.attempt)
        rows = [row((piece, Role.WARN)) for piece in wrap(wrong, width)] if wrong else []
        said = f"{secret_purpose(self.asked.kind, self.asked.node)}; {kept_where()}"
        return [*rows, *(row((piece, Role.DIM)) for piece in wrap(said, width)), BLANK]

    def keys(self) -> Row:
        return row(("Enter", Role.KEY), f" {_('give it')}   ", ("Esc", Role.KEY), f" {_('decline')}")

    def entered(self, typed: str) -> None:
        if typed:
            self.end(typed)
        else:
            self.say(_("nothing was typed; Esc declines"))


class HostKeyModal(AskModal):
    """Ends with ``yes`` when exactly that was typed, else with None."""

    def __init__(self, node: str, host: str, port: int, key_type: str, fingerprint: str) -> None:
        super().__init__(
            _("{node} was never met: is this its host key?").format(node=node),
            _("type yes to trust it from now on"),
            masked=False,
        )
        self.facts = host_key_facts(node, host, port, key_type, fingerprint)
        self.advice = host_key_advice(key_type)

    def rows(self, width: int) -> list[Row]:
        label_width = max(len(label) for label, _text in self.facts) + 2
        rows = []
        for label, text in self.facts:
            pieces = wrap(text, width - label_width) or [""]
            rows.append(row((f"{label:<{label_width}}", Role.DIM), (pieces[0], Role.BRIGHT)))
            rows += [row((" " * label_width), (piece, Role.BRIGHT)) for piece in pieces[1:]]
        return [*rows, BLANK, *(row((piece, Role.DIM)) for piece in wrap(self.advice, width)), BLANK]

    def keys(self) -> Row:
        return row(("Enter", Role.KEY), f" {_('after yes')}   ", ("Esc", Role.KEY), f" {_('do not connect')}")

    def entered(self, typed: str) -> None:
        if typed.strip() == "yes":
            self.end("yes")
        else:
            self.say(_("only the word yes is taken; Esc does not connect"))
