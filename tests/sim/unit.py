"""systemd's etcd unit on one master, and the etcd that runs in it.

``Type=notify``, ``Restart=always``, ``RestartSec=10s``, enabled: a boot starts it. A drop-in counts from the next
daemon-reload (or boot) on. A start whose ``AssertPathExists`` does not hold fails at once and is not tried again.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.sim import etcd, roster
from tests.sim.disk import File, NoSpace

if TYPE_CHECKING:
    from tests.sim.master import Master

RESTART_S = 10.0
EXIT_BROKEN = 1


@dataclass(eq=False)
class Daemon:
    """One running etcd. ``up``: its peers can reach it. ``ready``: it had quorum since it started, and serves clients.
    ``hung``: it does neither, and hears only a signal."""

    data: etcd.Data
    db: File | None
    pid: int
    up: bool = False
    ready: bool = False
    hung: bool = False

    @property
    def quorum_of(self) -> int:
        return len(self.data.members) // 2 + 1


class Unit:
    """The states that ``systemctl show`` tells, and the jobs that change them."""

    def __init__(self, master: Master, env_file: str, unit: str, unit_dir: str) -> None:
        self.master = master
        self.env_file = env_file
        self.name = unit
        self.unit_dir = unit_dir
        self.enabled = True
        self.active, self.sub, self.result = "inactive", "dead", "success"
        self.exit_status = 0
        self.restarts = 0
        self.daemon: Daemon | None = None
        self._loaded: dict[str, str] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._stopping: list[asyncio.TimerHandle] = []
        self._pids = 300

    # what is looked at

    @property
    def drop_ins(self) -> dict[str, str]:
        disk, where = self.master.disk, f"{self.unit_dir}/{self.name}.service.d"
        return {
            f"{where}/{n}": disk.text(f"{where}/{n}") or "" for n in disk.names(where) if n.endswith(".conf")
        }

    @property
    def needs_reload(self) -> bool:
        return self.drop_ins != self._loaded

    def show(self) -> dict[str, str]:
        """The properties that our scripts ask for."""
        return {
            "LoadState": "loaded",
            "ActiveState": self.active,
            "SubState": self.sub,
            "MainPID": str(self.daemon.pid if self.daemon else 0),
            "Result": self.result,
            "ExecMainStatus": str(self.exit_status),
            "NRestarts": str(self.restarts),
            "InvocationID": f"{self.master.boot_id}-{self._pids}" if self._pids > 300 else "",
            "NeedDaemonReload": "yes" if self.needs_reload else "no",
            "DropInPaths": " ".join(sorted(self._loaded)),
            "FragmentPath": f"{self.unit_dir}/{self.name}.service",
            "ExecStart": "{ path=/opt/etcd/etcd ; argv[]=/opt/etcd/etcd ; ignore_errors=no ; start_time=[n/a] ; pid=0 ; "
            "code=(null) ; status=0/0 }",
            "EnvironmentFiles": f"{self.env_file} (ignore_errors=no)",
            "Environment": "",
            "User": "",
            "TimeoutStopUSec": "1min 30s",
            "UnitFileState": "enabled" if self.enabled else "disabled",
            "ControlGroup": f"/system.slice/{self.name}.service" if self.daemon else "",
        }

    # jobs

    def reload(self) -> None:
        self._loaded = dict(self.drop_ins)

    def reset_failed(self) -> None:
        if self.active == "failed":
            self._set("inactive", "dead")

    def start(self, *, why: str = "systemctl") -> bool:
        """False when an assertion fails: nothing was started."""
        self.master.fleet.checks.starting(self.master, why)
        if self.active in ("active", "activating", "deactivating") and self.sub != "auto-restart":
            return True
        self._cancel()
        if not self._assertions_hold():
            self._set("inactive", "dead")
            return False
        self._set("activating", "start")
        self._timer = self.master.later(0.05, self._exec)
        return True

    def stop(self) -> bool:
        """True when it is down already; else a job is under way that ends in it."""
        if self.active in ("inactive", "failed"):
            return True
        if self.active == "deactivating":
            return False
        self.master.fleet.checks.stopping(self.master)
        self._cancel()
        if self.daemon is None:
            self._set("inactive", "dead")
            return True
        self._set("deactivating", "stop-sigterm")
        self._stopping.append(self.master.later(self.master.fleet.random.uniform(0.1, 1.5), self._stopped))
        return False

    def power_off(self) -> None:
        self._cancel()
        for timer in self._stopping:
            timer.cancel()
        self._stopping.clear()
        self.daemon = None
        self._set("inactive", "dead")
        self.restarts, self.exit_status, self.result = 0, 0, "success"

    def boot(self) -> None:
        self.reload()
        if self.enabled:
            self.start(why="boot")

    def crash(self, status: int = 137) -> None:
        """The process dies; systemd starts it again after a while."""
        self._let_go()
        self.exit_status, self.result = status, "exit-code"
        self._set("activating", "auto-restart")
        self._timer = self.master.later(RESTART_S, self._again)

    def settled(self) -> None:
        """The fleet found that this daemon has quorum for the first time."""
        assert self.daemon is not None
        self.daemon.ready = True
        env = environment(self.master.disk.text(self.env_file) or "")
        roster.publish(self.master.fleet, self.master, env.get("ETCD_NAME", ""))
        if self.active == "activating":
            self._set("active", "running")

    def _again(self) -> None:
        self.restarts += 1
        if not self._assertions_hold():
            self._set("inactive", "dead")
            return
        self.master.fleet.checks.starting(self.master, "restart")
        self._set("activating", "start")
        self._timer = self.master.later(0.05, self._exec)

    def _exec(self) -> None:
        """etcd reads its environment and its data directory."""
        master, disk = self.master, self.master.disk
        env = environment(disk.text(self.env_file) or "")
        data_dir = env.get("ETCD_DATA_DIR", "")
        joins = False
        if etcd.blank_at(disk, data_dir):
            if (data := self._begun(env)) is None:
                self.crash(EXIT_BROKEN)
                return
            joins = True
            try:
                etcd.put(disk, data_dir, data)
            except NoSpace:
                # Its log is made under another name and renamed: without room there is none.
                disk.remove(f"{data_dir}/member")
                self.crash(EXIT_BROKEN)
                return
            disk.sync()
            roster.joined(master.fleet, data)
        found = etcd.data_at(disk, data_dir)
        db = disk.file(f"{data_dir}/member/snap/db")
        if found is None or db is None or db.exclusive is not None:
            self.crash(EXIT_BROKEN)
            return
        master.fleet.checks.executed(master)
        self._pids += 1
        self.exit_status = 0
        self.daemon = Daemon(data=found, db=db, pid=self._pids)
        db.exclusive = self.daemon
        # A new member's first word may be lost: then it is said again after 15 s.
        lost = joins and master.fleet.random.random() < 0.3
        self._timer = master.later(15.3 if lost else master.fleet.random.uniform(0.1, 0.8), self._up)

    def _begun(self, env: dict[str, str]) -> etcd.Data | None:
        """What a blank member begins with; None when it is refused and ends."""
        fleet = self.master.fleet
        if env.get("ETCD_INITIAL_CLUSTER_STATE", "new") != "new":
            return roster.joining(fleet, self.master, env)
        if fleet.bootstrapped(env):
            return None
        fleet.checks.blank(self.master)
        return etcd.bootstrapped(
            env["ETCD_NAME"],
            env["ETCD_INITIAL_CLUSTER"],
            env["ETCD_INITIAL_CLUSTER_TOKEN"],
            raft=etcd.BLANK,
            content=etcd.BLANK,
            revision=1,
        )

    def _up(self) -> None:
        if self.daemon is not None:
            self.daemon.up = True
            self.master.fleet.member_up(self.master)

    def _stopped(self) -> None:
        self._let_go()
        self.exit_status, self.result = 0, "success"
        self._set("inactive", "dead")

    def _let_go(self) -> None:
        if self.daemon is not None:
            if self.daemon.db is not None and self.daemon.db.exclusive is self.daemon:
                self.daemon.db.exclusive = None
            self.daemon = None
        self._cancel()

    def _assertions_hold(self) -> bool:
        for text in self._loaded.values():
            for line in text.splitlines():
                if line.startswith("AssertPathExists=!") and self.master.disk.there(line.partition("!")[2]):
                    return False
        return True

    def _set(self, active: str, sub: str) -> None:
        self.active, self.sub = active, sub

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def environment(text: str) -> dict[str, str]:
    """The file as systemd reads it: one pair of quotes is dropped, the last of a key counts."""
    found = {}
    for line in text.splitlines():
        key, equals, value = line.strip().partition("=")
        if equals and not key.startswith("#"):
            value = value.strip()
            found[key] = (
                value[1:-1] if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'" else value
            )
    return found
