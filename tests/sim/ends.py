"""What must be so when a schedule is over and everything is well again."""

from __future__ import annotations

import re
from collections.abc import Iterator

from novatui.model.plan import Plan
from novatui.model.run import RunState
from novatui.runbooks.parts.params import restore_params
from tests.sim.fleet import Fleet
from tests.sim.master import Master
from tests.sim.unit import environment

RUNS = ("active", "activating")


def at_the_end(fleet: Fleet, plan: Plan, state: RunState, expected: int) -> Iterator[str]:
    """Every breach in words."""
    for master in fleet.masters.values():
        for words in _kept(fleet, master):
            yield f"{master.name}: {words}"
    if state.result == "verified" and plan.runbook == "recover-member":
        for master in fleet.masters.values():
            for words in _recovered(fleet, master, plan, expected):
                yield f"{master.name}: {words}"
    elif state.result == "verified" and plan.undo == ():
        for master in fleet.masters.values():
            for words in _serving(fleet, master, plan, state, expected):
                yield f"{master.name}: {words}"
    elif state.result == "verified":
        for master in fleet.masters.values():
            check = _verified if master.name in plan.nodes else _stays_out
            for words in check(fleet, master, plan, expected):
                yield f"{master.name}: {words}"
    elif state.result in ("undone", "refused") or not state.committed:
        for master in fleet.masters.values():
            for words in [*_undone(fleet, master), *_clean(fleet, master, plan, state)]:
                yield f"{master.name}: {words}"
    else:
        yield f"everything is well again, and yet it did not come to verified or undone: {' / '.join(state.detail.splitlines())}"


def _kept(fleet: Fleet, master: Master) -> Iterator[str]:
    original = fleet.checks.original[master.name]
    if original.inode is None:
        return
    path = master.disk.reachable(original.inode)
    if path is None:
        yield "the data from before the run is gone"


def _verified(fleet: Fleet, master: Master, plan: Plan, expected: int) -> Iterator[str]:
    params = restore_params(plan)
    node = params.nodes[master.name]
    here = fleet.checks.places[master.name]
    unit, daemon = master.unit, master.unit.daemon
    if unit.active != "active" or daemon is None or not fleet.has_quorum(master):
        yield f"not serving: the unit is {unit.active} ({unit.sub})"
    else:
        if (daemon.data.cluster, daemon.data.member) != (params.cluster_id, node.member_id):
            yield f"serves as member {daemon.data.member} of {daemon.data.cluster}"
        wrote = any(one.api.wanted for one in fleet.masters.values())
        if daemon.data.revision < expected or (daemon.data.revision > expected and not wrote):
            yield f"serves revision {daemon.data.revision}, the snapshot's is {expected}"
        if not daemon.data.raft.startswith("restored"):
            yield f"serves data that was not restored: {daemon.data.raft}"
    original = fleet.checks.original[master.name]
    kept = master.disk.find(here.old)
    if original.inode is not None and (kept is None or kept.inode != original.inode):
        yield f"the data from before is not at {here.old}"
    yield from _env_and_hold(fleet, master, params.token if params.fresh_token else "")
    for path in (here.stage, here.staged, f"{here.staged}.part"):
        if master.disk.there(path):
            yield f"left: {path}"


def _stays_out(fleet: Fleet, master: Master, plan: Plan, expected: int) -> Iterator[str]:
    """One that was left out of a restore, on again with its data from before."""
    daemon = master.unit.daemon
    if daemon is not None and daemon.data.cluster == restore_params(plan).cluster_id:
        yield "was left out, and is in the restored cluster with its data from before"
    if fleet.has_quorum(master):
        yield "was left out, and serves"


def _serving(fleet: Fleet, master: Master, plan: Plan, state: RunState, expected: int) -> Iterator[str]:
    """After a run that only starts: every participant serves, on the very data it had."""
    original, daemon = fleet.checks.original[master.name], master.unit.daemon
    live = master.disk.find(fleet.checks.live(master))
    if (live.inode if live else None) != original.inode:
        yield "its data directory is another one"
    if master.name in plan.nodes:
        if master.unit.active != "active" or daemon is None or not fleet.has_quorum(master):
            yield f"not serving: the unit is {master.unit.active} ({master.unit.sub})"
        elif (daemon.data.raft, daemon.data.revision) != (original.raft, expected):
            yield f"serves {daemon.data.raft} at revision {daemon.data.revision}"
    yield from _env_and_hold(fleet, master)
    if master.disk.there(f"{master.config.etcd.work_dir}/active") and not state.detail:
        yield "the lease was not given back, and nobody was told"


def _recovered(fleet: Fleet, master: Master, plan: Plan, expected: int) -> Iterator[str]:
    """Every member serves the same cluster; the one that was lost under another ID, the others on the very data they had."""
    target, original = master.name == plan.request.node, fleet.checks.original[master.name]
    here, daemon = fleet.checks.places[master.name], master.unit.daemon
    if master.unit.active != "active" or daemon is None or not fleet.has_quorum(master):
        yield f"not serving: the unit is {master.unit.active} ({master.unit.sub})"
        return
    roster = fleet.rosters[daemon.data.cluster]
    if daemon.data.cluster != plan.params["cluster_id"] or daemon.data.revision != expected:
        yield f"serves revision {daemon.data.revision} of {daemon.data.cluster}"
    if daemon.data.members != roster.listed or len(roster.listed) != len(fleet.masters):
        yield f"its list is {daemon.data.members}"
    if not all(name for _, name, _ in roster.listed):
        yield f"a member never started: {roster.listed}"
    live, kept = master.disk.find(here.live), master.disk.find(here.old)
    if not target:
        if (live.inode if live else None) != original.inode:
            yield "its data directory is another one"
        yield from _env_and_hold(fleet, master)
        return
    if daemon.data.member in roster.removed:
        yield f"serves as {daemon.data.member}, which was removed"
    if original.inode is not None and (kept is None or kept.inode != original.inode):
        yield f"the data from before is not at {here.old}"
    env = environment(master.disk.text(master.config.etcd.env_file) or "")
    named = ",".join(sorted(env["ETCD_INITIAL_CLUSTER"].split(",")))
    if env["ETCD_INITIAL_CLUSTER_STATE"] != "existing" or named != ",".join(
        sorted(f"{name}={url}" for _, name, url in roster.listed)
    ):
        yield f"its env file says {env}"
    yield from _held(master)
    for path in (here.stage, f"{here.stage}.try", f"{here.stage}.tried"):
        if master.disk.there(path):
            yield f"left: {path}"


def _undone(fleet: Fleet, master: Master) -> Iterator[str]:
    original = fleet.checks.original[master.name]
    live = master.disk.find(fleet.checks.live(master))
    # One that was added by hand joins by itself when somebody starts it.
    joined = original.inode is None and bool(fleet.rosters)
    if (live.inode if live else None) != original.inode and not joined:
        yield f"the data from before is not live at {fleet.checks.live(master)}"
    if original.active and master.unit.active not in RUNS:
        yield f"the unit is {master.unit.active}, it ran before"
    yield from _env_and_hold(fleet, master)


def _clean(fleet: Fleet, master: Master, plan: Plan, state: RunState) -> Iterator[str]:
    work, here = master.config.etcd.work_dir, fleet.checks.places.get(master.name)
    staged = (here.stage, here.staged, f"{here.staged}.part") if here is not None else ()
    # Past the gate what was kept for a person stays.
    kept = () if state.committed else (f"{work}/{plan.run}/evidence",)
    for path in (*staged, *kept):
        if master.disk.there(path):
            yield f"left: {path}"
    if master.disk.there(f"{master.config.etcd.work_dir}/active") and not state.detail:
        yield "the lease was not given back, and nobody was told"


def _env_and_hold(fleet: Fleet, master: Master, token: str = "") -> Iterator[str]:
    etcd, disk = master.config.etcd, master.disk
    if master.api.wanted and not disk.there(master.api.manifest):
        yield "the API server's manifest is not in its place"
    beside = master.config.kubernetes.manifests.rpartition("/")[0]
    yield from (f"left: {beside}/{name}" for name in disk.names(beside) if name.startswith(".novatui-"))
    yield from _held(master)
    before = fleet.checks.original[master.name].env
    if token:
        before = re.sub(
            rb"(?m)^ETCD_INITIAL_CLUSTER_TOKEN=.*$", b"ETCD_INITIAL_CLUSTER_TOKEN=" + token.encode(), before
        )
    if disk.read(etcd.env_file) != before:
        yield "the env file is not as it was"


def _held(master: Master) -> Iterator[str]:
    etcd, disk = master.config.etcd, master.disk
    if disk.there(f"{etcd.work_dir}/hold"):
        yield "still held"
    if disk.there(f"{etcd.unit_dir}/{etcd.unit}.service.d/00-novatui-hold.conf"):
        yield "the drop-in of the hold is still there"
