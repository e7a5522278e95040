"""Where a demo lives on disk: one directory a demo, 0700, flocked while its processes live; the dead are swept."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from novatui.paths import private_dir


def default_base() -> Path:
    """``/tmp/novatui-demo-<uid>``: not ``$XDG_RUNTIME_DIR``, which is a small tmpfs on most machines, and three etcds
    preallocate 64 MB of WAL each, twice during a restore. Socket paths below it stay under 100 bytes."""
    return Path(f"/tmp/novatui-demo-{os.getuid()}")


def claim(base: Path) -> tuple[Path, int]:
    """Sweep the dead, then make a directory of our own under ``base``; returns it and the descriptor of its flock.

    The lock belongs to the open file, so every process that inherits the descriptor by fork keeps it; exec drops it.
    """
    while True:
        private_dir(base)
        with _locked(base) as still_there:
            if not still_there:  # the last demo removed it between our mkdir and our lock
                continue
            _sweep(base)
            place = base / secrets.token_hex(3)
            place.mkdir(mode=0o700)
            lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return place, lock


def remove(place: Path) -> None:
    """Remove a demo's directory, and the base when it was the last."""
    shutil.rmtree(place, ignore_errors=True)
    base = place.parent
    with contextlib.suppress(OSError), _locked(base):
        base.rmdir()


def sweep(base: Path) -> None:
    """Remove what dead demos left under ``base``."""
    if base.is_dir():
        with _locked(base) as still_there:
            if still_there:
                _sweep(base)


def _sweep(base: Path) -> None:
    for place in base.iterdir():
        if place.is_dir() and not place.is_symlink() and not _alive(place):
            shutil.rmtree(place, ignore_errors=True)


def _alive(place: Path) -> bool:
    try:
        lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:  # it removed itself meanwhile
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextlib.contextmanager
def _locked(base: Path) -> Iterator[bool]:
    """Hold the base's lock; yields whether the locked directory is still the one at that path."""
    lock = os.open(base, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            there = os.path.samestat(os.fstat(lock), base.stat())
        except FileNotFoundError:
            there = False
        yield there
    finally:
        os.close(lock)
