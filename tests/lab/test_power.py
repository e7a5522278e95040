"""Masters lose their power in the middle of a restore and boot again, etcd enabled: nothing blank ever serves, it ends verified."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.world import lines_of
from tests.lab.cluster import until
from tests.lab.files import DATA_DIR
from tests.lab.invariants import Before
from tests.lab.lab import NAME, Lab
from tests.lab.restoring import Restoring, watched
from tests.lab.shapes import Shape, quorum_lost
from tests.lab.stopping import FIRST_RENAME, SECOND_RENAME, UNPACKED, Stopping


@pytest.mark.invariant("INV-3", "INV-6", "INV-11", "INV-13")
@pytest.mark.parametrize("lab", [Shape(), Shape(image="bullseye")], indirect=True, ids=str)
@pytest.mark.parametrize("victims", [1, 2])
def test_some_lose_power_between_the_two_renames(lab: Lab, victims: int, tmp_path: Path) -> None:
    """The runner lives: it waits for them, looks again, and ends verified by itself."""
    quorum_lost(lab)
    before = Before(lab)
    stops = {node: Stopping(lab, node, FIRST_RENAME) for node in lab.nodes}
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the first rename", *(stop.reached for stop in stops.values()))
        place = run.place
        off = lab.nodes[-victims:]
        lab.power_off(*off)
        for stop in stops.values():
            stop.remove()
        for node in off:
            assert not (lab.root(node) / DATA_DIR).exists(), "between the two renames"
        before.assert_kept()
        lab.power_on(*off)
        run.ended_well()
        before.assert_restored(place.run)
    lines = list(lines_of(place.journal))
    assert "resumed" not in {line["kind"] for line in lines}, "one runner all the time"
    for node in off:
        boots = {line["boot_id"] for line in lines if line["kind"] == "intent" and line["node"] == node}
        assert len(boots) == 2, f"{node} was seen to have booted"


@pytest.mark.invariant("INV-3", "INV-11", "INV-13")
@pytest.mark.parametrize("lab", [Shape(), Shape(image="bullseye")], indirect=True, ids=str)
def test_all_lose_power_between_the_two_renames_and_so_does_the_operator(lab: Lab, tmp_path: Path) -> None:
    quorum_lost(lab)
    before = Before(lab)
    stops = [Stopping(lab, node, FIRST_RENAME) for node in lab.nodes]
    with watched(lab):
        with Restoring(lab, tmp_path / "said") as run:
            run.until_reached("the first rename", *(stop.reached for stop in stops))
            place = run.place
            run.kill_runner()
            lab.power_off(*lab.nodes)
            assert run.end(30) == 1, "it says that its runner is gone"
        for stop in stops:
            stop.remove()
        lab.power_on(*lab.nodes)
        for node in lab.nodes:
            _held(lab, node)
            assert not (lab.root(node) / DATA_DIR).exists(), "no start made a blank one"
        resumed = lab.novatui("resume", "--yes", NAME)
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
        before.assert_restored(place.run)


@pytest.mark.invariant("INV-3", "INV-11")
def test_all_lose_power_between_swap_and_start(lab: Lab, tmp_path: Path) -> None:
    """The runner lives through it."""
    quorum_lost(lab)
    before = Before(lab)
    stops = [Stopping(lab, node, SECOND_RENAME) for node in lab.nodes]
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the second rename", *(stop.reached for stop in stops))
        lab.power_off(*lab.nodes)
        for stop in stops:
            stop.remove()
        lab.power_on(*lab.nodes)
        run.ended_well()
        before.assert_restored(run.place.run)


@pytest.mark.invariant("INV-4")
def test_one_loses_power_before_the_gate(lab: Lab, tmp_path: Path) -> None:
    """While the new data is restored beside the old: whatever the run makes of it, nothing live has changed."""
    quorum_lost(lab)
    before = Before(lab)
    victim = lab.nodes[-1]
    stop = Stopping(lab, victim, UNPACKED)
    with Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the archive to be unpacked", stop.reached)
        lab.power_off(victim)
        stop.remove()
        lab.power_on(victim)
        code = run.end()
        place = run.place
    if code != 0:
        assert code == 1
        before.assert_kept()
        resumed = lab.novatui("resume", "--yes", NAME)
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
    before.assert_restored(place.run)


def _held(lab: Lab, node: str) -> None:
    """systemd's own start at boot failed, and a start by hand fails."""

    def refused() -> bool:
        return "ssert" in lab.run(node, "journalctl -u etcd -b --no-pager")

    until(refused, f"the start at boot to be refused on {node}")
    by_hand = lab.ask(node, ["systemctl", "start", "etcd"])
    assert by_hand.returncode == 1, by_hand
    assert lab.unit(node)[0] in ("inactive", "failed") and lab.unit(node)[2] == "0"
