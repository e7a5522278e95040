"""Keeping what a restart wipes out: the journal's tail, systemd's status, and where the process hangs."""

from __future__ import annotations

from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts.commands import At
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, Scope, State, Step

STEP = "evidence"


def keep(node: str, *, seed: str = "") -> Step:
    """The facts hold the process that is there now, for the stop; and what a person looks for first."""
    return Step(
        id=STEP,
        title=f"Keep what {node} can tell: journal, status, where it hangs",
        effect=Effect.STAGE,
        scope=Scope.ONE,
        node=node,
        probe=_ask,
        apply=lambda ctx: [_command(ctx, "do")],
        cleanup=lambda ctx: [_command(ctx, "drop")],
        barrier="journal, status and stacks are on the master's disk",
        seed=seed,
    )


def place(ctx: Context, node: str) -> str:
    """The directory on the master."""
    work_dir = At(Context(plan=ctx.plan, cluster=ctx.cluster, node=node, facts=ctx.facts)).node.work_dir
    return f"{work_dir}/{ctx.plan.run}/evidence"


def _command(ctx: Context, verb: str) -> Act:
    at = At(ctx)
    return Command(
        script="evidence",
        argv=(verb, at.run, at.node.work_dir, at.node.unit),
        timeout_s=60,
        changes=verb != "look",
    )


def _ask(ctx: Context) -> Ask:
    at = At(ctx)
    command = Command(script="evidence", argv=("look", at.run, at.node.work_dir, at.node.unit), timeout_s=20)
    return Ask(command, read_evidence)


def read_evidence(outcome: Outcome) -> Probed:
    """``invocation`` and ``pid``: of the process that hangs, empty and 0 where none runs."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    if reading.get("kept") != "yes":
        return Probed(State.TODO, detail="not kept yet")
    facts = {
        "path": reading.text("path"),
        "files": reading.all("file"),
        "invocation": reading.get("invocation"),
        "pid": reading.number("pid") or 0,
        "unit": f"{reading.get('active')} ({reading.get('sub')})",
        "process": reading.text("process"),
        "waits": reading.text("waits").strip(" ,"),
    }
    said = f"in {facts['path']}"
    if facts["process"]:
        said += f"; process {facts['pid']}: {facts['process']}"
    if facts["waits"]:
        said += f"; its threads wait in {facts['waits']}"
    return Probed(State.DONE, facts, detail=said)
