"""restart-member: one dead or hung member whose data is good. Nothing but its process is exchanged.

Order: look at the others, keep what the process can tell, then the typed gate, and without another question: stop it
(systemd ends one that does not hear), start it on its own data, and the checks that end every run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from novatui.config import ClusterConfig
from novatui.diagnosis.quorum import needed
from novatui.errors import UsageError
from novatui.model.findings import Finding
from novatui.model.plan import Plan, Request
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import begin, keeping, proof, standing
from novatui.runbooks.parts.commands import At, known, master_commands
from novatui.runbooks.parts.node_checks import serving_checks
from novatui.runbooks.parts.params import ClusterParams
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.parts.refusal import MEMBER_SERVES, QUORUM_WITHOUT, reason, refuse
from novatui.runbooks.parts.seen import Seen, see
from novatui.runbooks.parts.stop import STOP_SLACK_S, what_runs
from novatui.runbooks.step import (
    Answers,
    Ask,
    Brief,
    Context,
    Effect,
    Facts,
    Gate,
    Probed,
    Runbook,
    Scope,
    State,
    Step,
    Word,
)

NAME = "restart-member"
VERSION = 1


class RestartParams(ClusterParams, frozen=True, kw_only=True):
    """``target``: the node. ``state`` and ``quorum`` are words for the gate, as seen at planning."""

    target: str
    state: str
    quorum: str


def survey(cluster: ClusterConfig, request: Request) -> Mapping[str, Mapping[str, Command]]:
    target(cluster, request)
    return {node.name: master_commands(node) for node in cluster.nodes}


def target(cluster: ClusterConfig, request: Request) -> str:
    """The node that is asked for. Raises UsageError."""
    names = [node.name for node in cluster.nodes]
    if request.node not in names:
        what = f"There is no master {request.node!r}" if request.node else f"{request.runbook} needs a master"
        raise UsageError(what, f"say --node N; the masters are {', '.join(names)}")
    return request.node


def facts(cluster: ClusterConfig, request: Request, answers: Answers) -> Mapping[str, Facts]:
    """That the member is still down and its data as it was, and that the others still are what the plan builds on."""
    return standing.facts(cluster, see(cluster, answers), [request.node])


def draft(cluster: ClusterConfig, request: Request, run: str, answers: Answers) -> Plan:
    """Raises UsageError without a node, Refused with every reason, HeldByAnother for another run's masters."""
    node = target(cluster, request)
    seen = see(cluster, answers)
    refuse(list(reasons(cluster, node, seen)), request.overrule)
    nodes = [one.name for one in cluster.nodes if one.name == node or _takes_part(seen, one.name)]
    params = standing.params(cluster, seen, nodes, request) | {
        "target": node,
        "state": standing.words(seen.hosts[node]),
        "quorum": standing.quorum_words(cluster, seen),
    }
    return Plan(
        run=run,
        runbook=NAME,
        runbook_version=VERSION,
        cluster=cluster.name,
        nodes=tuple(nodes),
        request=request,
        params=msgspec.to_builtins(RestartParams(**params)),
        facts={name: dict(one) for name, one in facts(cluster, request, answers).items()},
    )


def _takes_part(seen: Seen, node: str) -> bool:
    """Whether this other member answers: it is compared with afterwards, and no other run works on it meanwhile."""
    host = seen.hosts.get(node)
    return host is not None and host.status is not None and host.env is not None


# -- reasons --------------------------------------------------------------------------------------------------------


def reasons(cluster: ClusterConfig, node: str, seen: Seen) -> Iterator[Finding]:
    if node in seen.silent:
        yield reason("unreachable", f"cannot be asked: {seen.silent[node]}", "reach it first", node=node)
        return
    yield from standing.all_held(cluster, seen)
    yield from standing.all_open(cluster, seen, but=node)
    yield from serving_checks(cluster.node(node), seen.hosts[node])
    yield from _its_data(cluster, node, seen)
    yield from _nothing_to_do(cluster, node, seen)
    yield from quorum_without(cluster, node, seen)
    yield from _alone(cluster, node, seen)


def _its_data(cluster: ClusterConfig, node: str, seen: Seen) -> Iterator[Finding]:
    why = standing.lost(seen.hosts[node], seen.data[node])
    if not why:
        return
    hint = f"a restart does not mend that; {standing.mended_by(cluster, node, seen)}"
    yield reason(
        "data-lost",
        f"its data cannot be started on: {why}",
        hint,
        node=node,
        evidence=seen.data[node].evidence,
    )


def _nothing_to_do(cluster: ClusterConfig, node: str, seen: Seen) -> Iterator[Finding]:
    host = seen.hosts[node]
    elsewhere = [name for name, one in seen.hosts.items() if name != node and standing.serves(one)]
    if standing.serves(host):
        title, hint = (
            "there is nothing to do: it answers and has quorum",
            "to restart it all the same, overrule it",
        )
    elif host.status is not None and not elsewhere:
        title = "there is nothing to do here: it answers, and what it lacks is quorum"
        hint = f"{standing.quorum_words(cluster, seen)}: those are to be brought back"
    else:
        return
    yield reason("member-serves", title, hint, node=node, guard=MEMBER_SERVES)


def quorum_without(cluster: ClusterConfig, node: str, seen: Seen) -> Iterator[Finding]:
    """An etcd that hangs for its clients may still vote: without it enough others must be seen to have quorum, or none of
    those that are not seen may have one with it."""
    if standing.down(seen.hosts[node]):
        return
    least = needed(standing.members(cluster, seen))
    others = {name: host for name, host in seen.hosts.items() if name != node}
    serving = [name for name, host in others.items() if standing.serves(host)]
    if len(serving) >= least:
        return
    unseen = [name for name, host in others.items() if host.status is None and not standing.down(host)]
    unseen += [name for name in seen.silent if name != node]
    if not serving and not standing.serves(seen.hosts[node]) and len(unseen) + 1 < least:
        return  # nobody has quorum, with or without it
    seen_words = f"only {', '.join(serving)} answered" if serving else "no other master answered"
    yield reason(
        QUORUM_WITHOUT,
        f"quorum may rest on it: {seen_words} a linearizable read, {least} are needed without it",
        f"{standing.quorum_words(cluster, seen)}. Bring back another member first; to restart this one all the same, overrule it",
        node=node,
        guard=QUORUM_WITHOUT,
    )


def _alone(cluster: ClusterConfig, node: str, seen: Seen) -> Iterator[Finding]:
    if standing.members(cluster, seen) == 1 or seen.silent:
        return
    others = {name: host for name, host in seen.hosts.items() if name != node}
    if all(standing.down(host) for host in others.values()):
        said = ", ".join(f"{name} is {standing.words(host)}" for name, host in others.items())
        good = [name for name, host in others.items() if not standing.lost(host, seen.data[name])]
        yield reason(
            "alone",
            f"no other member runs: {said}. A lone member waits for its peers",
            "start-cluster starts all that are stopped together"
            if good
            else f"the data of {', '.join(others)} is lost: restore-cluster",
            node=node,
        )


# -- steps ----------------------------------------------------------------------------------------------------------


def steps(cluster: ClusterConfig, plan: Plan) -> Sequence[Step | Gate]:
    node = msgspec.convert(plan.params, RestartParams).target
    return [
        begin.before(lambda ctx: ctx.node != node),
        keeping.keep(node),
        Gate(id="confirm", title=f"Restart etcd on {node}", brief=brief),
        stop(plan, node),
        begin.begin(
            lambda ctx: [node],
            title=f"Start etcd on {node}, on its own data",
            barrier=f"etcd on {node} answers and has quorum",
            node=node,
            gives_up=State.FAILED,
        ),
        proof.members(_expected, seed=""),
        proof.last_gate(_expected, barrier="it has the same keys as the others, and takes writes", seed=""),
    ]


def _expected(ctx: Context) -> proof.Expected:
    return begin.expected(ctx, "look", "start")


def stop(plan: Plan, node: str) -> Step:
    """systemd ends a process that does not hear within the unit's own limit; the step waits longer than that."""
    limit_s = msgspec.convert(plan.params, RestartParams).nodes[node].stop_s
    return Step(
        id="stop",
        title=f"Stop etcd on {node}",
        effect=Effect.CHANGE,
        scope=Scope.ONE,
        node=node,
        probe=_ask_gone,
        apply=lambda ctx: [
            Command(argv=("systemctl", "stop", "--no-block", At(ctx).node.unit), timeout_s=30, changes=True)
        ],
        until="start",
        settle_s=limit_s + STOP_SLACK_S,
        barrier="the process that did not serve is gone",
    )


def _ask_gone(ctx: Context) -> Ask:
    at = At(ctx)
    argv = ("look", at.node.unit, at.node.data_dir, *at.node.listening)
    invocation = str(known(ctx, keeping.STEP, ctx.node, "invocation") or "")
    return Ask(
        Command(script="stop", argv=argv, timeout_s=30),
        lambda outcome: read_gone(outcome, invocation, at.node.stop_s),
    )


def read_gone(outcome: Outcome, invocation: str, limit_s: float) -> Probed:
    """DONE when nothing runs, or another start of the unit than the one that was there before (``invocation``): a power cycle
    did the work, and what came up is not stopped a second time."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    facts = {"unit": reading.unit("ActiveState"), "result": reading.unit("Result")}
    found = what_runs(reading)
    if not found:
        return Probed(State.DONE, facts)
    now = reading.unit("InvocationID")
    if invocation and now and now != invocation:
        return Probed(State.DONE, {**facts, "again": True}, detail="it was started again meanwhile")
    if reading.unit("ActiveState") == "deactivating":
        found.append(f"systemd ends it within {limit_s:.0f} s, by force if it does not hear")
    return Probed(State.TODO, facts, detail="; ".join(found))


# -- gate -----------------------------------------------------------------------------------------------------------


def brief(ctx: Context) -> Brief:
    params = msgspec.convert(ctx.plan.params, RestartParams)
    node = params.target
    hangs = known(ctx, keeping.STEP, node, "waits")
    process = known(ctx, keeping.STEP, node, "process")
    rows = [
        ("Member", f"{params.nodes[node].member} on {node}: {params.state}"),
        ("Its process", f"{process}; its threads wait in {hangs}" if hangs else process or "none runs"),
        ("Its data", "stays as it is: only the process is exchanged"),
        ("Quorum", params.quorum),
        ("What is kept", f"journal, status and stacks of before: {keeping.place(ctx, node)} on {node}"),
        ("Way back", NO_UNDO),
    ]
    if process:
        limit_s = params.nodes[node].stop_s
        rows.insert(
            2, ("Stopping", f"may take {limit_s:.0f} s; one that does not hear is then killed by systemd")
        )
    if params.overruled:
        rows.append(("Overruled", ", ".join(params.overruled)))
    rows += [("Note", note) for note in params.notes]
    return Brief(rows=rows, words=[Word(node, "stops etcd on this master and starts it again")])


NO_UNDO = (
    "none is needed: no data and no file is touched, and a process that was exchanged does not come back"
)


def instead(cluster: ClusterConfig, plan: Plan) -> str:
    node = msgspec.convert(plan.params, RestartParams).target
    return (
        f"nothing is held: what runs goes on. Again: novatui resume {plan.run}. If a restart does not help and the others have "
        f"quorum, its data is replaced from theirs: recover-member --node {node}"
    )


def undo(cluster: ClusterConfig, plan: Plan) -> Sequence[Step]:
    return ()


def confirm(cluster: ClusterConfig, plan: Plan) -> str:
    return plan.request.node


RUNBOOK = Runbook(
    name=NAME,
    version=VERSION,
    title="Restart one member",
    survey=survey,
    facts=facts,
    draft=draft,
    steps=steps,
    undo=undo,
    confirm=confirm,
    takes=("node",),
    guards=(MEMBER_SERVES, QUORUM_WITHOUT),
    no_undo=NO_UNDO,
    instead=instead,
)
