"""The faults a demo can start with, each made the way it happens and then looked at until it is really there."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence

from novatui.demo.master import Master
from novatui.errors import NovatuiError

PAGE = 4096
# bbolt keeps two meta pages at the front; with both gone it says "invalid database".
META_PAGES = 2
WAIT_S = 20.0

# Index of the master that suffers when it is one.
VICTIM = 1


async def member_down(masters: Sequence[Master]) -> None:
    """Somebody stopped the unit."""
    await masters[VICTIM].etcd.stop()


async def hung_member(masters: Sequence[Master]) -> None:
    """SIGSTOP: the unit is active, the port accepts, nothing answers."""
    masters[VICTIM].signal_etcd(signal.SIGSTOP)


async def corrupt_member(masters: Sequence[Master]) -> None:
    """Garbage over the first pages of the database: etcd panics at each start, systemd starts it again."""
    await corrupt(masters[VICTIM])
    await until(lambda: looping(masters[VICTIM]), "etcd does not fail over its damaged database")


async def power_cut(masters: Sequence[Master]) -> None:
    """All lose power at once. They come back, but nobody enabled the unit: stopped, with data intact."""
    for master in masters:
        master.cut_power()
    for master in masters:
        master.units.enabled = False
        master.boot()


async def quorum_lost(masters: Sequence[Master]) -> None:
    """Two databases damaged; the third runs on without quorum."""
    damaged = [masters[1], masters[2]]
    for master in damaged:
        await corrupt(master)
    for master in damaged:
        await until(lambda master=master: looping(master), "etcd does not fail over its damaged database")  # type: ignore[misc]


FAULTS: dict[str, Callable[[Sequence[Master]], Awaitable[None]]] = {
    "member-down": member_down,
    "hung-member": hung_member,
    "corrupt-member": corrupt_member,
    "power-cut": power_cut,
    "quorum-lost": quorum_lost,
}


async def corrupt(master: Master) -> None:
    """SIGKILL, then damage before systemd's RestartSec is over: a running etcd would heal the file on its exit."""
    etcd = master.etcd
    before = etcd.main.pid
    if master.signal_etcd(signal.SIGKILL):
        await until(lambda: etcd.main_pid != before, "etcd survives SIGKILL")
    with master.files.db.open("r+b") as db:
        db.write(os.urandom(PAGE * META_PAGES))
        os.fsync(db.fileno())


def looping(master: Master) -> bool:
    """It has failed over its data since and is in systemd's restart loop."""
    etcd = master.etcd
    return etcd.sub == "auto-restart" and etcd.main.status == 2 and etcd.restarts >= 1


async def until(holds: Callable[[], bool], complaint: str, wait_s: float = WAIT_S) -> None:
    try:
        async with asyncio.timeout(wait_s):
            while not holds():  # noqa: ASYNC110 - states of units and processes, which have no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise NovatuiError("the demo's fault did not come about", f"{complaint} after {wait_s:g} s") from None
