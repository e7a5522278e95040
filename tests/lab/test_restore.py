"""A whole restore of the vendor's cluster, headless, on real hosts; then its undo."""

from __future__ import annotations

import json
import re
import time

import pytest

from novatui.runner import places
from tests.lab import cluster, image
from tests.lab.invariants import Before
from tests.lab.lab import NAME, SUDO_FREE, Lab
from tests.lab.shapes import Shape, quorum_lost
from tests.lab.test_hosts import CLUSTER_ID, MEMBER_IDS

BOTH = [Shape(image=name) for name in image.IMAGES]


@pytest.mark.invariant("INV-3", "INV-4", "INV-11", "INV-13")
@pytest.mark.parametrize("lab", BOTH, indirect=True, ids=str)
@pytest.mark.parametrize("user", ["root", SUDO_FREE])
def test_the_vendors_table_comes_true_and_undo_takes_it_back(lab: Lab, user: str) -> None:
    quorum_lost(lab)
    before = Before(lab)
    began = time.monotonic()
    words = (
        "run",
        "restore-cluster",
        "--snapshot",
        lab.snapshot.path,
        "--overrule",
        "newer-survivor",
        "--yes",
        NAME,
    )
    done = lab.novatui(*words, user=user)
    took = time.monotonic() - began
    assert done.returncode == 0, done.stdout + done.stderr
    place = places.every()[-1]
    down = before.assert_restored(place.run)
    found = lab.standings()
    assert {node: one.member_id for node, one in found.items()} == MEMBER_IDS
    assert {one.cluster_id for one in found.values()} == {CLUSTER_ID}
    assert {lab.canary(node) for node in lab.nodes} == {cluster.CANARY_SAVED}
    print(f"\n{lab.image} as {user}: restored in {took:.1f} s, etcd down {down:.1f} s")
    assert _longest_stop_s(place) < 5, "no leadership transfer is waited for"

    undone = lab.novatui("undo", place.run, "--yes", NAME, user=user)
    assert undone.returncode == 0, undone.stdout + undone.stderr
    before.assert_as_before()


def _longest_stop_s(place: places.RunDir) -> float:
    lines = [json.loads(line) for line in place.journal.read_bytes().splitlines()]
    stops = {line["seq"] for line in lines if line["kind"] == "intent" and re.match("stop", line["step"])}
    took: list[float] = [
        line["ms"] / 1000 for line in lines if line["kind"] == "outcome" and line["intent"] in stops
    ]
    assert len(took) >= 3
    print(f"stops took {took}")
    return max(took)
