"""What each member still has, read before anything is stopped: the newest data must never be the one that nobody looked at."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.model.findings import Finding
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import answer
from novatui.runbooks.parts.commands import At, known, limit_s
from novatui.runbooks.parts.params import restore_params
from novatui.runbooks.parts.reach import unstage
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.parts.refusal import reason
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, State, Step


def survivors() -> Step:
    return Step(
        id="survivors",
        title="Read what each member still has",
        effect=Effect.STAGE,
        probe=_ask_survivor,
        apply=_save_survivor,
        judge=judge_survivors,
        cleanup=unstage,
        barrier="every member's own data was read, or it is known why it cannot be",
    )


def _ask_survivor(ctx: Context) -> Ask:
    at = At(ctx)
    command = Command(script="survivor", argv=("look", at.places.stage, at.run), timeout_s=60)
    return Ask(command, read_survivor)


def read_survivor(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    result = reading.get("survivor")
    if result == "todo":
        return Probed(State.TODO, detail="not read yet")
    why = reading.text("why")
    if result in ("none", "unread"):
        return Probed(State.DONE, {"survivor": result, "why": why}, detail=why)
    snapshot = answer.snapshot(reading.json("status"))
    if result != "saved" or snapshot is None or reading.get("size_now") != reading.get("size"):
        return Probed(State.PARTIAL, detail="what was saved is not whole")
    written = reading.number("written")
    facts = {
        "survivor": "saved",
        "how": reading.get("how"),
        "revision": snapshot.revision,
        "keys": snapshot.keys,
        "size": reading.number("size"),
        "sha256": reading.get("sha256"),
        "written_ms": None if written is None else written * 1000,
    }
    return Probed(State.DONE, facts)


def _save_survivor(ctx: Context) -> Sequence[Act]:
    at = At(ctx)
    limit = limit_s(at.node.survivor_bytes)
    argv = (
        "do", at.places.stage, at.run, at.node.data_dir, *at.tls, at.node.etcd, at.node.etcdctl, f"{limit:.0f}",
    )  # fmt: skip
    return [Command(script="survivor", argv=argv, timeout_s=4 * limit + 60, changes=True)]


def judge_survivors(ctx: Context) -> Sequence[Finding]:
    """A run that is to restore a survivor needs that one saved; and none may have got newer since the plan was seen."""
    found = [one for node in ctx.plan.nodes if (one := _newer(ctx, node)) is not None]
    source = restore_params(ctx.plan).source
    if source.kind != "survivor":
        return found
    node = source.nodes[0]
    if known(ctx, "survivors", node, "survivor") == "saved":
        return found
    why = known(ctx, "survivors", node, "why") or "it was not read"
    return [
        *found,
        reason("no-survivor", f"no snapshot of its own data: {why}", "choose an archive", node=node),
    ]


def _newer(ctx: Context, node: str) -> Finding | None:
    planned = restore_params(ctx.plan).nodes[node]
    revision, written = (known(ctx, "survivors", node, key) for key in ("revision", "written_ms"))
    if planned.revision is not None and revision is not None and revision > planned.revision:
        what = f"its own data went from revision {planned.revision} to {revision} since the plan was made"
    elif (
        planned.written is not None
        and known(ctx, "survivors", node, "how") != "live"
        and written is not None
        and written // 1000 > planned.written
    ):
        what = "its own data was written since the plan was made, when it was stopped"
    else:
        return None
    hint = "what would be lost is not what was seen: make a new plan"
    return reason("survivor-newer", what, hint, node=node)
