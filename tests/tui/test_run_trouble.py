"""The run screen where something goes wrong: a prompt in the way, a runner that dies or is not heard, an answer that breaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from msgspec.structs import replace

from novatui.errors import NovatuiError
from novatui.model import records as rec
from novatui.model.cluster import Held
from novatui.present.run import Link
from novatui.remote.secrets import SecretAsk, SecretKind
from novatui.runner.client import Output, Reply, RunSummary
from novatui.tui.screens import run_follow
from novatui.tui.screens.history import offer_living_run
from novatui.tui.screens.run_choice import ChoiceModal
from novatui.tui.screens.run_words import StartButton
from novatui.tui.screens.secret import SecretModal
from tests.tui import screen_cases as cases
from tests.tui.run_cases import NODES, RUN, FakeClient, FakeFollower, Journal, failed
from tests.tui.screen_cases import NOW
from tests.tui.test_run import app_with, armed, at_gate, opened, summary, text
from tests.tui.waiting import until


async def test_a_living_run_is_not_offered_over_a_prompt_which_keeps_what_is_typed() -> None:
    client = FakeClient(FakeFollower(failed(), live=True))
    client.listed = [summary()]
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        asked = asyncio.create_task(
            app.people.ask(SecretAsk(SecretKind.PASSPHRASE, "nova-master-1", "/keys/id_ed25519"))
        )
        await until(pilot, lambda: isinstance(app.screen, SecretModal) and app.screen.armed)
        prompt = app.screen
        offered = asyncio.create_task(offer_living_run(app, client))
        await pilot.press(*"hard")
        await pilot.pause(0.6)  # the app's own offer is due after 0.5 s
        assert app.screen is prompt and not offered.done()
        await pilot.press(*"7rX", "enter")
        assert await asyncio.wait_for(asked, 60) == "hard7rX"
        await until(pilot, lambda: isinstance(app.screen, ChoiceModal), "it was not offered then")
        offered.cancel()
    assert client.asked == []


async def test_a_run_is_given_up_only_after_a_confirming_key_and_never_while_another_begins() -> None:
    journal = Journal()
    journal.prepare()
    journal.write(rec.RunEnded, result="failed", detail="x")
    client = FakeClient(FakeFollower(journal.records, live=False))
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, client)
        await until(pilot, lambda: screen.link is Link.PAST)
        screen._busy = "starting a runner that goes on"
        await pilot.press("X")
        await until(pilot, lambda: "give up: it is under way" in text(app))
        assert app.screen is screen
        screen._busy = ""
        for key, asked in (("enter", []), ("X", [("abandon", RUN)])):
            await pilot.press("X")
            await until(pilot, lambda: isinstance(app.screen, ChoiceModal) and app.screen.armed)
            assert client.asked == []
            await pilot.press(key)
            await until(pilot, lambda: app.screen is screen)
            await until(pilot, lambda asked=asked: client.asked == asked)  # type: ignore[misc]


async def test_a_runner_that_dies_with_the_gates_words_leaves_no_gate_behind() -> None:
    _journal, follower = at_gate(older=False)
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        screen = await opened(pilot, FakeClient(follower))
        await armed(pilot)
        await pilot.press(*"nova-prod", "enter", "y")
        await until(pilot, lambda: follower.answers)
        follower.gone()
        await until(pilot, lambda: app.screen is screen, "the gate waits for nobody")
        assert screen.link is Link.GONE
        await until(pilot, lambda: "runner process is gone" in text(app))


async def test_an_answer_that_breaks_is_said_and_may_be_given_again(monkeypatch: pytest.MonkeyPatch) -> None:
    _journal, follower = at_gate(older=False)

    async def broken(*_words: object) -> Reply:
        raise RuntimeError("[/broken] pipe")

    monkeypatch.setattr(follower, "answer", broken)
    app = app_with(FakeClient(follower))
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(pilot, FakeClient(follower))
        modal = await armed(pilot)
        await pilot.press(*"nova-prod", "enter", "y")
        await until(pilot, lambda: "RuntimeError: [/broken] pipe" in text(app))
        assert app.screen is modal and not modal.query_one(StartButton).disabled


SILENT = NovatuiError("The runner lives but says nothing", "it is stopped", "SIGCONT lets it go on")


class Stopped(FakeFollower):
    """Its runner lives and says nothing more."""

    async def events(self) -> AsyncIterator[object]:
        async for event in super().events():
            if isinstance(event, Output):
                raise SILENT
            yield event


async def test_a_runner_that_is_not_heard_is_said_and_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_follow, "AGAIN_S", 0.3)
    journal = Journal()
    journal.prepare()
    first, client = Stopped(journal.records, live=True), FakeClient()
    client.followers = [first]
    app = app_with(client)
    tried: list[str] = []

    def in_vain(run: str) -> FakeFollower:
        tried.append(run)
        raise SILENT

    async with app.run_test(size=(60, 24)) as pilot:
        screen = await opened(pilot, client)
        monkeypatch.setattr(client, "follow", in_vain)
        first.push(Output(step="stage", node=NODES[0], text="x"))
        await until(pilot, lambda: len(tried) > 1)
        said = "✖ The runner lives but says nothing; it is stopped; SIGCONT lets it go on; it is tried again by itself"
        await until(pilot, lambda: said in " ".join(text(app).split()))
        assert screen.link is Link.OPENING
        await pilot.press("A")
        await until(pilot, lambda: "abort: its runner is not heard yet" in text(app))
        monkeypatch.setattr(client, "follow", lambda run: FakeFollower(journal.records, live=True))
        await until(pilot, lambda: screen.link is Link.LIVE)
        await until(pilot, lambda: "Preparing" in text(app) and "✖" not in text(app))


UNREADABLE = NovatuiError("The directory is not private", "/home/ops/.local/state/novatui")


class Unread(FakeClient):
    """Its runs cannot be read until ``trouble`` is over."""

    trouble: Exception | None = UNREADABLE

    async def runs(self) -> list[RunSummary]:
        if self.trouble is not None:
            raise self.trouble
        return await super().runs()


async def test_where_the_runs_cannot_be_read_no_run_is_said_to_be_elsewhere() -> None:
    client = Unread(FakeFollower(failed(), live=True))
    client.listed = [summary()]
    app = app_with(client)
    async with app.run_test(size=(120, 60)) as pilot:
        await until(
            pilot,
            lambda: "whether a run is under way is not known: The directory is not private" in text(app),
        )
        mine = replace(cases.node(1), held=Held(run=RUN, epoch=1, operator="o", since_ms=NOW, alive=False))
        assert isinstance(app.feed, cases.FakeFeed)
        app.feed.snapshot(cases.cluster(mine, cases.node(2), cases.node(3)))
        await until(pilot, lambda: app.view.snapshot.nodes[0].held is not None)
        await pilot.press("L")
        await until(pilot, lambda: "✖ The directory is not private" in text(app))
        assert "whether its journal is on this machine is not known" in text(app)
        assert "--from" not in text(app) and "o opens run" not in text(app)
        client.trouble = None
        await pilot.press("escape", "L")
        await until(pilot, lambda: "its journal is on this machine" in text(app))
