"""The collector against the embedded cluster: real etcd, real SSH, and every way in which they fail."""

from __future__ import annotations

import asyncio
import base64
import re
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from novatui import config
from novatui.demo.client import Demo
from novatui.model.cluster import ClusterSnapshot, Link, NodeSnapshot
from novatui.model.entries import Entry, Level
from novatui.probes.collector import Collector
from novatui.remote.ssh import SshTransport

pytestmark = pytest.mark.etcd


class Eyes:
    """A running collector and what it told, with waiting that is bounded."""

    def __init__(self, demo: Demo) -> None:
        self.cluster = config.load(demo.config_path).pick(None)
        self.transport = SshTransport(self.cluster)
        self.collector = Collector(self.cluster, self.transport)
        self.snapshots: list[ClusterSnapshot] = []
        self.entries: dict[str, list[Entry]] = {node.name: [] for node in self.cluster.nodes}
        self._task = asyncio.create_task(self.collector.run(self.snapshots.append, self._heard))

    def _heard(self, node: str, entries: Sequence[Entry]) -> None:
        assert entries
        self.entries[node].extend(entries)

    def node(self, name: str) -> NodeSnapshot:
        return self.collector.snapshot().node(name)

    def texts(self, name: str) -> list[str]:
        return [entry.text for entry in self.entries[name]]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(60):
            while not condition():
                assert not self._task.done(), self._task
                await asyncio.sleep(0.02)

    def healthy(self, *names: str) -> bool:
        nodes = [self.node(name) for name in names or self.entries]
        return all(
            node.link is Link.LIVE and node.endpoint.has_quorum and node.unit.sub == "running"
            for node in nodes
        )

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.wait({self._task}, timeout=25)
        await self.transport.close()


# What etcd says of a busy machine, whether it is asked or not.
SLOW = re.compile("took too long|slow fdatasync|overloaded|overdue|failed to send out heartbeat|prober")


@pytest.fixture(scope="module")
def cluster(demo: Callable[..., Demo]) -> Demo:
    return demo()


@pytest.fixture
async def eyes(cluster: Demo) -> AsyncIterator[Eyes]:
    found = Eyes(cluster)
    await found.until(found.healthy)
    yield found
    await found.close()


async def test_all_is_known_of_a_healthy_cluster(eyes: Eyes) -> None:
    await eyes.until(lambda: all(eyes.entries.values()))
    nodes = eyes.collector.snapshot().nodes
    assert [node.name for node in nodes] == list(eyes.entries)
    assert sum(node.endpoint.is_leader is True for node in nodes) == 1
    assert len({node.endpoint.cluster_id for node in nodes}) == 1
    for node in nodes:
        assert node.error is None and node.boot_id and node.disk is not None and node.env.problems == ()
        assert node.unit.load == "loaded" and node.unit.main_pid and node.unit.since_ms
        assert abs(node.unit.since_ms - time.time() * 1000) < 3_600_000
        assert [member.name for member in node.members] == ["etcd1", "etcd2", "etcd3"]
    await eyes.until(lambda: all(eyes.node(name).clock_skew_ms == 0 for name in eyes.entries))


async def test_looking_leaves_no_line_in_etcds_journal(eyes: Eyes) -> None:
    """A warning a second from asking would push out of sight what matters."""
    name = next(iter(eyes.entries))
    await eyes.until(lambda: eyes.entries[name])
    await asyncio.sleep(2.5)  # the first ask after a start is by key, and may say one
    before = len(eyes.entries[name])
    await asyncio.sleep(5)
    assert [text for text in eyes.texts(name)[before:] if not SLOW.search(text)] == []


async def test_snapshots_come_at_most_twenty_a_second(eyes: Eyes) -> None:
    before, began = len(eyes.snapshots), time.monotonic()
    for _ in range(20):
        eyes.collector.refresh()
        await asyncio.sleep(0.1)
    assert 2 <= len(eyes.snapshots) - before <= 20 * (time.monotonic() - began) + 3


async def test_a_killed_etcd_is_seen_and_comes_back(cluster: Demo, eyes: Eyes) -> None:
    name = list(eyes.entries)[1]
    others = [other for other in eyes.entries if other != name]
    await cluster.control("kill-etcd", name)
    await eyes.until(
        lambda: eyes.node(name).unit.active != "active" and eyes.node(name).endpoint.answers is False
    )
    seen = eyes.node(name)
    assert (seen.unit.exit_status, seen.unit.exit_signal) == (9, True)
    assert seen.endpoint.error and seen.endpoint.answered_ms and seen.endpoint.index
    await eyes.until(lambda: eyes.healthy(*others))
    await eyes.until(eyes.healthy)
    assert eyes.node(name).unit.restarts


async def test_a_hung_etcd_does_not_hide_its_unit(cluster: Demo, eyes: Eyes) -> None:
    name = list(eyes.entries)[2]
    await cluster.control("stop-signal", name)
    try:
        await eyes.until(lambda: eyes.node(name).endpoint.answers is False)
        assert eyes.node(name).unit.active == "active"
        await asyncio.sleep(3)
        assert eyes.node(name).link is Link.LIVE
    finally:
        await cluster.control("cont-signal", name)
    await eyes.until(eyes.healthy)


@pytest.mark.invariant("INV-9")
@pytest.mark.slow
async def test_a_cut_master_grows_stale_alone_and_its_journal_goes_on_whole(
    cluster: Demo, eyes: Eyes
) -> None:
    name, other, _ = eyes.entries
    await eyes.until(lambda: eyes.entries[name])
    await cluster.control("cut", name)
    await eyes.until(lambda: eyes.node(name).link is Link.STALE)
    last = eyes.node(name).at_ms
    ages: list[float] = []

    def lost() -> bool:
        ages.append(time.time() * 1000 - (eyes.node(other).at_ms or 0))
        return eyes.node(name).link is Link.LOST

    await eyes.until(lost)
    assert eyes.node(name).at_ms == last
    assert statistics.median(ages) < 5_000, "another master was slowed"
    assert eyes.node(name).endpoint.answers is True  # the last known values, with their age
    for at in range(3):
        await cluster.control("log", name, text=f"while away {at}")
    await cluster.control("uncut", name)
    await eyes.until(lambda: eyes.healthy(name))
    await eyes.until(lambda: "while away 2" in eyes.texts(name))
    cursors = [entry.cursor for entry in eyes.entries[name]]
    assert len(set(cursors)) == len(cursors)
    assert [text for text in eyes.texts(name) if text.startswith("while away")] == [
        f"while away {at}" for at in range(3)
    ]
    assert not any(entry.level is Level.GAP for entry in eyes.entries[name])


async def test_resets_neither_lose_nor_double_a_line(cluster: Demo, eyes: Eyes) -> None:
    name = next(iter(eyes.entries))
    await eyes.until(lambda: eyes.entries[name])
    for at in range(30):
        await cluster.control("log", name, text=f"line {at}")
        if at % 10 == 4:
            await cluster.control("reset", name)
    await eyes.until(lambda: "line 29" in eyes.texts(name))
    assert [text for text in eyes.texts(name) if text.startswith("line ")] == [
        f"line {at}" for at in range(30)
    ]
    await eyes.until(eyes.healthy)


@pytest.mark.slow
async def test_lines_that_were_vacuumed_away_leave_a_gap(cluster: Demo, eyes: Eyes) -> None:
    name = next(iter(eyes.entries))
    await eyes.until(lambda: eyes.entries[name])
    await cluster.control("cut", name)
    await eyes.until(lambda: eyes.node(name).link is Link.LOST)
    for at in range(20):
        await cluster.control("log", name, text=f"old {at}")
    await cluster.control("vacuum", name, keep=5)
    await cluster.control("uncut", name)
    await eyes.until(lambda: "old 19" in eyes.texts(name))
    levels = [entry.level for entry in eyes.entries[name]]
    at = levels.index(Level.GAP)
    after = eyes.texts(name)[at + 1 :]
    # Five are left; etcd may have said something of its own among them.
    assert not {f"old {number}" for number in range(15)} & set(after) and levels.count(Level.GAP) == 1
    await eyes.until(eyes.healthy)


@pytest.mark.invariant("INV-7")
async def test_hostile_lines_come_escaped_and_the_stream_lives(cluster: Demo, eyes: Eyes) -> None:
    name = list(eyes.entries)[1]
    hostile = b"[/x] \x1b]52;c;aGVsbG8=\x07 \xff\x9b31m " + b"z" * 60_000
    await cluster.control("log", name, raw=base64.b64encode(hostile).decode())
    await cluster.control("log", name, text="after")
    await eyes.until(lambda: "after" in eyes.texts(name))
    found = next(text for text in eyes.texts(name) if text.startswith("[/x]"))
    assert found.isprintable() and len(found) <= 4096
    assert "\\x1b]52;c;aGVsbG8=\\x07" in found and "\\xff" in found
    assert eyes.node(name).link is Link.LIVE


@pytest.mark.slow
async def test_a_power_cycle_shows_as_lost_then_as_another_boot(cluster: Demo, eyes: Eyes) -> None:
    name = list(eyes.entries)[2]
    boot = eyes.node(name).boot_id
    await eyes.until(lambda: eyes.entries[name])
    await cluster.control("log", name, text="last words")
    await eyes.until(lambda: "last words" in eyes.texts(name))
    await cluster.control("power-off", name)
    await eyes.until(lambda: eyes.node(name).link is Link.LOST)
    error = eyes.node(name).error
    assert error is not None and error.code == "unreachable" and error.hint
    await cluster.control("power-on", name)
    await eyes.until(lambda: eyes.healthy(name) and eyes.node(name).boot_id != boot)
    assert len({entry.cursor for entry in eyes.entries[name]}) == len(eyes.entries[name])
    await eyes.until(eyes.healthy)


async def test_a_changed_env_file_is_read_again(cluster: Demo, eyes: Eyes) -> None:
    node = eyes.cluster.nodes[0]
    path = cluster.root(node.name) / "etc" / "etcd.env"
    before = path.read_text()
    assert eyes.node(node.name).env.initial_state == "new"
    try:
        path.write_text(
            before.replace("ETCD_INITIAL_CLUSTER_STATE=new", 'ETCD_INITIAL_CLUSTER_STATE="existing"\r')
        )
        await eyes.until(lambda: eyes.node(node.name).env.initial_state == "existing")
    finally:
        path.write_text(before)
    await eyes.until(lambda: eyes.node(node.name).env.initial_state == "new")


async def test_once_looks_at_all_and_returns(cluster: Demo) -> None:
    found = config.load(cluster.config_path).pick(None)
    transport = SshTransport(found)
    try:
        snapshot = await asyncio.wait_for(Collector(found, transport).once(600), 60)
        assert all(node.endpoint.has_quorum and node.unit.active == "active" for node in snapshot.nodes)
    finally:
        await transport.close()


async def test_once_does_not_wait_for_who_is_not_there(cluster: Demo) -> None:
    found = config.load(cluster.config_path).pick(None)
    await cluster.control("cut", found.nodes[0].name)
    transport = SshTransport(found)
    try:
        snapshot = await asyncio.wait_for(Collector(found, transport).once(25), 60)
        gone, *rest = snapshot.nodes
        assert gone.link in (Link.CONNECTING, Link.LOST) and gone.endpoint.answers is None
        assert all(node.endpoint.has_quorum for node in rest)
    finally:
        await transport.close()
        await cluster.control("uncut", found.nodes[0].name)
