"""The point of no return: what is looked at right before it, and whether a run is past it. The masters are asked; the journal
alone cannot tell of a step whose outcome was lost."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from novatui.errors import NovatuiError
from novatui.model.plan import Plan
from novatui.model.run import At, RunState
from novatui.runbooks.step import Effect, Facts, Probed, State, Step
from novatui.runner import survey
from novatui.runner.events import Output
from novatui.runner.looking import Looking
from novatui.runner.shown import participants
from novatui.runner.work import Changed, NoWayBack, Stop, Work


async def facts_stand(work: Work, step: str) -> None:
    """Asks the survey again; raises Stop with every difference from what the plan relies on. ``step``: before which, for
    those who follow the run."""
    await _asked_again(work, step, lambda now: survey.differences(work.plan, now))


async def still_meant(work: Work, step: str) -> None:
    """For a run that goes on past its gate after a break: raises Stop when what it is for is not so any more. Its own acts
    changed some of what the plan relies on; what counts until then is the runbook's to say."""
    stands, state = work.runbook.stands, work.state
    if stands is None or state.passed(stands.until):
        return
    answered = [gate.answered_ms for gate in state.gates.values() if gate.answered_ms is not None]
    since_s = (work.clock.now_ms() - max(answered, default=0)) / 1e3
    plan = work.plan

    def against(now: Mapping[str, Facts]) -> list[str]:
        unread = [f"{node}: could not be read" for node in plan.nodes if node not in now]
        return unread or list(stands.against(plan, now, since_s))

    await _asked_again(work, step, against, names=stands.asks)


async def _asked_again(
    work: Work,
    step: str,
    against: Callable[[Mapping[str, Facts]], list[str]],
    names: Collection[str] | None = None,
) -> None:
    """Raises Stop with what ``against`` finds in the facts of now, once every master answered or was waited for. ``names``: of
    the survey's commands; None: all."""
    plan = work.plan

    def tell(nodes: Sequence[str], words: str) -> None:
        for node in nodes:
            work.tell(Output(step=step, node=node, text=words))

    deadline = work.now_s() + work.reach_s()
    while True:
        # A master that takes no part, and on which nothing rests, is not waited for.
        nodes = {*plan.nodes, *plan.facts}
        answers = await survey.settled(
            work.cluster,
            plan.request,
            work.runbook,
            work.transport,
            nodes=nodes,
            names=names,
            tell=tell,
            pause=work.wait,
        )
        work.safe_point()
        try:
            now = work.runbook.facts(work.cluster, plan.request, answers)
        except NovatuiError as error:
            raise Stop("refused", error.title, error.detail, error.hint) from error
        changed = against(now)
        if not changed:
            work.has_looked()
            return
        silent = survey.silent(answers)
        if silent and work.state.committed and work.now_s() >= deadline:
            raise Stop("failed", "What the plan relies on could not be looked at again", "\n".join(changed))
        if not silent or work.now_s() >= deadline:
            raise Changed(changed)
        await work.wait(work.pace.poll_most_s)


def begun(work: Work) -> list[Step]:
    """Steps that cannot be taken back and were reached: an act of them was begun, or they were found done already. Of a journal
    that was brought over the end may be missing: each may have been."""
    return [step for step in final(work) if work.state.brought or _reached(work, step)]


def verified(plan: Plan, state: RunState) -> str:
    """The title of a step that cannot be taken back and was seen to be done; empty while there is none."""
    final = [step for step in plan.steps if step.effect == Effect.NO_RETURN.name.lower()]
    done = (
        step.title
        for step in final
        if (run := state.steps.get(step.id)) and any(node.state is At.DONE for node in run.nodes.values())
    )
    return next(done, "")


async def still_returnable(work: Work) -> None:
    """Raises NoWayBack unless every step that cannot be taken back is still to be done, seen on the masters. One that was
    verified once is not looked at again: the world has gone on since."""
    looking = Looking(work)
    for step in begun(work):
        for node in participants(step, work.plan):
            done = work.state.at(step.id, node).state is At.DONE
            found = Probed(State.DONE) if done else await looking.probe(step, node)
            if found.state is not State.TODO:
                raise NoWayBack(work.plan.run, step.title, found.detail, step.barrier)


def final(work: Work) -> Sequence[Step]:
    """The steps of the run that cannot be taken back."""
    steps = work.runbook.steps(work.cluster, work.plan)
    return [step for step in steps if isinstance(step, Step) and step.effect is Effect.NO_RETURN]


def _reached(work: Work, step: Step) -> bool:
    nodes = participants(step, work.plan)
    return any(work.state.at(step.id, node).state is not At.WAITING for node in nodes)
