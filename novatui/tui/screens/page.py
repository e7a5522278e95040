"""Pages over the screen: what they have in common, the keys, and what to do by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from novatui.present.byhand import by_hand
from novatui.present.i18n import _
from novatui.present.keys import keys_page
from novatui.present.pointing import mouse_rows
from novatui.present.rows import BLANK, Row
from novatui.tui.actions import of_scope
from novatui.tui.badge import badge
from novatui.tui.screens.modal import Modal
from novatui.tui.widgets.page import END, Page

if TYPE_CHECKING:
    from novatui.tui.app import NovatuiApp


Outcome = TypeVar("Outcome")


class PageScreen(Modal[Outcome], inherit_bindings=False):
    """Esc, q, or the key that opened it closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "close", "close"),
        Binding("up,k", "lines(-1)", "up"),
        Binding("down,j", "lines(1)", "down"),
        Binding("pageup,ctrl+b", "lines(-10)", "page up"),
        Binding("pagedown,ctrl+f,space", "lines(10)", "page down"),
        Binding("g,home", f"lines(-{END})", "first"),
        Binding("G,end", f"lines({END})", "last"),
    ]
    AUTO_FOCUS = ""

    def __init__(self, title: str, opened_by: str = "") -> None:
        super().__init__()
        self.page_title = title
        if opened_by:
            self._bindings.bind(opened_by, "close", "close")

    @property
    def nova(self) -> NovatuiApp:
        return cast("NovatuiApp", self.app)

    def compose(self) -> ComposeResult:
        page = Page(id="page")
        page.keys, page.badge = _("j k scroll  Esc close"), badge(self)
        yield page

    def page(self, width: int) -> list[Row]:
        """The rows, laid out for ``width`` cells."""
        raise NotImplementedError

    def refill(self) -> None:
        page = self.query_one(Page)
        page.show(self.page_title, self.page(page.inner))

    def on_page_resized(self) -> None:
        """Not when the screen is: the page has another share of a narrow one, and that is laid out a moment later."""
        self.refill()

    def on_click(self, event: events.Click) -> None:
        """Beside the page closes it, but not the second half of the click that opened it."""
        if isinstance(event.widget, Page):
            self.clicked(event.widget.row_at(event.y))
        elif event.chain == 1:
            self.action_close()

    def clicked(self, row: int) -> None:
        """On a row of the page; -1 is its frame."""

    def action_close(self) -> None:
        self.dismiss(None)

    def action_lines(self, lines: int) -> None:
        self.query_one(Page).scroll_lines(lines)


class HelpScreen(PageScreen[None]):
    """Every key of the screen it was opened from, and what that screen has to say of itself."""

    def __init__(self, scope: str, note: str = "") -> None:
        super().__init__(_("Keys"), "question_mark")
        self.keys_of, self.note = scope, note

    def page(self, width: int) -> list[Row]:
        entries = [
            (a.label, _(a.name), _(a.description), a.why_not(self.nova)) for a in of_scope(self.keys_of)
        ]
        return [*keys_page(entries, width, self.note), BLANK, *mouse_rows(width)]


class ByHandScreen(PageScreen[None]):
    """A runbook this version cannot run, told in words."""

    def __init__(self, runbook: str, node: str) -> None:
        super().__init__(f"{runbook} {node}".strip(), "w")
        self.runbook, self.node = runbook, node

    def page(self, width: int) -> list[Row]:
        return by_hand(self.runbook, self.nova.cluster, self.node, width)
