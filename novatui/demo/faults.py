"""The faults a demo can start with, each made the way it happens and then looked at until it is really there."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import time
from collections.abc import Awaitable, Callable, Sequence

from novatui.demo.gateway import Gateway
from novatui.demo.master import Master
from novatui.errors import NovatuiError

PAGE = 4096
# bbolt keeps two meta pages at the front; with both gone it says "invalid database".
META_PAGES = 2
WAIT_S = 20.0
# How much more than it holds the small quota lets the database grow, and what it is filled with.
QUOTA_ROOM = 2 << 20
VALUE_BYTES = 128 << 10
FILLER = "/registry/configmaps/shop/too-large"

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


async def removed_member(masters: Sequence[Master]) -> None:
    """Somebody removed it from the list while it ran: etcd exits 0, and so does every start."""
    victim = masters[VICTIM]
    pid = victim.etcd.main_pid
    await _remove(masters, victim)
    await until(lambda: victim.etcd.main_pid != pid, "etcd does not end though its member was removed")


async def half_recovered(masters: Sequence[Master]) -> None:
    """A recovery that was given up between ``member remove`` and ``member add``: stopped, its old data in place."""
    victim = masters[VICTIM]
    await victim.etcd.stop()
    await _remove(masters, victim)


async def wiped_member(masters: Sequence[Master]) -> None:
    """Its data directory was emptied, and its env file says new: it would found a cluster and is refused."""
    victim = masters[VICTIM]
    victim.signal_etcd(signal.SIGKILL)
    await until(lambda: victim.etcd.main_pid == 0, "etcd survives SIGKILL")
    await asyncio.to_thread(shutil.rmtree, victim.files.data_dir / "member")
    await until(lambda: looping(victim, status=1), "etcd does not fail over its empty data directory")


async def nospace(masters: Sequence[Master]) -> None:
    """One member has a small quota, and somebody writes one key until it is full: writes are refused, quorum stands."""
    victim = masters[VICTIM]
    quota = victim.files.db.stat().st_size + QUOTA_ROOM
    with victim.files.env_file.open("a") as env:
        env.write(f"ETCD_QUOTA_BACKEND_BYTES={quota}\n")
    await victim.etcd.restart()
    await until(lambda: victim.etcd.active == "active", "etcd does not come back with its quota")
    await asyncio.to_thread(_fill, Gateway(victim.files))


FAULTS: dict[str, Callable[[Sequence[Master]], Awaitable[None]]] = {
    "member-down": member_down,
    "hung-member": hung_member,
    "corrupt-member": corrupt_member,
    "power-cut": power_cut,
    "quorum-lost": quorum_lost,
    "removed-member": removed_member,
    "half-recovered": half_recovered,
    "wiped-member": wiped_member,
    "nospace": nospace,
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


def looping(master: Master, status: int = 2) -> bool:
    """It has failed over its data since (2: a panic, 1: a fatal error) and is in systemd's restart loop."""
    etcd = master.etcd
    return etcd.sub == "auto-restart" and etcd.main.status == status and etcd.restarts >= 1


async def _remove(masters: Sequence[Master], victim: Master) -> None:
    """``member remove``, asked of another; etcd agrees once its members have known each other for five seconds."""
    gateway = Gateway(next(master for master in masters if master is not victim).files)
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            listed = await asyncio.to_thread(gateway.call, "/v3/cluster/member/list", {})
            id = next(row["ID"] for row in listed["members"] if row.get("name") == victim.files.member)
            await asyncio.to_thread(gateway.call, "/v3/cluster/member/remove", {"ID": id})
            return
        except OSError as why:
            if time.monotonic() > deadline:
                raise NovatuiError("the demo's fault did not come about", f"member remove: {why}") from None
            await asyncio.sleep(0.3)


def _fill(gateway: Gateway) -> None:
    """Until a write is refused. One key, so that compaction gives all of it back."""
    for _ in range(4 * QUOTA_ROOM // VALUE_BYTES):
        try:
            gateway.put({FILLER: secrets.token_hex(VALUE_BYTES // 2)})
        except OSError as why:
            if "database space exceeded" in str(why):
                return
            time.sleep(0.3)  # no leader yet, after the restart
    raise NovatuiError("the demo's fault did not come about", "etcd takes writes beyond its quota")


async def until(holds: Callable[[], bool], complaint: str, wait_s: float = WAIT_S) -> None:
    try:
        async with asyncio.timeout(wait_s):
            while not holds():  # noqa: ASYNC110 - states of units and processes, which have no event
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise NovatuiError("the demo's fault did not come about", f"{complaint} after {wait_s:g} s") from None
