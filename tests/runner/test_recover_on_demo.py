"""recover-member on real etcd over real SSH, its runner killed at every next point and its master without power twice; undo."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from novatui.model import records as rec
from novatui.model.plan import Request
from novatui.runner import client, places
from novatui.runner.journal import read
from tests.runbooks.hands import (
    CANARY,
    LIVE,
    by_hand,
    corrupted,
    ctl,
    data,
    env,
    listed,
    novatui,
    own,
    state,
    systemctl,
    until,
)
from tests.runner import chain

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module")
def broken(demo: Callable[..., Any]) -> Any:
    return demo("corrupt-member")


def request(demo: Any) -> Request:
    return Request(runbook="recover-member", node=demo.nodes[1])


@pytest.mark.invariant("INV-1", "INV-2", "INV-6", "INV-11", "INV-13", "INV-15")
def test_killed_at_every_next_point_and_without_power_it_ends_verified(broken: Any) -> None:
    first, second, _ = broken.nodes
    old, inode = own(broken, second, first), data(broken, second).stat().st_ino

    def between(point: str) -> None:
        """Nobody works on the run. The master loses power between the archive and the env file, and right after the start."""
        if point in ("archive after-act", "start after-act"):
            broken.tell("power-off", second)
            broken.tell("power-on", second)
        if point == "archive after-act":
            systemctl(broken, second, "start", "etcd")
            assert state(broken, second).get("active") != "active", "the hold outlives the power cut"
        if point == "start after-act":  # its boot starts it; a runner that comes sooner rightly does so too
            until(lambda: state(broken, second).get("active") == "active", "its etcd to be up after the boot")

    run = chain.chain(broken, request(broken), second, between)
    found = client.load(run)[1]
    points = chain.points(run)
    assert found.resumes == len(points) > 25
    for step in ("hold", "safety", "remove", "add", "archive", "env", "start", "release"):
        assert {f"{step} before-act", f"{step} after-act", f"{step} verified"} <= set(points), step
    _nothing_twice(run)
    _recovered(broken, run, old, inode)


def _nothing_twice(run: str) -> None:
    """Each act was sent once by the runner that died before it, and done by the next: never a third time. A release is two
    acts, and looks at what is left of both: it may do the first again, where there is nothing left to do."""
    records = [one for one in read(places.find(run).journal) if getattr(one, "step", "") != "release"]
    intents = Counter((one.step, one.node, one.act) for one in records if isinstance(one, rec.Intent))
    assert max(intents.values()) <= 2, intents
    by_seq = {one.seq: (one.step, one.node, one.act) for one in records if isinstance(one, rec.Intent)}
    done = Counter(
        by_seq[one.intent]
        for one in records
        if isinstance(one, rec.Done) and one.status == "ok" and one.intent in by_seq
    )
    assert max(done.values(), default=0) <= 1, done


def _recovered(demo: Any, run: str, old: dict[str, Any], inode: int) -> None:
    first, second, _ = demo.nodes
    new = own(demo, second, first)
    assert new["name"] == old["name"] and new["id"] != old["id"] and len(listed(demo, first)) == 3
    kept = demo.root(second) / f"var/lib/etcd.novatui-old-{run}"
    assert kept.stat().st_ino == inode
    for node in demo.nodes:
        assert ctl(demo, node, "get", CANARY, "--print-value-only").strip() == LIVE
        assert not (demo.root(node) / "var/lib/novatui/active").exists()
    assert env(demo, second)["ETCD_INITIAL_CLUSTER_STATE"] == "existing"


@pytest.mark.invariant("INV-15")
def test_before_the_removal_an_undo_takes_hold_and_stop_back(broken: Any) -> None:
    """It serves, with keys of its own; held, stopped, everything proved; then it is told to go back."""
    first, second, _ = broken.nodes
    corrupted(broken, second)
    before = (env(broken, second), data(broken, second).stat().st_ino, own(broken, second, first))
    run = chain.halted(broken, request(broken), second, "safety verified")
    assert (broken.root(second) / "var/lib/novatui/hold").exists()
    texts = broken.root(second) / f"var/lib/novatui/{run}"
    assert (
        "roster.sh remove" in (texts / "FINISH.txt").read_text()
        or "roster.sh" in (texts / "FINISH.txt").read_text()
    )
    assert "start.sh" in (texts / "UNDO.txt").read_text()
    done = novatui(broken, "undo", run, "--yes", second)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (env(broken, second), data(broken, second).stat().st_ino, own(broken, second, first)) == before
    assert not (broken.root(second) / "var/lib/novatui/hold").exists()
    until(lambda: state(broken, second).get("sub") == "auto-restart", "it fails over its database as before")


@pytest.mark.invariant("INV-12", "INV-15")
def test_a_list_that_changed_meanwhile_is_not_changed_further(broken: Any) -> None:
    """Somebody removes it by hand while the runner is dead, and then the run is gone on with: it is found done, and finished.
    An undo is refused, and says why."""
    first, second, _ = broken.nodes
    run = chain.halted(broken, request(broken), second, "remove before-act")
    ctl(broken, first, "member", "remove", own(broken, second, first)["id"])
    undo = novatui(broken, "undo", run, "--yes", second)
    assert undo.returncode == 2, undo.stdout + undo.stderr
    assert "past its point of no return" in undo.stdout + undo.stderr
    done = novatui(broken, "resume", run, "--yes", second)
    assert done.returncode == 0, done.stdout + done.stderr
    assert client.load(run)[1].result == "verified"
    assert ctl(broken, second, "get", CANARY, "--print-value-only").strip() == LIVE


@pytest.mark.invariant("INV-13", "INV-15")
def test_the_operators_machine_is_gone_and_a_person_finishes_by_hand(broken: Any) -> None:
    """Held and stopped, nothing removed yet: from FINISH.txt on the master alone, line by line."""
    first, second, _ = broken.nodes
    corrupted(broken, second)
    old, inode = own(broken, second, first), data(broken, second).stat().st_ino
    run = chain.halted(broken, request(broken), second, "steady-alone verified")
    text = (broken.root(first) / f"var/lib/novatui/{run}/FINISH.txt").read_text()
    typed = by_hand(broken, text)
    assert [line for line in typed if "roster.sh remove" in line] and [
        line for line in typed if "roster.sh add" in line
    ]
    until(lambda: state(broken, second).get("active") == "active", "it joins")
    new = own(broken, second, first)
    assert new["name"] == old["name"] and new["id"] != old["id"]
    assert (broken.root(second) / f"var/lib/etcd.novatui-old-{run}").stat().st_ino == inode
    assert ctl(broken, second, "get", CANARY, "--print-value-only").strip() == LIVE
    assert not (broken.root(second) / "etc/systemd/system/etcd.service.d").exists()
    for node in broken.nodes:
        assert not (broken.root(node) / "var/lib/novatui/active").exists()


def _removed(demo: Any, node: str) -> bool:
    """By hand, again while etcd says that the cluster is not healthy enough for it yet."""
    if found := own(demo, node, demo.nodes[0]):
        ctl(demo, demo.nodes[0], "member", "remove", found["id"], check=False)
    return not own(demo, node, demo.nodes[0])


@pytest.mark.invariant("INV-15")
def test_a_cluster_of_one_grows_by_learners_to_three(broken: Any) -> None:
    """The others were removed by hand. From one voter to two as a learner on every version, then the third as a voter."""
    second, third = broken.nodes[1:]
    for node in (second, third):
        until(lambda node=node: _removed(broken, node), "etcd lets it go")  # type: ignore[misc]
        until(lambda node=node: state(broken, node).get("active") != "active", "it ends: it was removed")  # type: ignore[misc]
    for node in (second, third):
        done = novatui(broken, "run", "recover-member", "--node", node, "--yes", node)
        assert done.returncode == 0, done.stdout + done.stderr
        found = client.load(client.runs()[0].run)[1]
        assert ("promote" in found.steps) is (node == second)
    for node in broken.nodes:
        assert ctl(broken, node, "get", CANARY, "--print-value-only").strip() == LIVE
    assert len(listed(broken, third)) == 3 and all(one["name"] for one in listed(broken, third).values())
