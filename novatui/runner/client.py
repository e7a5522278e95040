"""All that others see of the runner: make a plan, start a run, follow it, answer its gate, ask it to stop.

Nothing here changes a master: the runner is a process of its own (``runner.process``), this only starts it and talks
with it over its socket. A client that goes away changes nothing for the run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from novatui.config import ClusterConfig
from novatui.errors import NovatuiError
from novatui.model.plan import Plan, Request
from novatui.model.run import Phase, RunState, fold
from novatui.model.sources import Sources
from novatui.remote.transport import Transport
from novatui.runner import journal, places
from novatui.runner.events import Event, Met, Need, Output, Progress, Reply
from novatui.runner.follower import Follower
from novatui.runner.spawn import PROCESS, Orders, Secrets, spawn
from novatui.runner.upload import describe as describe_upload

__all__ = [
    "Event",
    "Follower",
    "Met",
    "Need",
    "Output",
    "Progress",
    "Reply",
    "RunSummary",
    "abandon",
    "describe_upload",
    "load",
    "make_plan",
    "resume",
    "runs",
    "sources",
    "start",
    "undo",
]


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the history. ``alive``: a runner works on it now; ``verified``: it ended so and still stands so."""

    run: str
    runbook: str
    cluster: str
    started_ms: int
    ended_ms: int | None
    phase: Phase
    result: str
    verified: bool
    operator: str
    alive: bool


async def make_plan(
    cluster: ClusterConfig, request: Request, transport: Transport, tell: Callable[[str], None] | None = None
) -> Plan:
    """Survey the masters (read-only) and say exactly what would be run. Raises Refused with every reason. ``tell``: hears in
    words what is waited for."""
    from novatui.runner import plan as planner

    return await planner.make(
        cluster, request, transport, tell=lambda nodes, words: tell(words) if tell else None
    )


async def sources(cluster: ClusterConfig, transport: Transport) -> Sources:
    """Ask all masters (read-only) what the cluster could be restored from: archives, and their own data."""
    from novatui.runbooks import restore_cluster
    from novatui.runner import rights, survey

    request = Request(runbook=restore_cluster.NAME)
    answers = await survey.ask(cluster, request, restore_cluster.RUNBOOK, transport)
    rights.refuse_blind(answers)
    return restore_cluster.sources(cluster, answers)


async def start(
    config_path: Path,
    cluster_name: str,
    plan: Plan,
    *,
    answers: Sequence[str] | None = None,
    on_failure: str = "stop",
    secrets: Secrets | None = None,
    command: Sequence[str] = PROCESS,
) -> str:
    """Start a runner of its own for ``plan``; the run's id once it lives. Raises what it says when it cannot begin.

    ``answers`` are words typed beforehand (``--yes``): the run is then headless, and a gate that wants another word
    ends it as refused. None: the gate waits for a client. ``secrets``: what is known already, by id; what else the runner
    needs it asks of its clients.
    """
    place = places.create(
        plan,
        places.Launch(config=str(config_path.absolute()), cluster=cluster_name, on_failure=on_failure),
    )
    await spawn(place, Orders(do="run", answers=_words(answers)), command, secrets)
    return plan.run


async def resume(
    run_id: str,
    *,
    answers: Sequence[str] | None = None,
    secrets: Secrets | None = None,
    command: Sequence[str] = PROCESS,
) -> str:
    """Start a runner that goes on with a run that failed, was aborted or lost its runner."""
    place = places.find(run_id)
    await spawn(place, Orders(do="resume", answers=_words(answers)), command, secrets)
    return place.run


async def undo(run_id: str, *, secrets: Secrets | None = None, command: Sequence[str] = PROCESS) -> str:
    """Start a runner that takes back what a run changed."""
    place = places.find(run_id)
    await spawn(place, Orders(do="undo"), command, secrets)
    return place.run


async def abandon(run_id: str, *, secrets: Secrets | None = None, command: Sequence[str] = PROCESS) -> str:
    """Start a runner that takes back what an ended run staged before its gate, and gives the masters free."""
    place = places.find(run_id)
    await spawn(place, Orders(do="abandon"), command, secrets)
    return place.run


def runs(unread: Callable[[str, str], None] = lambda run, why: None) -> list[RunSummary]:
    """All runs of this operator on this machine, the newest first. One that cannot be read costs the others nothing:
    ``unread`` is told its name and why."""
    found = []
    for place in places.every():
        try:
            found.append(_summary(place))
        except (NovatuiError, OSError) as error:
            logging.getLogger(__name__).info("run %s cannot be read: %s", place.run, error)
            unread(place.run, str(error))
    return sorted(found, key=lambda one: (one.started_ms, one.run), reverse=True)


def load(run_id: str) -> tuple[Plan, RunState]:
    """What was confirmed, and what the journal says of it."""
    place = places.find(run_id)
    return place.plan(), fold(journal.read(place.journal))


def _summary(place: places.RunDir) -> RunSummary:
    state = fold(journal.read(place.journal))
    plan = place.plan()
    return RunSummary(
        run=place.run,
        runbook=plan.runbook,
        cluster=plan.cluster,
        started_ms=state.started_ms or plan.at_ms,
        ended_ms=state.ended_ms,
        phase=state.phase,
        result=state.result,
        verified=state.verified,
        operator=state.operator,
        alive=place.alive(),
    )


def _words(answers: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if answers is None else tuple(answers)
