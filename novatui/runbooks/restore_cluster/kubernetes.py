"""After a restore: whether Kubernetes is there again, and what a person looks at. None of it fails the run: etcd was proved."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.model.findings import Finding, Severity
from novatui.model.sanitize import clean
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts.commands import At
from novatui.runbooks.parts.reading import UNREADABLE, read
from novatui.runbooks.step import Ask, Context, Effect, Probed, State, Step

WAIT_S = 60
# What holds on to the discarded future, or may lie beside the snapshot's past.
CHECKLIST = (
    "restart what keeps caches of its own: kube-controller-manager, kube-scheduler, then each kubelet",
    "/registry/masterleases: the endpoints of the service kubernetes are the masters that are there",
    "the network plugin's addresses (IPAM): what was given out after the snapshot is not known any more",
    "volumes (CSI): what was made, attached or deleted after the snapshot",
    "keys changed after the snapshot: encryption at rest, service accounts, the CA",
)


def look() -> Step:
    return Step(
        id="kubernetes",
        title="Look whether Kubernetes is there again",
        effect=Effect.OBSERVE,
        probe=_ask,
        judge=_judge,
    )


def _ask(ctx: Context) -> Ask:
    node = At(ctx).node
    if not node.api_server:
        none = Command(script="kube", argv=("", "", "0"), timeout_s=10)
        return Ask(none, lambda outcome: Probed(State.DONE, {"ready": "none"}))
    argv = (node.kubectl, node.kubeconfig, str(WAIT_S))
    return Ask(Command(script="kube", argv=argv, timeout_s=WAIT_S + 40), read_kube)


def read_kube(outcome: Outcome) -> Probed:
    """DONE whatever it says: the words are for a person."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    ready = reading.get("ready")
    if ready != "yes":
        words = "its API server does not serve yet" if ready == "no" else "not looked at"
        return Probed(State.DONE, {"ready": ready}, detail=f"{words}: {reading.text('why')}")
    rows = [line.split() for line in reading.raw("nodes").splitlines() if len(line.split()) > 1]
    bad = sorted(clean(row[0]) for row in rows if "Ready" not in row[1].split(","))
    facts = {"ready": "yes", "nodes": len(rows), "not_ready": bad[:20]}
    words = f"{len(rows) - len(bad)} of {len(rows)} nodes ready" + (
        f"; not: {', '.join(bad[:5])}" if bad else ""
    )
    return Probed(State.DONE, facts, detail=words)


def _judge(ctx: Context) -> Sequence[Finding]:
    """The checklist, on record."""
    return [Finding(id="kubernetes-check", severity=Severity.INFO, title=one) for one in CHECKLIST]
