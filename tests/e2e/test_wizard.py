"""The main job as a person does it: a terminal, keys, a real cluster that lost its quorum."""

from __future__ import annotations

import pytest

from tests.e2e.keys import choose_the_archive, run_of, type_words
from tests.e2e.terminal import Terminal, needs_tmux
from tests.e2e.world import NOVATUI, World, demo_of, processes_of, until

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(300), needs_tmux]


@pytest.mark.invariant("INV-10", "INV-13")
def test_restored_and_undone_by_keys_alone() -> None:
    with Terminal([NOVATUI, "demo", "--fault", "quorum-lost"]) as screen:
        screen.until("NO QUORUM", "w ", limit_s=60)
        world = World(demo_of(screen.pid))
        before = world.inodes()
        screen.until("restore-cluster", limit_s=30)
        screen.keys("w")
        choose_the_archive(screen, world)
        screen.keys("n")
        screen.until("n plan", limit_s=60)
        screen.keys("n")
        screen.until("p prepare")
        screen.keys("p")
        type_words(screen, "OLDER", "demo")
        screen.until("Verified", "the data from before, until a person purges it", limit_s=90)
        run = run_of(screen)
        world.assert_restored(run, before)

        screen.keys("u")
        type_words(screen, "demo")
        screen.until("the restored data, until a person purges it", limit_s=60)
        world.assert_as_before(before)
        screen.keys("q")
        screen.until("MEMBER", limit_s=20)
        screen.keys("q")
        assert until(lambda: (screen.ended(),) if screen.ended() is not None else None, "the end", 60) == (0,)
        until(lambda: not world.place.exists(), "the demo's files to go", 60)
        until(lambda: not processes_of(world.place), "the demo's processes to go", 60)
