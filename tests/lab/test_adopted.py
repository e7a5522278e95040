"""A runner that is stopped, not dead: another machine takes its run over; when it wakes up it is fenced."""

from __future__ import annotations

import json
import os
import signal
import time

import pytest

from novatui.model.plan import Request
from novatui.model.run import fold
from novatui.runner import journal, places
from tests.lab import image
from tests.lab.cluster import until
from tests.lab.halting import Point, Points
from tests.lab.invariants import Before
from tests.lab.lab import NAME, SUDO_FREE, Lab
from tests.lab.person import Person
from tests.lab.restoring import watched
from tests.lab.shapes import Shape, quorum_lost

BOTH = [Shape(image=name) for name in image.IMAGES]
HELD = 4


@pytest.mark.invariant("INV-2", "INV-5", "INV-11")
@pytest.mark.parametrize("lab", BOTH, indirect=True, ids=str)
def test_a_stopped_runners_run_is_adopted_and_it_is_fenced_when_it_wakes_up(lab: Lab) -> None:
    """It sleeps with the intent of a swap on disk and nothing sent. While its heartbeat is heard it is not taken over; when
    it goes on, its command is refused by the fence: the swap is done once, by the other."""
    quorum_lost(lab)
    before = Before(lab)
    first = Person(lab, SUDO_FREE)
    request = Request(runbook="restore-cluster", snapshot=lab.snapshot.path, overrule=("newer-survivor",))
    point = Point("swap", lab.nodes[1], "before-act")
    with watched(lab):
        old = first.begin(first.plan(request), NAME, Points(points=(point,)))
        reached = old.until_stopped()
        assert reached is not None and reached.point == point
        words = ("resume", old.run, "--from", lab.nodes[2], "--yes", NAME)
        refused = lab.novatui(*words)
        assert refused.returncode == HELD, refused.stdout + refused.stderr
        os.kill(reached.pid, signal.SIGSTOP)
        stopped = time.monotonic()
        resumed = until(
            lambda: done if (done := lab.novatui(*words)).returncode != HELD else None,
            "the heartbeat to fall silent", 90, every_s=1,
        )  # fmt: skip
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
        print(f"adopted and verified {time.monotonic() - stopped:.0f} s after it was stopped")
        before.assert_restored(old.run)
        asleep = old.state.last_seq
        old.let_go()
        os.kill(reached.pid, signal.SIGCONT)
        woken = old.until_gone(60)
        before.assert_restored(old.run)
    assert woken.result == "fenced" and woken.exit_code == HELD, woken.detail
    since = [
        json.loads(line)
        for line in old.place.journal.read_bytes().splitlines()
        if json.loads(line)["seq"] > asleep
    ]
    acts = [(line["status"], line["exit"]) for line in since if line["kind"] == "outcome"]
    assert acts in ([], [("fenced", 75)]), "it did nothing more"
    assert not [line for line in since if line["kind"] == "intent"]
    assert fold(journal.read(places.find(old.run).journal)).result == "verified"
    first.close()
