"""A master's kubelet as far as it matters: while the manifest is there an API server runs, listens, and writes to etcd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from tests.sim import etcd

if TYPE_CHECKING:
    from tests.sim.master import Master

PORT = "6443"
TICK_S = 1.0
MANIFEST = b"spec:\n  containers:\n  - command:\n    - kube-apiserver\n    - --secure-port=6443\n"


class ApiServer:
    """``wanted``: this master is to have one. It writes whenever it is ``alive`` and some cluster has quorum; its port closes
    before it has ended."""

    def __init__(self, master: Master) -> None:
        self.master = master
        self.wanted = False
        self.listening = False
        self.alive = False
        self.writes = 0
        self._changing = False

    @property
    def manifest(self) -> str:
        return f"{self.master.config.kubernetes.manifests}/kube-apiserver.yaml"

    def boot(self) -> None:
        if self.wanted:
            self.master.later(TICK_S, self._tick)

    def power_off(self) -> None:
        self.listening = self.alive = self._changing = False

    def _tick(self) -> None:
        there, random = self.master.disk.there(self.manifest), self.master.fleet.random
        if there and not self.alive and not self._changing:
            self._changing = True
            self.master.later(random.uniform(0.5, 5), self._up)
        elif not there and self.listening and not self._changing:
            self._changing = True
            self.master.later(random.uniform(0.1, 4), self._close)
        if self.alive:
            self._write()
        self.master.later(TICK_S, self._tick)

    def _up(self) -> None:
        self._changing = False
        self.listening = self.alive = self.master.disk.there(self.manifest)

    def _close(self) -> None:
        self.listening = False
        self.master.later(self.master.fleet.random.uniform(0, 3), self._end)

    def _end(self) -> None:
        self.alive = self._changing = False

    def _write(self) -> None:
        """To the first cluster that takes it: every member of it that is up has it then."""
        fleet = self.master.fleet
        taking = next((one for one in fleet.masters.values() if fleet.has_quorum(one)), None)
        if taking is None or taking.unit.daemon is None:
            return
        self.writes += 1
        fleet.checks.written(self.master)
        for one in fleet.members_up(taking.unit.daemon.data.cluster):
            daemon = one.unit.daemon
            assert daemon is not None and daemon.db is not None
            daemon.data = msgspec.structs.replace(daemon.data, revision=daemon.data.revision + 1)
            daemon.db.content = etcd.encode(daemon.data)
