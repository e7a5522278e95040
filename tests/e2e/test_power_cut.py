"""All stopped, data intact: a restore is refused, with the reason and what to do instead, and nothing was changed."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from novatui.demo.client import Demo
from tests.e2e.terminal import Terminal, needs_tmux
from tests.e2e.world import World

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(300), needs_tmux]


@pytest.mark.invariant("INV-4", "INV-10")
def test_a_power_cut_is_no_reason_to_restore(demo: Callable[..., Demo]) -> None:
    world = World(demo("power-cut").dir)
    files, units = world.tree(), {node: world.unit(node) for node in world.nodes}
    assert {unit[0] for unit in units.values()} == {"inactive"}

    with Terminal(world.argv()) as screen:
        screen.until("NO QUORUM", "start-cluster", limit_s=30)
        screen.keys("R")
        screen.until("j k choose", limit_s=60)
        screen.keys("n")
        shown = screen.until("data-intact", "systemctl start", limit_s=60)
        print(shown)
        assert "n plan" not in shown
        screen.keys("n", "p")
        screen.until("data-intact", lambda now: "prepare: nothing stops" not in now)

    for overruled in ([], ["--overrule", "newer-survivor"]):
        words = ["run", "restore-cluster", "--snapshot", world.archive, "--yes", "demo", *overruled]
        refused = world.novatui(*words)
        assert refused.returncode == 2, refused.stdout + refused.stderr
        said = refused.stdout + refused.stderr
        print(said)
        assert "data-intact" in said and "systemctl start" in said and "nothing was changed" in said
    assert {node: world.unit(node) for node in world.nodes} == units
    assert world.tree() == files
