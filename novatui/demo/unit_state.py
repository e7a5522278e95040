"""The states a unit goes through, and when it entered them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

ACTIVE_OF = {
    "dead": "inactive",
    "failed": "failed",
    "start": "activating",
    "auto-restart": "activating",
    "running": "active",
    "exited": "active",
    "stop-sigterm": "deactivating",
    "stop-sigkill": "deactivating",
}
DOWN = ("inactive", "failed")


@dataclass(frozen=True)
class Stamp:
    """A moment in both clocks, microseconds; zero is never."""

    realtime_us: int = 0
    monotonic_us: int = 0

    @staticmethod
    def now() -> Stamp:
        return Stamp(time.time_ns() // 1000, time.monotonic_ns() // 1000)


@dataclass
class Stamps:
    """When the unit last came into and went out of what systemd keeps a time of."""

    changed: Stamp = field(default_factory=Stamp)
    inactive_exit: Stamp = field(default_factory=Stamp)
    active_enter: Stamp = field(default_factory=Stamp)
    active_exit: Stamp = field(default_factory=Stamp)
    inactive_enter: Stamp = field(default_factory=Stamp)
    asserted: Stamp = field(default_factory=Stamp)

    def moved(self, before: str, after: str) -> None:
        """From one ActiveState to another, or within one."""
        now = self.changed = Stamp.now()
        if before in DOWN and after not in DOWN:
            self.inactive_exit = now
        if before not in DOWN and after in DOWN:
            self.inactive_enter = now
        if before != "active" and after == "active":
            self.active_enter = now
        if before == "active" and after != "active":
            self.active_exit = now


@dataclass
class MainProcess:
    """The last main process: ``code`` and ``status`` as siginfo has them (CLD_EXITED 1, CLD_KILLED 2, CLD_DUMPED 3)."""

    pid: int = 0
    started: Stamp = Stamp()
    ended: Stamp = Stamp()
    code: int = 0
    status: int = 0
