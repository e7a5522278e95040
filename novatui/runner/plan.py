"""The planner: survey the masters, let the runbook draft, write down the exact words of every step."""

from __future__ import annotations

import secrets
import time

from msgspec.structs import replace

from novatui.config import ClusterConfig
from novatui.errors import NovatuiError
from novatui.model.plan import Plan, Request
from novatui.remote.transport import Transport
from novatui.runbooks.step import Runbook
from novatui.runner import books, rights, shown, survey


async def make(
    cluster: ClusterConfig,
    request: Request,
    transport: Transport,
    *,
    find: books.FindRunbook = books.find,
    run: str | None = None,
    tell: survey.Tell = survey.unheard,
) -> Plan:
    """A plan with every command in its exact words. Read-only. Raises Refused with every reason."""
    runbook = find(request.runbook)
    answers = await survey.settled(cluster, request, runbook, transport, tell=tell)
    rights.refuse(cluster, request, answers)
    draft = runbook.draft(cluster, request, run or secrets.token_hex(4), answers)
    draft = replace(draft, runbook=runbook.name, runbook_version=runbook.version)
    if not draft.at_ms:
        draft = replace(draft, at_ms=time.time_ns() // 1_000_000)
    return words(cluster, runbook, draft)


def words(cluster: ClusterConfig, runbook: Runbook, plan: Plan) -> Plan:
    """The plan with its steps and its undo written out; a function of the plan's parameters alone."""
    bare = replace(plan, steps=(), undo=())
    return replace(
        bare,
        steps=shown.render(cluster, bare, runbook.steps(cluster, bare)),
        undo=shown.render(cluster, bare, runbook.undo(cluster, bare)),
    )


def check(cluster: ClusterConfig, runbook: Runbook, plan: Plan) -> None:
    """What was confirmed is what is run: the steps drawn here and now must be the plan's, word for word."""
    again = words(cluster, runbook, plan)
    if again == plan:
        return
    ours = {step.id: step for step in (*again.steps, *again.undo)}
    theirs = {step.id: step for step in (*plan.steps, *plan.undo)}
    differ = [name for name in {**ours, **theirs} if ours.get(name) != theirs.get(name)]
    raise NovatuiError(
        "The plan is not what this novatui would run",
        "it differs in: " + ", ".join(differ or ["its order"]),
        "the configuration or novatui has changed since the plan was made; make a new plan",
    )
