"""The wizard, driven by keys: sources, refusals, overruling, the plan; and nothing is ever started by Enter."""

from __future__ import annotations

import asyncio

import msgspec
from textual.pilot import Pilot

from novatui.errors import HeldByAnother, NovatuiError, Refused
from novatui.model.findings import Finding, Severity
from novatui.model.plan import Plan, Request
from novatui.model.sources import Silent, Sources
from novatui.present.rows import text_of
from novatui.remote.secrets import SecretAsk, SecretKind
from novatui.tui.app import NovatuiApp
from novatui.tui.screens.page import HelpScreen
from novatui.tui.screens.run import RunScreen
from novatui.tui.screens.secret import SecretModal
from novatui.tui.screens.wizard import WizardScreen
from novatui.tui.screens.wizard_first import SourceFirst
from novatui.tui.screens.wizard_overrule import OverruleModal
from novatui.tui.widgets.rows_view import RowsView
from tests.tui.run_cases import ARCHIVE, HOSTILE, NODES, RUN, FakeClient, FakeFollower, happy, sources
from tests.tui.screen_cases import NOW, FakeFeed, config
from tests.tui.waiting import until


class RefusedPlan(Refused):
    def __init__(self, *findings: Finding) -> None:
        super().__init__("Refused", "\n".join(finding.title for finding in findings))
        self.findings = findings


def finding(id: str, title: str, *, node: str = "", guard: str = "", hint: str = "") -> Finding:
    return Finding(id=id, severity=Severity.BAD, title=title, node=node, guard=guard, hint=hint, refuses=True)


def app_with(client: FakeClient) -> NovatuiApp:
    return NovatuiApp(config(), feed=FakeFeed(), clock=lambda: NOW, client=client)


def text(app: NovatuiApp) -> str:
    return "\n".join(
        text_of(line) for view in app.screen.query(RowsView) if view.display for line in view.shown
    )


async def opened(pilot: Pilot[None]) -> WizardScreen:
    await pilot.press("R")
    await until(pilot, lambda: isinstance(pilot.app.screen, WizardScreen))
    screen = pilot.app.screen
    assert isinstance(screen, WizardScreen)
    await until(pilot, lambda: not screen.waiting)
    return screen


def asked(client: FakeClient, what: str) -> list[Request]:
    return [words for kind, words in client.asked if kind == what]


async def test_by_keys_alone_to_the_run_and_enter_starts_nothing() -> None:
    client = FakeClient(FakeFollower(happy(), live=False))
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: "survivor nova-master-1" in text(app) and "376\u2009222" in text(app))
        await pilot.press("j", "n")  # the archive instead
        await until(pilot, lambda: screen.plan is not None)
        assert asked(client, "plan") == [Request(runbook="restore-cluster", snapshot=ARCHIVE)]
        await pilot.press("n", "enter", "enter", "space", "g")
        await until(pilot, lambda: "point of no return: none" in text(app))
        assert not asked(client, "start"), "Enter never starts anything"
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
    assert ("start", RUN) in client.asked


class SlowStart(FakeClient):
    """A runner that is there when the test says so."""

    def __init__(self) -> None:
        super().__init__(FakeFollower(happy(), live=False))
        self.starts, self.started = 0, asyncio.Event()

    async def start(self, plan: Plan) -> str:
        self.starts += 1
        await self.started.wait()
        return await super().start(plan)


async def being_started(pilot: Pilot[None]) -> WizardScreen:
    wizard = await opened(pilot)
    await pilot.press("n")
    await until(pilot, lambda: wizard.plan is not None)
    await pilot.press("n", "p")
    await until(pilot, lambda: wizard.starting)
    return wizard


async def test_a_runner_that_is_being_started_is_not_left_alone() -> None:
    client = SlowStart()
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        wizard = await being_started(pilot)
        for key in ("r", "escape", "escape", "q"):
            await pilot.press(key)
            await until(pilot, lambda: "the runner is being started" in text(app))
            assert app.screen is wizard and wizard.starting
        client.started.set()
        await until(pilot, lambda: isinstance(app.screen, RunScreen))
        assert client.starts == 1 and len(app.screen_stack) == 2


async def test_the_run_takes_the_wizards_place_and_not_that_of_what_lies_over_it() -> None:
    client = SlowStart()
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        wizard = await being_started(pilot)
        await pilot.press("question_mark")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        ask = asyncio.create_task(app.people.ask(SecretAsk(SecretKind.PASSPHRASE, NODES[0], "/k")))
        await until(pilot, lambda: isinstance(app.screen, SecretModal) and app.screen.armed)
        client.started.set()
        await until(pilot, lambda: ("start", RUN) in client.asked)
        assert isinstance(app.screen, SecretModal) and wizard in app.screen_stack
        await pilot.press(*"word", "enter")
        assert await asyncio.wait_for(ask, 60) == "word"
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RunScreen) and not wizard.is_attached)
        assert len(app.screen_stack) == 2


async def test_the_highest_revision_that_verifies_is_preselected_and_asked_for_as_a_survivor() -> None:
    client = FakeClient(FakeFollower([], live=False))
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        assert isinstance(screen.first, SourceFirst) and screen.first.source is not None
        assert screen.first.source.kind == "survivor"
        assert "loses 212 revisions" in text(app).replace("\u2009", "")
        await pilot.press("n")
        await until(pilot, lambda: screen.plan is not None)
    assert asked(client, "plan") == [Request(runbook="restore-cluster", survivor=NODES[0])]


async def test_an_archive_of_some_masters_is_copied_from_one_of_them() -> None:
    client = FakeClient(FakeFollower([], live=False))
    archive = msgspec.structs.replace(sources().sources[1], nodes=(NODES[1], NODES[2]))
    client.found = Sources(nodes=NODES, sources=(archive,))
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await until(pilot, lambda: "on 2 3; copied from there to the others" in text(app))
        await pilot.press("n")
        await until(pilot, lambda: screen.plan is not None)
    assert asked(client, "plan") == [Request(runbook="restore-cluster", snapshot=ARCHIVE, from_node=NODES[1])]


async def test_a_bad_source_cannot_be_chosen_and_says_why() -> None:
    client = FakeClient(FakeFollower([], live=False))
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("j", "j", "n")
        await until(pilot, lambda: "next: it cannot be used" in text(app))
        assert "truncated or damaged" in text(app)
        assert screen.page_now == 0 and not asked(client, "plan")


async def test_nothing_found_says_where_it_looked() -> None:
    client = FakeClient(FakeFollower([], live=False))
    places: dict[str, tuple[str, ...]] = {node: ("/tmp", "/opt/backup") for node in NODES}
    client.found = Sources(
        nodes=NODES, looked_in=places, silent=(Silent(node=NODES[2], why="no route to host"),)
    )
    app = app_with(client)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        said = text(app)
        await pilot.press("n")
        await until(pilot, lambda: "nothing was found" in text(app))
    assert "No archive and no survivor was found." in said
    assert "nova-master-2  /tmp, /opt/backup" in said
    assert "nova-master-3 did not tell what it has: no route to host" in said


async def test_asking_shows_what_it_waits_for() -> None:
    client = FakeClient(FakeFollower([], live=False))
    client.looking = asyncio.Event()
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("R")
        await until(pilot, lambda: "asking every master, read-only" in text(app))
        await pilot.press("n")
        await until(pilot, lambda: "next: still asking" in text(app))
        client.looking.set()
        await until(pilot, lambda: "survivor nova-master-1" in text(app))
        client.waits = "asked again, it may be an election: no quorum on nova-master-1"
        client.looking.clear()
        await pilot.press("n")
        await until(pilot, lambda: client.waits in text(app))
        client.looking.set()
        await until(pilot, lambda: client.waits not in text(app))


async def test_a_refusal_names_every_reason_and_what_to_do() -> None:
    client = FakeClient(FakeFollower([], live=False))
    client.refuse = RefusedPlan(
        finding("env-token", "ETCD_INITIAL_CLUSTER_TOKEN differs", hint="make them agree on all masters"),
        finding("space", "not enough room beside /var/lib/etcd", node=NODES[1], hint="make room there"),
    )
    app = app_with(client)
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await until(pilot, lambda: "Refused, nothing was changed" in text(app))
        said = text(app)
        assert "ETCD_INITIAL_CLUSTER_TOKEN differs" in said and "make them agree on all masters" in said
        assert "nova-master-2: not enough room beside /var/lib/etcd" in said and "make room there" in said
        await pilot.press("n", "p", "o")
        assert not asked(client, "start")
        await until(pilot, lambda: "overrule: nothing here may be overruled" in text(app))


async def test_a_guard_is_overruled_by_typing_its_name() -> None:
    client = FakeClient(FakeFollower([], live=False))
    client.refuse = RefusedPlan(
        finding(
            "data-intact",
            "nothing says that the data of 3 of 3 members is damaged",
            guard="data-intact",
            hint="start all members together",
        )
    )
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot)
        await pilot.press("n")
        await until(pilot, lambda: "start all members together" in text(app))
        assert "o overrules it (data-intact)" in text(app)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, OverruleModal))
        modal = app.screen
        assert isinstance(modal, OverruleModal)
        await until(pilot, lambda: modal.armed)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert len(asked(client, "plan")) == 1
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, OverruleModal) and app.screen.armed)
        client.refuse = None
        await pilot.press(*"data-intact", "enter", "y")
        await until(pilot, lambda: screen.plan is not None)
        assert "overruled by you: data-intact" in text(app)
    assert asked(client, "plan")[-1].overrule == ("data-intact",)


async def test_masters_held_by_another_run_are_said() -> None:
    client = FakeClient(FakeFollower([], live=False))
    client.refuse = HeldByAnother(
        "Another run holds masters of this cluster", "nova-master-1: run 11aa", "novatui attach 11aa"
    )
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await until(
            pilot, lambda: "Another run holds masters" in text(app) and "novatui attach 11aa" in text(app)
        )


async def test_an_error_with_hostile_text_is_shown_and_the_app_lives() -> None:
    client = FakeClient(FakeFollower([], live=False))
    client.refuse = NovatuiError("The masters said [/x]", HOSTILE[:200])
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot)
        await pilot.press("n")
        await until(pilot, lambda: "The masters said [/x]" in text(app))
        strips = [view.render_line(y) for view in app.screen.query(RowsView) for y in range(view.size.height)]
        assert "\x1b" not in "".join(strip.text for strip in strips)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: not isinstance(app.screen, WizardScreen))


async def test_scripts_are_shown_whole_and_columns_become_one_on_narrow_screens() -> None:
    client = FakeClient(FakeFollower([], live=False))
    app = app_with(client)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await opened(pilot)
        await pilot.press("n")
        await until(pilot, lambda: screen.plan is not None)
        await pilot.press("n")
        await until(pilot, lambda: "1 nova-master-1" in text(app))
        assert "2 nova-master-2" not in text(app)
        await pilot.press("tab")
        await until(pilot, lambda: "2 nova-master-2" in text(app))
        await pilot.press("c")
        await until(pilot, lambda: "survivor.sh" in text(app) and "usage:" in text(app))
