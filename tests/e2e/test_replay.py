"""Recorded by a key while an etcd dies, and walked through afterwards in a real terminal, the cluster long gone."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from novatui import paths
from novatui.demo.client import Demo
from novatui.recording.recording import Recording
from tests.e2e.terminal import Terminal, needs_tmux
from tests.e2e.world import NOVATUI, World, until

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(300), needs_tmux]


def pressed(screen: Terminal, key: str, *wanted: str) -> str:
    """The screen, once ``key`` led to ``wanted``: a busy machine holds elections of its own, each a change of the verdict."""
    for _ in range(6):
        screen.keys(key)
        try:
            return screen.until(*wanted, limit_s=30)
        except AssertionError:
            continue
    return screen.until(*wanted, limit_s=1)


def test_recorded_by_a_key_and_walked_through(demo: Callable[..., Demo]) -> None:
    cluster = demo()
    world = World(cluster.dir)
    with Terminal(world.argv()) as screen:
        screen.until("HEALTHY", "★", limit_s=30)
        screen.keys("C-r")
        screen.until("◉ recording")
        os.kill(int(world.unit("nova-master-2")[2]), signal.SIGKILL)
        screen.until("DEGRADED", limit_s=30)
        screen.until("HEALTHY", limit_s=40)
        screen.keys("C-r")
        screen.until("recorded: ", lambda shown: "◉" not in shown)
        screen.keys("q")
        until(lambda: screen.ended() is not None, "its end", 60)
    cluster.close()
    [file] = (paths.state_dir() / "recordings").glob("*.nvr")
    assert Recording.open(file).ended

    with Terminal([NOVATUI, "--replay", str(file)], (80, 24)) as screen:
        screen.until("RECORDING", "at its end", "HEALTHY", limit_s=90)
        screen.keys(",")
        screen.until("‖ paused", limit_s=30)
        shown = pressed(screen, ",", "DEGRADED", "RECORDING", "nova-master-2")
        assert max(map(len, shown.splitlines())) <= 80
        screen.keys("w")
        screen.until("no master is behind it")
        pressed(screen, ".", "HEALTHY")
        screen.keys("0")
        screen.until("0:00 / ")
        screen.keys("+", "+", "Space")
        screen.until("at its end", "HEALTHY", limit_s=60)
        screen.keys("q")
        assert until(lambda: (screen.ended(),) if screen.ended() is not None else None, "the end", 60) == (0,)
