"""What must hold whatever happens: heard of every change of a disk, every start, every act, and at the end.

A breach is kept in ``found`` in words, with the time; the schedule is then a failure, and its seed is shrunk.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from novatui.model.plan import Plan
from novatui.runbooks.parts.params import NodeParams, Places, cluster_params, places
from tests.sim.disk import Change, Dir, File
from tests.sim.scripts.guard import word

if TYPE_CHECKING:
    from tests.sim.fleet import Fleet
    from tests.sim.master import Master
    from tests.sim.process import Running

# Scripts that write without the fence, and only below the work directory.
UNFENCED = ("lease", "mirror")


@dataclass(frozen=True)
class Original:
    """One master as it was when the run began: the directory that was live, the env file, what ran."""

    inode: int | None
    raft: str | None
    env: bytes
    active: bool


class Checks:
    """``answered`` tells whether the gate of the run was answered, on disk."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet = fleet
        self.found: list[str] = []
        self.answered: Callable[[], bool] = lambda: False
        self.fenced = (
            False  # the run has verified that no API server writes, and has not begun to let them again
        )
        self.plan: Plan | None = None
        self._nodes: Mapping[str, NodeParams] = {}
        self.places: Mapping[str, Places] = {}
        self.original: Mapping[str, Original] = {}
        self._moves: dict[str, list[Change]] = {}

    def watch(self, plan: Plan) -> None:
        """From now on this run is watched."""
        self.plan = plan
        self._nodes = cluster_params(plan).nodes
        self.places = {name: places(node, plan.run) for name, node in self._nodes.items()}
        self.original = {name: self._as_it_is(master) for name, master in self.fleet.masters.items()}
        self._moves = {name: [] for name in self.fleet.masters}
        for master in self.fleet.masters.values():
            master.disk.watch = self._changing(master)
            master.disk.lost = self._lost(master)

    def _as_it_is(self, master: Master) -> Original:
        live = master.disk.find(self.live(master))
        data = master.data()
        return Original(
            inode=live.inode if live else None,
            raft=data.raft if data else None,
            env=master.disk.read(master.config.etcd.env_file) or b"",
            active=master.unit.active in ("active", "activating"),
        )

    def live(self, master: Master) -> str:
        """The directory that may be exchanged; of a master that takes no part its whole data directory."""
        here = self.places.get(master.name)
        return here.live if here is not None else master.data_dir

    def breach(self, words: str) -> None:
        self.found.append(f"{self.fleet.loop.time():9.3f}  {words}")

    # etcd

    def blank(self, master: Master) -> None:
        self.breach(f"{master.name}: a blank member bootstraps a new cluster")

    def together(self, up: list[Master], quorum: int) -> None:
        rafts = {one.unit.daemon.data.raft: one.name for one in up if one.unit.daemon is not None}
        if len(up) >= quorum and len(rafts) > 1:
            self.breach(f"members of one cluster ID serve together with different data: {rafts}")

    def executed(self, master: Master) -> None:
        """An etcd opens its data: nowhere may the exchange be half done then."""
        if self.plan is None or master.name not in self._nodes or self.plan.runbook == "recover-member":
            return
        live = {}
        for name, node in self._nodes.items():
            here, disk = self.places[name], self.fleet.masters[name].disk
            if not disk.there(here.live) and node.had_live:
                live[name] = "missing"
            else:
                live[name] = (
                    "restored" if disk.line(f"{here.live}/{here.mark}") == self.plan.run else "before"
                )
        if len(set(live.values())) > 1:
            self.breach(f"{master.name}: etcd opens its data in the middle of the exchange: {live}")

    def starting(self, master: Master, why: str) -> None:
        if not why.endswith(".sh"):
            return
        if not self.answered():
            self.breach(f"{master.name}: etcd is started by the run before its gate was answered")
        if why == "begin.sh" and self.plan is not None and master.name not in self._acted_on():
            self.breach(f"{master.name}: etcd is started where the plan does not say so")

    def stopping(self, master: Master) -> None:
        if master.actor is not None:
            self._may(master, master.actor, f"stop of {master.unit.name}", "")
            if self.plan is not None and (
                self.plan.runbook == "start-cluster" or master.name not in self._acted_on()
            ):
                self.breach(f"{master.name}: etcd is stopped where the plan does not say so")

    def _acted_on(self) -> Collection[str]:
        """Where the run may start or stop etcd."""
        assert self.plan is not None
        if self.plan.runbook in ("restart-member", "recover-member"):
            return (self.plan.request.node,)
        return tuple(self.plan.params.get("starts", self.plan.nodes))

    def members_change(self, master: Master, verb: str, words: list[str]) -> None:
        """The member list is about to be changed through this master."""
        assert self.plan is not None
        target = self.fleet.masters[self.plan.request.node]
        if not self.answered():
            self.breach(f"{master.name}: {verb} {words} before the gate was answered")
        if target.unit.active not in ("inactive", "failed") or not self._held(target):
            self.breach(
                f"{master.name}: {verb} {words} while {target.name} is not held and stopped: {target.unit.active}"
            )
        safe = f"{self._nodes[str(self.plan.params['via'])].work_dir}/{self.plan.run}/safety.db"
        if not self.fleet.masters[str(self.plan.params["via"])].disk.there(safe):
            self.breach(f"{master.name}: {verb} {words} without a snapshot of the cluster")

    def _held(self, master: Master) -> bool:
        assert self.plan is not None
        return master.disk.line(f"{master.config.etcd.work_dir}/hold") == self.plan.run

    def written(self, master: Master) -> None:
        """An API server writes to etcd."""
        if self.fenced:
            self.breach(f"{master.name}: its API server writes between the fence and the release")

    # the disk

    def _changing(self, master: Master) -> Callable[[Change], None]:
        def hear(change: Change) -> None:
            if master.actor is not None:
                self._may(
                    master, master.actor, f"{change.what} {change.path} {change.to}".strip(), change.path
                )
            if change.what == "remove" and change.node is not None:
                self._removed(master, change.path, change.node)
            if change.what == "rename" and isinstance(change.node, Dir):
                self._moved(master, change)

        return hear

    def _may(self, master: Master, actor: Running, what: str, path: str) -> None:
        """May this command change this, here and now?"""
        work = master.config.etcd.work_dir
        if actor.fence is None:
            if actor.command.script not in UNFENCED or not f"{path}/".startswith(f"{work}/"):
                self.breach(f"{master.name}: {actor.name} changes something without a fence: {what}")
            return
        owner = word(master.disk, f"{work}/active/owner")
        if owner != actor.owner and not path.startswith(f"{work}/active"):
            self.breach(
                f"{master.name}: {actor.name} of {actor.owner} acts, the lease is of {owner!r}: {what}"
            )
        if not self.answered() and not self._staged(master, path):
            self.breach(f"{master.name}: {actor.name} changes more than staged files before the gate: {what}")

    def _staged(self, master: Master, path: str) -> bool:
        here, work = self.places[master.name], master.config.etcd.work_dir
        assert self.plan is not None
        if f"{path}/".startswith(f"{work}/{self.plan.run}/"):
            return True
        return bool(path) and (
            any(f"{path}/".startswith(f"{top}/") for top in (here.stage, here.staged, f"{here.staged}.part"))
            or path in (f"{here.stage}.try", f"{here.stage}.tried")
            or path.startswith(f"{master.config.etcd.env_file}.novatui-{self.plan.run}.try")
            or f"{path}/".startswith(f"{work}/active/")
        )

    def _removed(self, master: Master, path: str, node: File | Dir) -> None:
        original = self.original[master.name].inode
        if original is not None and _holds(node, original):
            self.breach(f"{master.name}: the data from before the run is deleted, at {path}")

    def _moved(self, master: Master, change: Change) -> None:
        here = self.places[master.name]
        if change.path not in (here.live, here.staged, here.old):
            return
        same = [one for one in self._moves[master.name] if (one.path, one.to) == (change.path, change.to)]
        if same:
            self.breach(f"{master.name}: renamed twice: {change.path} to {change.to}")
        self._moves[master.name].append(change)

    def _lost(self, master: Master) -> Callable[[Change], None]:
        def hear(change: Change) -> None:
            moves = self._moves[master.name]
            if change in moves:
                moves.remove(change)

        return hear


def _holds(node: File | Dir, inode: int) -> bool:
    if node.inode == inode:
        return True
    return isinstance(node, Dir) and any(_holds(child, inode) for child in node.children.values())
