"""Masters lose their power between the two renames of the swap, and between swap and start: nothing blank ever serves."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.demo.client import Demo
from tests.e2e.world import (
    FIRST_RENAME,
    SECOND_RENAME,
    Stopping,
    Watch,
    World,
    lines_of,
    needs_ssh,
    only_run,
    runner_pid,
    until,
)

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(300), needs_ssh]


@pytest.mark.invariant("INV-3", "INV-11", "INV-13")
def test_all_lose_power_between_the_two_renames_and_so_does_the_operator(
    lost: Demo, restoring: Callable[[], subprocess.Popen[bytes]]
) -> None:
    world = World(lost.dir)
    before, first = world.inodes(), world.nodes[0]
    stops = [Stopping(world, node, FIRST_RENAME) for node in world.nodes]
    with Watch(world.files) as watch:
        told = restoring()
        until(lambda: all(stop.reached() for stop in stops), "the first rename on every master", 90)
        place = only_run()
        pid = runner_pid(place)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        for node in world.nodes:
            lost.tell("power-off", node)
        assert told.wait(60) == 1, "it says that its runner is gone"
        for stop in stops:
            stop.remove()
        for node in world.nodes:
            assert not world.data(node).exists(), "between the two renames"
            assert world.kept(node, place.run).stat().st_ino == before[node]
            lost.tell("power-on", node)
        for node in world.nodes:
            _held(world, node)
            assert not world.data(node).exists(), "no start made a blank one"
        resumed = world.novatui("resume", "--yes", "demo")
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
        world.assert_restored(place.run, before)
        until(
            lambda: all(len(watch.counts(node)) for node in world.nodes) and len(watch.counts(first)) == 2,
            "the watch to see all of them",
            60,
        )
    watch.assert_never_blank()
    assert len(watch.counts(first)) == 2, "the survivor's own data, then the snapshot's"
    assert watch.counts(world.nodes[1]) == watch.counts(world.nodes[2]) < watch.counts(world.nodes[0])


@pytest.mark.invariant("INV-3", "INV-6", "INV-11")
def test_one_loses_power_between_the_renames_and_all_between_swap_and_start(
    lost: Demo, restoring: Callable[[], subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    """The runner lives through both and ends verified by itself."""
    world = World(lost.dir)
    lost.tell("fault", name="quorum-lost")
    before = world.inodes()
    first, second, third = world.nodes
    renames = {
        first: Stopping(world, first, SECOND_RENAME),
        second: Stopping(world, second, SECOND_RENAME, FIRST_RENAME),
        third: Stopping(world, third, SECOND_RENAME),
    }
    with Watch(world.files) as watch:
        told = restoring()
        until(lambda: renames[second].reached(1), "the first rename on one master", 90)
        place = only_run()
        lost.tell("power-off", second)
        renames[second].remove()
        renames[second] = Stopping(world, second, SECOND_RENAME)
        assert not world.data(second).exists()
        lost.tell("power-on", second)
        _held(world, second)

        until(lambda: all(stop.reached() for stop in renames.values()), "the swap on every master", 60)
        for node in world.nodes:
            lost.tell("power-off", node)
            renames[node].remove()
        for node in world.nodes:
            assert world.data(node).stat().st_ino != before[node], "swapped"
            lost.tell("power-on", node)
        assert told.wait(120) == 0, (tmp_path / "said").read_text()
        world.assert_restored(place.run, before)
    watch.assert_never_blank()
    kinds = [line["kind"] for line in lines_of(place.journal)]
    assert "resumed" not in kinds, "one runner all the time"


def _held(world: World, node: str) -> None:
    """systemd's own start at boot failed, and a start by hand fails."""

    def refused() -> bool:
        return "ssert" in world.shell(node, "journalctl -u etcd -b --no-pager").stdout

    until(refused, f"the start at boot to be refused on {node}", 20, every_s=0.2)
    by_hand = world.shell(node, "systemctl start etcd")
    assert by_hand.returncode == 1, by_hand
    assert world.unit(node)[0] in ("inactive", "failed") and world.unit(node)[2] == "0"
