"""Nothing is recovered without root. Said before anything else: what only root may read looks lost to anybody else."""

from __future__ import annotations

from collections.abc import Mapping

from novatui.config import ClusterConfig
from novatui.model.cluster import NodeError
from novatui.model.plan import Request
from novatui.runbooks.parts.refusal import RefusedPlan, reason
from novatui.runbooks.step import Answers

NOT_ROOT = "not-root"


def refuse(cluster: ClusterConfig, request: Request, answers: Answers) -> None:
    """Raises RefusedPlan, with every master that lacks it, when one that the runbook cannot do without is among them."""
    lacking = _lacking(answers)
    wanted = {request.node} if request.node else {node.name for node in cluster.nodes} - {*request.without}
    if lacking.keys() & wanted:
        raise _refused(lacking, f"{request.runbook} cannot be run")


def refuse_blind(answers: Answers) -> None:
    """Raises RefusedPlan when there is no master at all that can be looked at as root."""
    lacking = _lacking(answers)
    if lacking and len(lacking) == len(answers):
        raise _refused(lacking, "What the masters have cannot be seen")


def _lacking(answers: Answers) -> Mapping[str, NodeError]:
    return {
        node: why
        for node, outcomes in answers.items()
        if (why := next((one.unprivileged for one in outcomes.values() if one.unprivileged), None))
    }


def _refused(lacking: Mapping[str, NodeError], what: str) -> RefusedPlan:
    found = [
        reason(NOT_ROOT, f"not root there: {why.title}", why.hint, node=node) for node, why in lacking.items()
    ]
    return RefusedPlan(f"{what}: not root on {', '.join(lacking)}", found)
