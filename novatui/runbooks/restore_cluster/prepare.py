"""Steps before the gate: look, read the survivors (``survivors``), prove the snapshot, put it everywhere, restore it beside the live data.

They only add files named after the run; abandoning takes those away again and nothing else was touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from novatui.model.findings import Finding
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import answer
from novatui.runbooks.parts.archives import urls
from novatui.runbooks.parts.commands import At, born, known, limit_s
from novatui.runbooks.parts.params import restore_params
from novatui.runbooks.parts.reach import reach, unstage
from novatui.runbooks.parts.reading import UNREADABLE, Reading, read
from novatui.runbooks.parts.refusal import FOREIGN_SNAPSHOT, reason
from novatui.runbooks.restore_cluster.source_checks import foreign, is_ours
from novatui.runbooks.restore_cluster.survivors import survivors
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, Relay, Send, State, Step


def steps() -> list[Step]:
    return [reach(), survivors(), prove(), spread(), stage()]


# -- prove ----------------------------------------------------------------------------------------------------------


def prove() -> Step:
    return Step(
        id="prove",
        title="Prove the snapshot",
        effect=Effect.STAGE,
        probe=_ask_prove,
        apply=_prove,
        judge=judge_proved,
        cleanup=unstage,
        barrier="the snapshot is whole, is of this cluster, and its revision is known",
        seed="1.3/6",
    )


def _ask_prove(ctx: Context) -> Ask:
    at = At(ctx)
    if ctx.node not in restore_params(ctx.plan).source.nodes:
        return Ask(_look_snapshot(at), lambda outcome: Probed(State.DONE, {"receives": True}))
    return _ask_snapshot(ctx, at, expected_sha256(ctx))


def expected_sha256(ctx: Context) -> str:
    """What the snapshot must be: the archive as it was looked at, or the survivor as it was saved. Empty: not known yet."""
    source = restore_params(ctx.plan).source
    if source.kind == "archive":
        return source.sha256
    return str(known(ctx, "survivors", source.nodes[0], "sha256") or "")


def _ask_snapshot(ctx: Context, at: At, sha256: str) -> Ask:
    return Ask(_look_snapshot(at), lambda outcome: read_snapshot(outcome, sha256))


def _look_snapshot(at: At) -> Command:
    limit = limit_s(restore_params(at.ctx.plan).source.db_size)
    return Command(script="archive", argv=("look", at.places.stage, at.run), timeout_s=limit)


def read_snapshot(outcome: Outcome, sha256: str) -> Probed:
    """DONE only for a snapshot whose bytes are, now, those that are expected."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    if reading.get("present") != "yes":
        return Probed(State.TODO, detail="not there yet")
    facts = snapshot_facts(reading)
    if facts is None or reading.get("sha256_now") != facts["sha256"]:
        return Probed(State.PARTIAL, detail="what lies there is not whole")
    if sha256 and facts["sha256"] != sha256:
        return Probed(State.PARTIAL, facts, detail="another snapshot lies there")
    return Probed(State.DONE, facts)


def snapshot_facts(reading: Reading) -> dict[str, Any] | None:
    snapshot = answer.snapshot(reading.json("status"))
    if snapshot is None or reading.get("trailer") != "ok":
        return None
    return {
        "sha256": reading.get("sha256"),
        "size": reading.number("db_size"),
        "revision": snapshot.revision,
        "keys": snapshot.keys,
        "urls": list(urls(reading.raw("urls"))),
    }


def _prove(ctx: Context) -> Sequence[Act]:
    at = At(ctx)
    source = restore_params(ctx.plan).source
    if ctx.node not in source.nodes:
        return ()
    stage, etcdctl = at.places.stage, at.node.etcdctl
    if source.upload:
        limit = 2 * limit_s(source.db_size, least=120)
        argv: tuple[str, ...] = ("receive", stage, source.sha256, etcdctl, at.run)
        target = Command(script="archive", argv=argv, timeout_s=limit, changes=True)
        return [Send(source.upload, source.db_size, target)]
    if source.kind == "survivor":
        sha256 = born(ctx, "survivors", ctx.node, "sha256", "sha256 of the survivor")
        argv = ("adopt", stage, sha256, etcdctl, at.run)
    else:
        argv = ("prove", stage, source.paths[ctx.node], source.sha256, etcdctl, at.run)
    return [
        Command(script="archive", argv=argv, timeout_s=2 * limit_s(source.db_size, least=120), changes=True)
    ]


def judge_proved(ctx: Context) -> Sequence[Finding]:
    """The same snapshot on all that have it, and of this cluster."""
    params = restore_params(ctx.plan)
    found: list[Finding] = []
    hashes = {node: known(ctx, "prove", node, "sha256") for node in params.source.nodes}
    if len(set(hashes.values())) > 1 or None in hashes.values():
        said = "; ".join(f"{node}: {sha}" for node, sha in hashes.items())
        found.append(reason("archive-differs", f"the snapshot is not the same on all masters: {said}"))
    for node in params.source.nodes:
        inside = known(ctx, "prove", node, "urls") or ()
        if not is_ours(inside, frozenset(params.peer_urls)) and FOREIGN_SNAPSHOT not in params.overruled:
            found.append(foreign(inside, frozenset(params.peer_urls), "the snapshot", node))
    return found


# -- spread ---------------------------------------------------------------------------------------------------------


def spread() -> Step:
    return Step(
        id="spread",
        title="Put the snapshot on every master",
        effect=Effect.STAGE,
        probe=_ask_spread,
        apply=_spread,
        judge=judge_spread,
        cleanup=unstage,
        barrier="the same snapshot, by its SHA-256, is on every master",
        seed="1.3/6",
    )


def proved(ctx: Context, key: str) -> Any:
    """A fact of the snapshot, as its first source proved it."""
    return known(ctx, "prove", restore_params(ctx.plan).source.nodes[0], key)


def _ask_spread(ctx: Context) -> Ask:
    return _ask_snapshot(ctx, At(ctx), str(proved(ctx, "sha256") or "-"))


def _spread(ctx: Context) -> Sequence[Act]:
    at = At(ctx)
    source = restore_params(ctx.plan).source
    if ctx.node in source.nodes:
        return ()
    first = source.nodes[0]
    theirs = At(Context(plan=ctx.plan, cluster=ctx.cluster, node=first, facts=ctx.facts))
    limit = limit_s(source.db_size, least=120) * 2
    sha256 = born(ctx, "prove", first, "sha256", "sha256 of the snapshot")
    send = Command(script="archive", argv=("send", theirs.places.stage), timeout_s=limit)
    argv = ("receive", at.places.stage, sha256, at.node.etcdctl, at.run)
    return [Relay(first, send, Command(script="archive", argv=argv, timeout_s=limit, changes=True))]


def judge_spread(ctx: Context) -> Sequence[Finding]:
    hashes = {node: known(ctx, "spread", node, "sha256") for node in ctx.plan.nodes}
    if len(set(hashes.values())) == 1 and None not in hashes.values():
        return ()
    said = "; ".join(f"{node}: {sha}" for node, sha in hashes.items())
    return [reason("archive-differs", f"the snapshot is not the same on all masters: {said}")]


# -- stage ----------------------------------------------------------------------------------------------------------


def stage() -> Step:
    return Step(
        id="stage",
        title="Restore beside the live data",
        effect=Effect.STAGE,
        probe=_ask_stage,
        apply=_stage,
        cleanup=unstage,
        barrier="every master has a whole restored data directory beside the live one",
        seed="1.3/7",
    )


def _ask_stage(ctx: Context) -> Ask:
    at = At(ctx)
    argv = ("look", at.places.staged, at.places.mark, at.run, at.places.live)
    sha256 = str(proved(ctx, "sha256") or "")
    command = Command(script="stage", argv=argv, timeout_s=30)
    return Ask(command, lambda outcome: read_stage(outcome, sha256))


def read_stage(outcome: Outcome, sha256: str) -> Probed:
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    state, found = reading.get("staged"), reading.get("sha256")
    if state in ("yes", "live") and found == sha256:
        return Probed(State.DONE, {"sha256": found, "db_size": reading.number("db_size")})
    if state in ("no", "broken", "yes"):
        return Probed(
            State.TODO, detail="" if state == "no" else "what lies there is not what is wanted: done again"
        )
    if state == "live":
        return Probed(State.FOREIGN, detail="data of this run is live already, and not of this snapshot")
    return Probed(State.FOREIGN, detail="a directory of the staged name is there, without this run's marker")


def _stage(ctx: Context) -> Sequence[Act]:
    at = At(ctx)
    node, here = at.node, at.places
    sha256 = born(ctx, "prove", restore_params(ctx.plan).source.nodes[0], "sha256", "sha256 of the snapshot")
    restore: tuple[str, ...] = (
        node.restorer, "snapshot", "restore",
        "--name", node.member,
        "--initial-cluster", at.params.initial_cluster,
        "--initial-cluster-token", at.params.token,
        "--initial-advertise-peer-urls", ",".join(node.peer_urls),
    )  # fmt: skip
    if bump := restore_params(ctx.plan).bump:
        restore += ("--bump-revision", str(bump), "--mark-compacted")
    argv = (
        "do",
        here.stage,
        sha256,
        at.run,
        here.staged,
        here.inner,
        here.mark,
        node.owner,
        node.mode,
        "--",
        *restore,
    )
    limit = limit_s(restore_params(ctx.plan).source.db_size, least=120) * 2
    return [Command(script="stage", argv=argv, timeout_s=limit, changes=True)]
