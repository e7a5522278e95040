"""A run that waits for credentials, followed from the command line: answered at a terminal, told in words without one."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from novatui.runner import client
from novatui.runner.client import Follower
from tests.cli.pty_child import OnTerminal
from tests.runner.stage import EVERYWHERE, Stage, ended, stage, until
from tests.runner.test_needs import SECRET, begun, lock, needed

__all__ = ["stage"]


async def test_attach_asks_at_the_terminal_and_the_run_goes_on(stage: Stage, tmp_path: Path) -> None:
    plan = await stage.plan()
    lock(stage)
    run = await begun(stage, plan)

    def attached() -> OnTerminal:
        child = OnTerminal([sys.executable, "-m", "novatui", "attach", run], tmp_path)
        child.expect("sudo password of ops on m1")
        child.type("wrong")
        child.expect("Try 2 of 3")
        child.type(SECRET)
        assert child.end() == 0, child.said()
        return child

    child = await asyncio.to_thread(attached)
    said = child.said()
    assert "waiting for credentials: sudo password of ops on m1" in said and "verified" in said
    assert SECRET not in said + child.shown
    assert (await ended(stage)).result == "verified"
    assert stage.ledgers() == EVERYWHERE


async def test_without_a_terminal_it_says_what_to_do_and_goes_on_waiting(stage: Stage) -> None:
    plan = await stage.plan()
    lock(stage)
    run = await begun(stage, plan)
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "novatui", "attach", run),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdin is not None and child.stdout is not None
    child.stdin.write(SECRET.encode() + b"\n")
    said = ""
    while f"novatui abort {run}" not in said:
        said += (await asyncio.wait_for(child.stdout.readline(), 30)).decode()
    assert "waiting for credentials: sudo password of ops on m1" in said
    assert f"novatui attach {run}" in said
    async with Follower.open(run) as one:
        assert (await needed(one)).attempt == 1, "nobody was taken by surprise: it waits"
        assert (await one.request("abort")).taken
    out, err = await asyncio.wait_for(child.communicate(), 60)
    assert child.returncode == 3, (out, err)
    assert b"there is no terminal" in err
    assert (await ended(stage)).result == "aborted"
    assert client.load(run)[1].asked[-1].what == "abort"


async def test_one_who_watches_hears_who_gave_them(stage: Stage, tmp_path: Path) -> None:
    plan = await stage.plan()
    lock(stage)
    run = await begun(stage, plan)
    child = await asyncio.to_thread(OnTerminal, [sys.executable, "-m", "novatui", "attach", run], tmp_path)
    await asyncio.to_thread(child.expect, "sudo password of ops on m1")
    async with Follower.open(run) as one:
        assert (await one.give(await needed(one), SECRET)).taken
    assert await asyncio.to_thread(child.end) == 0
    assert "credentials given by" in child.said()
    await until(lambda: not stage.state().open_gate, "its end")
