"""What networks and masters do to connections, at real OpenSSH behind a small proxy. A row of faults each."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import subprocess
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from novatui.config import EtcdConfig, NodeConfig
from novatui.errors import RemoteError
from novatui.model.cluster import ClusterSnapshot, Link
from novatui.probes.collector import Collector
from novatui.remote.command import Command, Fence, Outcome, Status
from novatui.remote.ssh import SshTransport
from tests.remote.openssh import Ground, Server, cluster, know, node, run
from tests.remote.sshd import Proxy


def sh(text: str, timeout_s: float = 20) -> Command:
    return Command(argv=("sh", "-c", text), timeout_s=timeout_s)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@asynccontextmanager
async def proxied(home: Path, server: Server, *others: Server) -> AsyncIterator[Proxy]:
    """A proxy in front of ``server``; both and the others are known."""
    proxy = Proxy(server.port)
    await proxy.start()
    file = know(home, server, *others)
    file.write_text(f"{file.read_text()}[127.0.0.1]:{proxy.port} {server.host_key}\n")
    try:
        yield proxy
    finally:
        await proxy.stop()


def through(proxy: Proxy, direct: NodeConfig) -> NodeConfig:
    return replace(direct, port=proxy.port)


@pytest.fixture(scope="module")
def user(ground: Ground) -> str:
    return ground.user()


@pytest.fixture(scope="module")
def key(ground: Ground, user: str) -> Path:
    return ground.key(user, "root")


@pytest.mark.invariant("INV-6")
async def test_a_reset_in_a_command_is_unknown_and_what_was_begun_goes_on(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    master = ground.server()
    go, done = (ground.base / f"home-{user}" / name for name in ("go", "done"))
    waits = f"echo begun; timeout 60 sh -c 'until [ -e {go} ]; do sleep 0.1; done'; echo x >{done}"
    async with proxied(home, master) as proxy:
        ssh = SshTransport(cluster(through(proxy, node(master, user, key))))
        said: list[bytes] = []
        try:
            running = asyncio.create_task(ssh.run("m1", sh(waits), on_output=said.append))
            await until(lambda: b"begun\n" in said)
            proxy.reset()
            outcome = await asyncio.wait_for(running, 25)
            assert (outcome.status, outcome.exit, outcome.signal) == (Status.UNKNOWN, None, None)
            assert outcome.error and not done.exists()
            assert (await ssh.run("m1", sh("true"))).ok, "had again, to look"
            go.touch()
            await until(done.exists)
            assert master.log.count("Accepted publickey") == 2
        finally:
            await ssh.close()


@pytest.mark.slow
@pytest.mark.invariant("INV-6", "INV-9")
async def test_a_half_open_link_is_stale_then_given_up_and_its_run_can_be_adopted(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    """Stale, then lost, then the lock of the heartbeat free; the other master as before. What was asked of the dead link
    never runs later."""
    half, whole = ground.server("PermitRootLogin yes"), ground.server("PermitRootLogin yes")
    work = home / "work"
    (work / "active").mkdir(parents=True)
    (work / "active/owner").write_text("r1:1\n")
    (work / "active/by").write_text("runner\n")
    late = home / "late"
    async with proxied(home, half, whole) as proxy:
        nodes = through(proxy, node(half, "root", key, "m1")), node(whole, "root", key, "m2")
        runner, screen = SshTransport(cluster(*nodes)), SshTransport(cluster(*nodes))
        collector = Collector(cluster(*nodes), screen)
        seen: list[ClusterSnapshot] = []
        looking = asyncio.create_task(collector.run(seen.append, lambda _node, _entries: None))
        beat = Command(script="heartbeat", argv=(str(work), "r1", "15"))
        beats = runner.stream("m1", beat, keepalive_s=5)
        try:
            assert await anext(beats) == b"r1:1 runner"
            await until(lambda: seen and all(each.at_ms for each in seen[-1].nodes))
            proxy.hole()
            asked = asyncio.create_task(runner.run("m1", sh(f"touch {late}")))
            await until(lambda: seen[-1].nodes[0].link is Link.STALE)
            assert not free(work / "active/alive")
            await until(lambda: seen[-1].nodes[0].link is Link.LOST)
            assert (await asked).status is Status.UNKNOWN
            with pytest.raises(RemoteError):
                async for _ in beats:
                    pass
            before = seen[-1].nodes[1].at_ms or 0
            await until(lambda: free(work / "active/alive"))
            await until(
                lambda: seen[-1].nodes[1].link is Link.LIVE and (seen[-1].nodes[1].at_ms or 0) > before
            )
            proxy.hole(False)
            await until(lambda: seen[-1].nodes[0].link is Link.LIVE)
            assert not late.exists()
        finally:
            looking.cancel()
            await asyncio.wait({looking}, timeout=25)
            await runner.close()
            await screen.close()


def free(lock: Path) -> bool:
    return subprocess.run(["flock", "-n", str(lock), "true"], check=False).returncode == 0


async def test_a_black_hole_while_connecting_is_given_up(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    master = ground.server()
    async with proxied(home, master) as proxy:
        proxy.hole()
        ssh = SshTransport(cluster(through(proxy, node(master, user, key))))
        try:
            outcome, took_s = await timed(ssh.run("m1", sh("true")))
            assert outcome.status is Status.UNKNOWN and "no answer" in outcome.error
            assert took_s > 7 and ssh.link("m1")[0] is Link.LOST
            proxy.hole(False)
            assert (await ssh.run("m1", sh("true"))).ok
        finally:
            await ssh.close()


async def timed(work: Awaitable[Outcome]) -> tuple[Outcome, float]:
    began = asyncio.get_running_loop().time()
    return await work, asyncio.get_running_loop().time() - began


@pytest.mark.invariant("INV-6")
async def test_fifty_hung_commands_leak_no_channel(ground: Ground, user: str, key: Path, home: Path) -> None:
    """Ended by the master's limit and given up by us, by turns; MaxSessions is sshd's own 10."""
    master = ground.server()
    know(home, master)
    ssh = SshTransport(cluster(node(master, user, key)))
    try:
        for at in range(25):
            hung = await ssh.run("m1", sh("echo hung; sleep 30", timeout_s=0.05))
            assert (hung.status, hung.exit) == (Status.TIMEOUT, 124), at
            said: list[bytes] = []
            task = asyncio.create_task(ssh.run("m1", sh("echo hung; sleep 30"), on_output=said.append))
            await until(lambda said=said: said)  # type: ignore[misc]
            task.cancel()
            await asyncio.wait({task}, timeout=25)
        assert all(
            outcome.ok for outcome in await asyncio.gather(*(ssh.run("m1", sh("true")) for _ in range(8)))
        )
        assert master.log.count("Accepted publickey") == 1 and not ssh.notes("m1")
        # What was given up was told to end as well.
        await until(lambda: not run("pgrep", "-u", user, "-x", "sleep", check=False))
    finally:
        await ssh.close()
    await until(lambda: not master.children())


async def test_a_connection_more_that_is_lost_is_made_again(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    """MaxSessions 2, and of the connections one too many dies: no session less is had for it."""
    master = ground.server("MaxSessions 2")
    know(home, master)
    ssh = SshTransport(cluster(node(master, user, key)))
    hold = [ssh.stream("m1", sh("while read x; do echo $x; done"), keepalive_s=0.2) for _ in range(2)]
    try:
        for stream in hold:
            await anext(stream)
        assert all(one.ok for one in await asyncio.gather(*(ssh.run("m1", sh("sleep .2")) for _ in range(2))))
        first, *more = ssh._links["m1"]._conn._lines  # type: ignore[union-attr]
        assert more
        for each in more:
            each.entered.conn.abort()
        await until(lambda: all(each.entered.lost.done() for each in more))
        for _ in range(3):
            assert all(one.ok for one in await asyncio.gather(*(ssh.run("m1", sh("true")) for _ in range(2))))
        assert not first.entered.lost.done()
        for stream in hold:
            await anext(stream)
    finally:
        for stream in hold:
            await stream.aclose()
        await ssh.close()


@pytest.mark.invariant("INV-7")
async def test_hostile_output_and_a_hostile_banner(ground: Ground, user: str, key: Path, home: Path) -> None:
    banner = ground.base / "banner"
    banner.write_bytes(b"\x1b]0;owned\x07 [/x] \xff\n")
    master = ground.server(f"Banner {banner}")
    know(home, master)
    nasty = "\\033]52;c;aGk=\\007\\377\\302\\233[31m[/x]\\n"
    ssh = SshTransport(cluster(node(master, user, key)))
    try:
        outcome = await ssh.run(
            "m1", sh(f"printf '{nasty}'; head -c 61440 /dev/zero | tr '\\0' '\\233'; exit 3")
        )
        assert outcome.exit == 3 and len(outcome.stdout) == 61440 + len(
            b"\x1b]52;c;aGk=\x07\xff\xc2\x9b[31m[/x]\n"
        )
        with pytest.raises(RemoteError) as caught:
            async for _ in ssh.stream("m1", sh(f"printf '{nasty}' >&2; exit 3")):
                pass
        assert "exit 3" in caught.value.detail and caught.value.detail.isprintable()
        killed = await ssh.run("m1", Command(argv=("sh", "-c", "kill -9 $PPID"), timeout_s=5))
        assert not killed.ok and killed.error.isprintable()
        assert ssh.link("m1")[0] is Link.LIVE and master.log.count("Accepted publickey") == 1
    finally:
        await ssh.close()
    stranger = SshTransport(cluster(node(master, user, ground.key())))
    try:
        assert (await stranger.run("m1", sh("true"))).error.isprintable()
    finally:
        await stranger.close()


@pytest.mark.invariant("INV-6", "INV-9")
async def test_a_half_open_way_beyond_the_bastion_costs_that_master_alone(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    bastion, half, whole = (ground.server() for _ in range(3))
    jump = f"{user}@127.0.0.1:{bastion.port}"
    async with proxied(home, half, bastion, whole) as proxy:
        nodes = through(proxy, node(half, user, key, jump=jump)), node(whole, user, key, "m2", jump=jump)
        ssh = SshTransport(cluster(*nodes))
        try:
            assert all([(await ssh.run(each.name, sh("true"))).ok for each in nodes])
            proxy.hole()
            asked = asyncio.create_task(ssh.run("m1", sh("sleep 60", 60)))
            await until(lambda: ssh.link("m1")[0] is Link.LOST)
            assert (await asked).status is Status.UNKNOWN
            error = ssh.link("m1")[1]
            assert error is not None and error.code == "unreachable" and "bastion" not in error.title
            assert (await ssh.run("m2", sh("true"))).ok and ssh.link("m2")[0] is Link.LIVE
            proxy.hole(False)
            await until(lambda: ssh.link("m1")[0] is Link.LIVE)
            assert bastion.log.count("Accepted publickey") == whole.log.count("Accepted publickey") == 1
        finally:
            await ssh.close()


async def test_a_master_that_comes_back_late_is_not_left_with_connections_nobody_wants(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    """Behind a bastion, while the master takes no connection: the bastion goes on trying after we gave up."""
    bastion, whole = ground.server(), ground.server()
    know(home, bastion, whole)
    jump = f"{user}@127.0.0.1:{bastion.port}"
    with socket.socket() as dead, contextlib.ExitStack() as held:
        dead.bind(("127.0.0.1", 0))
        dead.listen(0)
        fillers = [held.enter_context(socket.socket()) for _ in range(2)]
        for filler in fillers:  # its queue is full: the next SYN is not answered
            filler.setblocking(False)
            filler.connect_ex(dead.getsockname())
        gone = replace(node(whole, user, key, jump=jump, connect_timeout=1.0), port=dead.getsockname()[1])
        ssh = SshTransport(cluster(gone, node(whole, user, key, "m2", jump=jump)))
        try:
            assert (await ssh.run("m2", sh("true"))).ok
            for _ in range(3):
                assert "no answer" in (await ssh.run("m1", sh("true"))).error
            await ssh._links["m1"].close()
            dead.settimeout(4)
            late = []
            with contextlib.suppress(TimeoutError):
                while True:
                    late.append(held.enter_context((await asyncio.to_thread(dead.accept))[0]))
            ours = [filler.getsockname() for filler in fillers]
            late = [each for each in late if each.getpeername() not in ours]
            assert late, "the bastion did go on"
            for each in late:
                each.settimeout(5)
                assert await asyncio.to_thread(ends, each), "a connection that nobody wants"
            assert (await ssh.run("m2", sh("true"))).ok
        finally:
            await ssh.close()


def ends(sock: socket.socket) -> bool:
    """Whether the other side closes it."""
    try:
        while sock.recv(4096):
            pass
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    return True


async def test_hung_commands_of_a_changing_kind_are_unknown_too(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    """The limit is inside the fence: whoever waits for the act lock is not killed by it."""
    master = ground.server("PermitRootLogin yes")
    know(home, master)
    work = home / "work"
    (work / "active").mkdir(parents=True)
    (work / "active/owner").write_text("r1:1\n")
    config = replace(node(master, "root", key, become="auto"), etcd=EtcdConfig(work_dir=str(work)))
    ssh = SshTransport(cluster(config))
    fence = Fence(work_dir=str(work), run="r1", epoch=1)
    try:
        slow = Command(argv=("sleep", "30"), changes=True, timeout_s=0.5)
        quick = Command(argv=("true",), changes=True, timeout_s=5)
        hung, after = await asyncio.gather(
            ssh.run("m1", slow, fence=fence), ssh.run("m1", quick, fence=fence)
        )
        assert (hung.status, after.status) == (Status.TIMEOUT, Status.OK)
        assert (await ssh.run("m1", quick, fence=replace(fence, epoch=2))).status is Status.FENCED
    finally:
        await ssh.close()
