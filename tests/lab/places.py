"""Where labs are on disk: base trees kept between runs, one directory a running lab, flocked while it lives.

``<root>/image-<name>-<hash>/`` a base tree, ``<root>/image-<name>-<hash>.lock`` shared by labs on it, ``<root>/run-<id>/``
a lab. What a dead lab left, whatever killed it, is swept by the next.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from novatui.paths import private_dir
from tests.lab import cgroups, operators

ROOT = Path("/var/tmp/novatui-lab")


def root() -> Path:
    """``$NOVATUI_LAB_DIR``, else ``/var/tmp/novatui-lab``; 0700 and root's own, or refused."""
    return private_dir(Path(os.environ.get("NOVATUI_LAB_DIR", ROOT)))


def claim() -> tuple[Path, int]:
    """Sweep the dead, make a directory for a new lab; returns it and the descriptor that holds its lock."""
    with locked(root() / "runs.lock"):
        sweep()
        place = root() / f"run-{secrets.token_hex(2)}"
        place.mkdir(mode=0o700)
        lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return place, lock


def sweep() -> None:
    """Remove what labs left whose process is gone. Their hosts, mounts and networks went with them: those live in
    namespaces that end with the lab's keeper."""
    for place in root().glob("run-*"):
        if not _alive(place):
            operators.end_all(place)
            remove(place)


def remove(place: Path) -> None:
    """The cgroups and files of a lab that has no processes any more."""
    cgroups.remove_all(place.name)
    shutil.rmtree(place, ignore_errors=True)


def _alive(place: Path) -> bool:
    try:
        lock = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(lock)
    return False


@contextlib.contextmanager
def locked(path: Path, *, shared: bool = False) -> Iterator[None]:
    """Hold the flock of a file."""
    lock = take(path, shared=shared)
    try:
        yield
    finally:
        os.close(lock)


def take(path: Path, *, shared: bool, wait: bool = True) -> int:
    """The descriptor that holds it. Raises BlockingIOError when it is held and ``wait`` is false."""
    lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    how = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(lock, how if wait else how | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise
    return lock
