"""How a connection is tried for: slower and slower, no two masters in step, at once when a person says so."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from novatui.config import ClusterConfig, NodeConfig
from novatui.errors import Unreachable
from novatui.model.cluster import Link
from novatui.remote import link
from novatui.remote.command import Command, Status
from novatui.remote.fleet import Fleet
from novatui.remote.link import Connection, MasterLink

FIRST_S, MAX_S = 0.04, 0.3


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "BACKOFF_FIRST_S", FIRST_S)
    monkeypatch.setattr(link, "BACKOFF_MAX_S", MAX_S)
    monkeypatch.setattr(link, "HURRY_S", 0.0)


class Dead:
    """Refuses, and keeps when it was asked."""

    def __init__(self) -> None:
        self.at: list[float] = []

    async def connect(self, node: NodeConfig, say: Callable[[str], None]) -> Connection:
        self.at.append(asyncio.get_running_loop().time())
        raise Unreachable("nobody listens", "here")

    @property
    def gaps(self) -> list[float]:
        return [after - before for before, after in zip(self.at, self.at[1:], strict=False)]


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def test_it_backs_off_to_a_limit_and_no_two_do_it_in_step() -> None:
    many = [Dead() for _ in range(4)]
    links = [MasterLink(NodeConfig(name="m", host="h"), dead.connect, lambda _: None) for dead in many]
    for one in links:
        one.start()
    try:
        await until(lambda: all(len(dead.at) > 6 for dead in many))
    finally:
        for one in links:
            await one.close()
    wanted = [min(FIRST_S * 2**at, MAX_S) for at in range(6)]
    for dead in many:
        # Between half of it and all of it; a busy machine adds to it, nothing takes away.
        assert all(gap >= want / 2 - 0.005 for gap, want in zip(dead.gaps, wanted, strict=False)), dead.gaps
    assert len({round(dead.gaps[4], 3) for dead in many}) > 1, "jitter"


async def test_a_person_does_not_wait_for_the_back_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link, "BACKOFF_FIRST_S", 60.0)
    monkeypatch.setattr(link, "BACKOFF_MAX_S", 60.0)
    dead = Dead()
    one = MasterLink(NodeConfig(name="m", host="h"), dead.connect, lambda _: None)
    one.start()
    try:
        await until(lambda: one.state is Link.LOST)
        one.retry()
        await until(lambda: len(dead.at) == 2)
        with pytest.raises(Unreachable):
            await one.connection(hurry=True)
        assert len(dead.at) == 3
    finally:
        await one.close()


async def test_a_fleet_that_is_closed_answers_those_who_wait() -> None:
    """A cancellation that nobody asked of them would end their tasks without a word."""
    asked = asyncio.Event()

    async def never(node: NodeConfig, say: Callable[[str], None]) -> Connection:
        asked.set()
        await asyncio.Event().wait()
        raise AssertionError

    fleet = Fleet(ClusterConfig(name="c", nodes=(NodeConfig(name="m", host="h"),)), never)
    waiting = asyncio.ensure_future(fleet.run("m", Command(argv=("true",), timeout_s=60)))
    await asyncio.wait_for(asked.wait(), 60)
    await fleet.close()
    outcome = await asyncio.wait_for(waiting, 60)
    assert (outcome.status, outcome.error) == (Status.UNKNOWN, "the connection was given up")
