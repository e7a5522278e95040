"""A tiny runbook whose acts leave marks: each act adds its name to the master's ``ledger`` and makes a file of that name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from novatui.config import ClusterConfig
from novatui.errors import Refused
from novatui.model.findings import Finding, Severity
from novatui.model.plan import Plan, Request
from novatui.remote.command import Command, Outcome
from novatui.runbooks.step import (
    Act,
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

_DO = (
    'test ! -e "$1/fail-$2" || { echo "no room for $2" >&2; exit 3; }; echo "$2" >>"$1/ledger" && : >"$1/$2"'
)
_UNDO = 'echo "undo-$2" >>"$1/ledger" && rm -f "$1/$2"'
_LOOK = 'if test -e "$1/$2"; then echo done; elif test -e "$1/foreign"; then echo foreign; else echo todo; fi'
_FACT = 'cat "$1/fact" 2>/dev/null || echo none'


def home(ctx_cluster: ClusterConfig, node: str) -> str:
    """The master's directory."""
    return str(Path(ctx_cluster.node(node).etcd.work_dir).parent)


def ledger(cluster: ClusterConfig, node: str) -> list[str]:
    """What was done on a master, in order."""
    path = Path(home(cluster, node), "ledger")
    return path.read_text().split() if path.exists() else []


def _shell(ctx: Context, text: str, name: str, *, changes: bool) -> Command:
    return Command(
        argv=("sh", "-c", text, "tiny", home(ctx.cluster, ctx.node), name), changes=changes, timeout_s=10
    )


def _read(outcome: Outcome) -> Probed:
    word = outcome.text().strip()
    if not outcome.ok or word not in ("done", "todo", "foreign"):
        return Probed(State.UNKNOWN, detail=f"cannot be read: {word}")
    return Probed(State(word), facts={"word": word}, detail="" if word == "done" else f"it is {word}")


def _ask(name: str) -> Any:
    return lambda ctx: Ask(_shell(ctx, _LOOK, name, changes=False), _read)


def _gone(name: str) -> Any:
    def read(outcome: Outcome) -> Probed:
        found = _read(outcome)
        back = {State.DONE: State.TODO, State.TODO: State.DONE}
        return Probed(back.get(found.state, found.state), found.facts, found.detail)

    return lambda ctx: Ask(_shell(ctx, _LOOK, name, changes=False), read)


def _does(name: str) -> Any:
    def acts(ctx: Context) -> Sequence[Act]:
        return [_shell(ctx, _DO, name, changes=True)]

    return acts


def _undoes(name: str) -> Any:
    def acts(ctx: Context) -> Sequence[Act]:
        return [_shell(ctx, _UNDO, name, changes=True)]

    return acts


def _judge(ctx: Context) -> Sequence[Finding]:
    """Refuses with a guard when any master has a file ``doubt``; the probe of ``look`` says so in its facts."""
    doubts = [node for node, facts in ctx.facts["look"].items() if facts.get("doubt")]
    return [
        Finding(
            id="doubt",
            severity=Severity.BAD,
            title="there is a doubt",
            node=node,
            refuses=True,
            guard="doubtful",
        )
        for node in doubts
    ]


def _look(ctx: Context) -> Ask:
    def read(outcome: Outcome) -> Probed:
        return Probed(State.DONE, {"doubt": "doubt" in outcome.text()})

    return Ask(Command(argv=("ls", home(ctx.cluster, ctx.node))), read)


def _brief(ctx: Context) -> Brief:
    words = [Word("tiny", "to start")]
    if ctx.plan.params.get("older"):
        words.append(Word("OLDER", "it is older", guard="newer-survivor"))
    return Brief(rows=[("What is lost", "nothing")], words=words)


def steps(cluster: ClusterConfig, plan: Plan) -> Sequence[Step | Gate]:
    return (
        Step(id="look", title="look around", effect=Effect.OBSERVE, probe=_look, judge=_judge),
        Step(
            id="stage",
            title="stage beside it",
            effect=Effect.STAGE,
            probe=_ask("stage"),
            apply=_does("stage"),
            cleanup=_undoes("stage"),
        ),
        Gate(id="gate", title="the gate", brief=_brief),
        Step(
            id="stop",
            title="stop all",
            effect=Effect.CHANGE,
            scope=Scope.FOLLOWERS_THEN_LEADER,
            last=lambda ctx: "m2",
            probe=_ask("stop"),
            apply=_does("stop"),
            barrier="all are stopped",
        ),
        Step(
            id="swap",
            title="swap",
            effect=Effect.CHANGE,
            probe=_ask("swap"),
            apply=_does("swap"),
            verify=_ask("swap"),
        ),
        Step(id="check", title="check all", effect=Effect.OBSERVE, probe=_ask("swap"), settle_s=0.5),
    )


def lets_go(cluster: ClusterConfig, plan: Plan) -> Sequence[Step | Gate]:
    """The steps, with a stop that must not stay when the run ends before the swap."""
    return [
        replace(one, let_go=_undoes("stop"), let_go_until="swap")
        if isinstance(one, Step) and one.id == "stop"
        else one
        for one in steps(cluster, plan)
    ]


def undo(cluster: ClusterConfig, plan: Plan) -> Sequence[Step]:
    return (
        Step(
            id="undo-swap",
            title="swap back",
            effect=Effect.CHANGE,
            probe=_gone("swap"),
            apply=_undoes("swap"),
        ),
        Step(
            id="undo-stop",
            title="start again",
            effect=Effect.CHANGE,
            probe=_gone("stop"),
            apply=_undoes("stop"),
        ),
    )


def _survey(cluster: ClusterConfig, request: Request) -> Mapping[str, Mapping[str, Command]]:
    return {
        node.name: {"fact": Command(argv=("sh", "-c", _FACT, "tiny", home(cluster, node.name)))}
        for node in cluster.nodes
    }


def _facts(cluster: ClusterConfig, request: Request, answers: Answers) -> Mapping[str, Facts]:
    return {node: {"fact": said["fact"].text().strip()} for node, said in answers.items() if said["fact"].ok}


def _draft(cluster: ClusterConfig, request: Request, run: str, answers: Answers) -> Plan:
    facts = _facts(cluster, request, answers)
    if missing := [node.name for node in cluster.nodes if node.name not in facts]:
        raise Refused("Not every master can be asked", ", ".join(missing))
    return Plan(
        run=run,
        runbook="tiny",
        runbook_version=1,
        cluster=cluster.name,
        nodes=tuple(node.name for node in cluster.nodes),
        request=request,
        params={"older": bool(request.snapshot)},
        facts={node: dict(one) for node, one in facts.items()},
    )


TINY = Runbook(
    name="tiny",
    version=1,
    title="a tiny runbook",
    survey=_survey,
    facts=_facts,
    draft=_draft,
    steps=steps,
    undo=undo,
    confirm=lambda cluster, plan: cluster.name,
)
