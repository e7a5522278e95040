"""Fencing API servers: their manifests aside before etcd is held, back when the run is over. Kubernetes' own advice.

A fence is let go by itself when a run ends before the data is exchanged; after that it stays until resume or undo.
"""

from __future__ import annotations

from collections.abc import Sequence

from novatui.model.findings import Finding
from novatui.model.plan import Plan
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts.api_server import MANIFEST
from novatui.runbooks.parts.commands import At, known
from novatui.runbooks.parts.params import cluster_params
from novatui.runbooks.parts.proof import judge_last_gate
from novatui.runbooks.parts.reading import UNREADABLE, Reading, read
from novatui.runbooks.parts.refusal import OTHER_WRITERS, reason
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, State, Step, always

# A kubelet looks at its manifests at once or every 20 s, then gives the API server 30 s to end; twice that.
CLOSE_S = 150.0
# Until a kubelet has surely heard of the change: what it was about to start meanwhile, it starts no more.
HEARD_S = 2


def fenced(plan: Plan) -> tuple[str, ...]:
    """The masters whose API server is fenced."""
    nodes = cluster_params(plan).nodes
    return tuple(node for node in plan.nodes if nodes[node].api_server)


def fence(id: str = "fence", *, until: str, may_be_gone: bool = False) -> Step:
    """``until``: the step from whose first act on the fence is not let go any more. ``may_be_gone``: somebody may have taken
    an API server away since the plan; where nothing listens that is as good."""
    return Step(
        id=id,
        title="Fence the API servers: manifests aside, ports closed",
        until=id.replace("fence", "unfence"),
        again=always,
        effect=Effect.CHANGE,
        probe=lambda ctx: _ask_fence(ctx, may_be_gone),
        apply=lambda ctx: _act(ctx, "do"),
        let_go=lambda ctx: _act(ctx, "back"),
        let_go_until=until,
        leaves=_put_aside,
        settle_s=CLOSE_S,
        barrier="no API server listens on any master: nobody writes, nobody keeps a cache of what is about to go",
    )


def _put_aside(ctx: Context) -> str:
    place, kept = files(ctx) or ("", "")
    if not kept or known(ctx, "fence", ctx.node, "fence") == "none":
        return ""
    return (
        f"its API server is put aside (fenced) and stays so: resume and undo bring it back; by hand, and only once etcd serves on "
        f"all masters: mv -n {kept} {place}"
    )


def unfence(id: str = "unfence") -> Step:
    return Step(
        id=id,
        title="Put the API servers' manifests back",
        effect=Effect.CHANGE,
        probe=_ask_unfence,
        apply=lambda ctx: _act(ctx, "back"),
        again=always,
    )


def files(ctx: Context) -> tuple[str, ...]:
    """The manifest and where it is kept, for a check that wants to know whether it was fenced at that moment."""
    at = At(ctx)
    if not at.node.api_server:
        return ()
    return f"{at.node.manifests.rstrip('/')}/{MANIFEST}", f"{at.places.api_aside}/{MANIFEST}"


def judge_last_gate_fenced(ctx: Context) -> Sequence[Finding]:
    """The last gate's own judgement; and where every API server was fenced while it looked, nothing was written at all."""
    return [*judge_last_gate(ctx), *unwritten(ctx)]


def unwritten(ctx: Context) -> list[Finding]:
    facts = {node: ctx.facts.get("last-gate", {}).get(node, {}) for node in ctx.plan.nodes}
    looked = [known(ctx, "last-gate", node, "fenced") for node in fenced(ctx.plan)]
    if not looked or not all(looked):
        return []
    odd = {
        node: one["revision"]
        for node, one in facts.items()
        if one.get("revision") != one.get("snapshot_revision")
    }
    if not odd:
        return []
    said = ", ".join(f"{node} {revision}" for node, revision in odd.items())
    least = next(iter(facts.values())).get("snapshot_revision")
    return [
        reason(
            OTHER_WRITERS,
            f"the API servers are fenced, and yet the revision is not {least}, the snapshot's: {said}",
            "somebody else writes to etcd, or this is not the snapshot's data. Where it is known who writes "
            "(a network plugin with its own access), overrule it in a new plan; novatui undo takes this one back",
            guard=OTHER_WRITERS,
        )
    ]


def _act(ctx: Context, verb: str) -> Sequence[Act]:
    return [_command(ctx, verb)] if At(ctx).node.api_server else ()


def _command(ctx: Context, verb: str) -> Command:
    at = At(ctx)
    argv = (verb, at.run, at.node.manifests, at.places.api_aside, at.node.api_server)
    return Command(script="api-fence", argv=argv, timeout_s=30, changes=verb != "look")


def _ask_fence(ctx: Context, may_be_gone: bool) -> Ask:
    wanted = bool(At(ctx).node.api_server)
    return Ask(
        _command(ctx, "look"),
        lambda outcome: read_fence(outcome, may_be_gone=may_be_gone) if wanted else read_none(outcome),
    )


def _ask_unfence(ctx: Context) -> Ask:
    return Ask(_command(ctx, "look"), read_unfence)


def read_none(outcome: Outcome) -> Probed:
    """A master that had no API server when the plan was made."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    if reading.get("manifest") == "yes":
        return Probed(State.FOREIGN, detail=f"somebody has put a {MANIFEST} here since the plan was made")
    return Probed(State.DONE, {"fence": "none"})


def read_fence(outcome: Outcome, *, may_be_gone: bool = False) -> Probed:
    """DONE when the manifest is aside, a while ago, nobody listens, and who listened is gone."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    manifest, kept = (reading.get(key) == "yes" for key in ("manifest", "kept"))
    if manifest and kept:
        return Probed(State.FOREIGN, detail=f"somebody has put another {MANIFEST} in its place")
    if manifest:
        return Probed(State.TODO, detail="its API server is not fenced")
    if not kept and may_be_gone and not reading.all("listening"):
        return Probed(State.DONE, {"fence": "none"}, detail=f"there is no {MANIFEST} any more")
    if not kept:
        return Probed(
            State.FOREIGN, detail=f"{MANIFEST} is gone: neither in its place nor put aside by this run"
        )
    wrong = still_up(reading)
    return Probed(State.TODO, detail="; ".join(wrong)) if wrong else Probed(State.DONE, {"fence": "closed"})


def still_up(reading: Reading) -> list[str]:
    """What says that an API server may still write, in words."""
    wrong = []
    if places := sorted(set(reading.all("listening"))):
        kubelet = reading.get("kubelet")
        why = "" if kubelet in ("active", "") else f" (the kubelet is {kubelet}: it ends nothing)"
        wrong.append(f"something still listens on {', '.join(places)}{why}")
    if alive := reading.all("alive"):
        wrong.append(f"the API server's process {', '.join(alive)} has not ended yet")
    # A clock that was set back says nothing: then the kubelet's moment is over soon enough by itself.
    if (since := reading.number("since")) is not None and since < HEARD_S:
        wrong.append("put aside only now")
    return wrong


def read_unfence(outcome: Outcome) -> Probed:
    """DONE when there is nothing of ours left, or somebody has put another manifest there: that one counts then."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    manifest, kept = (reading.get(key) == "yes" for key in ("manifest", "kept"))
    if manifest and kept and reading.get("same") != "yes":
        words = f"somebody has put another {MANIFEST} in its place; ours is kept beside it"
        return Probed(State.DONE, {"fence": "replaced"}, detail=words)
    if kept:
        return Probed(State.TODO, detail=f"{MANIFEST} is still put aside")
    if reading.get("aside") == "yes":
        return Probed(State.PARTIAL, detail="the directory it was kept in is still there")
    facts = {"fence": "open" if manifest else "none"}
    return Probed(State.DONE, facts, detail="" if manifest else f"there is no {MANIFEST}")
