"""A screen ends once: two keys in one read leave the screen below, and one that ends under another waits for its turn."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from textual import events
from textual.app import App
from textual.pilot import Pilot
from textual.screen import ModalScreen, Screen
from textual.widgets import Input

from novatui.model.run import RunState
from novatui.present.run import Link
from novatui.remote.secrets import SecretAsk, SecretKind
from novatui.runner.client import Reply
from novatui.tui.app import NovatuiApp
from novatui.tui.palette import Palette
from novatui.tui.replay.screen import ReplayDashboard
from novatui.tui.screens.clusters import ClusterPicker
from novatui.tui.screens.dashboard import Dashboard
from novatui.tui.screens.ends_once import EndsOnce
from novatui.tui.screens.entry import EntryPage
from novatui.tui.screens.evidence import EvidenceScreen
from novatui.tui.screens.filter_prompt import FilterPrompt
from novatui.tui.screens.gate import GateModal
from novatui.tui.screens.history import HistoryScreen
from novatui.tui.screens.locks import LocksPage
from novatui.tui.screens.merged import MergedScreen
from novatui.tui.screens.page import ByHandScreen, HelpScreen
from novatui.tui.screens.recover_menu import RecoverMenu
from novatui.tui.screens.run import RunScreen
from novatui.tui.screens.run_choice import Choice, ChoiceModal
from novatui.tui.screens.run_pages import OutputPage, PlanPage, ScriptsPage, TextPage
from novatui.tui.screens.run_undo import UndoModal
from novatui.tui.screens.secret import AskModal, HostKeyModal, SecretModal
from novatui.tui.screens.wizard import RecoverWizard, RestartWizard, RestoreWizard, StartWizard
from novatui.tui.screens.wizard_overrule import OverruleModal
from tests.tui.gallery.screens import wanted
from tests.tui.run_cases import RUN, FakeClient, FakeFollower, Journal, happy, plan
from tests.tui.screen_cases import NOW, FakeFeed, cluster, config, dead, diagnosis_of, entry, node
from tests.tui.waiting import until

ONE_MASTER_DOWN = cluster(node(1), dead(2), node(3))
KEY = SecretAsk(SecretKind.PASSPHRASE, "nova-master-1", "/keys/id_ed25519")


class Below(ModalScreen[None]):
    """What must stay; it has no keys of its own, and none of the app's."""


def app_with(follower: FakeFollower | None = None) -> NovatuiApp:
    client = FakeClient(follower or FakeFollower(happy(), live=False))
    return NovatuiApp(config(), feed=FakeFeed(), clock=lambda: NOW, client=client)


def at_gate() -> tuple[Journal, FakeFollower]:
    journal = Journal()
    journal.prepare()
    journal.open_gate(older=False)
    return journal, FakeFollower(journal.records, live=True)


def gate() -> GateModal:
    async def stale(gate: str, nonce: str, words: tuple[str, ...]) -> Reply:
        return Reply(id=1, code="stale")

    opened = at_gate()[1].state.open_gate
    assert opened is not None
    return GateModal(plan(), opened, stale, lambda: NOW)


type_name = ("nova-prod", "enter")
Made = Callable[[NovatuiApp], EndsOnce[Any]]
# How it is made, what is typed into it, and the key that ends it.
SCREENS: dict[type[EndsOnce[Any]], tuple[Made, tuple[str, ...], str]] = {
    ByHandScreen: (lambda app: ByHandScreen("restore-cluster", ""), (), "escape"),
    ChoiceModal: (lambda app: ChoiceModal("?", [Choice("stay", "s", "Stay", "it stays")]), (), "enter"),
    ClusterPicker: (lambda app: ClusterPicker([config()], app.clock), (), "enter"),
    EntryPage: (lambda app: EntryPage([entry("a line")]), (), "escape"),
    EvidenceScreen: (lambda app: EvidenceScreen(), (), "escape"),
    FilterPrompt: (lambda app: FilterPrompt(""), ("x",), "enter"),
    GateModal: (lambda app: gate(), type_name, "y"),
    HelpScreen: (lambda app: HelpScreen("app"), (), "escape"),
    HistoryScreen: (lambda app: HistoryScreen(app.run_client), (), "q"),
    HostKeyModal: (lambda app: HostKeyModal("m1", "h", 22, "ssh-rsa", "SHA256:x"), ("yes",), "enter"),
    LocksPage: (lambda app: LocksPage(), (), "escape"),
    MergedScreen: (lambda app: MergedScreen(app.journals.open_merged()), (), "q"),
    OutputPage: (lambda app: OutputPage("stop", list, {}), (), "escape"),
    OverruleModal: (lambda app: OverruleModal("older", [], "restore-cluster"), ("older", "enter"), "y"),
    Palette: (lambda app: Palette(), (), "escape"),
    PlanPage: (lambda app: PlanPage(plan()), (), "escape"),
    RecoverMenu: (lambda app: RecoverMenu(diagnosis_of(ONE_MASTER_DOWN)), (), "escape"),
    RecoverWizard: (lambda app: RecoverWizard(app, "nova-master-2"), (), "q"),
    RestartWizard: (lambda app: RestartWizard(app, "nova-master-2"), (), "q"),
    RestoreWizard: (lambda app: RestoreWizard(app), (), "q"),
    RunScreen: (lambda app: RunScreen(app.run_client, RUN, plan()), (), "q"),
    ScriptsPage: (lambda app: ScriptsPage(plan()), (), "escape"),
    SecretModal: (lambda app: SecretModal(KEY), ("pl4nted",), "enter"),
    StartWizard: (lambda app: StartWizard(app), (), "q"),
    TextPage: (lambda app: TextPage("words", lambda width: []), (), "escape"),
    UndoModal: (lambda app: UndoModal(plan(), RunState()), type_name, "y"),
}
NEVER_END = {Dashboard, ReplayDashboard}  # the first of the stack: leaving it is leaving the app


def in_one_read(app: App[Any], *keys: str) -> None:
    for key in keys:
        app.post_message(events.Key(key, {"enter": "\r", "escape": "\x1b"}.get(key, key)))


def ready(screen: Screen[Any]) -> bool:
    if isinstance(screen, RunScreen):
        return screen.link is Link.PAST
    return screen.is_attached and screen.is_active and bool(getattr(screen, "armed", True))


def test_the_table_has_every_screen_of_the_package() -> None:
    ours = {shown.split()[0] for shown in wanted()}
    kinds: list[type[Screen[Any]]] = [*SCREENS, *NEVER_END]
    assert {f"{kind.__module__}.{kind.__qualname__}" for kind in kinds} == ours
    for kind in SCREENS:
        assert next(one for one in kind.__mro__ if "dismiss" in vars(one)) is EndsOnce, kind


async def test_two_keys_in_one_read_end_one_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("novatui.tui.screens.modal.DEAF_SECONDS", 0.01)
    app = app_with()
    async with app.run_test(size=(120, 40)) as pilot:
        for kind, (make, typed, key) in SCREENS.items():
            below, screen, ends = Below(), make(app), list[object]()
            await app.push_screen(below)
            app.push_screen(screen, ends.append)
            await until(pilot, lambda screen=screen: ready(screen), f"{kind}")  # type: ignore[misc]
            for word in typed:
                await pilot.press(*([word] if word == "enter" else word))
            in_one_read(app, key, key)
            await until(pilot, lambda ends=ends: ends, f"{kind} does not end")  # type: ignore[misc]
            await until(pilot, lambda screen=screen: not screen.is_attached, f"{kind} stays")  # type: ignore[misc]
            assert app.screen is below and len(ends) == 1, f"{kind}: {app.screen_stack} {ends}"
            await below.dismiss()
        assert len(app.screen_stack) == 1


async def test_a_second_enter_in_the_palette_acts_once() -> None:
    app = app_with()
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("colon")
        await until(pilot, lambda: isinstance(app.screen, Palette))
        await pilot.press(*"history")
        palette = app.screen
        assert isinstance(palette, Palette)
        await until(pilot, lambda: palette._hit_count)
        await pilot.press("down")
        in_one_read(app, "enter", "enter", "enter", "enter")
        await until(pilot, lambda: not palette.is_attached)
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen))
        assert [type(screen) for screen in app.screen_stack] == [Dashboard, HistoryScreen]


async def watched(pilot: Pilot[None], follower: FakeFollower) -> tuple[RunScreen, GateModal]:
    app = pilot.app
    screen = RunScreen(FakeClient(follower), RUN, plan())
    app.push_screen(screen)
    await until(pilot, lambda: isinstance(app.screen, GateModal) and app.screen.armed)
    assert isinstance(app.screen, GateModal)
    return screen, app.screen


async def over_by_f2(pilot: Pilot[None]) -> None:
    await pilot.press("f2")
    await until(pilot, lambda: isinstance(pilot.app.screen, PlanPage))


async def over_by_esc(pilot: Pilot[None]) -> None:
    await pilot.press("escape")
    await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceModal) and pilot.app.screen.armed)


@pytest.mark.parametrize("lay_over", [over_by_f2, over_by_esc])
async def test_a_gate_answered_under_another_screen_ends_when_that_is_closed(lay_over: Any) -> None:
    journal, follower = at_gate()
    app = app_with()
    async with app.run_test(size=(120, 40)) as pilot:
        screen, gate = await watched(pilot, follower)
        await lay_over(pilot)
        over, told = app.screen, len(journal.records)
        journal.answer(by="anna@other")
        follower.push(*journal.records[told:])
        await until(pilot, lambda: screen.state.open_gate is None)
        assert app.screen is over
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen and not gate.is_attached)
        await until(pilot, lambda: screen._gate is None)
        in_one_read(app, "A")
        await until(pilot, lambda: isinstance(app.screen, ChoiceModal) and app.screen.armed)
        await pilot.press("A")
        await until(pilot, lambda: follower.requests == ["abort"])


async def test_a_question_over_a_gate_that_is_answered_is_still_answered() -> None:
    journal, follower = at_gate()
    app = app_with()
    async with app.run_test(size=(120, 40)) as pilot:
        screen, gate = await watched(pilot, follower)
        ask = asyncio.create_task(app.people.ask(KEY))
        await until(pilot, lambda: isinstance(app.screen, AskModal) and app.screen.armed)
        told = len(journal.records)
        journal.answer(by="anna@other")
        follower.push(*journal.records[told:])
        await until(pilot, lambda: screen.state.open_gate is None)
        await pilot.press(*"word", "enter")
        assert await asyncio.wait_for(ask, 60) == "word"
        await until(pilot, lambda: app.screen is screen and not gate.is_attached)
        again = asyncio.create_task(app.people.ask(msgspec.structs.replace(KEY, node="nova-master-2")))
        await until(pilot, lambda: isinstance(app.screen, AskModal) and app.screen.armed)
        assert app.screen.query_one(Input).value == ""
        await pilot.press("escape")
        assert await asyncio.wait_for(again, 60) is None
