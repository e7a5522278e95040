"""The run screen on the journals of real runs, cut off where something is to be seen; its pages, gates and questions."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any

from msgspec.structs import replace

from novatui.model import records as rec
from novatui.model.plan import Plan
from novatui.model.run import Phase
from novatui.remote.secrets import SecretAsk, SecretKind
from novatui.runner.client import RunSummary
from novatui.tui.app import NovatuiApp
from novatui.tui.screens.gate import GateModal
from novatui.tui.screens.history import HistoryScreen, open_run
from novatui.tui.screens.run import RunScreen
from novatui.tui.screens.run_choice import ChoiceModal
from novatui.tui.screens.run_pages import OutputPage, PlanPage, TextPage
from novatui.tui.screens.run_undo import UndoModal
from novatui.tui.screens.secret import HostKeyModal, SecretModal
from tests.present.report_cases import recorded
from tests.tui import screen_cases as cases
from tests.tui.gallery.walk_dashboard import DOWN, Made
from tests.tui.gallery.walks import Visit, app_of, see, walk
from tests.tui.run_cases import FakeClient, FakeFollower

Records = Sequence[rec.Record]
DEMO = replace(cases.config(environment="test"), name="demo")


def until_record(records: Records, kind: type[rec.Record], **fields: str) -> list[rec.Record]:
    """Up to the first such record."""
    for number, record in enumerate(records):
        if isinstance(record, kind) and all(getattr(record, name) == is_ for name, is_ in fields.items()):
            return list(records[: number + 1])
    raise AssertionError(f"no {kind.__name__} {fields}")


def then(records: Records, kind: type[rec.Record], **fields: Any) -> list[rec.Record]:
    """And one more."""
    last = records[-1]
    return [*records, kind(seq=last.seq + 1, at=last.at + 400, mono_ns=last.mono_ns + 400_000_000, **fields)]


def following(plan: Plan, records: Records, *, live: bool) -> FakeFollower:
    follower = FakeFollower(records, live=live)
    follower.plan = plan
    return follower


def runs_app(plan: Plan, *parts: FakeFollower) -> tuple[NovatuiApp, FakeClient]:
    """An app of the demo's cluster whose clock stands at the last of what each part tells."""
    client = FakeClient(*parts)
    app = app_of(client, config=DEMO)
    app.clock = lambda: client.followers[0].records[-1].at
    return app, client


async def look(visit: Visit, plan: Plan, follower: FakeFollower) -> None:
    """Open the run as the history does, until it is told whole."""
    app = visit.app
    assert isinstance(app, NovatuiApp) and isinstance(app.run_client, FakeClient)
    app.run_client.followers = [follower]
    open_run(app, app.run_client, plan.run)
    await visit.until(lambda: any(isinstance(one, RunScreen) for one in app.screen_stack), "no run screen")
    screen = next(one for one in app.screen_stack if isinstance(one, RunScreen))
    await visit.until(lambda: screen.state == follower.state, "not told whole")
    if not follower.live:
        await visit.until(lambda: screen.showing_result, "no result")


@walk("run-under-way", "run-leave", "run-output", "run-plan")
def pages_of_a_run() -> Made:
    plan, records = recorded("quorum-lost")
    follower = following(plan, until_record(records, rec.Judged, step="stop"), live=True)
    app, _client = runs_app(plan, follower)

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await look(visit, plan, follower)
        yield "run-under-way"
        await visit.press("q", to=ChoiceModal)
        yield "run-leave"
        await visit.back("s")
        await visit.press("l", to=OutputPage)
        yield "run-output"
        await visit.back()
        await visit.press("P", to=PlanPage)
        yield "run-plan"

    return app, steps


@walk("gate")
def gates() -> Made:
    plan, records = recorded("quorum-lost")
    follower = following(plan, until_record(records, rec.GateOpened), live=True)
    app, _client = runs_app(plan, follower)

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await look(visit, plan, follower)
        await visit.at(GateModal)
        yield "gate"

    return app, steps


@walk("run-verified", "undo")
def results() -> Made:
    plan, records = recorded("quorum-lost")
    done = following(plan, until_record(records, rec.RunEnded), live=False)
    app, _client = runs_app(plan, done)

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await look(visit, plan, done)
        yield "run-verified"
        await visit.press("u", to=UndoModal)
        yield "undo"

    return app, steps


def summary(run: str, runbook: str, ago_s: int, result: str, *, alive: bool = False) -> RunSummary:
    at = cases.NOW - ago_s * 1000
    ended = None if alive or not result else at + 95_000
    phase = Phase.ENDED if result else Phase.ACTING
    return RunSummary(
        run=run,
        runbook=runbook,
        cluster="demo",
        started_ms=at,
        ended_ms=ended,
        phase=phase,
        result=result,
        verified=result == "verified",
        operator="ops@desk",
        alive=alive,
    )


@walk("history", "history-report")
def past_runs() -> Made:
    plan, records = recorded("quorum-lost")
    app, client = runs_app(plan, following(plan, until_record(records, rec.RunEnded), live=False))
    client.listed = [
        summary("c41d", "restore-cluster", 100, "", alive=True),
        summary("9e07", "recover-member", 7_300, "failed"),
        summary("51fc", "restart-member", 90_000, "verified"),
        summary("20ab", "restore-cluster", 400_000, "undone"),
        summary("0d66", "start-cluster", 4_000_000, ""),
    ]

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await visit.at(ChoiceModal)
        await visit.back("l")
        app.clock = lambda: cases.NOW
        await visit.press("H", to=HistoryScreen)
        await visit.press("j")
        yield "history"
        await visit.press("t", to=TextPage)
        yield "history-report"

    return app, steps


FINGERPRINT = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU"


@walk("passphrase", "host-key")
def questions() -> Made:
    app = app_of()

    async def steps(visit: Visit) -> AsyncIterator[str]:
        await see(visit, DOWN, past=False)
        key = SecretAsk(SecretKind.PASSPHRASE, "nova-master-1", "/home/ops/.ssh/id_ed25519")
        asked = asyncio.create_task(app.people.wallet.ask(key))
        await visit.at(SecretModal)
        yield "passphrase"
        await visit.back()
        assert await asked is None
        new = asyncio.create_task(
            app.people.accept("nova-master-1", "172.31.100.97", 2222, "ssh-ed25519", FINGERPRINT)
        )
        await visit.at(HostKeyModal)
        yield "host-key"
        await visit.back()
        assert not await new

    return app, steps
