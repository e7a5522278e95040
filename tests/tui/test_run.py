"""The run screen, driven by keys: followed, gated, aborted, failed, taken back, left and found again."""

from __future__ import annotations

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from novatui.model import records as rec
from novatui.model.run import Phase
from novatui.present.rows import text_of
from novatui.present.run import Link
from novatui.runner.client import Output, Reply, RunSummary
from novatui.tui.app import NovatuiApp
from novatui.tui.screens.dashboard import Dashboard
from novatui.tui.screens.gate import GateModal
from novatui.tui.screens.history import HistoryScreen
from novatui.tui.screens.modal import DEAF_SECONDS
from novatui.tui.screens.run import RunScreen
from novatui.tui.screens.run_choice import ChoiceModal
from novatui.tui.screens.run_undo import UndoModal
from novatui.tui.screens.run_words import StartButton
from novatui.tui.widgets.framed import Framed
from novatui.tui.widgets.rows_view import RowsView
from tests.tui.run_cases import (
    HOSTILE,
    NODES,
    OPERATOR,
    RUN,
    FakeClient,
    FakeFollower,
    Journal,
    failed,
    happy,
    plan,
)
from tests.tui.screen_cases import NOW, FakeFeed, config
from tests.tui.waiting import until


def app_with(client: FakeClient) -> NovatuiApp:
    return NovatuiApp(config(), feed=FakeFeed(), clock=lambda: NOW, client=client)


def text(app: NovatuiApp) -> str:
    """Everything the front screen's rows say."""
    return "\n".join(
        text_of(line) for view in app.screen.query(RowsView) if view.display for line in view.shown
    )


async def opened(pilot: Pilot[None], client: FakeClient) -> RunScreen:
    app = pilot.app
    assert isinstance(app, NovatuiApp)
    screen = RunScreen(client, RUN, plan())
    app.push_screen(screen)
    await until(pilot, lambda: screen.link is not Link.OPENING or screen._follower is not None)
    await pilot.pause(0.15)
    return screen


def at_gate(*, older: bool = True) -> tuple[Journal, FakeFollower]:
    journal = Journal()
    journal.prepare()
    journal.open_gate(older=older)
    return journal, FakeFollower(journal.records, live=True)


async def armed(pilot: Pilot[None]) -> GateModal:
    await until(pilot, lambda: isinstance(pilot.app.screen, GateModal), "the gate did not open")
    modal = pilot.app.screen
    assert isinstance(modal, GateModal)
    await until(pilot, lambda: modal.armed)
    return modal


async def test_a_whole_run_is_followed_to_its_result() -> None:
    follower = FakeFollower([], live=True)
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, FakeClient(follower))
        for record in happy():
            if isinstance(record, rec.GateOpened):
                continue  # the gate has its own tests
            follower.push(record)
        follower.gone()
        await until(pilot, lambda: screen.link is Link.PAST)
        await until(pilot, lambda: "Verified" in text(app))
        said = text(app)
    assert "Leader           nova-master-1  on all" in said
    assert "dae05cd826ec589  on all" in said
    assert "376\u2009010  on all" in said
    assert "/var/lib/etcd.novatui-old-7f3a" in said
    assert "/var/lib/novatui/7f3a/UNDO.txt" in said
    assert "take it back" in said


async def test_columns_show_commands_and_what_they_say_master_by_master() -> None:
    journal = Journal()
    journal.begin()
    follower = FakeFollower(journal.records, live=True)
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, FakeClient(follower))
        intent = journal.write(
            rec.Intent,
            step="stop",
            node=NODES[1],
            attempt=1,
            argv_masked=("systemctl", "stop", "etcd"),
            effect="change",
        )
        follower.push(intent, Output(step="stop", node=NODES[1], text="inactive (dead)"))
        await until(pilot, lambda: "inactive (dead)" in text(app))
        panes = [[text_of(line) for line in pane.shown] for pane in app.screen.query(Framed)]
        said = text(app)
    assert any("$ systemctl stop etcd" in line for line in panes[1])
    assert not any("systemctl" in line for line in panes[0] + panes[2])
    assert "step 7 of 11" in said and "waiting for 2" in said


async def test_hostile_output_is_escaped_and_the_app_lives() -> None:
    journal = Journal()
    journal.begin()
    follower = FakeFollower(journal.records, live=True)
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, FakeClient(follower))
        journal.act("hold", NODES[0], said=HOSTILE + "\nsecond\x9b31m line")
        follower.push(*journal.records[4:])
        follower.push(Output(step="hold", node=NODES[2], text=HOSTILE))
        await until(pilot, lambda: "[/x]" in text(app))
        await pilot.press("l", "g")
        await pilot.pause(0.1)
        page = text(app)
        await pilot.press("G")
        await pilot.pause(0.1)
        page += text(app)
        await pilot.press("escape")
        assert app.is_running
    assert "\\x1b]52" in page and "[/x] [bold]" in page and "more)" in page
    assert "\x1b" not in page and "\x9b" not in page and "\x07" not in page


async def test_the_gate_wants_every_word_and_then_y_on_start_never_enter() -> None:
    _journal, follower = at_gate()
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, FakeClient(follower))
        modal = await armed(pilot)
        await pilot.press(*"OLDER", "enter")  # to the next field
        await pilot.press(*"nova-pro", "enter")  # not yet the name
        assert not modal.query_one(StartButton).ready
        assert modal.query_one("#field-1", Input).has_focus and not follower.answers
        await pilot.press("d", "enter")
        assert modal.query_one(StartButton).has_focus and modal.query_one(StartButton).ready
        await pilot.press("enter", "enter")
        for _ in range(3):
            await pilot.click("#start", offset=(5, 0))
        assert modal.query_one(StartButton).has_focus
        await until(pilot, lambda: "neither Enter nor a click" in text(app))
        assert not follower.answers, "neither Enter nor a click confirms"
        await pilot.press("y")
        await until(pilot, lambda: follower.answers)
    assert follower.answers == [("gate", "n1", ("OLDER", "nova-prod"))]


@pytest.mark.parametrize("wrong", ["nova-Prod", "nova-prod2", "nova prod", ""])
async def test_a_wrong_word_starts_nothing(wrong: str) -> None:
    _journal, follower = at_gate(older=False)
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(pilot, FakeClient(follower))
        modal = await armed(pilot)
        modal.query_one("#field-0", Input).value = wrong
        await pilot.pause()
        modal.query_one(StartButton).focus()
        await pilot.press("y", "enter", "space")
        await pilot.click("#start")
        await pilot.pause(0.05)
    assert not follower.answers


async def test_the_gate_is_deaf_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("novatui.tui.screens.modal.DEAF_SECONDS", 2.0)  # longer than a busy machine pauses
    _journal, follower = at_gate(older=False)
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = RunScreen(FakeClient(follower), RUN, plan())
        app.push_screen(screen)
        await until(pilot, lambda: isinstance(app.screen, GateModal))
        modal = app.screen
        assert isinstance(modal, GateModal)
        assert not modal.armed
        modal.post_message(events.Key("n", "n"))
        modal.post_message(events.Key("escape", None))
        await pilot.pause(0.05)
        await until(pilot, lambda: modal.armed)
        assert modal.query_one("#field-0", Input).value == ""
        assert app.screen is modal


async def test_escape_at_the_gate_changes_nothing_and_asks() -> None:
    _journal, follower = at_gate()
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, FakeClient(follower))
        modal = await armed(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ChoiceModal))
        await pilot.pause(DEAF_SECONDS + 0.1)
        await pilot.press("enter")  # the first choice: stay
        await until(pilot, lambda: app.screen is modal)
        assert not follower.answers and not follower.requests
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ChoiceModal))
        await pilot.pause(DEAF_SECONDS + 0.1)
        await pilot.press("l")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("o")
        modal = await armed(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ChoiceModal))
        await pilot.pause(DEAF_SECONDS + 0.1)
        await pilot.press("A")
        await until(pilot, lambda: follower.requests == ["abort"])


async def test_another_clients_answer_closes_the_gate_and_says_who() -> None:
    journal, follower = at_gate()
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, FakeClient(follower))
        await armed(pilot)
        count = len(journal.records)
        journal.answer(by="anna@other")
        follower.push(*journal.records[count:])
        await until(pilot, lambda: app.screen is screen)
        assert screen.state.phase is Phase.ACTING
        await until(pilot, lambda: "answered by anna@other" in text(app))


async def test_an_answer_that_came_second_is_told_by_whom_and_when() -> None:
    _journal, follower = at_gate(older=False)
    follower.reply = Reply(id=1, code="already_answered", by="anna@other", at=NOW)
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, FakeClient(follower))
        await armed(pilot)
        await pilot.press(*"nova-prod", "enter", "y")
        await until(pilot, lambda: app.screen is screen)
        assert "answered by anna@other at 12:37:55" in text(app)


async def test_words_the_runner_does_not_take_are_said() -> None:
    _journal, follower = at_gate(older=False)
    follower.reply = Reply(id=1, code="refused", why="the runner does not reply")
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, FakeClient(follower))
        modal = await armed(pilot)
        await pilot.press(*"nova-prod", "enter", "y")
        await until(pilot, lambda: "the runner does not reply" in text(app))
        assert app.screen is modal and not modal.query_one(StartButton).disabled


async def test_a_failure_says_where_why_and_what_next_and_resumes() -> None:
    client = FakeClient(FakeFollower(failed(), live=False), FakeFollower(failed(), live=True))
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, client)
        await until(pilot, lambda: "swap failed on nova-master-2" in text(app))
        said = text(app)
        assert "2 nova-master-2: failed: live data without this run's marker: somebody else's" in said
        assert "/var/lib/novatui/7f3a/FINISH.txt" in said
        assert "and down when the run ended" in said
        await pilot.press("r")
        await until(pilot, lambda: ("resume", RUN) in client.asked)
        await until(pilot, lambda: screen._follower is not None, "it follows the new runner")


async def test_a_killed_runner_is_said_and_resume_is_offered() -> None:
    journal = Journal()
    journal.prepare()
    follower = FakeFollower(journal.records, live=True)
    client = FakeClient(follower, FakeFollower(journal.records, live=True))
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, client)
        follower.gone()
        await until(pilot, lambda: screen.link is Link.GONE)
        await until(pilot, lambda: "runner process is gone" in text(app))
        await pilot.press("r")
        await until(pilot, lambda: ("resume", RUN) in client.asked)


async def test_undo_wants_the_name_typed() -> None:
    client = FakeClient(FakeFollower(happy(), live=False))
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, client)
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, UndoModal))
        modal = app.screen
        assert isinstance(modal, UndoModal)
        await until(pilot, lambda: modal.armed)
        await pilot.press("enter", "tab", "enter", "y")
        assert not any(asked[0] == "undo" for asked in client.asked)
        modal.query_one("#field-0", Input).focus()
        await pilot.press(*"nova-prod", "enter", "y")
        await until(pilot, lambda: ("undo", RUN) in client.asked)


async def test_what_cannot_act_says_why() -> None:
    client = FakeClient(FakeFollower(happy(), live=False))
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, client)
        await pilot.press("A")
        await until(pilot, lambda: "abort: nobody works on it" in text(app))
        await pilot.press("r")
        await until(pilot, lambda: "retry: it has ended" in text(app))
        assert client.asked == []


async def test_q_in_a_living_run_detaches_by_default_and_the_run_hears_nothing() -> None:
    journal = Journal()
    journal.begin()
    follower = FakeFollower(journal.records, live=True)
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, FakeClient(follower))
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ChoiceModal))
        await pilot.pause(DEAF_SECONDS + 0.1)
        await pilot.press("s")
        await until(pilot, lambda: app.screen is screen)
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, ChoiceModal))
        await pilot.pause(DEAF_SECONDS + 0.1)
        await pilot.press("enter")
        await until(pilot, lambda: screen not in app.screen_stack)
    assert follower.requests == []


def summary(**changes: object) -> RunSummary:
    fields: dict[str, object] = {
        "run": RUN,
        "runbook": "restore-cluster",
        "cluster": "nova-prod",
        "started_ms": NOW - 60_000,
        "ended_ms": None,
        "phase": Phase.ACTING,
        "result": "",
        "verified": False,
        "operator": OPERATOR,
        "alive": True,
    }
    return RunSummary(**{**fields, **changes})  # type: ignore[arg-type]


async def test_history_lists_runs_and_opens_one() -> None:
    client = FakeClient(FakeFollower(happy(), live=False))
    client.listed = [
        summary(alive=False, result="verified", ended_ms=NOW),
        summary(run="11aa", alive=False, result="failed"),
    ]
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen) and "11aa" in text(app))
        assert "done and verified" in text(app) and "failed" in text(app)
        await pilot.press("t")
        await until(pilot, lambda: "dae05cd826ec589" in text(app))
        await pilot.press("escape")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, RunScreen))


async def test_a_run_stays_chosen_where_a_newer_one_came_before_it() -> None:
    client = FakeClient(FakeFollower(happy(), live=False))
    client.listed = [summary(run="11aa", alive=False, result="failed")]
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("H")
        await until(pilot, lambda: isinstance(app.screen, HistoryScreen) and "› 11aa" in text(app))
        client.listed.insert(0, summary(alive=False, result="verified", ended_ms=NOW))
        await pilot.press("r")
        await until(pilot, lambda: "done and verified" in text(app))
        assert "› 11aa" in text(app)


@pytest.mark.parametrize(("key", "shown"), [("a", RunScreen), ("escape", Dashboard)])
async def test_a_living_run_is_offered_on_start_and_escape_puts_it_off(key: str, shown: type) -> None:
    client = FakeClient(FakeFollower(failed(), live=True))
    client.listed = [summary()]
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: isinstance(app.screen, ChoiceModal), "it was not offered")
        modal = app.screen
        assert isinstance(modal, ChoiceModal)
        await until(pilot, lambda: modal.armed)
        await pilot.press(key)
        await until(pilot, lambda: app.screen is not modal)
        assert isinstance(app.screen, shown)


async def test_p_pauses_c_goes_on_and_the_screen_says_where_it_waits() -> None:
    journal = Journal()
    journal.begin()
    follower = FakeFollower(journal.records, live=True)
    follower.reply = Reply(id=1, code="taken", why="start together")
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, FakeClient(follower))
        await pilot.press("c")
        await until(pilot, lambda: "continue: nothing is waited for" in text(app))
        await pilot.press("p")
        await until(pilot, lambda: follower.requests == ["pause"])
        await until(pilot, lambda: "it waits after the step start together" in text(app))
        follower.push(journal.write(rec.Requested, what="pause", by="ann"))
        await until(pilot, lambda: "ann wants it to wait" in text(app))
        follower.push(journal.write(rec.Paused, step="start"))
        await until(pilot, lambda: "Paused after: start together, as ann wanted." in text(app))
        await pilot.press("p")
        await until(pilot, lambda: "pause: it is paused: c goes on" in text(app))
        await pilot.press("c")
        await until(pilot, lambda: follower.requests == ["pause", "continue"])
        follower.push(journal.write(rec.Requested, what="continue", by="bob"))
        await until(pilot, lambda: "Paused after" not in text(app))


@pytest.mark.parametrize(
    ("code", "said"),
    [("refused", "not taken: there is no place left"), ("unknown", "not known: there is no place left")],
)
async def test_a_pause_that_cannot_be_had_says_why(code: str, said: str) -> None:
    journal = Journal()
    journal.begin()
    follower = FakeFollower(journal.records, live=True)
    follower.reply = Reply(id=1, code=code, why="there is no place left where it may wait")
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, FakeClient(follower))
        await pilot.press("p")
        await until(pilot, lambda: said in text(app))
