"""What a resume looks at before it goes on: whether what the run had done is still so. Somebody may have taken it back since.

Only where the journal is this machine's own: it has every act that was begun. A master's copy is a step behind: a hold that is
gone may have been lifted by the start which the copy does not know of.
"""

from __future__ import annotations

from collections.abc import Sequence

from novatui.runbooks.step import Effect, Gate, Probed, State, Step
from novatui.runner.looking import Looking
from novatui.runner.shown import participants
from novatui.runner.work import Stop, TakenBack, Work, together


async def taken_back(work: Work, steps: Sequence[Step | Gate]) -> frozenset[str]:
    """Of ``steps``, the ids of those to be done again. Nothing is changed here; raises TakenBack with everything that was
    taken back, or changed, and is not to be done again by us."""
    if not work.state.resumes or work.state.brought:
        return frozenset()
    done = [one for one in steps if isinstance(one, Step) and _counts(work, one)]
    looking = Looking(work, quiet=True)
    again: set[str] = set()
    refused: list[str] = []
    unseen: list[str] = []
    for step in done:
        nodes = participants(step, work.plan)
        mend = step.again is not None and step.again(work.context())
        found = await together(_look(looking, step, node, patient=not mend) for node in nodes)
        for node, one in zip(nodes, found, strict=True):
            if one.state is State.DONE:
                continue
            if mend and one.state is not State.FOREIGN:
                again.add(step.id)
            else:
                left = unseen if one.state is State.UNKNOWN else refused
                left.append(f"{node}: {step.title}: {one.detail or 'not so any more'}")
    if refused:
        raise TakenBack([*refused, *unseen])
    if unseen:
        raise Stop("failed", "What this run had done could not be looked at again", "\n".join(unseen))
    return frozenset(again)


def over(work: Work, step: Step) -> bool:
    """Whether what ``step`` proved or did is of no matter any more."""
    if not step.until or step.until == step.id:
        return bool(step.until)
    if step.effect is Effect.OBSERVE:
        return work.state.passed(step.until)
    ending = work.state.steps.get(step.until)
    return ending is not None and any(node.tries for node in ending.nodes.values())


def _counts(work: Work, step: Step) -> bool:
    return step.effect >= Effect.CHANGE and work.state.passed(step.id) and not over(work, step)


async def _look(looking: Looking, step: Step, node: str, *, patient: bool) -> Probed:
    """``patient``: what is not to be done again gets the step's own time to be read as done."""
    return await (looking.settled(step, node, None) if patient else looking.verify(step, node))
