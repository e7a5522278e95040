"""Which cluster: those of the configuration, narrowed by what is typed. Choosing one only looks at it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical

from novatui.config import ClusterConfig
from novatui.last_seen import recall
from novatui.present.clusters import Known, cluster_rows, matching
from novatui.present.i18n import _
from novatui.present.pointing import Spans, choice_at
from novatui.present.rows import BLANK, Role, Row, row, wrap
from novatui.tui.screens.modal import DeafModal
from novatui.tui.widgets.rows_view import RowsView

_TYPED_MOST = 60


class ClusterPicker(DeafModal[ClusterConfig | None], inherit_bindings=False):
    """Ends with the chosen one, None when it is left. ``here`` is the one on the screen; ``said``: what leaving that means."""

    CSS_PATH = "../styles/run.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []
    AUTO_FOCUS = ""

    def __init__(
        self, clusters: Sequence[ClusterConfig], clock: Callable[[], int], here: str = "", said: str = ""
    ) -> None:
        super().__init__()
        self._clusters: list[Known] = [(cluster, recall(cluster)) for cluster in clusters]
        self._clock, self._here, self._said = clock, here, said
        self._spans: Spans = []
        self.typed = ""
        self.chosen = next((n for n, one in enumerate(clusters) if one.name == here), 0)

    def compose(self) -> ComposeResult:
        with Vertical(id="choice-box"):
            yield RowsView(id="choice-title")
            yield RowsView(id="choice-rows")

    def on_mount(self) -> None:
        self.set_interval(1.0, self.refill)

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.refill)

    @property
    def found(self) -> list[Known]:
        return matching(self._clusters, self.typed)

    def refill(self) -> None:
        width = max(20, self.query_one("#choice-box").content_size.width)
        title = row((_("Which cluster?"), Role.BRIGHT), "  ", (_("choosing one only looks"), Role.DIM))
        self.query_one("#choice-title", RowsView).set_rows([title])
        body = self.query_one("#choice-rows", RowsView)
        rows = self._rows(width)
        body.styles.height = len(rows)
        body.set_rows(rows)

    def _rows(self, width: int) -> list[Row]:
        typed = (self.typed, Role.BRIGHT) if self.typed else (_("type a part of its name"), Role.DIM)
        rows: list[Row] = [row(("/ ", Role.KEY), typed), BLANK]
        found = self.found
        shown = cluster_rows(found, self.chosen, self._here, self._clock(), width)
        room = max(1, (self.size.height - 10 - 2 * bool(self._said)) // 2)
        first = max(0, min(self.chosen - room // 2, len(shown) - room))
        self._spans = [(0, 0)] * first  # those above have no rows
        for pair in shown[first : first + room]:
            self._spans.append((len(rows), len(rows) + len(pair)))
            rows += pair
        if len(shown) > room:
            count = _("{n} of {total}").format(n=self.chosen + 1, total=len(shown))
            rows.append(row((f"   {count}", Role.ACCENT)))
        if not shown:
            rows.append(row((_("none of them"), Role.WARN)))
        rows += [BLANK, *(row((piece, Role.WARN)) for piece in wrap(self._said, width) if self._said)]
        keys = row(
            ("↑ ↓", Role.KEY),
            " " + _("choose"),
            ("   Enter", Role.KEY),
            " " + _("opens it"),
            ("   Esc", Role.KEY),
            " " + (_("back") if self._here else _("leave")),
        )
        return [*rows, keys]

    def on_key(self, event: events.Key) -> None:
        event.stop()
        if not self.armed:
            return
        match event.key:
            case "escape" if self.typed:
                self._type("")
            case "escape" | "ctrl+c":
                self.dismiss(None)
            case "enter" if self.found:
                self.dismiss(self.found[self.chosen][0])
            case "down" | "tab":
                self._move(1)
            case "up" | "shift+tab":
                self._move(-1)
            case "backspace":
                self._type(self.typed[:-1])
            case _ if event.character and event.is_printable and len(self.typed) < _TYPED_MOST:
                self._type(self.typed + event.character)

    def _type(self, typed: str) -> None:
        self.typed, self.chosen = typed, 0
        self.refill()

    def _move(self, by: int) -> None:
        self.chosen = max(0, min(len(self.found) - 1, self.chosen + by))
        self.refill()

    def on_click(self, event: events.Click) -> None:
        """Chooses one; on the chosen one it is Enter."""
        if not self.armed or getattr(event.widget, "id", "") != "choice-rows":
            return
        number = choice_at(self._spans, event.y)
        if number is not None and number == self.chosen:
            self.dismiss(self.found[number][0])
        elif number is not None:
            self._move(number - self.chosen)
