"""One master: a disk, a unit, what runs there, its power, and the link to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from novatui.config import NodeConfig
from tests.sim import etcd
from tests.sim.apiserver import ApiServer
from tests.sim.disk import Disk
from tests.sim.loop import EPOCH_MS
from tests.sim.process import Running
from tests.sim.unit import Unit, environment

if TYPE_CHECKING:
    from tests.sim.fleet import Fleet

BOOT_S = 4.0


@dataclass(eq=False)
class Link:
    """The way to a master. ``latency_s`` one way. While ``cut`` nothing comes through; ``refused`` says so at once.
    ``late_s``: the next command is given up by the sender and arrives so much later all the same."""

    latency_s: float = 0.005
    cut: bool = False
    refused: bool = False
    late_s: float = 0.0
    calls: list[Call] = field(default_factory=list)


@dataclass(eq=False)
class Call:
    """A command on its way: it can be broken off (its outcome is then unknown) and still arrive, and still run."""

    broken: Callable[[str], None]
    running: Running | None = None


class Master:
    """``later`` is for what happens on this master alone: a power-off forgets it."""

    def __init__(self, fleet: Fleet, config: NodeConfig) -> None:
        self.fleet = fleet
        self.config = config
        self.name = config.name
        self.disk = Disk(self.now)
        self.unit = Unit(self, config.etcd.env_file, config.etcd.unit, config.etcd.unit_dir)
        self.api = ApiServer(self)
        self.link = Link()
        self.running: list[Running] = []
        self.on = True
        self.stopped = False  # somebody stopped etcd before anybody looked
        self.reachable = True  # sshd runs
        self.boots = 1
        self._pids = 1000
        self.log = b""  # what journalctl -o json prints of the unit
        self.mounts: tuple[str, ...] = ()
        self.actor: Running | None = None  # whose sub-step it is just now
        self._later: dict[asyncio.TimerHandle, None] = {}
        self._booting: list[asyncio.TimerHandle] = []

    @property
    def boot_id(self) -> str:
        return f"{self.boots:08x}-{self.name}"

    @property
    def data_dir(self) -> str:
        env = environment(self.disk.text(self.config.etcd.env_file) or "")
        return env.get("ETCD_DATA_DIR", "")

    def data(self) -> etcd.Data | None:
        """What its data directory holds, None where etcd could not open it."""
        return etcd.data_at(self.disk, self.data_dir)

    def next_pid(self) -> int:
        self._pids += 1
        return self._pids

    def now(self) -> int:
        """``date +%s``."""
        return int(EPOCH_MS / 1000 + self.fleet.loop.time())

    def later(self, seconds: float, what: Callable[[], None]) -> asyncio.TimerHandle:
        def then() -> None:
            self._later.pop(handle, None)
            what()

        handle = self.fleet.loop.after(seconds, then)
        self._later[handle] = None
        return handle

    def power_off(self) -> None:
        if not self.on:
            for handle in self._booting:
                handle.cancel()
        self.on = self.reachable = False
        for handle in self._later:
            handle.cancel()
        self._later.clear()
        for one in list(self.running):
            one.die()
        self.running.clear()
        self.unit.power_off()
        self.api.power_off()
        self.disk.crash(self.fleet.random)
        self.drop("the connection was lost: no keepalive answer")

    def power_on(self) -> None:
        """Boots: sshd and the enabled units come up in no particular order."""
        if self.on:
            return
        self.on = True
        self.boots += 1
        self._booting = [
            self.later(BOOT_S + self.fleet.random.uniform(0, 2), self._sshd),
            self.later(BOOT_S + self.fleet.random.uniform(0, 2), self.unit.boot),
        ]
        self.api.boot()

    def drop(self, why: str) -> None:
        """Every connection to this master breaks; what runs there runs on."""
        calls, self.link.calls = self.link.calls, []
        for call in calls:
            if call.running is not None and call.running.stdin_whole is False:
                call.running.stdin = call.running.stdin[: len(call.running.stdin) // 2]
            call.broken(why)

    def _sshd(self) -> None:
        self.reachable = True
