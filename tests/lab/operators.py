"""Processes that work on a lab from outside its hosts: novatui and its runners, which outlive who started them."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

MARK = "NOVATUI_LAB"


def marked(place: Path) -> list[str]:
    """Words that put the mark of a lab on what follows; its children inherit it."""
    return ["env", f"{MARK}={place}"]


def living(place: Path) -> list[int]:
    """Processes with the lab's mark."""
    wanted = f"{MARK}={place}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if wanted in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def end_all(place: Path, wait_s: float = 10.0) -> None:
    """SIGKILL them. Raises TimeoutError when one stays."""
    deadline = time.monotonic() + wait_s
    while left := living(place):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{left} do not end")
        for pid in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)
