"""Whether anybody still needs a demo whose starter is gone: a run that works on it.

A run is known by a flock (the one on its ``journal.jsonl`` is the proof that it lives). Two places are looked at:
- ``<demo>/keep/*``: any file, or link to a file, that somebody holds a flock on;
- ``<state>/runs/*/journal.jsonl``, when the ``plan.json`` beside it names this demo's directory (its commands do).

Locks are read from /proc/locks: taking one to see whether it is free could make a runner that opens just then believe
that another holds it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

import platformdirs

from novatui.paths import APP


def in_use(place: Path) -> bool:
    """Whether a living run holds this demo."""
    return any_flocked([*_kept(place), *_runs_of(place)])


def any_flocked(paths: Iterable[Path]) -> bool:
    """Whether any process holds a flock on any of these files."""
    wanted, anywhere = set(), set()
    for path in paths:
        try:
            info = path.stat()
        except OSError:
            continue
        if os.major(info.st_dev) == 0:  # btrfs and overlays: stat and the lock table name different devices
            anywhere.add(str(info.st_ino))
        wanted.add((f"{os.major(info.st_dev):02x}:{os.minor(info.st_dev):02x}", str(info.st_ino)))
    return any(lock in wanted or lock[1] in anywhere for lock in _flocks())


def _flocks() -> Iterator[tuple[str, str]]:
    """``1: FLOCK  ADVISORY  WRITE 1234 fe:00:5678 0 EOF`` -> (``fe:00``, ``5678``); waiting ones have ``->``."""
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return
    for line in lines:
        words = line.split()
        if len(words) >= 6 and words[1] == "FLOCK":
            device, _, inode = words[5].rpartition(":")
            yield device, inode


def _kept(place: Path) -> list[Path]:
    keep = place / "keep"
    return list(keep.iterdir()) if keep.is_dir() else []


def _runs_of(place: Path) -> list[Path]:
    runs = Path(platformdirs.user_state_dir(APP)) / "runs"
    return [plan.with_name("journal.jsonl") for plan in runs.glob("*/plan.json") if _names(plan, place)]


def _names(plan: Path, place: Path) -> bool:
    try:
        return f"{place}/" in plan.read_text("utf-8", "replace")
    except OSError:
        return False
