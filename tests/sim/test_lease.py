"""The model of lease.sh where several wait at once: it decides as the real one does in ``tests/runner/test_lease_scripts.py``."""

from __future__ import annotations

from contextlib import closing

import pytest

from novatui.config import ClusterConfig, NodeConfig
from novatui.remote.command import Command
from tests.sim.fleet import Fleet
from tests.sim.loop import SimLoop
from tests.sim.process import Running

RUN = "0123abcd"

pytestmark = pytest.mark.invariant("INV-5")


def adopted(*runners: str, comes_back: bool = False) -> tuple[list[int], str]:
    """Each asks in this order while an act is under way; the exits, and whose the lease is when that has ended."""
    loop = SimLoop(3600, 100_000)
    cluster = ClusterConfig(name="one", nodes=(NodeConfig(name="m1", host="127.0.0.1"),))
    master = Fleet(loop, cluster, 0).masters["m1"]
    disk, active = master.disk, f"{master.config.etcd.work_dir}/active"
    disk.mkdir(active)
    for name, text in (("owner", f"{RUN}:3\n"), ("by", "p1\n"), ("holder", "{}\n")):
        disk.write(f"{active}/{name}", text.encode())
    act, alive = disk.write(f"{active}/act.lock", b""), disk.write(f"{active}/alive", b"")
    act.exclusive = act
    asking = [
        Running(
            master,
            Command(script="lease", argv=("adopt", master.config.etcd.work_dir, RUN, by, "4", "20", "{}")),
            *(None, by, b"", lambda ended: None),
        )
        for by in runners
    ]

    def ends() -> None:
        act.exclusive = None
        alive.exclusive = alive if comes_back else None

    with closing(loop):
        for one in asking:
            loop.call_soon(one.begin)
        loop.call_later(3, ends)
        loop.call_later(60, loop.stop)
        loop.run_forever()
    return [
        -1 if one.exit is None else one.exit for one in asking
    ], f"{disk.line(f'{active}/owner')} {disk.line(f'{active}/by')}"


def test_of_two_that_wait_for_an_orphaned_act_one_takes_the_run_over() -> None:
    exits, lease = adopted("p2", "p3")
    assert sorted(exits) == [0, 80] and lease == f"{RUN}:4 {('p2', 'p3')[exits.index(0)]}"


def test_a_runner_that_comes_back_while_its_act_is_waited_for_is_not_replaced() -> None:
    assert adopted("p2", comes_back=True) == ([77], f"{RUN}:3 p1")
    assert adopted("p1", comes_back=True) == ([0], f"{RUN}:4 p1")


def test_who_asks_twice_and_waits_twice_has_it() -> None:
    assert adopted("p2", "p2") == ([0, 0], f"{RUN}:5 p2")
