"""What cannot be done with a run as it stands, refused before a runner begins."""

from __future__ import annotations

from novatui.errors import Refused
from novatui.model.plan import Plan
from novatui.model.run import At, RunState, fold
from novatui.runbooks.step import Effect, Runbook
from novatui.runner import no_return
from novatui.runner.journal import read
from novatui.runner.places import RunDir
from novatui.runner.spawn import Orders


def check(place: RunDir, orders: Orders, plan: Plan, runbook: Runbook) -> None:
    """Raises Refused for what cannot be done with the run as it stands."""
    state = fold(read(place.journal))
    if orders.do == "undo" and (why := runbook.no_undo):
        raise Refused(f"There is nothing of run {place.run} to take back", why, "nothing was done")
    if orders.do == "undo" and (step := no_return.verified(plan, state)):
        hint = "" if state.verified else f": novatui resume {place.run}"
        raise Refused(
            f"Run {place.run} is past its point of no return",
            f"this cannot be taken back: {step}",
            f"nothing was done; the way is forward{hint}",
        )
    if orders.do != "run" and (why_not := refusal(orders.do, state)):
        raise Refused(*why_not)
    if state.plan_sha256 and state.plan_sha256 != plan.sha256():
        raise Refused(
            f"plan.json of run {place.run} is not the one that was confirmed", str(place.path / "plan.json")
        )


def refusal(do: str, state: RunState) -> tuple[str, str, str] | None:
    """Why a run as it stands cannot be resumed, undone or abandoned: title, detail, hint. None when it can."""
    run = state.run
    if do == "resume":
        if result := _over(state):
            back = result == "verified" and any(ask.what == "undo" for ask in state.asked)
            hint = f"to take it back: novatui undo {run}" if back else ""
            return f"Run {run} is over", f"it is {result}", hint
        if state.ended and not state.committed and state.result != "fenced":
            return f"Run {run} ended before it changed anything", state.result, "make a new plan"
    if do == "undo":
        if not state.committed:
            return (
                f"As far as the journal here knows, run {run} changed nothing: there is nothing to undo",
                "the masters were not asked",
                f"novatui undo {run} asks them first; novatui abort {run} gives up what was staged",
            )
        if state.result == "undone":
            return f"Run {run} is undone already", "", ""
    if do == "abandon":
        leased = [node for node, lease in state.leases.items() if lease not in ("released", "lost")]
        over = _over(state)
        if (over or (state.ended and not state.committed)) and not leased and not _staged(state):
            result = over or state.result
            return f"Run {run} is over", f"it is {result}; nothing of it is left to take back", ""
        if state.committed and not over:
            return f"Run {run} is past its gate", "", f"novatui resume {run}, or novatui undo {run}"
    return None


def _over(state: RunState) -> str:
    """How a run came to its end; empty while it has not. A verified one stays so when what was asked of it later was refused."""
    if not state.ended:
        return ""
    return "verified" if state.verified else "undone" if state.result == "undone" else ""


def _staged(state: RunState) -> bool:
    """Whether a run that ended before its gate may have left files that it staged."""
    return not state.committed and any(
        node.tries and node.state is not At.UNDONE
        for step in state.steps.values()
        if step.effect == Effect.STAGE.name.lower()
        for node in step.nodes.values()
    )
