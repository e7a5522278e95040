"""One bastion for all masters, and masters that allow little: real OpenSSH."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.config import NodeConfig, SshConfig
from novatui.model.cluster import Link
from novatui.remote.command import Command, Status
from novatui.remote.secrets import SecretAsk
from novatui.remote.ssh import SshTransport
from tests.remote.openssh import Decides, Ground, Person, cluster, know, node, ssh_config
from tests.remote.sshd import Proxy


def sh(text: str, timeout_s: float = 20) -> Command:
    return Command(argv=("sh", "-c", text), timeout_s=timeout_s)


@pytest.fixture(scope="module")
def user(ground: Ground) -> str:
    return ground.user()


@pytest.fixture(scope="module")
def key(ground: Ground, user: str) -> Path:
    return ground.key(user)


async def until(condition: Callable[[], bool], timeout_s: float = 60) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_one_connection_to_the_bastion_and_its_loss_is_its_own(
    ground: Ground, user: str, home: Path
) -> None:
    key = ground.key(user, passphrase="open sesame")
    bastion, *masters = [ground.server() for _ in range(4)]
    know(home, bastion, *masters)
    jump = f"{user}@127.0.0.1:{bastion.port}"
    nodes = [node(each, user, key, f"m{i}", jump=jump) for i, each in enumerate(masters)]
    person = Person(passphrase="open sesame")
    ssh = SshTransport(cluster(*nodes), person)
    try:
        for outcome in await asyncio.gather(*(ssh.run(each.name, sh("echo $SSH_CLIENT")) for each in nodes)):
            assert outcome.ok and outcome.text().startswith("127.0.0.1 ")
        assert bastion.log.count("Accepted publickey") == 1
        assert len(person.asked) == 1
        bastion.stop()
        await until(lambda: all(ssh.link(each.name)[0] is Link.LOST for each in nodes), 60)
        for each in nodes:
            error = ssh.link(each.name)[1]
            assert error is not None and error.code == "bastion-unreachable", error
            assert "the bastion" in error.title and str(bastion.port) in error.title
        bastion.start()
        await until(lambda: all(ssh.link(each.name)[0] is Link.LIVE for each in nodes), 40)
        assert bastion.log.count("Accepted publickey") == 2 and len(person.asked) == 1
    finally:
        await ssh.close()
    await until(lambda: not bastion.children())


async def test_proxyjump_chains_and_aliases_of_ssh_config(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    outer, inner, master = (ground.server() for _ in range(3))
    know(home, outer, inner, master)
    ssh_config(
        home,
        f"Host *\n  User {user}\n  IdentityFile {key}\n"
        f"Host outer\n  HostName 127.0.0.1\n  Port {outer.port}\n"
        f"Host inner\n  HostName 127.0.0.1\n  Port {inner.port}\n  ProxyJump outer\n"
        f"Host m1\n  HostName 127.0.0.1\n  Port {master.port}\n  ProxyJump inner\n",
    )
    ssh = SshTransport(cluster(NodeConfig(name="m1", host="m1", ssh=SshConfig(become="none"))))
    try:
        assert (await ssh.run("m1", sh("true"))).ok, ssh.link("m1")
        assert all("Accepted publickey" in each.log for each in (outer, inner, master))
    finally:
        await ssh.close()


@pytest.mark.invariant("INV-8")
async def test_the_bastions_host_key_is_strict_too(ground: Ground, user: str, key: Path, home: Path) -> None:
    bastion, master = ground.server(), ground.server()
    know(home, master)
    config = cluster(node(master, user, key, jump=f"{user}@127.0.0.1:{bastion.port}"))
    ssh = SshTransport(config)
    try:
        assert not (await ssh.run("m1", sh("true"))).ok
        state, error, _ = ssh.link("m1")
        assert state is Link.REFUSED and error is not None and error.code == "host-key-unknown"
        assert "the bastion" in error.title and bastion.fingerprint in error.title
    finally:
        await ssh.close()
    decides = Decides(True)
    ssh = SshTransport(config, None, decides)
    try:
        assert (await ssh.run("m1", sh("true"))).ok
        assert [shown[2] for shown in decides.shown] == [bastion.port]
    finally:
        await ssh.close()


async def test_a_master_the_bastion_cannot_reach_is_told_as_that(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    bastion, master = ground.server(), ground.server()
    know(home, bastion, master)
    master.stop()
    ssh = SshTransport(cluster(node(master, user, key, jump=f"{user}@127.0.0.1:{bastion.port}")))
    try:
        assert not (await ssh.run("m1", sh("true"))).ok
        error = ssh.link("m1")[1]
        assert error is not None and error.code == "unreachable" and "does not get through" in error.title
    finally:
        await ssh.close()


async def test_two_sessions_a_connection_are_enough_and_it_is_said(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    master = ground.server("MaxSessions 2")
    know(home, master)
    ssh = SshTransport(cluster(node(master, user, key)))
    try:
        streams = [ssh.stream("m1", sh("while read x; do echo $x; done"), keepalive_s=0.2) for _ in range(3)]
        for stream in streams:
            assert await anext(stream) == b""
        for _ in range(3):
            outcomes = await asyncio.gather(*(ssh.run("m1", sh("sleep 0.3; echo done")) for _ in range(4)))
            assert [outcome.text() for outcome in outcomes] == ["done\n"] * 4
        assert any("MaxSessions" in note and "gives 2 sessions" in note for note in ssh.notes("m1"))
        assert master.log.count("Accepted publickey") <= 5
        for stream in streams:
            assert await anext(stream) == b""
            await stream.aclose()
        assert ssh.link("m1")[0] is Link.LIVE
    finally:
        await ssh.close()
    await until(lambda: not master.children())


async def test_a_host_that_drops_logins_is_said_and_tried_again(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    """MaxStartups 1:100:1: while one connection is not logged in, every other is dropped."""
    master = ground.server("MaxStartups 1:100:1", "LoginGraceTime 30")
    know(home, master)
    async with asyncio.timeout(60):
        while True:  # the fixture's own first knock counts for a moment
            reader, writer = await asyncio.open_connection("127.0.0.1", master.port)
            if (await reader.readline()).startswith(b"SSH-2.0"):
                break
            writer.close()
    ssh = SshTransport(cluster(*(node(master, user, key, f"m{i}") for i in range(4))))
    try:
        assert not (await ssh.run("m0", sh("true"))).ok
        error = ssh.link("m0")[1]
        assert error is not None and error.code == "unreachable" and "MaxStartups" in error.hint
        writer.close()
        ssh.start()
        await until(lambda: all(ssh.link(f"m{i}")[0] is Link.LIVE for i in range(4)), 60)
    finally:
        await ssh.close()


async def test_a_noisy_bashrc_and_a_silent_one(ground: Ground, home: Path) -> None:
    noisy = ground.user(sudo="ALL=(ALL) NOPASSWD: ALL")
    key = ground.key(noisy)
    rc = ground.base / f"home-{noisy}/.bashrc"
    rc.write_text("echo Welcome to the machine; echo '[nv-] ssh-ok' >&2; printf '\\033]0;x\\007\\377'\n")
    master = ground.server()
    know(home, master)
    ssh = SshTransport(cluster(node(master, noisy, key, become="auto")))
    try:
        outcome = await ssh.run("m1", sh("id -u; echo err >&2"))
        assert (outcome.stdout, outcome.stderr) == (b"0\n", b"err\n")
    finally:
        await ssh.close()


@pytest.mark.invariant("INV-6")
async def test_a_half_open_way_to_the_bastion_is_given_up(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    bastion, *masters = [ground.server() for _ in range(3)]
    proxy = Proxy(bastion.port)
    await proxy.start()
    file = know(home, *masters)
    file.write_text(f"{file.read_text()}[127.0.0.1]:{proxy.port} {bastion.host_key}\n")
    jump = f"{user}@127.0.0.1:{proxy.port}"
    nodes = [node(each, user, key, f"m{i}", jump=jump) for i, each in enumerate(masters)]
    ssh = SshTransport(cluster(*nodes))
    try:
        assert all(
            outcome.ok for outcome in await asyncio.gather(*(ssh.run(n.name, sh("true")) for n in nodes))
        )
        running = [asyncio.create_task(ssh.run(n.name, sh("sleep 60", 60))) for n in nodes]
        await asyncio.sleep(0.5)
        proxy.hole()
        for task in running:
            outcome = await asyncio.wait_for(task, 40)
            assert (outcome.status, outcome.exit) == (Status.UNKNOWN, None)
        proxy.hole(False)
        await until(lambda: all(ssh.link(n.name)[0] is Link.LIVE for n in nodes), 40)
    finally:
        await ssh.close()
        await proxy.stop()


async def test_a_login_that_waits_longer_than_the_host_is_made_again_with_the_answer(
    ground: Ground, user: str, home: Path
) -> None:
    key = ground.key(user, passphrase="open sesame")
    master = ground.server("LoginGraceTime 1")
    know(home, master)
    release = asyncio.Event()

    class Slow(Person):
        async def ask(self, ask: SecretAsk) -> str | None:
            answer = await super().ask(ask)
            await release.wait()
            return answer

    person = Slow(passphrase="open sesame")
    ssh = SshTransport(cluster(node(master, user, key)), person)
    try:
        ssh.start()
        await until(lambda: ssh.link("m1")[0] is Link.LOST)
        error = ssh.link("m1")[1]
        assert error is not None and "LoginGraceTime" in error.hint
        release.set()
        await until(lambda: ssh.link("m1")[0] is Link.LIVE)
        assert len(person.asked) == 1 and ssh.link("m1")[2] == ""
    finally:
        await ssh.close()
