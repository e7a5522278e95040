"""Reaching masters before anything is changed, and taking away what was staged there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import answer
from novatui.runbooks.parts.commands import At
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, State, Step


def reach(*, seed: str = "1.3/1") -> Step:
    return Step(
        id="reach",
        title="Reach all masters",
        effect=Effect.OBSERVE,
        probe=_ask_reach,
        settle_s=10,
        barrier="every master answers, and may be worked on",
        seed=seed,
    )


def _ask_reach(ctx: Context) -> Ask:
    at = At(ctx)
    node = at.node
    argv = (
        at.run,
        node.work_dir,
        node.unit,
        node.unit_dir,
        node.env_file,
        node.data_dir,
        *at.tls,
        node.etcdctl,
    )
    return Ask(Command(script="reach", argv=argv, timeout_s=20), read_reach)


def read_reach(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    held_by = reading.get("held_by")
    if held_by and reading.get("ours") != "yes":
        return Probed(State.FOREIGN, detail=f"run {held_by} holds this master")
    if readonly := reading.texts("readonly"):
        return Probed(State.UNKNOWN, detail=f"cannot be written: {', '.join(readonly)}")
    status = answer.status(reading.json("status"))
    facts: dict[str, Any] = {
        "boot_id": reading.get("boot_id"),
        "unit": reading.unit("ActiveState"),
        "answers": status is not None,
        "leads": status is not None and status.leads,
        "revision": status.revision if status else None,
    }
    return Probed(State.DONE, facts)


def unstage(ctx: Context) -> Sequence[Act]:
    """Takes back everything this run put beside the live data."""
    at = At(ctx)
    argv = (at.run, at.places.stage, at.places.staged, at.places.mark)
    return [Command(script="unstage", argv=argv, timeout_s=120, changes=True)]
