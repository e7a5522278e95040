"""fence.sh, lease.sh, mirror.sh and heartbeat.sh: who may act on a master."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from novatui.remote.command import Command
from tests.sim.disk import Disk, File
from tests.sim.process import Exit, Running, Script

if TYPE_CHECKING:
    from tests.sim.master import Master


def word(disk: Disk, path: str) -> str:
    """``$(cat FILE)``."""
    return (disk.text(path) or "").rstrip("\n")


def fence(run: Running) -> Script:
    assert run.fence is not None
    active = f"{run.fence.work_dir}/active"
    lock = lock_file(run.disk, active)
    if lock is None:
        run.complain("no lease on this master")
        return 75
    if not (yield from run.lock(lock, run.fence.wait_s)):
        run.complain("an earlier command is still running on this master")
        return 124
    found = word(run.disk, f"{active}/owner")
    if found != run.owner:
        run.complain(f"fenced, the lease names '{found}', not '{run.owner}'")
        return 75
    return 0


def lock_file(disk: Disk, active: str) -> File | None:
    """``exec 9>>ACTIVE/act.lock``."""
    if not disk.there(active):
        return None
    return disk.file(f"{active}/act.lock") or disk.write(f"{active}/act.lock", b"")


def lease(run: Running) -> Script:
    verb, work, *words = run.command.argv
    verbs = {
        "acquire": _acquire, "adopt": _adopt, "renew": _renew, "release": _release, "break": _break, "show": _show,
    }  # fmt: skip
    return (yield from verbs[verb](run, work, words))


def _say_holder(run: Running, active: str) -> None:
    disk = run.disk
    run.print(f"owner {word(disk, f'{active}/owner')}")
    holder = disk.file(f"{active}/holder")
    since = datetime.fromtimestamp(holder.mtime, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if holder else ""
    run.print(f"since {since}")
    run.print(f"alive {'no' if _silent(disk, active) else 'yes'}")
    run.print(f"holder {word(disk, f'{active}/holder')}")


def _silent(disk: Disk, active: str) -> bool:
    """``flock -n ACTIVE/alive true``, which makes the file when it is not there."""
    alive = disk.file(f"{active}/alive") or disk.write(f"{active}/alive", b"")
    return alive.exclusive is None


def _silent_or_exit(run: Running, active: str) -> None:
    alive = run.disk.file(f"{active}/alive")
    if alive is not None and alive.exclusive is not None:
        _say_holder(run, active)
        raise Exit(77)


def _say_taken(run: Running, how: str, epoch: int) -> None:
    run.print(f"taken {how}")
    run.print(f"epoch {epoch}")
    run.print(f"boot {run.master.boot_id}")


def _put(run: Running, active: str, name: str, text: str) -> Script:
    run.disk.write(f"{active}/.{name}.part", f"{text}\n".encode())
    run.disk.sync()
    yield 0.002
    run.disk.rename(f"{active}/.{name}.part", f"{active}/{name}")
    run.disk.sync()
    yield 0.002
    return 0


def _lock(run: Running, active: str, wait_s: float) -> Script:
    """0 with the lock, 1 when there is no lease; exits 78 when a command is running."""
    lock = lock_file(run.disk, active)
    if lock is None:
        return 1
    if not (yield from run.lock(lock, wait_s)):
        run.complain("a command is still running on this master")
        raise Exit(78)
    return 0


def _raise(run: Running, active: str, owner: str, to: str, by: str, least: int, holder: str) -> Script:
    epoch = max(int(owner.rpartition(":")[2]) + 1, least)
    if holder:
        yield from _put(run, active, "holder", holder)
    yield from _put(run, active, "by", by)
    yield from _put(run, active, "owner", f"{to}:{epoch}")
    return epoch


def _acquire(run: Running, work: str, words: list[str]) -> Script:
    to, by, least, _, holder = words
    disk, active, new = run.disk, f"{work}/active", f"{work}/.active-{to}-{by}"
    disk.mkdir(work, 0o700)
    disk.chmod(work, mode=0o700)
    disk.remove(new)
    disk.mkdir(new, 0o700)
    yield 0.002
    for name, text in (("act.lock", ""), ("alive", ""), ("holder", f"{holder}\n"), ("by", f"{by}\n")):
        disk.write(f"{new}/{name}", text.encode())
    disk.write(f"{new}/owner", f"{to}:{least}\n".encode())
    yield 0.002
    disk.sync()
    try:
        disk.rename(new, active)
    except OSError:
        disk.remove(new)
        return (yield from _adopt(run, work, words))
    yield 0.002
    disk.sync()
    _say_taken(run, "acquired", int(least))
    return 0


def _adopt(run: Running, work: str, words: list[str]) -> Script:
    to, by, least, wait, holder = words
    disk, active = run.disk, f"{work}/active"
    if disk.read(f"{active}/owner") is None:
        run.complain("no lease on this master")
        return 75
    owner = word(disk, f"{active}/owner")
    if owner.rpartition(":")[0] != to:
        _say_holder(run, active)
        return 76
    before = word(disk, f"{active}/by")
    if before != by:
        _silent_or_exit(run, active)
    if (yield from _lock(run, active, float(wait))):
        return 75
    if disk.read(f"{active}/owner") is None:
        return 75
    owner = word(disk, f"{active}/owner")
    if owner.rpartition(":")[0] != to:
        return 75
    now = word(disk, f"{active}/by")
    how = "adopted"
    if now == by:
        how = "acquired"
    elif now != before:
        run.complain("another runner took this run over a moment ago")
        _say_holder(run, active)
        return 80
    else:
        _silent_or_exit(run, active)
    epoch = yield from _raise(run, active, owner, to, by, int(least), holder)
    _say_taken(run, how, epoch)
    return 0


def _renew(run: Running, work: str, words: list[str]) -> Script:
    ours, by, wait = words
    disk, active = run.disk, f"{work}/active"
    if (yield from _lock(run, active, float(wait))):
        return 75
    owner = word(disk, f"{active}/owner")
    to = ours.rpartition(":")[0]
    if owner != ours and (owner.rpartition(":")[0] != to or word(disk, f"{active}/by") != by):
        run.complain(f"the lease names '{owner}', not '{ours}'")
        return 75
    epoch = yield from _raise(run, active, owner, to, by, 0, "")
    _say_taken(run, "renewed", epoch)
    return 0


def _release(run: Running, work: str, words: list[str]) -> Script:
    ours, wait = words
    disk, active = run.disk, f"{work}/active"
    if not disk.there(active):
        return 0
    if (yield from _lock(run, active, float(wait))):
        return 0
    owner = word(disk, f"{active}/owner")
    if owner != ours:
        run.complain(f"the lease names '{owner}', not '{ours}'")
        return 75
    old = f"{work}/.released-{ours.rpartition(':')[0]}-{run.pid}"
    disk.rename(active, old)
    yield 0.002
    disk.sync()
    disk.remove(old)
    return 0


def _break(run: Running, work: str, words: list[str]) -> Script:
    this, wait, breaker = words
    disk, active = run.disk, f"{work}/active"
    if not disk.there(active):
        run.complain("no lease on this master")
        return 75
    if (yield from _lock(run, active, float(wait))):
        return 75
    owner = word(disk, f"{active}/owner")
    if owner.rpartition(":")[0] != this:
        _say_holder(run, active)
        return 76
    _silent_or_exit(run, active)
    if disk.line(f"{work}/hold") == this:
        _say_holder(run, active)
        return 79
    yield from _put(run, active, "broken", breaker)
    kept = f"{work}/broken-{this}-{owner.rpartition(':')[2]}"
    disk.rename(active, kept)
    yield 0.002
    disk.sync()
    run.print(f"kept {kept}")
    return 0


def _show(run: Running, work: str, words: list[str]) -> Script:
    if run.disk.there(f"{work}/active"):
        _say_holder(run, f"{work}/active")
    yield 0.001
    return 0


def mirror(run: Running) -> Script:
    work, owner, *files = run.command.argv
    this, _, epoch = owner.rpartition(":")
    disk, home = run.disk, f"{work}/{this}"
    parts = {f"{home}/{name}": f"{home}/{name}.{epoch}.part" for name in files[::2]}

    def ours() -> bool:
        if word(disk, f"{work}/active/owner") == owner:
            return True
        run.complain(f"the lease does not name '{owner}'")
        for part in parts.values():
            if disk.there(part):
                disk.remove(part)
        return False

    if not ours():
        return 75
    disk.mkdir(f"{home}/scripts", 0o700)
    disk.chmod(home, mode=0o700)
    rest = run.stdin
    for name, size in zip(files[::2], files[1::2], strict=True):
        piece, rest = rest[: int(size)], rest[int(size) :]
        disk.write(parts[f"{home}/{name}"], piece)
        if len(piece) != int(size):
            run.complain(f"{name} did not come whole")
            return 1
        disk.sync()
        yield 0.001
    if not ours():
        return 75
    for name, part in parts.items():
        disk.rename(part, name)
    disk.sync()
    yield 0.001
    return 0


class Heartbeat:
    """heartbeat.sh of one connection: each ``beat`` is one line heard, None when it ended (75, 77, or quiet too long)."""

    def __init__(self, master: Master, command: Command) -> None:
        self._master = master
        work, self._run, quiet = command.argv
        self._quiet_s = float(quiet)
        self._active = f"{work}/active"
        self._boot = master.boots
        self._file = master.disk.file(f"{self._active}/alive") if master.disk.there(self._active) else None
        self._over: asyncio.TimerHandle | None = None
        self._mine = False
        if self._file is not None and self._file.exclusive is None:
            self._file.exclusive = self
            self._mine = True
            self._over = master.later(self._quiet_s, self.end)

    def beat(self) -> bytes | None:
        disk = self._master.disk
        owner = word(disk, f"{self._active}/owner")
        if not self._mine or self._boot != self._master.boots or owner.rpartition(":")[0] != self._run:
            self.end()
            return None
        if self._over is not None:
            self._over.cancel()
        self._over = self._master.later(self._quiet_s, self.end)
        return f"{owner} {word(disk, f'{self._active}/by')}".encode()

    def end(self) -> None:
        if self._over is not None:
            self._over.cancel()
        if self._mine and self._file is not None and self._file.exclusive is self:
            self._file.exclusive = None
        self._mine = False
