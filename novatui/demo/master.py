"""One master of the demo: its journal, units, bus and SSH, and its power."""

from __future__ import annotations

import signal
from typing import Any

import asyncssh

from novatui.demo import journalctl, systemctl, systemd_run
from novatui.demo.addresses import SSH_PORT
from novatui.demo.bus import Bus
from novatui.demo.children import Children
from novatui.demo.journal import Journal
from novatui.demo.layout import MasterFiles
from novatui.demo.machine import Machine
from novatui.demo.reply import NotHere, Reply
from novatui.demo.service import Service
from novatui.demo.sshd import SshDoor
from novatui.demo.units import Units
from novatui.demo.wire import Wire


class Master:
    """Off until ``boot``. ``door`` and ``wire`` come later (``open_ssh``): etcd need not wait for them."""

    def __init__(self, files: MasterFiles, children: Children) -> None:
        self.files = files
        self.on = False  # its processes, not the files
        self.journal = Journal(files.node)
        self.machine = Machine(files, self.journal, children)
        self.units = Units(self.machine)
        self.bus = Bus(files.bus, self._asked)
        self.door: SshDoor | None = None
        self.wire: Wire | None = None

    @property
    def etcd(self) -> Service:
        service = self.units.find("etcd")
        if service is None:
            raise LookupError(f"{self.files.node}: there is no etcd.service in {self.files.unit_dir}")
        return service

    def open_ssh(self, host_key: asyncssh.SSHKey, client_key: asyncssh.SSHAuthorizedKeys) -> None:
        self.door = SshDoor(self.machine, host_key, client_key)
        self.wire = Wire(self.files.host, SSH_PORT, self.door.take)
        self.wire.open()

    def boot(self) -> None:
        """Power on: a boot ID of its own, SSH, then what is enabled."""
        if self.on:
            return
        self.on = True
        self.files.boot_id_file.write_text(f"{self.journal.boot_id}\n")
        if self.wire:
            self.wire.open()
        self.units.boot()

    def cut_power(self) -> None:
        """SIGKILL everything of this master at once, without a word in the journal; SSH refuses."""
        if not self.on:
            return
        self.on = False
        self.units.vanish()
        self.machine.children.kill(self.machine.owner)
        self.bus.drop_calls()
        if self.wire:
            self.wire.close()
        if self.door:
            self.door.drop()
        self.journal.new_boot()

    def close(self) -> None:
        self.bus.close()
        if self.wire:
            self.wire.close()

    def state(self) -> dict[str, Any]:
        etcd = self.units.find("etcd")
        return {
            "on": self.on,
            "boot_id": self.journal.boot_id,
            "cut": bool(self.wire and self.wire.cut),
            "ssh": [self.files.host, self.wire.port if self.wire else 0],
            "active": etcd.active if etcd else None,
            "sub": etcd.sub if etcd else None,
            "pid": etcd.main_pid if etcd else 0,
            "restarts": etcd.restarts if etcd else 0,
            "processes": sorted(self.machine.children.of(self.machine.owner)),
        }

    def signal_etcd(self, number: signal.Signals) -> int:
        """Returns the pid that got it, 0 when etcd does not run."""
        pid = self.etcd.main_pid
        return pid if self.etcd.kill(number) else 0

    async def _asked(self, tool: str, words: list[str], reply: Reply, stdio: tuple[int, int, int]) -> int:
        if tool == "systemctl":
            return await systemctl.run(self.units, words, reply)
        if tool == "journalctl":
            return await journalctl.run(self.journal, words, reply)
        if tool == "systemd-run":
            return await systemd_run.run(self.units, words, reply, stdio)
        raise NotHere(f"{tool}: the demo has no such stand-in")
