"""A cgroup of its own per host, in every hierarchy: hosts that share one kill each other's services."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path


def hierarchies() -> list[Path]:
    """Mount points of all cgroup hierarchies, version 1 and 2."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.split()[0] in ("cgroup", "cgroup2"):
            found.append(Path(before.split()[4]))
    return found


def make(name: str) -> list[Path]:
    """The group's directory in every hierarchy."""
    made = []
    for top in hierarchies():
        group = top / name
        group.mkdir(exist_ok=True)
        for knob in ("cpuset.cpus", "cpuset.mems"):  # version 1: empty, and then no process may enter
            if (top / knob).is_file() and (group / knob).is_file():
                (group / knob).write_text((top / knob).read_text())
        made.append(group)
    return made


def remove_all(prefix: str, wait_s: float = 10.0) -> None:
    """Every group whose name begins so, once it is empty. Raises TimeoutError when processes stay in one."""
    deadline = time.monotonic() + wait_s
    while left := [group for top in hierarchies() for group in top.glob(f"{prefix}*") if not _removed(group)]:
        if time.monotonic() > deadline:
            raise TimeoutError(f"cgroups are still in use: {[str(path) for path in left]}")
        time.sleep(0.1)


def _removed(group: Path) -> bool:
    """Remove it with all below; false when a process is left in one of them."""
    for path in sorted((one for one in group.rglob("*") if one.is_dir()), reverse=True):
        with contextlib.suppress(OSError):
            path.rmdir()
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
