"""The screen dies in the middle of a run whose masters say hostile things: the run ends by itself, ``attach`` shows it whole."""

from __future__ import annotations

import os
import signal

import pytest

from novatui.demo.client import Demo
from novatui.runner import client
from tests.e2e.keys import choose_the_archive, type_words
from tests.e2e.terminal import Terminal, needs_tmux
from tests.e2e.world import FIRST_RENAME, Stopping, World, lines_of, only_run, until

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(300), needs_tmux]

# printf(1)'s words: markup, clear screen, clipboard, C1, a byte that is not UTF-8; then 60 KB in one line.
HOSTILE = r"[/x] [@click=app.quit]here \033[2J\033]52;c;aGFja2Vk\007 \233 31m \377 "


def hostile_etcdutl(world: World, node: str, exit_code: int | None = None) -> None:
    """The restoring tool of one master, with hostile words on both streams; it fails when told to."""
    tool = world.files[node].etcd_home / "etcdutl"
    real = tool.with_name("etcdutl.real")
    if not real.exists():
        tool.rename(real)
    ends = f"exit {exit_code}" if exit_code is not None else ""
    tool.with_name("part").write_text(
        f"""#!/bin/sh
case "$*" in *restore*)
    for stream in 1 2; do
        {{ printf '{HOSTILE}'; head -c 60000 /dev/zero | tr '\\0' A; echo; }} >&$stream
    done
    {ends} ;;
esac
exec {real} "$@"
"""
    )
    tool.with_name("part").chmod(0o755)
    tool.with_name("part").rename(tool)


def clean(text: str) -> None:
    bad = {char for char in text if (ord(char) < 32 and char not in "\n\t") or 0x7F <= ord(char) < 0xA0}
    assert not bad, f"raw control characters: {bad!r}"
    assert max(map(len, text.splitlines())) < 20_000, "60 KB in one line"


@pytest.mark.invariant("INV-7", "INV-4")
def test_a_tool_that_fails_with_hostile_words_is_told_in_plain_lines(lost: Demo) -> None:
    world = World(lost.dir)
    before = world.inodes()
    hostile_etcdutl(world, world.nodes[2], exit_code=3)
    failed = world.novatui(*world.restore()[3:])
    assert failed.returncode in (1, 2), failed.stdout + failed.stderr
    told = failed.stdout + failed.stderr
    clean(told)
    assert "[/x] [@click=app.quit]here" in told
    world.assert_as_before(before)


@pytest.mark.invariant("INV-1", "INV-5", "INV-7")
def test_the_screen_is_killed_and_the_run_goes_on(lost: Demo) -> None:
    world = World(lost.dir)
    before = world.inodes()
    hostile_etcdutl(world, world.nodes[2])
    with Terminal(world.argv()) as screen:
        screen.until("NO QUORUM", "restore-cluster", limit_s=30)
        screen.keys("w")
        choose_the_archive(screen, world)
        screen.keys("n")
        screen.until("n plan", limit_s=60)
        screen.keys("n")
        screen.until("p prepare")
        screen.keys("p")
        screen.until("type  OLDER", "type  demo", limit_s=60)
        place = only_run()

        second = world.novatui(*world.restore()[3:])
        said = second.stdout + second.stderr
        assert second.returncode == 4 and place.run in said, said
        print(said)

        _look_at_the_output(screen)
        stop = Stopping(world, world.nodes[1], FIRST_RENAME)
        screen.keys("o")
        type_words(screen, "OLDER", "demo")
        until(stop.reached, "the middle of the swap", 60)
        os.kill(screen.pid, signal.SIGKILL)
        assert until(screen.ended, "the screen's death", 60) == 128 + signal.SIGKILL
        assert place.alive(), "the run is not the screen's"
        stop.remove()
    until(lambda: not place.alive(), "the run to end by itself", 90)
    attached = world.novatui("attach")
    assert attached.returncode == 0, attached.stdout + attached.stderr
    world.assert_restored(place.run, before)

    clean(attached.stdout)
    steps = [step.title for step in client.load(place.run)[0].steps]
    missing = [title for title in steps if title not in attached.stdout]
    assert len(missing) <= 1, missing  # the gate is told in words of its own
    assert attached.stdout.rstrip().endswith("verified")
    journal = place.journal.read_bytes()
    assert not any(byte < 32 and byte != 10 for byte in journal) and b"\x9b" not in journal
    outcomes = [line for line in lines_of(place.journal) if line["kind"] == "outcome"]
    assert any("app.quit" in str(line["stdout"]) for line in outcomes)
    assert len(journal) < 1_000_000
    report = world.novatui("report", place.run)
    clean(report.stdout)


def _look_at_the_output(screen: Terminal) -> None:
    """Away from the gate to the columns of output."""
    screen.keys("Escape")
    screen.until("The gate stays open", "Look")
    for attempt in range(5):  # a choice is deaf for its first 300 ms
        screen.keys("l")
        try:
            screen.until(lambda shown: "The gate stays open" not in shown, limit_s=20)
            break
        except AssertionError:
            assert attempt < 4
    screen.until("[/x] [@click=app.quit]", r"\x1b[2J\x1b]52;c", limit_s=60)
    assert screen.clipboards() == "", "OSC 52 of a step's output must not reach the clipboard"
