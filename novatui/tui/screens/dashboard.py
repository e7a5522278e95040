"""The dashboard: verdict, what is wrong, a pane a master, the member table, the keys."""

from __future__ import annotations

from functools import partial
from typing import ClassVar, cast

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal

from novatui.diagnosis.held_findings import HOLD_LEFT, LEFT_BEHIND, UNDER_WAY
from novatui.model.entries import Entry
from novatui.model.findings import Evidence, Finding, Way
from novatui.present import member_table
from novatui.present.evidence import evidence_rows
from novatui.present.guides import TARGET, guide
from novatui.present.headline import headline, verdict_bar
from novatui.present.i18n import _
from novatui.present.panes import RULE, Panes
from novatui.present.pointing import key_at
from novatui.present.recoveries import only_one
from novatui.present.rows import Role, Row, row
from novatui.present.strip import status_list
from novatui.tui.actions import bindings
from novatui.tui.screens.evidence import RECOVER, EvidenceScreen
from novatui.tui.screens.journal_keys import JournalKeys
from novatui.tui.screens.recover_menu import RecoverMenu
from novatui.tui.state import View
from novatui.tui.tail import Tail
from novatui.tui.widgets.footer import Footer
from novatui.tui.widgets.pane import NodePane
from novatui.tui.widgets.pulled import Pulled
from novatui.tui.widgets.rows_view import RowsView
from novatui.tui.widgets.strip import NodeStrip

DRAWN_LATELY_MS = 800


class _Fitted(RowsView):
    """Its rows are made for its own size, which it has only after the screen's layout: maybe after the last ``draw``."""

    def on_resize(self) -> None:
        cast("Dashboard", self.screen).draw()


class Dashboard(JournalKeys):
    """Which pane is chosen, zoomed or pinned is its only state; all else comes from the app's view."""

    scope: ClassVar[str] = "dashboard"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("dashboard")]

    def __init__(self) -> None:
        super().__init__()
        self.panes = Panes(0)
        self.zoomed = False
        self.table_wanted: bool | None = None  # None: as the size allows
        self._drawn_ms = 0

    def compose(self) -> ComposeResult:
        self.panes = Panes(self._count)
        yield RowsView(id="verdict")
        yield RowsView(id="headline")
        yield NodeStrip(id="strip")
        yield _Fitted(id="status-list")
        with Horizontal(id="body"):
            for number, node in enumerate(self.nova.cluster.nodes, 1):
                yield NodePane(number, self.nova.journals.tails[node.name], id=f"pane-{number}")
            yield _Fitted(id="evidence")
        yield RowsView(id="members")
        yield Footer(self.scope)

    @property
    def _count(self) -> int:
        return len(self.nova.cluster.nodes)

    @property
    def help_note(self) -> str:
        return _(RULE) if self.panes.partly or self.has_class("-narrow") else ""

    @property
    def chosen(self) -> int:
        return self.panes.chosen

    @property
    def _tail(self) -> Tail:
        return self.nova.journals.tails[self.nova.cluster.nodes[self.chosen - 1].name]

    # drawing

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.lay_out)

    def lay_out(self) -> None:
        """Which parts are there at this size; then everything is drawn for it."""
        tiny = self.has_class("-tiny-width") or self.has_class("-tiny-height")
        self._keep_in_sight()
        cramped = self.has_class("-narrow") and self.has_class("-low")
        table = self.table_wanted if self.table_wanted is not None else not (cramped or self.zoomed)
        with self.app.batch_update():
            self.query_one("#body").display = not tiny and not (table and cramped)
            self.query_one("#status-list").display = tiny
            self.query_one("#members").display = table and not tiny
            self.query_one("#strip").display = not tiny and (self.has_class("-narrow") or self.panes.partly)
            self.query_one("#evidence").display = self.has_class("-wide") and not self.zoomed
            for pane in self.query(NodePane):
                pane.display = (
                    pane.number == self.chosen if self._single else pane.number in self.panes.pinned
                )
                pane.choose(pane.number == self.chosen)
        self.call_after_refresh(self.draw)

    @property
    def _single(self) -> bool:
        return self.zoomed or self.has_class("-narrow")

    def _keep_in_sight(self) -> bool:
        """Whether another master needed a pane, and has one now; never behind another screen."""
        if self.app.screen is not self:
            return False
        tails = enumerate(self.nova.journals.tails.values(), 1)
        read = {number for number, tail in tails if not tail.following}
        alone = self.has_class("-narrow") and not self.zoomed
        return self.panes.look(self.nova.view.snapshot, alone=alone, read=read)

    def on_view(self, view: View) -> None:
        if self._keep_in_sight():
            self.lay_out()
        else:
            self.draw()

    def on_clock(self, now_ms: int) -> None:
        """Ages grow also while nothing arrives; where snapshots come, they have just been drawn."""
        if abs(now_ms - self._drawn_ms) >= DRAWN_LATELY_MS:
            self.draw()

    def draw(self) -> None:
        """Give every part its rows; the parts find out by themselves which lines changed."""
        view, now = self.nova.view, self.nova.now_ms
        width = self.size.width
        if not width:
            return
        self._drawn_ms = now
        with self.app.batch_update():
            self._draw_top(view, now, width)
            for pane in self.query(NodePane):
                node = view.snapshot.nodes[pane.number - 1]
                pane.show_view(view, now, self.nova.trends.of(node.name, now))
            part = self.query_one("#members", RowsView)
            if part.display:
                table = member_table.table(view.snapshot, width - 1)
                part.styles.height = max(len(table), self._count + 1)
                part.set_rows(table)
            self._draw_evidence(view, now)
            self.query_one(Footer).update()

    def _draw_top(self, view: View, now: int, width: int) -> None:
        bar = verdict_bar(view.snapshot, view.diagnosis, now, width, self.nova.mark())
        self.query_one("#verdict", RowsView).set_rows([bar])
        line = headline(view.snapshot, view.diagnosis, now, width, self._keys(view), view.trouble)
        self.query_one("#headline", RowsView).set_rows([line])
        strip, every = self.query_one(NodeStrip), self.query_one("#status-list", RowsView)
        if strip.display:
            others = self.panes.pinned if self.panes.partly and not self._single else ()
            strip.show(view.snapshot, now, self.chosen, others)
        if every.display:
            every.set_rows(status_list(view.snapshot, now, width, every.size.height))

    def _draw_evidence(self, view: View, now: int) -> None:
        part = self.query_one("#evidence", RowsView)
        if not part.display or part.size.width < 4:
            return
        rows = evidence_rows(view.snapshot, view.diagnosis, now, part.size.width)
        room = part.size.height
        if len(rows) > room > 0:
            rows = [*rows[: room - 1], row((_("more: d"), Role.ACCENT))]
        part.set_rows(rows)

    def _keys(self, view: View) -> Row:
        """What to do about it, and which key does that."""
        if any(one.id in (UNDER_WAY, LEFT_BEHIND, HOLD_LEFT) for one in view.diagnosis.findings):
            return row(("L", Role.KEY), f" {_('locks')}  ", ("d", Role.KEY), f" {_('why')}")
        recommend = view.diagnosis.recommend
        if not recommend:
            return ()
        if recommend == "wait":
            return row((_("wait"), Role.ACCENT), "  ", ("d", Role.KEY), f" {_('why')}")
        narrow = self.has_class("-narrow")
        name = _("recover") if narrow else recommend
        return row(("w", Role.KEY), f" {name}  ", ("d", Role.KEY), f" {_('why')}")

    # choosing

    def choose(self, number: int) -> None:
        """Make a master's pane the one keys act on."""
        if not 1 <= number <= self._count:
            self.say(_("there is no master {n}").format(n=number))
            return
        self.panes.choose(number)
        self.lay_out()

    async def on_pulled_clicked(self, event: Pulled.Clicked) -> None:
        """A pane is chosen first; then its lines are, and twice above them zooms."""
        pane = event.pane
        if isinstance(pane, NodePane) and pane.number != self.chosen:
            self.choose(pane.number)
        elif event.line is not None:
            await self.point(event.line)
        elif event.twice:
            await self.pick("zoom")

    def on_node_strip_chosen(self, event: NodeStrip.Chosen) -> None:
        self.choose(event.number)

    @on(events.Click, "#members")
    def _member_clicked(self, event: events.Click) -> None:
        if number := member_table.node_at(self.nova.view.snapshot, event.y):
            self.choose(number)

    @on(events.Click, "#headline")
    async def _headline_clicked(self, event: events.Click) -> None:
        """A key that is named there; else why."""
        rows = self.query_one("#headline", RowsView).shown
        await self.pick((key_at(rows[0], event.x) if rows else "") or "why")

    @on(events.Click, "#evidence")
    async def _evidence_clicked(self) -> None:
        await self.pick("why")

    def act_next_node(self) -> None:
        self._step(1)

    def act_go_right(self) -> None:
        if self.zoomed:
            self._scroll(1)
        else:
            self._step(1)

    def act_go_left(self) -> None:
        if self.zoomed:
            self._scroll(-1)
        else:
            self._step(-1)

    def act_previous_node(self) -> None:
        self._step(-1)

    def _step(self, direction: int) -> None:
        self.choose((self.chosen - 1 + direction) % self._count + 1)

    def act_node(self, number: int) -> None:
        self.choose(number)

    # what keys do

    def act_recover(self) -> None:
        """The one that is recommended, where no other is possible; else the menu."""
        diagnosis = self.nova.view.diagnosis
        way = only_one(diagnosis)
        if way is None:
            self.app.push_screen(RecoverMenu(diagnosis), self._chosen)
        else:
            self._chosen(way)

    def _chosen(self, way: Way | None) -> None:
        if way is not None:
            focused = self.nova.cluster.nodes[self.chosen - 1].name
            about_one = guide(way.runbook).asks == TARGET
            self.nova.open_wizard(way.runbook, way.node or (focused if about_one else ""))

    def act_why(self) -> None:
        self.app.push_screen(EvidenceScreen(), self._followed)

    def _followed(self, to: Finding | str | None) -> None:
        """From the evidence to where it comes from: the line of the journal, the pane, the members, the locks."""
        if to == RECOVER:
            self.act_recover()
        if not isinstance(to, Finding):
            return
        if to.id in (UNDER_WAY, LEFT_BEHIND, HOLD_LEFT):
            self.nova.act_locks()
            return
        names = [node.name for node in self.nova.cluster.nodes]
        at = next((one for one in reversed(to.evidence) if one.node in names), None)
        node = to.node or (at.node if at is not None else "")
        if node in names:
            self.choose(names.index(node) + 1)
        if at is not None and at.source == "members" and not self.query_one("#members").display:
            self.act_table()
        if at is not None and at.source == "journal" and not self._tail.to(partial(_is, at)):
            self.say(_("that line is not in the journal shown here any more"))

    def act_refresh(self) -> None:
        self.nova.refresh_feed()
        self.say(_("asking every master"))

    def act_zoom(self) -> None:
        self.zoomed = not self.zoomed
        self.lay_out()

    def act_table(self) -> None:
        self.table_wanted = not self.query_one("#members").display
        self.lay_out()

    @property
    def exported_name(self) -> str:
        return self.nova.cluster.nodes[self.chosen - 1].name

    def act_back(self) -> None:
        if self.leave_selection():
            return
        if self.zoomed or self.table_wanted is not None:
            self.zoomed, self.table_wanted = False, None
            self.lay_out()
        else:
            self._tail.follow()


def _is(evidence: Evidence, entry: Entry) -> bool:
    """Whether this is the line that was concluded from."""
    return entry.at_ms == evidence.at_ms and evidence.value.startswith(entry.text)
