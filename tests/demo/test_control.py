"""The control verbs do what they say to a running demo."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pytest

from novatui.demo.client import Demo
from novatui.errors import NovatuiError
from tests.demo import ssh

pytestmark = pytest.mark.etcd


@pytest.fixture(scope="module")
def cluster(demo: Callable[..., Demo]) -> Demo:
    return demo()


async def until_state(cluster: Demo, node: str, wait_s: float = 20.0, **wanted: object) -> None:
    async with asyncio.timeout(wait_s):
        while True:
            state = (await cluster.control("state"))["nodes"][node]
            if all(state[name] == value for name, value in wanted.items()):
                return
            await asyncio.sleep(0.1)


async def until_stopped(pid: int, wanted: bool) -> None:
    """The kernel's word on a process; the last thread of a busy one stops a moment after the signal."""
    async with asyncio.timeout(60):
        while (Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T") is not wanted:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_a_killed_etcd_comes_back_by_itself(cluster: Demo) -> None:
    node = cluster.nodes[0]
    gone = (await cluster.control("kill-etcd", node))["pid"]
    await until_state(cluster, node, active="active", restarts=1)
    assert (await cluster.control("state"))["nodes"][node]["pid"] != gone


async def test_stopped_and_continued(cluster: Demo) -> None:
    node = cluster.nodes[1]
    pid = (await cluster.control("stop-signal", node))["pid"]
    await until_stopped(pid, True)
    await cluster.control("cont-signal", node)
    await until_stopped(pid, False)


async def test_power_off_ends_everything_of_that_master_alone(cluster: Demo) -> None:
    node, other = cluster.nodes[2], cluster.nodes[0]
    boot = (await ssh.once(cluster, node, "systemd-id128 boot-id")).text.strip()
    async with ssh.connected(cluster, node) as link:
        # one that its session keeps, one that left session, parent and environment behind, one of the unit daemon's
        sleeper = await link.create_process("sleep 1001", encoding=None)
        await ssh.execute(link, "env -i setsid sh -c 'sleep 1002 & sleep 1003 & exit' >/dev/null 2>&1")
        await ssh.execute(link, "systemd-run --unit=nvt-x sleep 1004")
        state = (await cluster.control("state"))["nodes"]
        before = state[node]["processes"]
        assert len(before) >= 5
        await cluster.control("power-off", node)
        await asyncio.wait_for(sleeper.wait_closed(), 25)
    after = (await cluster.control("state"))["nodes"]
    assert after[node]["on"] is False
    assert after[node]["processes"] == []
    assert not [pid for pid in before if alive(pid)]
    assert after[other]["pid"] == state[other]["pid"]
    with pytest.raises(OSError):
        await ssh.once(cluster, node, "true")
    await cluster.control("power-on", node)
    await until_state(cluster, node, active="active", on=True)
    again = (await ssh.once(cluster, node, "systemd-id128 boot-id")).text.strip()
    assert again != boot
    assert len(again) == 32
    journal = (
        await ssh.once(cluster, node, "journalctl -u etcd -o json --no-pager --output-fields=_BOOT_ID")
    ).text
    assert {json.loads(line)["_BOOT_ID"] for line in journal.splitlines()} == {boot, again}
    load = await ssh.once(cluster, node, "systemctl show nvt-x -p LoadState --value")
    assert load.text == "not-found\n", "transient units do not survive"


async def test_a_command_outlives_its_connection(cluster: Demo, tmp_path: Path) -> None:
    node = cluster.nodes[0]
    mark = cluster.root(node) / "home/mark"
    async with ssh.connected(cluster, node) as link:
        await link.create_process(f"sleep 1; touch {mark}", encoding=None)
        await asyncio.sleep(0.2)
        link.abort()
    async with asyncio.timeout(25):
        while not mark.exists():  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def test_a_cut_link_is_silent_and_comes_back_whole(cluster: Demo) -> None:
    node = cluster.nodes[0]
    async with ssh.connected(cluster, node) as link:
        link.set_keepalive(0)
        await cluster.control("cut", node)
        try:
            work = asyncio.ensure_future(ssh.execute(link, "echo through"))
            await asyncio.sleep(0.7)
            assert not work.done()
            with pytest.raises((OSError, asyncssh.Error, TimeoutError)):
                await asyncio.wait_for(ssh.once(cluster, node, "true"), 1.5)
            assert (await ssh.once(cluster, cluster.nodes[1], "echo other")).out == b"other\n"
        finally:
            await cluster.control("uncut", node)
        assert (await asyncio.wait_for(work, 25)).out == b"through\n"


async def test_a_reset_link_breaks_and_the_next_one_is_served(cluster: Demo) -> None:
    node = cluster.nodes[1]
    async with ssh.connected(cluster, node) as link:
        process = await link.create_process("sleep 100", encoding=None)
        await cluster.control("reset", node)
        await asyncio.wait_for(process.wait(), 25)
        assert process.exit_status is None, "neither exit nor signal: a lost link is not a result"
    assert (await ssh.once(cluster, node, "echo again")).out == b"again\n"


async def test_delay(cluster: Demo) -> None:
    node = cluster.nodes[1]
    loop = asyncio.get_running_loop()
    async with ssh.connected(cluster, node) as link:
        await cluster.control("delay", node, ms=150)
        try:
            began = loop.time()
            await ssh.execute(link, "true")
            assert loop.time() - began > 0.3
        finally:
            await cluster.control("delay", node, ms=0)


async def test_a_changed_host_key(demo: Callable[..., Demo]) -> None:
    async with await asyncio.to_thread(demo) as cluster:
        await cluster.control("change-host-key", cluster.nodes[0])
        with pytest.raises(asyncssh.HostKeyNotVerifiable):
            await ssh.once(cluster, cluster.nodes[0], "true")


async def test_a_hostile_line_in_the_journal(cluster: Demo) -> None:
    node = cluster.nodes[2]
    raw = b"\x1b]52;c;ZXZpbA==\x07 [/x] \xff end"
    await cluster.control("log", node, raw=raw)
    await cluster.control("log", node, text="x" * 60_000)
    line = "journalctl -u etcd -o json --all --no-pager"
    entries = [json.loads(text) for text in (await ssh.once(cluster, node, line)).text.splitlines()]
    messages = [entry["MESSAGE"] for entry in entries]
    assert list(raw) in messages
    assert "x" * 49152 in messages
    assert {entry["_SYSTEMD_UNIT"] for entry in entries[-2:]} == {"etcd.service"}


async def test_a_vacuumed_journal_forgets(cluster: Demo) -> None:
    node = cluster.nodes[2]
    first = await ssh.once(cluster, node, "journalctl -u etcd -o json --no-pager")
    cursor = json.loads(first.text.splitlines()[0])["__CURSOR"]
    assert (await cluster.control("vacuum", node, keep=3))["gone"] > 0
    left = await ssh.once(cluster, node, f"journalctl -u etcd -o json --no-pager --cursor='{cursor}'")
    entries = [json.loads(line) for line in left.text.splitlines()]
    assert entries and entries[0]["__CURSOR"] != cursor


async def test_what_it_does_not_know_is_refused(cluster: Demo) -> None:
    with pytest.raises(NovatuiError, match="refused dance"):
        await cluster.control("dance")
    with pytest.raises(NovatuiError, match="refused cut"):
        await cluster.control("cut", "nova-master-9")


def alive(pid: int) -> bool:
    """Zombies do not count."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def test_the_whole_client_works_without_a_loop(cluster: Demo) -> None:
    assert cluster.tell("state")["pid"] == cluster.supervisor_pid
    assert cluster.dir.samefile(cluster.info["dir"])
