"""A run brought over from the masters to a machine that does not have it: the one it was begun on is gone.

From the gate on every master keeps plan and state. They are read back here, compared, and become a run of this machine
that a runner goes on with. Nothing is changed on a master.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
from msgspec.structs import replace

from novatui import paths
from novatui.config import ClusterConfig
from novatui.errors import HeldByAnother, NovatuiError, Refused, UsageError
from novatui.model.plan import Plan
from novatui.model.records import Brought, Lease, Record
from novatui.model.run import RunState, fold
from novatui.model.sanitize import clean
from novatui.remote.command import Command
from novatui.remote.transport import Transport
from novatui.runner import copies, journal, places
from novatui.runner.copies import Copy
from novatui.runner.lease import field, said
from novatui.runner.places import RUN_ID, Launch, RunDir

_SHOW_S = 15.0


@dataclass(frozen=True)
class Found:
    """A run as the masters keep it: the newest of their copies, on ``node``. ``notes`` are worth telling a person."""

    node: str
    plan: Plan
    records: Sequence[Record]
    state: RunState
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Lease:
    """``lease.sh show`` of one master. ``error`` in words when it could not be asked; ``run`` is empty when it is free."""

    run: str = ""
    alive: bool = False
    error: str = ""


async def find(cluster: ClusterConfig, node: str, run: str, transport: Transport) -> Found:
    """The run that holds ``node`` (it must begin with ``run``). Raises UsageError, Refused, NovatuiError when it cannot be
    had, HeldByAnother while the runner of that run is alive."""
    names = [one.name for one in cluster.nodes]
    if node not in names:
        raise UsageError(f"Cluster {cluster.name} has no master {node!r}", ", ".join(names))
    held = await _lease(cluster, node, transport)
    if held.error:
        raise NovatuiError(f"{node} cannot be asked", held.error)
    if not held.run:
        raise Refused(f"{node} is held by no run", "a run holds its masters until it has ended")
    if not held.run.startswith(run) or not RUN_ID.match(held.run):
        raise Refused(f"{node} is held by run {held.run!r}, not by {run!r}")
    found = await copies.look(cluster, held.run, names, transport, plan=True)
    own = found[names.index(node)]
    plan = _plan(cluster, held.run, own, found)
    await _silent(cluster, plan, transport)
    newest = max(
        (copy for copy in found if copy.state is not None),
        key=lambda copy: (_direction(copy), copy.node == node),
    )
    assert newest.state is not None, "the named master has one"
    notes = [f"{copy.node} could not be asked: {copy.error}" for copy in found if copy.error]
    if newest.node != node:
        notes.append(f"the copy of {newest.node} is newer than that of {node} and is taken")
    return Found(newest.node, plan, newest.records, newest.state, tuple(notes))


def bring(found: Found, config: Path, cluster: str) -> RunDir:
    """Make it a run of this machine. Its own journal is kept when it knows as much; one that knows less is put aside.
    Raises HeldByAnother while a runner of this machine works on it."""
    place = RunDir(paths.runs_dir() / found.plan.run)
    if place.path.exists():
        paths.private_dir(place.path)
        if place.alive():
            raise HeldByAnother(
                f"A runner of run {place.run} lives on this machine", "", f"novatui attach {place.run}"
            )
        if _as_good(place, found):
            return place
    launch = Launch(config=str(config.absolute()), cluster=cluster)
    places.bring(found.plan, launch, as_journal(found.records, found.node))
    return place


def as_journal(records: Sequence[Record], node: str) -> bytes:
    """The journal's lines, and that they are ``node``'s copy. A machine that was not there holds no lease: it acquires, which takes over what is still this
    run's; the epochs stay known."""
    last = max((one.seq for one in records), default=0)
    brought = Brought(seq=last + 1, at=max((one.at for one in records), default=0), node=node)
    return b"".join(
        msgspec.json.encode(replace(one, state="lost") if isinstance(one, Lease) else one) + b"\n"
        for one in (*records, brought)
    )


def _plan(cluster: ClusterConfig, run: str, own: Copy, found: Sequence[Copy]) -> Plan:
    """The plan that every master keeps which keeps one. Raises Refused."""
    if own.error:
        raise NovatuiError(f"{own.node} cannot be asked for run {run}", own.error)
    if own.state is None:
        raise Refused(
            f"{own.node} is held by run {run}, and keeps no plan of it",
            "it never came to its gate: nothing live was changed by it",
            "it is given up where it was begun: novatui abort",
        )
    plans = {copy.node: _decoded(copy) for copy in found if copy.state is not None}
    hashes = {node: plan.sha256() if plan is not None else "unreadable" for node, plan in plans.items()}
    hashes |= {
        copy.node: "differs from its state"
        for copy in found
        if copy.state is not None and {copy.plan_sha256, copy.state.plan_sha256} != {hashes[copy.node]}
    }
    plan = plans[own.node]
    if plan is None or len(set(hashes.values())) != 1 or plan.run != run:
        raise Refused(
            f"The masters do not keep one and the same plan of run {run}",
            "\n".join(f"{node}: {sha256}" for node, sha256 in hashes.items()),
            "what was confirmed is what is run: FINISH.txt and UNDO.txt there are to be compared by a person",
        )
    if plan.cluster != cluster.name or not set(plan.nodes) <= {one.name for one in cluster.nodes}:
        raise Refused(
            f"Run {run} is of cluster {clean(plan.cluster)}, masters {clean(', '.join(plan.nodes))}",
            f"asked was cluster {cluster.name} of the configuration here",
            "give it the names it had on the machine that is gone",
        )
    return plan


def _decoded(copy: Copy) -> Plan | None:
    try:
        return msgspec.json.decode(copy.plan, type=Plan)
    except msgspec.MsgspecError:
        return None


async def _silent(cluster: ClusterConfig, plan: Plan, transport: Transport) -> None:
    """Raises HeldByAnother while a heartbeat of the run is heard on any of its masters."""
    alive = []
    for node in plan.nodes:
        lease = await _lease(cluster, node, transport)
        if lease.alive and lease.run == plan.run:
            alive.append(node)
    if alive:
        raise HeldByAnother(
            f"The runner of run {plan.run} is alive",
            f"its heartbeat is heard on {', '.join(alive)}",
            "attach to it where it runs; once it is gone for 15 s the run can be taken over",
        )


async def _lease(cluster: ClusterConfig, node: str, transport: Transport) -> _Lease:
    work_dir = cluster.node(node).etcd.work_dir
    outcome = await transport.run(node, Command(script="lease", argv=("show", work_dir), timeout_s=_SHOW_S))
    if not outcome.ok:
        return _Lease(error=said(outcome))
    return _Lease(run=field(outcome, "owner").rpartition(":")[0], alive=field(outcome, "alive") == "yes")


def _direction(copy: Copy) -> tuple[bool, bool, int]:
    """What makes one copy newer than another: that it is being taken back counts most."""
    assert copy.state is not None
    return copy.state.undoing, copy.state.committed, copy.state.last_seq


def _as_good(place: RunDir, found: Found) -> bool:
    """Whether the journal here can be gone on with, and knows all that the masters know."""
    if not place.journal.exists() or place.plan().sha256() != found.plan.sha256():
        return False
    records = journal.read(place.journal)
    lines = places.read_private(place.journal).count(b"\n")
    copy = Copy(found.node, state=found.state, records=found.records)
    return bool(fold(records).run) and len(records) == lines and not copies.newer([copy], records)
