"""How long ``status`` looks: until every master has spoken, and no longer than it was told."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from novatui.cli import status
from novatui.cli.status import gather
from novatui.config import ClusterConfig, NodeConfig
from novatui.diagnosis import silence
from novatui.model.cluster import ClusterSnapshot, Endpoint, Link
from novatui.model.entries import Entry
from tests.diagnosis.build import damage, down, healthy, node, put, unseen

CLUSTER = ClusterConfig(
    name="prod", nodes=tuple(NodeConfig(name=f"m{i}", host=f"10.0.0.{i}") for i in (1, 2, 3))
)


class Played:
    """A collector that delivers what it is given: (seconds to wait, snapshot or entries of a node)."""

    def __init__(self, *scenes: tuple[float, ClusterSnapshot | Entry]) -> None:
        self.scenes = scenes
        self.ended = False

    async def run(
        self,
        on_snapshot: Callable[[ClusterSnapshot], None],
        on_entries: Callable[[str, Sequence[Entry]], None],
    ) -> None:
        try:
            for wait, what in self.scenes:
                await asyncio.sleep(wait)
                if isinstance(what, Entry):
                    on_entries(what.node, [what])
                else:
                    on_snapshot(what)
            await asyncio.Event().wait()
        finally:
            self.ended = True


async def test_it_ends_as_soon_as_all_have_spoken() -> None:
    connecting = put(healthy(), replace(node(3), link=Link.CONNECTING, at_ms=None))
    played = Played((0, connecting), (0.2, healthy()))
    began = time.monotonic()
    snapshot, lines = await gather(played, CLUSTER, 30)
    assert snapshot == healthy()
    assert set(lines) == {"m1", "m2", "m3"}
    assert time.monotonic() - began < 5
    assert played.ended


async def test_a_master_that_cannot_be_asked_has_spoken() -> None:
    snapshot = put(healthy(), unseen(node(1)), unseen(node(2), Link.REFUSED))
    assert (await gather(Played((0, snapshot)), CLUSTER, 30))[0] == snapshot


@pytest.mark.parametrize(
    "change",
    [
        {"endpoint": Endpoint(error="no etcdctl", unasked="etcdctl")},
        {"endpoint": Endpoint(), "listening": ()},
    ],
)
async def test_a_master_whose_etcd_cannot_be_asked_has_spoken(change: dict[str, Any]) -> None:
    snapshot = put(healthy(), replace(node(1), **change))
    began = time.monotonic()
    assert (await gather(Played((0, snapshot)), CLUSTER, 60))[0] == snapshot
    assert time.monotonic() - began < 30


async def test_time_is_up_with_what_there_is() -> None:
    connecting = put(healthy(), replace(node(3), link=Link.CONNECTING, at_ms=None))
    began = time.monotonic()
    snapshot, _lines = await gather(Played((0, connecting)), CLUSTER, 0.5)
    assert snapshot == connecting
    assert 0.4 < time.monotonic() - began < 5


async def test_nothing_at_all_is_a_snapshot_too() -> None:
    snapshot, _lines = await gather(Played(), CLUSTER, 0.3)
    assert [(one.name, one.link, one.at_ms) for one in snapshot.nodes] == [
        (f"m{i}", Link.CONNECTING, None) for i in (1, 2, 3)
    ]


async def test_the_journal_of_a_member_that_does_not_serve_is_waited_for() -> None:
    broken = put(healthy(), down(node(2)))
    _snapshot, lines = await gather(Played((0, broken), (0.4, damage("m2"))), CLUSTER, 30)
    assert [entry.text for entry in lines["m2"]] == ["failed to open database"]


async def test_a_bug_of_the_collector_is_not_hidden() -> None:
    class Broken(Played):
        async def run(
            self,
            on_snapshot: Callable[[ClusterSnapshot], None],
            on_entries: Callable[[str, Sequence[Entry]], None],
        ) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await gather(Broken(), CLUSTER, 30)


@pytest.mark.parametrize(("hung_ms", "told"), [(2_000, True), (600_000, False)])
async def test_a_silent_member_is_looked_at_until_it_is_hung_where_there_is_time(
    hung_ms: int, told: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is none nobody waits in vain."""
    monkeypatch.setattr(silence, "HUNG_MS", hung_ms)
    monkeypatch.setattr(status, "JOURNAL_WAIT_S", 0.1)
    endpoint = Endpoint(answers=False, silent_since_ms=int(time.time() * 1000))
    slow = put(healthy(), replace(node(2), endpoint=endpoint))
    began = time.monotonic()
    snapshot, _lines = await gather(Played((0, slow)), CLUSTER, 60)
    assert silence.hung(snapshot.nodes[1], int(time.time() * 1000)) is told
    assert time.monotonic() - began < 40
