"""Past and living runs of this cluster on this machine."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.worker import Worker, WorkerState

from novatui.errors import NovatuiError
from novatui.model.sanitize import clean
from novatui.present.history import Told, history_rows
from novatui.present.i18n import _, translated
from novatui.present.rows import BLANK, Role, Row, clip, joined, row
from novatui.present.run import Link, Watch
from novatui.present.run_pages import result_rows, result_text
from novatui.present.wizard import trouble_rows, waiting_rows
from novatui.tui.actions import bindings
from novatui.tui.badge import badge
from novatui.tui.screens.base import NovaScreen
from novatui.tui.screens.run import RunScreen
from novatui.tui.screens.run_choice import Choice, ChoiceModal
from novatui.tui.screens.run_client import RunClient
from novatui.tui.screens.run_pages import TextPage
from novatui.tui.widgets.footer import Footer
from novatui.tui.widgets.page import Page
from novatui.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    from novatui.runner.client import RunSummary
    from novatui.tui.app import NovatuiApp

log = logging.getLogger(__name__)

ABOVE = 2  # rows above the first run
OFFER_AGAIN_S = 1.0  # while something lies over the dashboard


class HistoryScreen(NovaScreen):
    """The newest run first; which one is chosen is its only state."""

    CSS_PATH = "../styles/run.tcss"
    scope: ClassVar[str] = "history"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("history")]

    def __init__(self, client: RunClient) -> None:
        super().__init__()
        self.client = client
        self.runs: list[RunSummary] | None = None
        self.chosen = 0
        self.error: NovatuiError | None = None

    def compose(self) -> ComposeResult:
        yield RowsView(id="history-header")
        yield Page(id="history-page")
        yield Footer(self.scope)

    def on_mount(self) -> None:
        self.act_history_again()

    def act_history_again(self) -> None:
        self.error = None
        self.run_worker(self._read(), name="read", exclusive=True, exit_on_error=False)

    async def _read(self) -> None:
        before = self._run
        self.runs = await self.client.runs()
        names = [one.run for one in self.runs]
        if before is not None and before.run in names:  # newer ones have moved it
            self.chosen = names.index(before.run)
        self.chosen = max(0, min(self.chosen, len(self.runs) - 1))
        self.paint()

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        if event.state is WorkerState.ERROR:
            error = event.worker.error
            log.error("the history could not be read", exc_info=error)
            self.error = unread(error)
            self.paint()

    def on_clock(self, now_ms: int) -> None:
        self.paint()

    def on_resize(self, event: events.Resize) -> None:
        self.call_after_refresh(self.paint)

    def on_screen_resume(self) -> None:
        self.act_history_again()

    def paint(self) -> None:
        if not self.is_attached:
            return
        page = self.query_one(Page)
        page.keys = ""
        title = _("Runs of {cluster} on this machine").format(cluster=self.nova.cluster.name)
        head = joined([badge(self), row((title, Role.BRIGHT))])
        self.query_one("#history-header", RowsView).set_rows([clip(head, self.size.width)])
        page.show("", self.rows(page.inner))
        self.query_one(Footer).update()

    def rows(self, width: int) -> list[Row]:
        now = self.nova.clock()
        if self.error is not None:
            return trouble_rows(self.error.title, self.error.detail, self.error.hint, width)
        if self.runs is None:
            return waiting_rows(_("reading the journals"), now, now, width)
        return [BLANK, *history_rows([_told(one) for one in self.runs], self.chosen, now, width)]

    @property
    def _run(self) -> RunSummary | None:
        return self.runs[self.chosen] if self.runs else None

    def why_not_open(self) -> str:
        return "" if self._run is not None else _("no run yet")

    def act_history_open(self) -> None:
        if (one := self._run) is not None:
            open_run(self.nova, self.client, one.run)

    def act_history_report(self) -> None:
        """What the journal says of the chosen run, as it stands now."""
        if (one := self._run) is not None:
            self.run_worker(self._report(one.run), name="read", exclusive=True, exit_on_error=False)

    async def _report(self, run: str) -> None:
        watch = await self._watch_of(run)
        self.app.push_screen(
            TextPage(
                _("Report of run {run}").format(run=run),
                lambda width: result_rows(watch, width, {}, keys=False),
                "t",
                lambda: result_text(watch, {}),
            )
        )

    async def _watch_of(self, run: str) -> Watch:
        async with self.client.follow(run) as follower:
            link = Link.LIVE if follower.live else Link.PAST if follower.state.ended else Link.GONE
            return Watch(
                plan=follower.plan,
                state=follower.state,
                link=link,
                now_ms=self.nova.clock(),
                environment=self.nova.cluster.environment,
            )

    def act_history_copy(self) -> None:
        if (one := self._run) is not None:
            self.run_worker(self._copy(one.run), name="read", exclusive=True, exit_on_error=False)

    async def _copy(self, run: str) -> None:
        self.app.copy_to_clipboard(result_text(await self._watch_of(run), {}))
        self.say(_("copied"))

    def act_history_up(self) -> None:
        self._move(-1)

    def act_history_down(self) -> None:
        self._move(1)

    def _move(self, by: int) -> None:
        if self.runs:
            self.chosen = max(0, min(len(self.runs) - 1, self.chosen + by))
            self.paint()
            self.query_one(Page).reveal(self.chosen + ABOVE, self.chosen + ABOVE + 1)

    @on(events.Click, "#history-page")
    async def _clicked(self, event: events.Click) -> None:
        number = self.query_one(Page).row_at(event.y) - ABOVE
        if not self.runs or not 0 <= number < len(self.runs):
            return
        if number == self.chosen:
            await self.pick("history-open")
        else:
            self._move(number - self.chosen)

    def act_history_leave(self) -> None:
        self.dismiss(None)


def _told(one: RunSummary) -> Told:
    return Told(
        run=one.run,
        runbook=one.runbook,
        started_ms=one.started_ms,
        ended_ms=one.ended_ms,
        result=one.result,
        verified=one.verified,
        operator=one.operator,
        alive=one.alive,
    )


def unread(error: BaseException | None) -> NovatuiError:
    """Why there is no list of runs."""
    if isinstance(error, NovatuiError):
        return error
    return NovatuiError(_("The runs cannot be read"), clean(str(error)))


def open_run(app: NovatuiApp, client: RunClient, run: str) -> None:
    """The run's screen; a run that cannot be read says why."""
    try:
        plan = client.follow(run).plan
    except (NovatuiError, OSError) as error:
        app.say(clean(str(error).replace("\n", ": ")))
        return
    app.push_screen(RunScreen(client, run, plan))


def _covered(app: NovatuiApp) -> bool:
    return len(app.screen_stack) > 1


async def offer_living_run(app: NovatuiApp, client: RunClient) -> None:
    """On start: a run of this cluster that lives, or lost its runner half-way, is offered once; where none can be looked for,
    that is said."""
    try:
        await _offer_living_run(app, client)
    except Exception as error:
        log.error("a run under way could not be looked for", exc_info=error)
        why = unread(error)
        said = "; ".join(translated(part) for part in (why.title, why.detail) if part)
        app.say(_("whether a run is under way is not known: {why}").format(why=clean(said)))


async def _offer_living_run(app: NovatuiApp, client: RunClient) -> None:
    """Never over anything but the dashboard: what is typed for a prompt would act here."""
    while True:
        if not _covered(app):
            living = [one for one in await client.runs() if one.alive or (not one.result and one.started_ms)]
            if not living:
                return
            if not _covered(app):
                break
        await asyncio.sleep(OFFER_AGAIN_S)
    one = living[0]
    said = _("{runbook}, run {run}, started by {who}").format(
        runbook=one.runbook, run=one.run, who=clean(one.operator)
    )
    lives = one.alive
    title = _("A run is under way on this cluster") if lives else _("A run of this cluster lost its runner")

    def chosen(choice: str | None) -> None:
        if choice == "attach":
            open_run(app, client, one.run)

    offer = ChoiceModal(
        title,
        [
            Choice(
                "attach",
                "a",
                _("Attach") if lives else _("Look"),
                _("see where it stands; nothing is changed by looking"),
            ),
            Choice("later", "l", _("Later"), _("H finds it at any time")),
        ],
        said,
        esc="later",
    )
    offer.unasked = True
    app.push_screen(offer, chosen)
