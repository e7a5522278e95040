"""Secrets and unknown host keys on the screen: one masked modal at a time, a typed yes, Esc declines."""

from __future__ import annotations

import asyncio

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from novatui.model.cluster import Link, NodeError, NodeSnapshot
from novatui.present.node import notice_rows
from novatui.present.rows import text_of
from novatui.remote.secrets import SecretAsk, SecretKind
from novatui.runner.client import Met, Need
from novatui.tui.app import NovatuiApp
from novatui.tui.screens.dashboard import Dashboard
from novatui.tui.screens.run import RunScreen
from novatui.tui.screens.secret import AskModal, HostKeyModal, SecretModal
from novatui.tui.widgets.rows_view import RowsView
from tests.tui.run_cases import RUN, FakeClient, FakeFollower, Journal, plan
from tests.tui.screen_cases import NOW, FakeFeed, config
from tests.tui.waiting import drawn, until

SECRET = "pl4nted-passphrase"
KEY = SecretAsk(SecretKind.PASSPHRASE, "nova-master-1", "/keys/id_ed25519")
FINGERPRINT = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"


def app_with(client: FakeClient | None = None) -> NovatuiApp:
    client = client or FakeClient(FakeFollower([], live=False))
    return NovatuiApp(config(), feed=FakeFeed(), clock=lambda: NOW, client=client)


def text(app: NovatuiApp) -> str:
    return "\n".join(
        text_of(line) for view in app.screen.query(RowsView) if view.display for line in view.shown
    )


async def asked(pilot: Pilot[None]) -> AskModal:
    app = pilot.app
    await until(pilot, lambda: isinstance(app.screen, AskModal) and app.screen.armed, "no question")
    assert isinstance(app.screen, AskModal)
    return app.screen


async def test_a_passphrase_is_masked_named_and_typed_once_for_all_masters() -> None:
    app = app_with()
    async with app.run_test(size=(120, 40)) as pilot:
        asks = [
            asyncio.create_task(app.people.wallet.ask(SecretAsk(KEY.kind, f"nova-master-{n}", KEY.what)))
            for n in (1, 2, 3)
        ]
        await asked(pilot)
        said = text(app)
        assert "Passphrase of the key /keys/id_ed25519" in said and "nova-master-1" in said
        assert "in memory only" in said
        await pilot.press(*SECRET)
        await pilot.pause(0.05)
        shown = drawn(app)
        assert SECRET not in shown and "•" * len(SECRET) in shown
        assert SECRET not in app.export_screenshot()
        await pilot.press("enter")
        assert await asyncio.wait_for(asyncio.gather(*asks), 25) == [SECRET] * 3
        await until(pilot, lambda: isinstance(app.screen, Dashboard))
        assert SECRET not in drawn(app)


async def test_questions_come_one_at_a_time_and_a_wrong_answer_is_said() -> None:
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        wallet = app.people.wallet
        sudo = asyncio.create_task(wallet.ask(SecretAsk(SecretKind.SUDO, "nova-master-2", "ops", attempt=2)))
        await asked(pilot)
        key = asyncio.create_task(wallet.ask(KEY))
        await pilot.pause(0.1)
        assert "Sudo password of ops on nova-master-2" in text(app)
        assert "That was not it. Try 2 of 3." in text(app)
        assert sum(isinstance(screen, AskModal) for screen in app.screen_stack) == 1
        await pilot.press(*"one", "enter")
        assert await asyncio.wait_for(sudo, 25) == "one"
        modal = await asked(pilot)
        assert isinstance(modal, SecretModal) and modal.asked == KEY
        await pilot.press("enter")
        assert "nothing was typed" in text(app) and not key.done()
        await pilot.press(*"two", "enter")
        assert await asyncio.wait_for(key, 25) == "two"


async def test_esc_declines_for_all_masters_and_r_asks_again() -> None:
    app = app_with()
    async with app.run_test(size=(120, 40)) as pilot:
        wallet = app.people.wallet
        ask = asyncio.create_task(wallet.ask(KEY))
        await asked(pilot)
        await pilot.press("x", "escape")
        assert await asyncio.wait_for(ask, 25) is None
        await until(pilot, lambda: isinstance(app.screen, Dashboard))
        assert await wallet.ask(KEY) is None, "nobody is bothered again"
        await pilot.press("r")
        ask = asyncio.create_task(wallet.ask(KEY))
        modal = await asked(pilot)
        assert modal.query_one(Input).value == ""
        await pilot.press(*"now", "enter")
        assert await asyncio.wait_for(ask, 25) == "now"


async def test_a_question_whose_asker_has_gone_goes_away() -> None:
    app = app_with()
    async with app.run_test(size=(120, 40)) as pilot:
        ask = asyncio.create_task(app.people.wallet.ask(KEY))
        await asked(pilot)
        ask.cancel()
        await until(pilot, lambda: isinstance(app.screen, Dashboard), "it stays")


async def test_a_new_host_key_is_trusted_by_a_typed_yes_alone() -> None:
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        people = app.people
        ask = asyncio.create_task(
            people.accept("nova-master-1", "172.31.100.97", 2222, "ssh-ed25519", FINGERPRINT)
        )
        modal = await asked(pilot)
        assert isinstance(modal, HostKeyModal)
        said = text(app)
        assert FINGERPRINT in said and "172.31.100.97 port 2222" in said
        assert "ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub" in said.replace("\n", " ")
        await pilot.press(*"y", "enter")
        assert "only the word yes is taken" in text(app) and not ask.done()
        await pilot.press(*"es", "enter")
        assert await asyncio.wait_for(ask, 25) is True
        ask = asyncio.create_task(people.accept("nova-master-2", "h", 22, "ssh-rsa", FINGERPRINT))
        await asked(pilot)
        await pilot.press("escape")
        assert await asyncio.wait_for(ask, 25) is False


def test_a_pane_says_in_full_why_and_which_key_tries_again() -> None:
    def said(link: Link, code: str) -> str:
        error = NodeError(code, "the sudo password was wrong: " + "x" * 60, "what to do")
        node = NodeSnapshot(name="m1", host="h", link=link, error=error)
        return "".join(text_of(line) for line in notice_rows(node, 36)).replace("▌ ", "")

    assert "x" * 20 in said(Link.LIVE, "sudo-password-wrong")
    assert said(Link.LIVE, "sudo-password-wrong").endswith("r asks again")
    silent = said(Link.STALE, "silent")
    assert silent.startswith("the sudo") and silent.endswith("what to do") and "not root" not in silent
    assert said(Link.REFUSED, "auth-failed").endswith("what to dor tries again")
    assert said(Link.REFUSED, "host-key-changed").endswith("what to do")
    assert said(Link.LOST, "unreachable") == ""


def at_work() -> FakeFollower:
    journal = Journal()
    journal.begin()
    return FakeFollower(journal.records, live=True)


NEED = Need(secret_id="passphrase:/keys/id", secret="passphrase", node="nova-master-1", what="/keys/id")


async def test_a_run_that_waits_says_so_and_is_answered() -> None:
    follower = at_work()
    client = FakeClient(follower)
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = RunScreen(client, RUN, plan())
        app.push_screen(screen)
        await until(pilot, lambda: screen._follower is not None)
        follower.need(NEED)
        await asked(pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "Waiting for credentials: passphrase of the key /keys/id" in text(app))
        assert not follower.given
        await pilot.press("c")
        await asked(pilot)
        await pilot.press(*SECRET, "enter")
        await until(pilot, lambda: follower.given == [(NEED.secret_id, SECRET)])
        await until(pilot, lambda: "Waiting for credentials" not in text(app))
        assert SECRET not in drawn(app)


async def test_what_the_screen_knows_the_run_is_told_without_a_question() -> None:
    follower = at_work()
    client = FakeClient(follower)
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        known = asyncio.create_task(
            app.people.wallet.ask(SecretAsk(SecretKind.PASSPHRASE, "nova-master-3", "/keys/id"))
        )
        await asked(pilot)
        await pilot.press(*SECRET, "enter")
        await known
        screen = RunScreen(client, RUN, plan())
        app.push_screen(screen)
        await until(pilot, lambda: screen._follower is not None)
        follower.need(NEED)
        await until(pilot, lambda: follower.given == [(NEED.secret_id, SECRET)])


async def test_an_answer_of_another_client_takes_the_question_away() -> None:
    follower = at_work()
    client = FakeClient(follower)
    app = app_with(client)
    async with app.run_test(size=(120, 40)) as pilot:
        screen = RunScreen(client, RUN, plan())
        app.push_screen(screen)
        await until(pilot, lambda: screen._follower is not None)
        follower.need(NEED)
        await asked(pilot)
        follower.needs.clear()
        follower._queue.put_nowait(Met(secret_id=NEED.secret_id, by="anna"))
        await until(pilot, lambda: app.screen is screen)
        assert not follower.given


async def test_the_rest_of_a_password_that_nobody_needs_any_more_acts_on_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("novatui.tui.screens.secret.QUIET_SECONDS", 600.0)  # only Esc ends it
    follower = at_work()
    client = FakeClient(follower)
    app = app_with(client)
    async with app.run_test(size=(80, 24)) as pilot:
        screen = RunScreen(client, RUN, plan())
        app.push_screen(screen)
        await until(pilot, lambda: screen._follower is not None)
        follower.need(NEED)
        modal = await asked(pilot)
        await pilot.press("s", "a")
        follower.needs.clear()
        follower._queue.put_nowait(Met(secret_id=NEED.secret_id, by="anna"))
        await until(pilot, lambda: "not needed any more" in text(app))
        await pilot.press("p", "l", "enter", "q", "A")
        assert app.screen is modal and not follower.requests
        assert modal.query_one(Input).value == ""
        assert "nobody waits" in drawn(app) and "Esc back" in drawn(app), drawn(app)
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is screen)
        assert not follower.given and not follower.requests


async def test_a_question_under_somebodys_typing_is_deaf_until_it_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("novatui.tui.screens.modal.DEAF_SECONDS", 600.0)
    app = app_with()
    async with app.run_test(size=(80, 24)) as pilot:
        ask = asyncio.create_task(app.people.wallet.ask(KEY))
        await until(pilot, lambda: isinstance(app.screen, AskModal) and app.screen._deaf)
        modal = app.screen
        assert isinstance(modal, AskModal) and modal._deaf is not None
        again = list[str]()
        monkeypatch.setattr(modal._deaf, "reset", lambda: again.append("from the beginning"))
        await pilot.press("s", "enter", "escape")
        assert not modal.armed and not ask.done() and len(again) == 3
        modal._listen()
        await pilot.press("x", "escape")
        assert await asyncio.wait_for(ask, 60) is None
        assert len(again) == 3
