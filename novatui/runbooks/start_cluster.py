"""start-cluster: several members are stopped and their data is good (a power cut, stopped units): start them all together.

A lone member waits for its peers, a second one frees both; so all that can be started are, at the same time. One whose
data is missing or damaged is left alone: started on nothing it would become an empty member, or a cluster of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import msgspec

from novatui.config import ClusterConfig
from novatui.diagnosis.quorum import needed
from novatui.model.findings import Finding
from novatui.model.plan import Plan, Request
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import begin, proof, standing
from novatui.runbooks.parts.commands import At, master_commands
from novatui.runbooks.parts.host import Host
from novatui.runbooks.parts.node_checks import serving_checks
from novatui.runbooks.parts.params import ClusterParams
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.parts.refusal import reason, refuse
from novatui.runbooks.parts.seen import Seen, see
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
    State,
    Step,
    Word,
)

NAME = "start-cluster"
VERSION = 1


class StartParams(ClusterParams, frozen=True, kw_only=True):
    """``starts``: the nodes that are down and may be started. ``quorum``: in words, as seen at planning."""

    starts: tuple[str, ...]
    quorum: str


def survey(cluster: ClusterConfig, request: Request) -> Mapping[str, Mapping[str, Command]]:
    return {node.name: master_commands(node) for node in cluster.nodes}


def facts(cluster: ClusterConfig, request: Request, answers: Answers) -> Mapping[str, Facts]:
    """That what is down is still down on the data it had, and nobody else came or went."""
    seen = see(cluster, answers)
    return standing.facts(cluster, seen, [node for node, host in seen.hosts.items() if standing.down(host)])


def draft(cluster: ClusterConfig, request: Request, run: str, answers: Answers) -> Plan:
    """Raises Refused with every reason, HeldByAnother for another run's masters."""
    seen = see(cluster, answers)
    barred = dict(bars(cluster, seen))
    refuse(list(reasons(cluster, seen, barred)), request.overrule)
    starts = startable(seen, barred)
    nodes = [one.name for one in cluster.nodes if one.name in starts or answers_here(seen, one.name)]
    params = standing.params(cluster, seen, nodes, request) | {
        "starts": tuple(starts),
        "quorum": standing.quorum_words(cluster, seen),
    }
    return Plan(
        run=run,
        runbook=NAME,
        runbook_version=VERSION,
        cluster=cluster.name,
        nodes=tuple(nodes),
        request=request,
        params=msgspec.to_builtins(StartParams(**params)),
        facts={name: dict(one) for name, one in facts(cluster, request, answers).items()},
    )


def answers_here(seen: Seen, node: str) -> bool:
    host = seen.hosts.get(node)
    return host is not None and host.status is not None and host.env is not None


def startable(seen: Seen, barred: Mapping[str, Finding]) -> list[str]:
    return [node for node, host in seen.hosts.items() if standing.down(host) and node not in barred]


# -- reasons --------------------------------------------------------------------------------------------------------


def bars(cluster: ClusterConfig, seen: Seen) -> Iterator[tuple[str, Finding]]:
    """Of each master that is down: the first reason not to start it."""
    for config in cluster.nodes:
        host = seen.hosts.get(config.name)
        if host is None or not standing.down(host):
            continue
        if found := next(iter(serving_checks(config, host)), None):
            yield config.name, found
        elif why := standing.lost(host, seen.data[config.name]):
            yield (
                config.name,
                reason(
                    "data-lost",
                    f"is not started: {why}",
                    _never_on_nothing(host) + standing.mended_by(cluster, config.name, seen),
                    node=config.name,
                    evidence=seen.data[config.name].evidence,
                ),
            )


def _never_on_nothing(host: Host) -> str:
    return (
        "" if host.data.complete else "on nothing it would become an empty member, or a cluster of its own; "
    )


def reasons(cluster: ClusterConfig, seen: Seen, barred: Mapping[str, Finding]) -> Iterator[Finding]:
    yield from standing.all_held(cluster, seen)
    yield from standing.all_open(cluster, seen)
    starts = startable(seen, barred)
    if not starts:
        yield from _nothing(cluster, seen, barred)
        return
    up = [node for node, host in seen.hosts.items() if not standing.down(host)]
    total = standing.members(cluster, seen)
    if len(starts) + len(up) >= needed(total):
        return
    yield reason(
        "no-quorum-to-start",
        f"only {len(starts) + len(up)} of {total} members would run ({', '.join([*up, *starts])}), {needed(total)} are needed",
        "too few would start; the reasons of the others follow",
    )
    yield from barred.values()
    for node, why in seen.silent.items():
        yield reason("unreachable", f"cannot be asked: {why}", "reach it first", node=node)


def _nothing(cluster: ClusterConfig, seen: Seen, barred: Mapping[str, Finding]) -> Iterator[Finding]:
    """Nothing can be started: all runs already, or what is down must not be started."""
    hung = [node for node, host in seen.hosts.items() if host.status is None and not standing.down(host)]
    if barred:
        yield from barred.values()
    elif hung:
        yield reason(
            "nothing-stopped",
            f"no member is stopped; {', '.join(hung)} runs and does not answer",
            f"one that hangs is restarted: restart-member --node {hung[0]}; one that just started needs a while",
        )
    elif seen.hosts:
        yield reason(
            "nothing-to-do",
            f"there is nothing to do: no member is stopped. {standing.quorum_words(cluster, seen)}",
        )
    for node, why in seen.silent.items():
        yield reason("unreachable", f"cannot be asked: {why}", "reach it first", node=node)


# -- steps ----------------------------------------------------------------------------------------------------------


def steps(cluster: ClusterConfig, plan: Plan) -> Sequence[Step | Gate]:
    starts = _params(plan).starts
    return [
        begin.before(lambda ctx: ctx.node not in starts),
        clear(),
        Gate(id="confirm", title="Start etcd on all that are stopped", brief=brief),
        begin.begin(
            lambda ctx: _params(ctx.plan).starts,
            title="Start etcd on all that are stopped, together",
            barrier="every one of them serves, or it is known why it does not come up",
        ),
        _of_those_that_serve(proof.members(_expected, seed="")),
        _of_those_that_serve(
            proof.last_gate(_expected, barrier="the members have the same keys, and take writes", seed="")
        ),
        whole(),
    ]


def _params(plan: Plan) -> StartParams:
    return msgspec.convert(plan.params, StartParams)


def _expected(ctx: Context) -> proof.Expected:
    return begin.expected(ctx, "start", "look")


def clear() -> Step:
    """Nothing else has the ports or the database of one that is to be started."""
    return Step(
        id="clear",
        title="Look whether anything else holds ports or data",
        effect=Effect.OBSERVE,
        probe=_ask_clear,
        barrier="nothing stands in the way of a start",
    )


def _ask_clear(ctx: Context) -> Ask:
    at = At(ctx)
    argv = ("look", at.node.unit, at.node.data_dir, *at.node.listening)
    starts = ctx.node in _params(ctx.plan).starts
    return Ask(
        Command(script="stop", argv=argv, timeout_s=30), lambda outcome: read_clear(outcome, starts=starts)
    )


def read_clear(outcome: Outcome, *, starts: bool) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    facts = {"unit": reading.unit("ActiveState")}
    if not starts or not begin.is_down(reading):
        return Probed(State.DONE, facts)
    found = []
    if ports := sorted(set(reading.all("listening"))):
        found.append(f"something listens on {', '.join(ports)} (see: ss -ltnp)")
    if reading.get("lock") != "free":
        found.append("a process holds its database (see: fuser -v)")
    if found:
        return Probed(
            State.FOREIGN, facts, detail=f"the unit is down, but {' and '.join(found)}: a second etcd?"
        )
    return Probed(State.DONE, facts)


def _of_those_that_serve(step: Step) -> Step:
    """The same step; of one that did not come up only that is told, and ``whole`` ends the run with it."""
    ask, judge = step.probe, step.judge
    assert ask is not None and judge is not None

    def probe(ctx: Context) -> Ask:
        if ctx.node in begin.remaining(ctx):
            why = begin.remaining(ctx)[ctx.node]
            return Ask(begin.look(ctx), lambda _: Probed(State.DONE, detail=f"not looked at: {why}"))
        return ask(ctx)

    def judged(ctx: Context) -> Sequence[Finding]:
        serving = [node for node in ctx.plan.nodes if node not in begin.remaining(ctx)]
        if not serving:
            return [reason("none-serves", "no member came up", "see the reason of each")]
        return judge(replace(ctx, plan=msgspec.structs.replace(ctx.plan, nodes=tuple(serving))))

    return replace(step, probe=probe, judge=judged)


def whole() -> Step:
    """The end: all of them. Looked at once more, so that a resume sees what was mended meanwhile."""
    return Step(
        id="whole",
        title="Every member that was started serves",
        effect=Effect.OBSERVE,
        probe=lambda ctx: Ask(begin.look(ctx), lambda outcome: read_whole(outcome, ctx.node)),
        settle_s=10,
        barrier="nothing remains to be done",
    )


def read_whole(outcome: Outcome, node: str) -> Probed:
    found = begin.read_serves(outcome, node)
    if found.state is State.DONE and found.facts["serves"]:
        return found
    if found.state is State.UNKNOWN:
        return found
    return Probed(
        State.FAILED, found.facts, detail=f"{found.detail}. The others serve: recover-member --node {node}"
    )


# -- gate -----------------------------------------------------------------------------------------------------------


def brief(ctx: Context) -> Brief:
    params = _params(ctx.plan)
    rows = [
        ("To start", ", ".join(f"{params.nodes[node].member} on {node}" for node in params.starts)),
        ("Their data", "stays as it is: etcd starts on what is there"),
        ("Quorum", params.quorum),
        ("Way back", NO_UNDO),
    ]
    rows += [("Note", note) for note in params.notes]
    return Brief(rows=rows, words=[Word(ctx.cluster.name, "starts etcd on its masters that are stopped")])


NO_UNDO = "none is needed: no data and no file is touched. Stopping etcd again would bring nothing back and take the cluster down"


def instead(cluster: ClusterConfig, plan: Plan) -> str:
    return (
        f"what runs goes on, nothing is held. Again: novatui resume {plan.run}. With quorum, a member that does not come up is "
        "given a fresh copy of the data: recover-member --node N; without, look at why each does not come up first"
    )


def undo(cluster: ClusterConfig, plan: Plan) -> Sequence[Step]:
    return ()


def confirm(cluster: ClusterConfig, plan: Plan) -> str:
    return cluster.name


RUNBOOK = Runbook(
    name=NAME,
    version=VERSION,
    title="Start what is stopped",
    survey=survey,
    facts=facts,
    draft=draft,
    steps=steps,
    undo=undo,
    confirm=confirm,
    no_undo=NO_UNDO,
    instead=instead,
)
