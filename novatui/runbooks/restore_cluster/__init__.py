"""restore-cluster (the vendor's 1.3): take all members back to one snapshot, every proof first, nothing deleted.

Order: read what each member still has, prove the snapshot, put it everywhere, restore it beside the live data - up to here
nothing was stopped - then the typed gate, and without another question: API servers fenced, hold, stop, swap, start
together, check, release, API servers back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from novatui.config import ClusterConfig
from novatui.model.plan import Plan, Request
from novatui.model.sources import Sources
from novatui.remote.command import Command
from novatui.runbooks.parts import hold, left_out, proof, start, stop
from novatui.runbooks.parts.commands import survey_commands
from novatui.runbooks.parts.host import Host
from novatui.runbooks.parts.left_out import taking_part
from novatui.runbooks.parts.refusal import (
    DATA_INTACT,
    FOREIGN_SNAPSHOT,
    LEFT_OUT_QUORUM,
    NEWER_SURVIVOR,
    OTHER_WRITERS,
    QUORUM_STANDS,
    SURVIVOR_UNREAD,
    refuse,
)
from novatui.runbooks.parts.seen import Seen, see
from novatui.runbooks.restore_cluster import (
    drawing,
    fence,
    kubernetes,
    listing,
    meanwhile,
    prepare,
    swap,
    token,
)
from novatui.runbooks.restore_cluster.gate import gate
from novatui.runbooks.step import Answers, Facts, Gate, Runbook, Step

NAME = "restore-cluster"
VERSION = 3


def survey(cluster: ClusterConfig, request: Request) -> Mapping[str, Mapping[str, Command]]:
    """What each master is asked. With neither archive nor survivor named, also for everything that could be restored."""
    return {node.name: survey_commands(node, request) for node in taking_part(cluster, request).nodes}


def sources(cluster: ClusterConfig, answers: Answers) -> Sources:
    """For the wizard: what could be restored, from the answers to a survey that names nothing."""
    return listing.sources(cluster, answers)


def facts(cluster: ClusterConfig, request: Request, answers: Answers) -> Mapping[str, Facts]:
    """What the plan relies on: everything that must not have changed when etcd is about to be stopped.

    Nothing of it changes by what a run stages, nor by a broken etcd that is being restarted over and over.
    """
    seen = see(taking_part(cluster, request), answers)
    return {node: _facts(host, seen, node) for node, host in seen.hosts.items()}


def _facts(host: Host, seen: Seen, node: str) -> Facts:
    unit = host.unit
    found = {
        "env_sha256": host.env_sha256,
        "unit": f"{unit.load} {unit.program} {' '.join(unit.flags)}".strip(),
        "env_files": list(unit.env_files),
        "environment": list(unit.variables),
        "drop_ins": list(unit.drop_ins),
        "tools": host.tools,
        "data_dir": host.data.path,
        "data_kind": host.data.kind,
        "data_owner": host.data.owner,
        "data_inode": host.data.member_inode if host.data.kind == "mount" else host.data.inode,
        "has_data": host.data.complete,
        "quorum": host.quorum,
        "api_server": host.api_server,
    }
    if (api := seen.api.get(node)) is not None:
        found["api_listens"] = api.place
    if (ports := seen.ports.get(node)) is not None:
        out = left_out.members(seen.hosts)
        found["left_out_answer"] = [one.place for one in ports if one.member in out and one.answers == "yes"]
    archives = seen.archives.get(node)
    if archives is not None:
        # What is in the chosen one is proved in the run, by its SHA-256; a look may fail to open any of them.
        found["archives"] = [[one.path, one.size, one.mtime, one.problem] for one in archives]
    return found


def draft(cluster: ClusterConfig, request: Request, run: str, answers: Answers) -> Plan:
    """The plan's parameters and facts. Raises Refused with every reason at once, HeldByAnother for another run's masters."""
    part = taking_part(cluster, request)
    seen = see(part, answers)
    source, found = drawing.reasons(cluster, request, seen)
    refuse(found, request.overrule)
    assert source is not None, "no source, and no reason why"
    return Plan(
        run=run,
        runbook=NAME,
        runbook_version=VERSION,
        cluster=cluster.name,
        nodes=tuple(node.name for node in part.nodes),
        request=request,
        params=msgspec.to_builtins(drawing.params(part, request, run, seen, source)),
        facts={node: dict(one) for node, one in facts(cluster, request, answers).items()},
    )


def steps(cluster: ClusterConfig, plan: Plan) -> Sequence[Step | Gate]:
    fenced, anew = bool(fence.fenced(plan)), token.changed(plan)
    return [
        *prepare.steps(),
        gate(),
        *([fence.fence(until="swap")] if fenced else []),
        hold.hold(),
        stop.stop(),
        *([token.give()] if anew else []),
        swap.swap(),
        start.start(token.lines(plan) if anew else ()),
        proof.members(),
        proof.last_gate(also=fence.files, judge=fence.judge_last_gate_fenced),
        hold.release(),
        *([fence.unfence(), kubernetes.look()] if fenced else []),
    ]


def undo(cluster: ClusterConfig, plan: Plan) -> Sequence[Step]:
    """On all masters or on none: every one of them must answer and still have its data before anything is touched."""
    fenced, anew = bool(fence.fenced(plan)), token.changed(plan)
    return [
        proof.undo_reach(),
        swap.undo_look(),
        *([fence.fence("undo-fence", until="undo-swap", may_be_gone=True)] if fenced else []),
        hold.hold("undo-hold", until="undo-start"),
        stop.stop_back(proof.undo_leader),
        swap.swap_back(),
        *([token.take_back()] if anew else []),
        start.start_as_before(),
        proof.as_before(),
        hold.release("undo-release"),
        *([fence.unfence("undo-unfence")] if fenced else []),
    ]


def confirm(cluster: ClusterConfig, plan: Plan) -> str:
    return cluster.name


RUNBOOK = Runbook(
    name=NAME,
    version=VERSION,
    title="Restore the whole cluster from a snapshot",
    survey=survey,
    facts=facts,
    draft=draft,
    steps=steps,
    undo=undo,
    confirm=confirm,
    stands=meanwhile.STANDS,
    takes=(
        "snapshot",
        "from_node",
        "survivor",
        "upload",
        "without",
        "token",
        "bump_revision",
        "no_fence",
    ),
    guards=(
        QUORUM_STANDS,
        DATA_INTACT,
        NEWER_SURVIVOR,
        SURVIVOR_UNREAD,
        FOREIGN_SNAPSHOT,
        LEFT_OUT_QUORUM,
        OTHER_WRITERS,
    ),
)
