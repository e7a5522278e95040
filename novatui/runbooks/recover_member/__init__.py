"""recover-member (the vendor's 1.2): one member whose data is lost or wrong, replaced while the others have quorum.

Order: proofs on its master, the others agree and can do without it - up to here nothing was stopped - then the typed gate,
and without another question: hold and stop it, a snapshot of the cluster, remove it, add it anew, put its data aside, its
env file, start, caught up, and the checks that end every run. Half-done earlier tries are gone on from where they stand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from novatui.config import ClusterConfig
from novatui.errors import UsageError
from novatui.model.plan import Plan, Request
from novatui.remote.command import Command
from novatui.runbooks.parts import hold, keeping, proof, start, stop
from novatui.runbooks.parts.refusal import DATA_INTACT, refuse
from novatui.runbooks.recover_member import before, change, checks, drawing, end, gate, members
from novatui.runbooks.recover_member.params import JOIN, REMOVE, recover_params
from novatui.runbooks.step import Answers, Facts, Gate, Runbook, Step

NAME = "recover-member"
VERSION = 2


def survey(cluster: ClusterConfig, request: Request) -> Mapping[str, Mapping[str, Command]]:
    target(cluster, request)
    return drawing.commands(cluster)


def target(cluster: ClusterConfig, request: Request) -> str:
    """The node that is asked for. Raises UsageError."""
    names = [node.name for node in cluster.nodes]
    if request.node not in names:
        what = f"There is no master {request.node!r}" if request.node else f"{NAME} needs a master"
        raise UsageError(what, f"say --node N; the masters are {', '.join(names)}")
    if request.snapshot or request.survivor or request.from_node:
        raise UsageError(f"{NAME} takes no snapshot", "the new member copies the data of the others")
    return request.node


def facts(cluster: ClusterConfig, request: Request, answers: Answers) -> Mapping[str, Facts]:
    return drawing.facts(drawing.look(cluster, request.node, answers))


def draft(cluster: ClusterConfig, request: Request, run: str, answers: Answers) -> Plan:
    """Raises UsageError without a node, Refused with every reason, HeldByAnother for another run's masters."""
    look = drawing.look(cluster, target(cluster, request), answers)
    refuse(list(checks.reasons(look)), request.overrule)
    params = drawing.params(look, request)
    return Plan(
        run=run,
        runbook=NAME,
        runbook_version=VERSION,
        cluster=cluster.name,
        nodes=tuple(params.nodes),
        request=request,
        params=msgspec.to_builtins(params),
        facts={node: dict(one) for node, one in drawing.facts(look).items()},
    )


def steps(cluster: ClusterConfig, plan: Plan) -> Sequence[Step | Gate]:
    params = recover_params(plan)
    node = params.target
    found: list[Step | Gate] = [
        *before.steps(params),
        keeping.keep(node, seed="1.2/8-9"),
        gate.gate(params),
    ]
    if params.odd:
        found.append(members.hand_over(params))
    found += [
        hold.hold(node=node, seed=""),
        stop.stop_one(node, again=lambda ctx: before.first(params) in ctx.facts, seed="1.2/10"),
        before.steady(params, "steady-alone", alone=True),
        change.safety(params),
    ]
    if params.way == REMOVE:
        found.append(members.remove(params))
    if params.way != JOIN:
        found.append(members.add(params))
    found += [change.archive(params), change.env(params), change.start(params), end.caught_up(params)]
    if params.learner:
        found.append(members.promote(params))
    found.append(end.members())
    if params.corrupt:
        found += [before.alike(params, "alike-after", after=True), members.disarm(params)]
    return [*found, end.last_gate(), hold.release(node=node, keep_env=True)]


def undo(cluster: ClusterConfig, plan: Plan) -> Sequence[Step]:
    """Only before the point of no return: what is held and stopped then runs again on the data that never moved."""
    node = recover_params(plan).target
    return [
        start.start_as_before(node=node),
        proof.as_before(node=node),
        hold.release("undo-release", node=node),
    ]


def confirm(cluster: ClusterConfig, plan: Plan) -> str:
    return recover_params(plan).target


RUNBOOK = Runbook(
    name=NAME,
    version=VERSION,
    title="Replace one member whose data is lost",
    survey=survey,
    facts=facts,
    draft=draft,
    steps=steps,
    undo=undo,
    confirm=confirm,
    takes=("node",),
    guards=(DATA_INTACT,),
)
