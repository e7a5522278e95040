"""The app: it owns the feed, the clock and the one view; screens watch, and never ask a master anything."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any, ClassVar

from msgspec.structs import replace
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.reactive import var
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from novatui.config import ClusterConfig
from novatui.diagnosis.verdict import diagnose
from novatui.last_seen import LastSeen, remember
from novatui.model.cluster import ClusterSnapshot, Link
from novatui.model.entries import Entry
from novatui.model.findings import Diagnosis
from novatui.present.i18n import _
from novatui.present.pointing import by_key_alone
from novatui.present.rows import Row
from novatui.present.run import Link as RunLink
from novatui.present.trend import Trends, use_glyphs
from novatui.tui import actions, terminal
from novatui.tui.feed import Feed, LiveFeed
from novatui.tui.journals import Journals
from novatui.tui.pace import Pace
from novatui.tui.palette import Palette
from novatui.tui.people import AtScreen
from novatui.tui.screens.base import NovaScreen
from novatui.tui.screens.clusters import ClusterPicker
from novatui.tui.screens.dashboard import Dashboard
from novatui.tui.screens.history import HistoryScreen, offer_living_run
from novatui.tui.screens.locks import LocksPage
from novatui.tui.screens.merged import MergedScreen
from novatui.tui.screens.page import ByHandScreen, HelpScreen
from novatui.tui.screens.run import RunScreen
from novatui.tui.screens.run_client import LiveClient, RunClient
from novatui.tui.state import View, first_view
from novatui.tui.tape import Tape
from novatui.tui.theme import DARK, THEMES, after, first
from novatui.tui.wizards import wizard_for

log = logging.getLogger(__name__)

Diagnose = Callable[[ClusterSnapshot, Mapping[str, Sequence[Entry]], int], Diagnosis]


# The classes every screen carries; styles and layouts go by them. Below 80x24 there is a list, never a refusal.
WIDTHS: list[tuple[int, str]] | None = [(0, "-tiny-width"), (80, "-narrow"), (108, "-normal"), (180, "-wide")]
HEIGHTS: list[tuple[int, str]] | None = [(0, "-tiny-height"), (24, "-low"), (32, "-tall")]


REMEMBER_MS = 60_000
# Entries that come at once. Where as many go, the collector's count stays low while its young ones become 100,000, which is a
# stall of 40 ms: it is called after each such batch.
FLOOD = 50


def wall_ms() -> int:
    return time.time_ns() // 1_000_000


class SnapshotArrived(Message):
    """The feed delivered one look at all masters."""

    def __init__(self, snapshot: ClusterSnapshot) -> None:
        super().__init__()
        self.snapshot = snapshot


class NovatuiApp(App[None], inherit_bindings=False):
    """Ctrl-C never quits. ``feed``, ``clock`` and ``judge`` are seams: tests bring their own."""

    TITLE = "novatui"
    CSS_PATH = "styles/novatui.tcss"
    ENABLE_COMMAND_PALETTE = False  # ours is opened by the registry's own key
    HORIZONTAL_BREAKPOINTS = WIDTHS
    VERTICAL_BREAKPOINTS = HEIGHTS
    MODES: ClassVar = {"dashboard": Dashboard}
    DEFAULT_MODE = "dashboard"
    replaying: ClassVar[bool] = False  # what is shown is of a file: there is no way to a master
    BINDINGS: ClassVar[list[BindingType]] = [
        *actions.bindings("app"),
        Binding("ctrl+c", "no_quit", show=False, priority=True),
    ]

    # Not ``reactive``: that would paint the whole screen anew at each change. Screens watch these, and their parts find
    # out which of their lines differ.
    view: var[View] = var(lambda: first_view(ClusterConfig(name=""), 0), init=False)
    now_ms: var[int] = var(0, init=False)

    def __init__(
        self,
        cluster: ClusterConfig,
        *,
        feed: Feed | None = None,
        clock: Callable[[], int] = wall_ms,
        judge: Diagnose = diagnose,
        client: RunClient | None = None,
        accept_new_host_keys: bool = False,
        clusters: Sequence[ClusterConfig] = (),
    ) -> None:
        super().__init__()
        for theme in THEMES.values():
            self.register_theme(theme)
        self.cluster = cluster
        self.clusters = clusters  # all of the configuration
        self.goes_to: ClusterConfig | None = None  # the one to be shown when this one is left
        self._remembered: LastSeen | None = None
        self.clock = clock
        self.people = AtScreen(self, accept_new_host_keys)
        self.feed: Feed = feed or LiveFeed(cluster, self.people.wallet, self.people)
        self.journals = Journals([node.name for node in cluster.nodes], self.feed, self._aside)
        self.trends = Trends()
        self.run_client: RunClient = client or LiveClient(cluster, self.feed, self.people)
        self.tape = Tape(cluster, clock, lambda: tuple(self.people.wallet.known().values()))
        self._judge = judge
        self._pace = Pace(self._show_snapshot)
        self._feed_stopped = ""  # why nothing new comes, until it is started again
        self.set_reactive(NovatuiApp.now_ms, clock())
        self.set_reactive(NovatuiApp.view, first_view(cluster, clock()))

    def on_mount(self) -> None:
        self.theme = first(os.environ).name
        use_glyphs(os.environ.get("TERM", ""))
        self.set_interval(1.0, self._tick)
        self.call_after_refresh(self._start_feed)
        self.set_timer(0.5, self._offer_living_run)

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Our own variables, for themes that do not set them."""
        return DARK.variables

    def _tick(self) -> None:
        if not self.is_headless and terminal.is_gone():
            terminal.hang_up()
        held = self._pace.release()
        if held is not None:
            self._take(held)
        self.now_ms = self.clock()

    # the feed

    def _start_feed(self) -> None:
        """After the first paint: its imports cost more than ours."""
        self._feed_stopped = ""
        self.run_worker(
            self.feed.start(self.snapshot_arrived, self.entries_arrived),
            name="feed",
            group="feed",
            exclusive=True,
            exit_on_error=False,
        )

    def _aside(self, work: Coroutine[Any, Any, None]) -> None:
        self.run_worker(work, exit_on_error=False)

    def _offer_living_run(self) -> None:
        self.run_worker(offer_living_run(self, self.run_client), name="offer", exit_on_error=False)

    def snapshot_arrived(self, snapshot: ClusterSnapshot) -> None:
        self.tape.snapshot(snapshot)
        self.trends.add(snapshot)
        self._pace.arrived(snapshot)

    def _show_snapshot(self, snapshot: ClusterSnapshot) -> None:
        self.post_message(SnapshotArrived(snapshot))

    def entries_arrived(self, node: str, entries: Sequence[Entry]) -> None:
        self.tape.entries(node, entries)
        self.journals.append(node, entries)
        if len(entries) >= FLOOD:
            gc.collect(0)

    def forget(self) -> None:
        """What comes next is of another time: a jump in a recording."""
        self.journals.clear()
        self.trends = Trends()
        self._pace = Pace(self._show_snapshot)

    def on_snapshot_arrived(self, message: SnapshotArrived) -> None:
        self._take(message.snapshot)

    def _take(self, snapshot: ClusterSnapshot) -> None:
        now = self.clock()
        self.set_reactive(NovatuiApp.now_ms, now)
        with self.batch_update():
            self.view = self._judged(snapshot, now)
        self._remember(self.view)

    def _remember(self, view: View) -> None:
        """For the picker: each verdict as it changes, and once a minute; not before every master was tried."""
        now, quorum = view.snapshot.at_ms, view.diagnosis.quorum
        seen = LastSeen(at_ms=now, verdict=view.diagnosis.verdict, healthy=quorum.healthy, total=quorum.total)
        last = self._remembered
        if self.replaying or any(node.link is Link.CONNECTING for node in view.snapshot.nodes):
            return
        if last is None or replace(last, at_ms=now) != seen or now - last.at_ms >= REMEMBER_MS:
            self._remembered = seen
            remember(self.cluster, seen)

    def _judged(self, snapshot: ClusterSnapshot, now: int) -> View:
        """A bug in the diagnosis must not close the window on the cluster: the facts stay, without a verdict."""
        try:
            diagnosis = self._judge(snapshot, self.journals.for_diagnosis(), now)
            return View(snapshot, diagnosis, self._feed_stopped)
        except Exception:
            log.exception("the diagnosis failed")
            unknown = first_view(self.cluster, now).diagnosis
            failed = _("the diagnosis failed (a bug of novatui, see its log); the facts below stand")
            return View(snapshot, unknown, self._feed_stopped or failed)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """The feed ends only when it broke: say so, and go on showing what was last known."""
        if event.worker.name != "feed" or event.state not in (WorkerState.ERROR, WorkerState.SUCCESS):
            return
        error = event.worker.error
        if error is not None:
            log.error("the feed stopped", exc_info=error)
        why = f"{type(error).__name__}: {error}" if error else _("it ended")
        stopped = _("no new data: the poller stopped ({why}); r starts it again")
        self._feed_stopped = stopped.format(why=why)
        self._take(self._pace.release() or self.view.snapshot)

    def refresh_feed(self) -> None:
        """Ask now, people too; start the feed again if it broke."""
        self.people.wallet.again()
        if self._feed_stopped:
            self._start_feed()
        else:
            self.feed.refresh()

    async def on_unmount(self) -> None:
        self.tape.close()
        await self.run_client.close()
        await self.feed.close()

    # actions

    async def action_perform(self, action_id: str) -> None:
        """One of the registry's actions, on the screen in front; a disabled one says why."""
        action = actions.find(action_id)
        why_not = action.why_not(self)
        if why_not:
            self.say(f"{action.label} {_(action.name)}: {why_not}")
            return
        if action_id.startswith("node-") and isinstance(self.screen, Dashboard):
            self.screen.act_node(int(action_id.removeprefix("node-")))
            return
        method = getattr(self.screen, action.method, None) or getattr(self, action.method, None)
        if method is not None:
            method()

    async def action_pick(self, action_id: str) -> None:
        """By a click or out of the palette: what its key does, but for what only a key may do."""
        action = actions.find(action_id)
        if action.by_key and not action.why_not(self):
            self.say(by_key_alone(action.label, _(action.name)))
        else:
            await self.action_perform(action_id)

    def say(self, text: str) -> None:
        if isinstance(self.screen, NovaScreen):
            self.screen.say(text)

    def act_help(self) -> None:
        screen = self.screen
        if isinstance(screen, NovaScreen):
            self.push_screen(HelpScreen(screen.scope, screen.help_note))

    def act_palette(self) -> None:
        self.push_screen(Palette())

    def act_theme(self) -> None:
        self.theme = after(self.theme).name

    def why_not_clusters(self) -> str:
        if self.replaying:
            return actions.no_masters(self)
        if len(self.clusters) < 2:
            return _("the configuration has one cluster")
        if any(getattr(screen, "scope", "") == "wizard" for screen in self.screen_stack):
            return _("a wizard is under way: leave it first, Esc")
        return ""

    def act_clusters(self) -> None:
        run = next((screen for screen in self.screen_stack if isinstance(screen, RunScreen)), None)
        goes_on = _("run {run} on {cluster} goes on without the screen: it has a process of its own")
        said = (
            goes_on.format(run=run.plan.run, cluster=self.cluster.name)
            if run is not None and run.link in (RunLink.LIVE, RunLink.OPENING)
            else ""
        )
        self.push_screen(ClusterPicker(self.clusters, self.clock, self.cluster.name, said), self._picked)

    def _picked(self, cluster: ClusterConfig | None) -> None:
        if cluster is not None and cluster.name != self.cluster.name:
            self.goes_to = cluster
            self.exit()

    def act_quit(self) -> None:
        self.exit()

    def action_no_quit(self) -> None:
        self.say(_("Ctrl-C does not quit; q does"))

    def act_restore(self) -> None:
        """Always to be had: what speaks against it, the wizard says."""
        self.open_wizard("restore-cluster")

    def mark(self) -> tuple[Row, ...]:
        """From the fullest to the shortest: what is to be said of the screen itself, in the line of the verdict: that it is being recorded."""
        return self.tape.mark()

    def act_record(self) -> None:
        self.say(self.tape.toggle(self.view.snapshot, self.journals.recent))

    def act_locks(self) -> None:
        self.push_screen(LocksPage())

    def act_merged(self) -> None:
        self.push_screen(
            MergedScreen(self.journals.open_merged()), lambda _left: self.journals.close_merged()
        )

    def act_history(self) -> None:
        self.push_screen(HistoryScreen(self.run_client))

    def open_wizard(self, runbook: str, node: str = "") -> None:
        """The wizard of ``runbook``, or in words what to do by hand where there is none."""
        self.push_screen(self.wizard(runbook, node))

    def wizard(self, runbook: str, node: str = "") -> Screen[Any]:
        return wizard_for(runbook, self, node) or ByHandScreen(runbook, node)

    # our own bugs

    def _print_error_renderables(self) -> None:
        """No traceback on the terminal: ``run_app`` raises the error, and the command line keeps it in the log."""
        self._exit_renderables.clear()

    @property
    def crash(self) -> Exception | None:
        return self._exception

    def on_ready(self, event: events.Ready) -> None:
        self.call_after_refresh(settle_memory)


def settle_memory() -> None:
    """What is loaded stays: out of the collector's way. And it looks often, at little; but not so often that what was drawn a
    moment ago is taken for old: that would be garbage that stays."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2_000, 10, 20)


def run_app(
    cluster: ClusterConfig,
    *,
    accept_new_host_keys: bool = False,
    clusters: Sequence[ClusterConfig] = (),
) -> int:
    """The screen until it is left; each cluster has one of its own, with nothing in it of another. Returns the exit code;
    an error of ours is raised, never shown as a traceback."""
    while True:
        app = NovatuiApp(cluster, accept_new_host_keys=accept_new_host_keys, clusters=clusters)
        app.run()
        if app.crash is not None:
            raise app.crash
        if app.goes_to is None:
            return 1 if app.return_code is None else app.return_code
        cluster = app.goes_to
        gc.unfreeze()  # what the one that was left held goes with it
