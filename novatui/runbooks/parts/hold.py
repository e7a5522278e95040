"""The hold: nothing can start etcd on a master until this run lifts it; and the release that ends it."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts.commands import At
from novatui.runbooks.parts.reach import unstage
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, Scope, State, Step, always


def hold(id: str = "hold", *, node: str = "", until: str = "start", seed: str = "1.3/3") -> Step:
    """On all participants, or on ``node`` alone. ``until``: the step that lifts it."""
    return Step(
        id=id,
        title="Hold etcd: nothing can start it",
        effect=Effect.CHANGE,
        scope=Scope.ONE if node else Scope.EACH,
        node=node,
        probe=_ask_hold,
        apply=lambda ctx: [_hold(ctx, "do", changes=True)],
        until=until,
        again=always,
        settle_s=5,
        barrier=f"a start of etcd would fail on {node or 'every master'}",
        seed=seed,
    )


def _hold(ctx: Context, verb: str, *, changes: bool) -> Command:
    at = At(ctx)
    node = at.node
    argv = (verb, at.run, node.work_dir, node.unit, node.unit_dir, node.env_file)
    return Command(script="hold", argv=argv, timeout_s=60, changes=changes)


def _ask_hold(ctx: Context) -> Ask:
    return Ask(_hold(ctx, "look", changes=False), read_hold)


def read_hold(outcome: Outcome) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    if reading.get("hold") == "other":
        return Probed(State.FOREIGN, detail=f"run {reading.get('by')} holds this master")
    parts = {key: reading.get(key) == "yes" for key in ("hold", "dropin", "env", "copy")}
    parts["loaded"] = reading.get("reload") != "yes" and "00-novatui-hold.conf" in reading.get("dropins")
    if all(parts.values()):
        return Probed(State.DONE, parts)
    missing = ", ".join(key for key, there in parts.items() if not there)
    begun = parts["hold"] or parts["dropin"] or parts["copy"]
    return Probed(State.PARTIAL if begun else State.TODO, parts, detail=f"not there yet: {missing}")


def release(id: str = "release", *, node: str = "", keep_env: bool = False) -> Step:
    """``keep_env``: the env file stays as this run wrote it, for a member that joined an existing cluster."""
    env = "leave the env file as it is now" if keep_env else "put the env file's state back"
    return Step(
        id=id,
        title=f"Release: take the hold away, {env}",
        effect=Effect.CHANGE,
        scope=Scope.ONE if node else Scope.EACH,
        node=node,
        probe=lambda ctx: _ask_release(ctx, keep_env=keep_env),
        apply=lambda ctx: _release(ctx, "keep" if keep_env else "do"),
        again=always,
    )


def _ask_release(ctx: Context, *, keep_env: bool) -> Ask:
    at = At(ctx)
    node = at.node
    argv = (
        "look", at.run, node.work_dir, node.unit, node.unit_dir, node.env_file, at.places.stage, at.places.staged,
    )  # fmt: skip
    return Ask(
        Command(script="release", argv=argv, timeout_s=30),
        lambda outcome: read_release(outcome, keep_env=keep_env),
    )


def read_release(outcome: Outcome, *, keep_env: bool = False) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    if reading.get("hold") == "other":
        return Probed(State.FOREIGN, detail="another run holds this master")
    left = [
        words
        for key, value, words in (
            ("hold", "no", "the hold"),
            ("dropin", "no", "the drop-in"),
            ("env", "yes", "the env file's state"),
            ("staged", "no", "staged files"),
        )
        if reading.get(key) != value and not (keep_env and key == "env")
    ]
    facts = {"env_copy": reading.get("copy")}
    return Probed(State.TODO, facts, detail=f"left: {', '.join(left)}") if left else Probed(State.DONE, facts)


def _release(ctx: Context, verb: str) -> Sequence[Act]:
    at = At(ctx)
    node = at.node
    argv = (verb, at.run, node.work_dir, node.unit, node.unit_dir, node.env_file)
    return [Command(script="release", argv=argv, timeout_s=60, changes=True), *unstage(ctx)]
