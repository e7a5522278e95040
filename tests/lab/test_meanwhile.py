"""What others do while a restore is under way: start etcd by hand, pull a cable, run a second restore."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.cluster import until
from tests.lab.files import DATA_DIR, ENV_FILE
from tests.lab.invariants import Before
from tests.lab.lab import NAME, Lab
from tests.lab.restoring import Restoring, watched
from tests.lab.shapes import Shape, quorum_lost
from tests.lab.stopping import FIRST_RENAME, SECOND_RENAME, Stopping

STAYS_HELD_S = 10.0


@pytest.mark.invariant("INV-11")
@pytest.mark.parametrize("lab", [Shape(), Shape(image="bullseye")], indirect=True, ids=str)
def test_somebody_starts_etcd_by_hand_and_the_hold_refuses(lab: Lab, tmp_path: Path) -> None:
    quorum_lost(lab)
    before = Before(lab)
    stops = {node: Stopping(lab, node, FIRST_RENAME) for node in lab.nodes}
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the first rename", *(stop.reached for stop in stops.values()))
        for node in lab.nodes:
            for words in ("start etcd", "restart etcd", "start --no-block etcd"):
                lab.ask(node, f"systemctl {words}")
            assert lab.ask(node, "systemctl start etcd").returncode == 1
            assert lab.unit(node)[2] == "0"
            assert lab.ask(node, "pgrep -x etcd").stdout == ""
            assert not (lab.root(node) / DATA_DIR).exists()
            stops[node].remove()
        run.ended_well()
        before.assert_restored(run.place.run)


@pytest.mark.invariant("INV-11", "INV-13")
def test_somebody_runs_a_blank_etcd_past_systemd(lab: Lab, tmp_path: Path) -> None:
    """Between the two renames, in a shell: no hold stops that. The run stops and names it; once it is ended, a resume
    keeps what it made aside and ends verified."""
    quorum_lost(lab)
    before = Before(lab)
    victim = lab.nodes[1]
    stops = {node: Stopping(lab, node, FIRST_RENAME) for node in lab.nodes}
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the first rename", *(stop.reached for stop in stops.values()))
        place = run.place
        words = f"set -a; . /{ENV_FILE}; ETCD_INITIAL_CLUSTER_STATE=new; setsid /opt/etcd/etcd >/var/blank.log 2>&1 &"
        lab.run(victim, words)
        until((lab.root(victim) / DATA_DIR / "member/snap/db").exists, "a blank etcd to have begun")
        for stop in stops.values():
            stop.remove()
        assert run.end() == 1, run.said
        before.assert_kept()
        refused = lab.novatui("resume", "--yes", NAME)
        assert refused.returncode == 1, refused.stdout + refused.stderr
        assert f"a process still holds /{DATA_DIR}/member/snap/db" in refused.stdout + refused.stderr
        lab.run(victim, "pkill -KILL -x etcd; while pgrep -x etcd; do sleep 0.1; done")
        resumed = lab.novatui("resume", "--yes", NAME)
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
        before.assert_restored(place.run)
    assert _foreign(lab, victim) == [f"etcd.novatui-foreign-{place.run}"], "what somebody started is kept"


@pytest.mark.invariant("INV-11", "INV-13")
def test_somebody_lifts_the_hold_and_starts_a_blank_etcd(lab: Lab, tmp_path: Path) -> None:
    """By all means: drop-in and file removed, state=new, started. The run stops; an undo keeps what came of it aside and
    brings the data back."""
    quorum_lost(lab)
    before = Before(lab)
    victim = lab.nodes[1]
    stops = {node: Stopping(lab, node, FIRST_RENAME) for node in lab.nodes}
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the first rename", *(stop.reached for stop in stops.values()))
        place = run.place
        lab.run(
            victim,
            "rm -f /etc/systemd/system/etcd.service.d/*novatui* /var/lib/novatui/hold; systemctl daemon-reload; "
            f"sed -i s/STATE=existing/STATE=new/ /{ENV_FILE}; systemctl start --no-block etcd",
        )
        until((lab.root(victim) / DATA_DIR / "member/snap/db").exists, "a blank etcd to have begun")
        for stop in stops.values():
            stop.remove()
        assert run.end() == 1, run.said
        before.assert_kept()
        for node in lab.nodes:
            if node != victim:
                assert lab.ask(node, "systemctl start etcd").returncode == 1, "the others stay held"
        undone = lab.novatui("undo", place.run, "--yes", NAME)
        assert undone.returncode == 0, undone.stdout + undone.stderr
        before.assert_as_before()
    assert _foreign(lab, victim) == [f"etcd.novatui-foreign-{place.run}"], "what somebody started is kept"


def _foreign(lab: Lab, node: str) -> list[str]:
    return [path.name for path in (lab.root(node) / DATA_DIR).parent.glob("etcd.novatui-foreign-*")]


def by_power(lab: Lab, node: str) -> Callable[[], None]:
    lab.power_off(node)
    return lambda: lab.power_on(node)


def by_cable(lab: Lab, node: str) -> Callable[[], None]:
    lab.cut(node)
    return lambda: lab.uncut(node)


@pytest.mark.invariant("INV-6", "INV-9", "INV-11")
@pytest.mark.parametrize("lose", [by_power, by_cable])
def test_one_is_lost_between_stop_and_start(
    lab: Lab, lose: Callable[[Lab, str], Callable[[], None]], tmp_path: Path
) -> None:
    """The others are swapped, and stay held for as long as it is away; then it ends verified."""
    quorum_lost(lab)
    before = Before(lab)
    first, second, lost = lab.nodes
    stop = Stopping(lab, lost, FIRST_RENAME)
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the first rename", stop.reached)
        back = lose(lab, lost)
        stop.remove()
        others = (lab.root(first), lab.root(second))
        run.until_reached(
            "the others to be swapped",
            *((root / DATA_DIR / "member/.novatui-run").exists for root in others),
        )
        deadline = time.monotonic() + STAYS_HELD_S
        while time.monotonic() < deadline:
            for node in (first, second):
                assert lab.unit(node)[2] == "0", "nothing partial serves"
                assert lab.ask(node, "systemctl start etcd").returncode == 1
            time.sleep(0.5)
        back()
        run.ended_well()
        before.assert_restored(run.place.run)


@pytest.mark.invariant("INV-6")
def test_every_cable_is_out_for_a_while(lab: Lab, tmp_path: Path) -> None:
    """In the swap: what was under way is not known, is looked at again, and nothing is done twice."""
    quorum_lost(lab)
    before = Before(lab)
    stops = [Stopping(lab, node, SECOND_RENAME) for node in lab.nodes]
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the second rename", *(stop.reached for stop in stops))
        lab.cut(*lab.nodes)
        time.sleep(12)  # past the 10 s after which a connection is given up
        for stop in stops:
            stop.remove()
        lab.uncut(*lab.nodes)
        run.ended_well()
        before.assert_restored(run.place.run)


@pytest.mark.invariant("INV-5")
def test_a_second_operator_is_told_who_holds_it(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quorum_lost(lab)
    before = Before(lab)
    stop = Stopping(lab, lab.nodes[0], FIRST_RENAME)
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the first rename", stop.reached)
        place = run.place
        with monkeypatch.context() as other:
            _another_home(tmp_path, other)
            words = ("--snapshot", lab.snapshot.path, "--overrule", "newer-survivor", "--yes", NAME)
            refused = lab.novatui("run", "restore-cluster", *words, user="ops")
            said = refused.stdout + refused.stderr
            assert refused.returncode == 4, said
            assert place.run in said
        stop.remove()
        run.ended_well()
        before.assert_restored(place.run)


def _another_home(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        place = root / name.lower()
        place.mkdir(mode=0o700)
        monkeypatch.setenv(name, str(place))


@pytest.mark.invariant("INV-13")
def test_the_operators_machine_is_lost_and_another_goes_on_from_a_master(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quorum_lost(lab)
    before = Before(lab)
    stops = [Stopping(lab, node, FIRST_RENAME) for node in lab.nodes]
    with watched(lab):
        with Restoring(lab, tmp_path / "said") as run:
            run.until_reached("the first rename", *(stop.reached for stop in stops))
            place = run.place
            run.kill_runner()
            assert run.end(30) == 1
        for stop in stops:
            stop.remove()
        with monkeypatch.context() as other:
            _another_home(tmp_path, other)
            deadline = time.monotonic() + 60
            while True:  # refused while the old runner's heartbeat is heard
                resumed = lab.novatui("resume", place.run, "--from", lab.nodes[2], "--yes", NAME)
                if resumed.returncode == 0 or time.monotonic() > deadline:
                    break
                time.sleep(2)
            assert resumed.returncode == 0, resumed.stdout + resumed.stderr
            before.assert_restored(place.run)
