"""What novatui shows of etcd's journal against what the hosts' journals hold: nothing lost, nothing twice, or a row says so."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

import pytest

from novatui.config import load
from novatui.model.entries import Entry, Level
from novatui.probes.collector import Collector
from novatui.remote.ssh import SshTransport
from tests.lab.lab import NAME, Lab

# Longer than it takes to give a dead connection up and to connect again, on a machine that does other things too.
LIMIT_S = 90.0
# Leaves nothing of what was written before.
VACUUM = "journalctl -q --rotate; journalctl -q --vacuum-files=1"


class Hearing:
    """What a screen on the lab would have been given, by node."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.heard: dict[str, list[Entry]] = defaultdict(list)

    def take(self, node: str, entries: Sequence[Entry]) -> None:
        self.heard[node] += entries

    def cursors(self, node: str) -> list[str]:
        return [entry.cursor for entry in self.heard[node] if entry.level is not Level.GAP]

    def gaps(self, node: str) -> int:
        return sum(entry.level is Level.GAP for entry in self.heard[node])

    async def kept(self, node: str) -> list[str]:
        """The cursors of the host's own journal of etcd, oldest first."""
        said = await asyncio.to_thread(self.lab.run, node, "journalctl -u etcd -o json --all --no-pager")
        return [json.loads(line)["__CURSOR"] for line in said.splitlines()]

    async def until(self, holds: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(LIMIT_S):
                while not holds():  # noqa: ASYNC110 - what was heard, which has no event
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"waited {LIMIT_S:g} s for {what}") from None

    async def caught_up(self, node: str) -> list[str]:
        """Wait until the host's last record was heard; returns the host's records."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                kept = await self.kept(node)
                if kept and kept[-1] in self.cursors(node):
                    return kept
                await asyncio.sleep(0.5)


@asynccontextmanager
async def hearing(lab: Lab) -> AsyncIterator[Hearing]:
    cluster = load(lab.config_path).pick(NAME)
    transport = SshTransport(cluster)
    ears = Hearing(lab)
    with lab.inside():
        task = asyncio.create_task(Collector(cluster, transport).run(lambda _snapshot: None, ears.take))
        try:
            for node in lab.nodes:
                await ears.until(lambda node=node: bool(ears.heard[node]), f"the journal of {node}")  # type: ignore[misc]
                await ears.caught_up(node)
            yield ears
        finally:
            task.cancel()
            await asyncio.wait([task])
            await transport.close()


async def test_rotated_and_vacuumed_under_us(lab: Lab) -> None:
    """The stream goes on: what the host has forgotten since was heard before, and nothing comes twice."""
    node = lab.nodes[1]
    async with hearing(lab) as ears:
        before = await ears.kept(node)
        for _ in range(3):
            await asyncio.to_thread(lab.run, node, ["systemctl", "restart", "etcd"], b"", 90)
            await ears.caught_up(node)
            await asyncio.to_thread(lab.run, node, VACUUM)
        await asyncio.to_thread(lab.run, node, ["systemctl", "restart", "etcd"], b"", 90)
        kept = await ears.caught_up(node)
        heard = ears.cursors(node)
    assert before[0] not in kept, "it has forgotten"
    assert len(heard) == len(set(heard)), "nothing twice"
    assert heard[: len(before)] == before and heard[-len(kept) :] == kept
    assert ears.gaps(node) == 0


@pytest.mark.invariant("INV-9")
async def test_forgotten_while_the_cable_was_out(lab: Lab) -> None:
    """The place where we were is gone: a row says that lines are missing, then it goes on, once each."""
    node = lab.nodes[2]
    async with hearing(lab) as ears:
        await asyncio.to_thread(lab.cut, node)
        await asyncio.sleep(12)  # past the 10 s after which a connection is given up
        # It cannot get ready without the others: what it says while it tries is enough.
        again = "systemctl restart --no-block etcd; sleep 2"
        await asyncio.to_thread(lab.run, node, f"{again}; {VACUUM}; {again}")
        await asyncio.to_thread(lab.uncut, node)
        await ears.until(lambda: ears.gaps(node) == 1, "the row")
        kept = await ears.caught_up(node)
        heard = ears.cursors(node)
        others = {other: ears.gaps(other) for other in lab.nodes[:2]}
    assert len(heard) == len(set(heard))
    assert heard[-len(kept) :] == kept
    assert ears.gaps(node) == 1 and others == dict.fromkeys(others, 0)


async def test_through_a_power_cut(lab: Lab) -> None:
    """The end of the boot before and the beginning of the new one, each line once."""
    node = lab.nodes[0]
    async with hearing(lab) as ears:
        await asyncio.to_thread(lab.run, node, ["systemctl", "restart", "--no-block", "etcd"])
        await asyncio.to_thread(lab.power_off, node)
        await asyncio.to_thread(lab.power_on, node)
        kept = await ears.caught_up(node)
        heard = ears.cursors(node)
    assert len(heard) == len(set(heard))
    assert ears.gaps(node) == 0
    first = kept.index(heard[0])
    assert heard == kept[first:]
