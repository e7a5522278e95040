"""The exact words of each step's commands, and the check that what is run is what was confirmed.

The plan is drawn before anything is known that only the run brings forth; a step names such a thing ``<name>``. A word
that is run matches its planned word when they are equal but for those names.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from novatui.config import ClusterConfig
from novatui.model.plan import Plan, PlannedStep
from novatui.runbooks.step import Act, Context, Gate, Relay, Scope, Send, Step

BORN = re.compile(r"<[a-z][A-Za-z0-9 _.:-]*>")
PIPE = "|"


def words(act: Act) -> tuple[str, ...]:
    """What a person sees of one act; a relay as ``NODE: source words | target words``."""
    if isinstance(act, Send):
        return ("here:", act.path, PIPE, *act.target.shown())
    if isinstance(act, Relay):
        return (f"{act.source_node}:", *act.source.shown(), PIPE, *act.target.shown())
    return act.shown()


def line(act: Act) -> str:
    if isinstance(act, Send):
        return f"here: {shlex.quote(act.path)} | {act.target.shown_line()}"
    if isinstance(act, Relay):
        return f"{act.source_node}: {act.source.shown_line()} | {act.target.shown_line()}"
    return act.shown_line()


def participants(step: Step, plan: Plan) -> tuple[str, ...]:
    """The nodes a step works on, in the plan's order."""
    if step.scope is Scope.LOCAL:
        return ()
    if step.scope is Scope.ONE:
        return (step.node,)
    return tuple(node for node in plan.nodes if node in step.among) if step.among else plan.nodes


def render(cluster: ClusterConfig, plan: Plan, steps: Sequence[Step | Gate]) -> tuple[PlannedStep, ...]:
    """Each step as it is shown and confirmed."""
    return tuple(_gate(step) if isinstance(step, Gate) else _step(cluster, plan, step) for step in steps)


def matches(planned: Sequence[str], act: Act) -> bool:
    """Whether one of the planned lines says exactly what ``act`` is about to do."""
    spoken = line(act)
    return any(spoken == one or _same(one, spoken) for one in planned)


def _gate(gate: Gate) -> PlannedStep:
    return PlannedStep(id=gate.id, title=gate.title, scope="gate", effect="gate")


def _step(cluster: ClusterConfig, plan: Plan, step: Step) -> PlannedStep:
    nothing: Mapping[str, Mapping[str, Mapping[str, Any]]] = {}
    commands: dict[str, tuple[str, ...]] = {}
    if step.apply is not None:
        for node in participants(step, plan):
            acts = step.apply(Context(plan=plan, cluster=cluster, node=node, facts=nothing))
            commands[node] = tuple(line(act) for act in acts)
    return PlannedStep(
        id=step.id,
        title=step.title,
        scope=step.scope.value,
        effect=step.effect.name.lower(),
        commands=commands,
        barrier=step.barrier,
        seed=step.seed,
    )


def _same(planned: str, spoken: str) -> bool:
    """Word by word; a name born in the run may be any text within its word."""
    ours, theirs = shlex.split(planned), shlex.split(spoken)
    return len(ours) == len(theirs) and all(
        re.fullmatch(".+".join(map(re.escape, BORN.split(one))), other, re.DOTALL) is not None
        for one, other in zip(ours, theirs, strict=True)
    )
