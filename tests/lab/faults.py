"""What happens to hosts, each made the way it happens."""

from __future__ import annotations

import os

from tests.lab import cluster, network
from tests.lab.files import DATA_DIR
from tests.lab.host import DISK_MB, Host
from tests.lab.keeper import Keeper

PAGE = 4096
# bbolt keeps two meta pages at the front; with both gone it says "invalid database".
META_PAGES = 2


class Faults:
    """The part of a lab that breaks it. Every fault is looked at until it is really there."""

    hosts: dict[str, Host]
    _keeper: Keeper

    def power_off(self, *nodes: str) -> None:
        """Their inits are killed, all at once as near as may be."""
        for node in nodes:
            self.hosts[node].strike()
        for node in nodes:
            self.hosts[node].kill()

    def power_on(self, *nodes: str, wait: bool = True) -> None:
        """Boot; etcd is enabled, so systemd starts it."""
        for node in nodes:
            self.hosts[node].switch_on()
        for node in nodes if wait else ():
            self.hosts[node].wait_up()

    def cut(self, *nodes: str) -> None:
        """Their network cables are out: no reset, no answer, just silence."""
        for node in nodes:
            network.set_cable(self._keeper, self.hosts[node].who.machine, "down")

    def uncut(self, *nodes: str) -> None:
        for node in nodes:
            network.set_cable(self._keeper, self.hosts[node].who.machine, "up")

    def break_sessions(self, *nodes: str) -> None:
        """Every SSH connection to them is reset; what was started over it runs on."""
        for node in nodes:
            self.hosts[node].ask(["pkill", "-KILL", "-f", "@notty"])  # sshd's own name for one

    def pause(self, *nodes: str) -> None:
        """SIGSTOP: the unit is active, the port accepts, nothing answers."""
        for node in nodes:
            self.hosts[node].run(["pkill", "-STOP", "-x", "etcd"])

    def resume(self, *nodes: str) -> None:
        for node in nodes:
            self.hosts[node].run(["pkill", "-CONT", "-x", "etcd"])

    def corrupt(self, *nodes: str, wait: bool = True) -> None:
        """Garbage over the first pages of the database, after SIGKILL: a running etcd would heal the file on its exit.
        Waits until etcd has failed over it."""
        for node in nodes:
            host = self.hosts[node]
            # Within systemd's RestartSec nobody opens it.
            host.ask(["systemctl", "kill", "-s", "KILL", "etcd"])
            host.ask(["sh", "-c", "while pgrep -x etcd >/dev/null; do sleep 0.02; done"])
            with (host.root / DATA_DIR / "member/snap/db").open("r+b") as db:
                db.write(os.urandom(PAGE * META_PAGES))
                os.fsync(db.fileno())
        for node in nodes if wait else ():
            self.hosts[node].ask(["systemctl", "restart", "--no-block", "etcd"])
        for node in nodes if wait else ():
            said = f"{node}'s etcd to fail over its database"
            cluster.until(lambda node=node: self._looping(node), said, 30)  # type: ignore[misc]

    def _looping(self, node: str) -> bool:
        names = "SubState,ExecMainStatus"
        said = self.hosts[node].run(["systemctl", "show", "etcd", "-p", names])
        return "SubState=auto-restart" in said and "ExecMainStatus=2" in said

    def wipe(self, *nodes: str) -> None:
        """Somebody removed the data directory while etcd was down; it is left down."""
        for node in nodes:
            self.hosts[node].run(["systemctl", "stop", "etcd"])
            self.hosts[node].run(["rm", "-rf", f"/{DATA_DIR}"])

    def fill_disk(self, node: str, left_mb: int = 0) -> None:
        """Its disk is full but for ``left_mb``."""
        self.hosts[node].resize(self.hosts[node].used_mb() + left_mb)

    def free_disk(self, node: str) -> None:
        self.hosts[node].resize(DISK_MB)
