"""What a run that ends here leaves put aside on the masters, and how each comes back: in words, for its last word and FINISH.txt."""

from __future__ import annotations

from novatui.model.run import At
from novatui.runbooks.step import Context, Step
from novatui.runner.shown import participants
from novatui.runner.work import Work


def left(work: Work) -> dict[str, str]:
    """Node -> words; as far as the journal knows, what may have been put aside counts."""
    ways = [work.runbook.steps(work.cluster, work.plan)]
    if work.state.undoing:
        ways.append(work.runbook.undo(work.cluster, work.plan))
    found: dict[str, str] = {}
    for way in ways:  # the later way decides for the masters that it came to
        for step in way:
            if isinstance(step, Step) and step.leaves is not None:
                for node in participants(step, work.plan):
                    _judge(work, step, node, found)
    return found


def _judge(work: Work, step: Step, node: str, found: dict[str, str]) -> None:
    at = work.state.at(step.id, node)
    if at.state is At.WAITING:
        return
    back = at.state is At.UNDONE or work.state.at(step.until, node).state is At.DONE
    ctx = Context(plan=work.plan, cluster=work.cluster, node=node, facts=work.state.facts)
    assert step.leaves is not None
    words = "" if back else step.leaves(ctx)
    if words:
        found[node] = words
    else:
        found.pop(node, None)
