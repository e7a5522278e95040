"""Each fault is really there: seen on the masters, not asked of the demo."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.cli import demo as command
from novatui.demo.client import Demo
from novatui.demo.faults import FAULTS
from novatui.errors import NovatuiError
from tests.demo import ssh

pytestmark = pytest.mark.etcd


async def shown(demo: Demo, node: str, *names: str) -> dict[str, str]:
    result = await ssh.once(demo, node, f"systemctl show etcd -p {','.join(names)}")
    return dict(line.split("=", 1) for line in result.text.splitlines())


async def etcdctl(demo: Demo, node: str, words: str, limit: str = "1500ms") -> int | None:
    root = demo.root(node)
    line = (
        f"env $(grep ^ETCDCTL_ {root}/etc/etcd.env) {root}/opt/etcd/etcdctl --command-timeout={limit} {words}"
    )
    return (await ssh.once(demo, node, line)).exit


async def healthy(demo: Demo, node: str) -> None:
    """Once an election is over: who was broken may have led."""
    async with asyncio.timeout(60):
        while await etcdctl(demo, node, "endpoint health", "5s") != 0:  # noqa: ASYNC110
            await asyncio.sleep(0.3)


async def until_shown(demo: Demo, node: str, **wanted: str) -> dict[str, str]:
    """One that is started over and over shows another state meanwhile."""
    async with asyncio.timeout(60):
        while wanted.items() - (found := await shown(demo, node, "NRestarts", *wanted)).items():  # noqa: ASYNC110
            await asyncio.sleep(0.2)
    return found


def test_the_command_line_knows_the_same_faults() -> None:
    assert list(command.FAULTS) == list(FAULTS)


def test_an_unknown_fault_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    base = tmp_path / "b"
    with pytest.raises(NovatuiError, match="there is no fault"):
        Demo.launch("meteor", base=base)
    assert not base.exists()


async def test_member_down(demo: Callable[..., Demo]) -> None:
    async with await asyncio.to_thread(demo, "member-down") as cluster:
        one, two, _ = cluster.nodes
        found = await shown(cluster, two, "ActiveState", "SubState", "Result", "MainPID")
        assert found == {"ActiveState": "inactive", "SubState": "dead", "Result": "success", "MainPID": "0"}
        assert await etcdctl(cluster, two, "endpoint status") != 0
        await healthy(cluster, one)


async def test_hung_member(demo: Callable[..., Demo]) -> None:
    async with await asyncio.to_thread(demo, "hung-member") as cluster:
        one, two, _ = cluster.nodes
        found = await shown(cluster, two, "ActiveState", "SubState", "MainPID")
        assert (found["ActiveState"], found["SubState"]) == ("active", "running")
        stat = Path(f"/proc/{found['MainPID']}/stat").read_text()
        assert stat.rpartition(")")[2].split()[0] == "T"
        assert await etcdctl(cluster, two, "endpoint status") != 0
        await healthy(cluster, one)


async def test_corrupt_member(demo: Callable[..., Demo]) -> None:
    async with await asyncio.to_thread(demo, "corrupt-member") as cluster:
        one, two, _ = cluster.nodes
        found = await until_shown(cluster, two, Result="exit-code", ExecMainStatus="2")
        assert int(found["NRestarts"]) >= 1
        journal = (await ssh.once(cluster, two, "journalctl -u etcd -o json --all --no-pager")).text
        said = [json.loads(line)["MESSAGE"] for line in journal.splitlines()]
        assert any("failed to open database" in line and "invalid database" in line for line in said)
        assert "etcd.service: Main process exited, code=exited, status=2/INVALIDARGUMENT" in said
        assert any("Scheduled restart job" in line for line in said)
        await healthy(cluster, one)


async def test_power_cut(demo: Callable[..., Demo]) -> None:
    async with await asyncio.to_thread(demo, "power-cut") as cluster:
        for node in cluster.nodes:
            found = await shown(cluster, node, "ActiveState", "SubState", "NRestarts", "UnitFileState")
            assert found == {
                "ActiveState": "inactive",
                "SubState": "dead",
                "NRestarts": "0",
                "UnitFileState": "disabled",
            }
            assert list((cluster.root(node) / "var/lib/etcd/member/wal").glob("*.wal"))
        boots = [
            await ssh.once(cluster, cluster.nodes[0], f"journalctl -u etcd -o json {b}") for b in ("", "-b")
        ]
        assert boots[0].out, "the journal of the boot before is there"
        assert not boots[1].out
        starts = [ssh.once(cluster, node, "systemctl start --no-block etcd") for node in cluster.nodes]
        await asyncio.gather(*starts)
        await healthy(cluster, cluster.nodes[0])  # the data is intact: starting all is enough
        canary = cluster.info["canary"]
        root = cluster.root(cluster.nodes[0])
        line = f"env $(grep ^ETCDCTL_ {root}/etc/etcd.env) {root}/opt/etcd/etcdctl get --print-value-only {canary['key']}"
        assert (await ssh.once(cluster, cluster.nodes[0], line)).text.strip() == canary["live"]


async def test_quorum_lost(demo: Callable[..., Demo]) -> None:
    async with await asyncio.to_thread(demo, "quorum-lost") as cluster:
        one, two, three = cluster.nodes
        for node in (two, three):
            await until_shown(cluster, node, Result="exit-code", ExecMainStatus="2")
        found = await shown(cluster, one, "ActiveState", "SubState")
        assert found == {"ActiveState": "active", "SubState": "running"}
        assert await etcdctl(cluster, one, "endpoint status", "20s") == 0, "the survivor answers"
        assert await etcdctl(cluster, one, "endpoint health") != 0, "and has no quorum"
        saved = await etcdctl(cluster, one, f"snapshot save {cluster.root(one)}/home/survivor.db", "20s")
        assert saved == 0, "its data can be read"


async def members(demo: Demo, node: str) -> set[str]:
    root = demo.root(node)
    line = f"env $(grep ^ETCDCTL_ {root}/etc/etcd.env) {root}/opt/etcd/etcdctl member list"
    return {row.split(", ")[2] for row in (await ssh.once(demo, node, line)).text.splitlines()}


async def journal_of(demo: Demo, node: str) -> str:
    return (await ssh.once(demo, node, "journalctl -u etcd -o cat --all --no-pager")).text


async def test_removed_member(demo: Callable[..., Demo]) -> None:
    async with await asyncio.to_thread(demo, "removed-member") as cluster:
        one, two, _ = cluster.nodes
        assert await members(cluster, one) == {"etcd1", "etcd3"}
        async with asyncio.timeout(60):  # systemd starts it again, and it ends again, successfully
            while "the member has been permanently removed" not in await journal_of(cluster, two):  # noqa: ASYNC110
                await asyncio.sleep(0.3)
        await until_shown(cluster, two, Result="success", ExecMainStatus="0")
        await healthy(cluster, one)


async def test_half_recovered(demo: Callable[..., Demo]) -> None:
    async with await asyncio.to_thread(demo, "half-recovered") as cluster:
        one, two, _ = cluster.nodes
        assert await members(cluster, one) == {"etcd1", "etcd3"}
        assert await shown(cluster, two, "ActiveState", "SubState") == {
            "ActiveState": "inactive",
            "SubState": "dead",
        }
        assert list((cluster.root(two) / "var/lib/etcd/member/wal").glob("*.wal")), "its data is in place"


async def test_wiped_member(demo: Callable[..., Demo]) -> None:
    async with await asyncio.to_thread(demo, "wiped-member") as cluster:
        one, two, _ = cluster.nodes
        assert "has already been bootstrapped" in await journal_of(cluster, two)
        await until_shown(cluster, two, ExecMainStatus="1")
        assert await members(cluster, one) == {"etcd1", "etcd2", "etcd3"}


async def test_nospace(demo: Callable[..., Demo]) -> None:
    async with await asyncio.to_thread(demo, "nospace") as cluster:
        one, _, three = cluster.nodes
        root = cluster.root(three)
        line = f"env $(grep ^ETCDCTL_ {root}/etc/etcd.env) {root}/opt/etcd/etcdctl alarm list"
        assert "NOSPACE" in (await ssh.once(cluster, three, line)).text
        assert await etcdctl(cluster, one, f"get {cluster.info['canary']['key']}", "20s") == 0, (
            "reads with quorum"
        )
        assert await etcdctl(cluster, one, "put refused now", "20s") != 0
