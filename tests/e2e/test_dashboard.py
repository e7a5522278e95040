"""From the command to three healthy panes with the leader marked, at the three sizes; and an etcd killed under it."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Callable

import pytest

from novatui.demo.client import Demo
from tests.e2e.terminal import Terminal, needs_tmux
from tests.e2e.world import NOVATUI, World, demo_of, until

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(300), needs_tmux]

SIZES = ((120, 40), (200, 60), (80, 24))


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "x".join(map(str, size)))
def test_three_healthy_panes_with_the_leader_marked(size: tuple[int, int]) -> None:
    """``novatui demo``, nothing before it. 10 s is the promise; the bound here is what a busy machine may take."""
    with Terminal([NOVATUI, "demo"], size) as screen:
        shown = screen.until("HEALTHY", "★", "leader", limit_s=60)
        took = time.monotonic() - screen.began
        print(f"\n{size[0]}x{size[1]}: three healthy panes {took:.1f} s after the start\n{shown}")
        assert "nova-master-1" in shown and len(set(re.findall("3/3", shown))) == 1
        if size[0] >= 120:
            assert all(f"nova-master-{n}" in shown for n in (1, 2, 3)) and "etcd3" in shown
        assert max(map(len, shown.splitlines())) <= size[0]
        place = demo_of(screen.pid)
        screen.keys("q")
        assert until(lambda: (screen.ended(),) if screen.ended() is not None else None, "the end") == (0,)
        until(lambda: not place.exists(), "the demo's files to go")


@pytest.mark.invariant("INV-9")
def test_a_killed_etcd_shows_and_comes_back_and_a_hostile_line_is_only_text(
    demo: Callable[..., Demo],
) -> None:
    cluster = demo()
    world = World(cluster.dir)
    hostile = b"[/x] [@click=app.quit]here \x1b[2J\x1b]52;c;aGFja2Vk\x07 \x9b31m \xff " + b"A" * 60_000
    with Terminal(world.argv()) as screen:
        screen.until("HEALTHY", "★", limit_s=60)
        pid = int(world.unit("nova-master-2")[2])
        os.kill(pid, signal.SIGKILL)
        began = time.monotonic()
        screen.until("2/3", lambda shown: "HEALTHY" not in shown, "✖", limit_s=60)
        changed = time.monotonic() - began
        screen.until("HEALTHY", "3/3", limit_s=60)
        back = time.monotonic() - began
        print(f"\nkilled: on the screen after {changed:.2f} s, healthy again after {back:.2f} s")

        cluster.tell("log", "nova-master-1", raw=hostile)
        screen.until("[/x]", limit_s=60)
        screen.keys("1", "z")
        screen.until("[/x] [@click=app.quit]here", limit_s=60)
        screen.keys("W")
        screen.until("A" * 80, limit_s=60)
        assert screen.clipboards() == "", "OSC 52 of a log line must not reach the clipboard"
        screen.keys("W", "z")
        screen.until("HEALTHY", "3/3", "nova-master-3", limit_s=60)
        cluster.tell("log", "nova-master-1", text="still followed")
        screen.until("still followed", limit_s=60)
        screen.keys("q")
        assert until(lambda: (screen.ended(),) if screen.ended() is not None else None, "the end", 60) == (0,)
