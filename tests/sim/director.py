"""Makes the faults of a schedule happen at their moments, and takes each back when its time is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import TYPE_CHECKING

import msgspec

from novatui.model.records import Record
from tests.sim.faults import ON_COMMAND, ON_RUNNER, Fault, Point
from tests.sim.fleet import KEEPALIVE_S, Fleet
from tests.sim.process import Running
from tests.sim.runner import SYNCED, Runner

if TYPE_CHECKING:
    from tests.sim.master import Master
    from tests.sim.play import Play


class Director:
    """``log`` are the faults that happened, with their times. ``on_point`` and ``on_record`` are for the catalogue."""

    def __init__(self, play: Play, fleet: Fleet, faults: Sequence[Fault], seed: int) -> None:
        self._play = play
        self._fleet = fleet
        self._random = Random(seed * 7 + 1)
        self._waiting = list(faults)
        self._after: list[Fault] = []
        self._seen: dict[tuple[str, str], int] = {}
        self._number: dict[Running, int] = {}
        self.records = 0
        self.log: list[str] = []
        self.quiet = False
        self.on_point: Callable[[Point, Running], None] = lambda point, running: None
        fleet.at_point = self._point

    @property
    def pending(self) -> bool:
        return bool(self._waiting)

    def begin(self) -> None:
        """The run begins now."""
        for fault in list(self._waiting):
            if fault.at.kind == "time":
                self._fleet.loop.after(fault.at.n / 10, self._due(fault))

    def stop(self) -> None:
        """No fault happens any more, and everything is well again."""
        self.quiet = True
        self._waiting.clear()
        for master in self._fleet.masters.values():
            master.link.cut = master.link.refused = False
            master.link.latency_s = 0.005
            master.link.late_s = 0.0
            master.disk.full_under = ()
            if not master.on:
                master.power_on()

    def record(self, runner: Runner, record: Record, after: bool) -> None:
        """Called around each journal record of any runner."""
        if not after:
            self.records += 1
        for fault in list(self._waiting):
            if fault.at.kind == "record" and fault.at.n == self.records:
                # A kill before the record, or after it: by the seed. All else happens once it is written.
                early = fault.what == "torn" or (fault.what == "kill" and int(fault.span_s * 2) % 2 == 1)
                if early != after:
                    self._happen(fault, runner=runner, record=record)

    def _point(self, running: Running) -> None:
        key = (running.master.name, running.name)
        if running.points == 1:
            self._seen[key] = self._seen.get(key, 0) + 1
            self._number[running] = self._seen[key]
        point = Point("command", self._number[running], *key, running.points)
        self.on_point(point, running)
        for fault in list(self._waiting):
            if fault.at == point:
                self._happen(fault, running=running)

    def _due(self, fault: Fault) -> Callable[[], None]:
        def due() -> None:
            if fault in self._waiting:
                self._happen(fault)

        return due

    def _happen(
        self,
        fault: Fault,
        running: Running | None = None,
        runner: Runner | None = None,
        record: Record | None = None,
    ) -> None:
        if self.quiet:
            return
        place = self._waiting.index(fault)
        following = self._waiting[place + 1 : place + 2]
        self._waiting.remove(fault)
        self.log.append(f"{self._fleet.loop.time():9.3f}  {fault}")
        if fault.what in ON_COMMAND:
            assert running is not None
            running.hang() if fault.what == "hang" else running.fail(1, "made to fail")
        elif fault.what in ON_RUNNER:
            self._to_runner(fault, runner or self._play.runner, record)
        else:
            for name in fault.nodes:
                self._to_master(fault, name)
        for one in following:
            if one.at.kind == "after":
                self._fleet.loop.after(one.at.n / 10, self._due(one))

    def _to_runner(self, fault: Fault, runner: Runner, record: Record | None) -> None:
        if runner.over:
            return
        if fault.what == "abort":
            if runner.engine is not None:
                runner.engine.request("abort", "person")
        elif fault.what == "freeze":
            runner.process.freeze()
            self._fleet.loop.after(fault.span_s + 42, runner.process.thaw)
            self._play.frozen(runner)
        else:
            runner.kill()
            if fault.what == "torn" and record is not None:
                raw = msgspec.json.encode(record)
                with runner.journal_path.open("ab") as file:
                    file.write(raw[: self._random.randint(1, len(raw) - 1)])
            elif fault.what == "power":
                lose_unsynced(runner, self._random)
            self._play.killed(fault.span_s)

    def _to_master(self, fault: Fault, name: str) -> None:
        master, loop = self._fleet.masters[name], self._fleet.loop
        link, span = master.link, fault.span_s
        if fault.what == "off":
            master.power_off()
            loop.after(span, master.power_on)
        elif fault.what == "drop":
            master.drop("connection reset")
        elif fault.what == "cut":
            link.cut = True
            loop.after(KEEPALIVE_S, lambda: master.drop("no keepalive answer"))

            def uncut() -> None:
                link.cut = False

            loop.after(max(span, KEEPALIVE_S), uncut)
        elif fault.what == "refuse":
            link.refused = True

            def accept() -> None:
                link.refused = False

            loop.after(span, accept)
        elif fault.what == "late":
            link.late_s = span
        elif fault.what == "slow":
            link.latency_s = 2.0

            def quick() -> None:
                link.latency_s = 0.005

            loop.after(span, quick)
        elif fault.what == "hand-start":
            if master.on:
                master.unit.start(why="hand")
        elif fault.what == "hand-stop":
            if master.on:
                master.unit.stop()
        elif fault.what == "unhold":
            if master.on:
                unhold(master)
        elif fault.what == "election":
            self._fleet.electing_until = loop.time() + span
        elif fault.what == "full":
            master.disk.full_under = ("/var/lib",)

            def freed() -> None:
                master.disk.full_under = ()

            loop.after(span, freed)
        elif (
            fault.what == "crash" and master.unit.daemon is not None and master.unit.active != "deactivating"
        ):
            master.unit.crash()


def unhold(master: Master) -> None:
    """By hand: the hold's file, its drop-in, and the env file as it was."""
    etcd, disk = master.config.etcd, master.disk
    disk.remove(f"{etcd.work_dir}/hold")
    disk.remove(f"{etcd.unit_dir}/{etcd.unit}.service.d")
    before = next((name for name in disk.names("/etc") if name.startswith("etcd.env.novatui-")), "")
    if before:
        disk.write(etcd.env_file, disk.read(f"/etc/{before}") or b"", 0o640)
    disk.sync()
    master.unit.reload()


def lose_unsynced(runner: Runner, random: Random) -> None:
    """The power of the runner's machine: of what was not synced, some of the first bytes may be there."""
    if not runner.journal_path.exists():
        return
    info = runner.journal_path.stat()
    synced = SYNCED.synced.get(info.st_ino, 0)
    with runner.journal_path.open("r+b") as file:
        file.truncate(random.randint(min(synced, info.st_size), info.st_size))
