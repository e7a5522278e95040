"""ProxyCommand of ssh_config, at real OpenSSH: through ``ssh -W``, through a pipe; its end, its silence, its words."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.config import NodeConfig, SshConfig
from novatui.model.cluster import Link
from novatui.remote.command import Command, Status
from novatui.remote.ssh import SshTransport
from tests.remote.openssh import Ground, Server, cluster, know, node, run, ssh_config

TRUE = Command(argv=("true",), timeout_s=10)
PIPE = "import socket,sys,threading as t\ns=socket.create_connection((sys.argv[1],int(sys.argv[2])))\n" + (
    "def c(r,w):\n while d:=r(65536): w(d)\n"
    "t.Thread(target=c,args=(lambda n:__import__('os').read(0,n),s.sendall),daemon=True).start()\n"
    "c(s.recv,lambda d:__import__('os').write(1,d))\n"
)


@pytest.fixture(scope="module")
def user(ground: Ground) -> str:
    return ground.user()


@pytest.fixture(scope="module")
def key(ground: Ground, user: str) -> Path:
    return ground.key(user)


@pytest.fixture
def pipe(home: Path) -> str:
    """A command that connects to HOST PORT and passes everything on; its words are seen in ``ps``."""
    (home / "pipe.py").write_text(PIPE)
    return f"{shutil.which('python3')} {home / 'pipe.py'}"


async def until(condition: Callable[[], object], timeout_s: float = 60) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def running(words: str) -> list[str]:
    return run("pgrep", "-f", words, check=False).split()


def named(name: str = "m1") -> NodeConfig:
    return NodeConfig(name=name, host="alias", ssh=SshConfig(become="none"))


def config(home: Path, server: Server, user: str, key: Path, command: str) -> None:
    ssh_config(
        home,
        f"Host alias\n  HostName 127.0.0.1\n  Port {server.port}\n  User {user}\n  IdentityFile {key}\n"
        f"  ProxyCommand {command}\n",
    )


async def test_through_ssh_w_of_another_host(ground: Ground, user: str, key: Path, home: Path) -> None:
    bastion, master = ground.server(), ground.server()
    known = know(home, bastion, master)
    command = (
        f"ssh -F none -o UserKnownHostsFile={known} -o BatchMode=yes -i {key} -p {bastion.port} -W %h:%p"
        f" {user}@127.0.0.1"
    )
    config(home, master, user, key, command)
    ssh = SshTransport(cluster(named()))
    try:
        outcome = await ssh.run("m1", Command(argv=("id", "-un"), timeout_s=10))
        assert outcome.text().strip() == user, ssh.link("m1")
        assert "Accepted publickey" in bastion.log and not ssh.notes("m1")
        bastion.drop_connections()
        await until(lambda: ssh.link("m1")[0] is not Link.LIVE)
        assert (await ssh.run("m1", TRUE)).ok and bastion.log.count("Accepted publickey") == 2
    finally:
        await ssh.close()
    await until(lambda: not bastion.children() and not master.children())


@pytest.mark.invariant("INV-8")
async def test_the_host_key_is_checked_all_the_same(
    ground: Ground, user: str, key: Path, home: Path, pipe: str
) -> None:
    master = ground.server()
    config(home, master, user, key, f"{pipe} %h %p")
    ssh = SshTransport(cluster(named()))
    try:
        assert not (await ssh.run("m1", TRUE)).ok
        error = ssh.link("m1")[1]
        assert error is not None and error.code == "host-key-unknown" and master.fingerprint in error.title
    finally:
        await ssh.close()
    await until(lambda: not running(str(home)))


async def test_it_ends_with_its_connection_and_the_connection_with_it(
    ground: Ground, user: str, key: Path, home: Path, pipe: str
) -> None:
    master = ground.server()
    know(home, master)
    config(
        home, master, user, key, f"""sh -c 'trap "" HUP; {pipe} %h %p; sleep 60'"""
    )  # deaf, and with more to do
    ssh = SshTransport(cluster(named()))
    try:
        assert (await ssh.run("m1", TRUE)).ok
        asked = asyncio.create_task(ssh.run("m1", Command(argv=("sleep", "60"), timeout_s=60)))
        await until(lambda: len(master.children()) > 2)
        for pid in running(f"^[^ ]*python3 {home}"):
            run("kill", "-9", pid)
        # Its shell still holds the way open: the keepalive finds out.
        assert (await asyncio.wait_for(asked, 50)).status is Status.UNKNOWN
        assert (await ssh.run("m1", TRUE)).ok
    finally:
        await ssh.close()
    await until(lambda: not running(str(home)))


@pytest.mark.parametrize(
    ("command", "title", "word"),
    [
        ("echo 'no \\033]0;x\\007 way' >&2; exit 3", "ProxyCommand ended", "way"),
        ("true", "ProxyCommand ended", "without a word"),
        ("/nonexistent/tool %h", "ProxyCommand ended", "/nonexistent/tool"),
        ("sleep 60", "no answer", "within 1 s"),
        ("cat </dev/tty", "ProxyCommand ended", "/dev/tty"),
    ],
)
async def test_what_does_not_get_through_is_told_in_its_own_words(
    ground: Ground, user: str, key: Path, home: Path, command: str, title: str, word: str
) -> None:
    master = node(Server(home, 22, []), "ops", key)
    limit_s = 1 if title == "no answer" else 30
    ssh_config(home, f"Host *\n  ProxyCommand {command} #{home}\n  ConnectTimeout {limit_s}\n")
    ssh = SshTransport(cluster(master))
    try:
        outcome = await ssh.run("m1", TRUE)
        assert outcome.status is Status.UNKNOWN
        state, error, _ = ssh.link("m1")
        assert state is Link.LOST and error is not None and error.code == "unreachable"
        assert title in error.title and word in error.title and error.title.isprintable()
    finally:
        await ssh.close()
    await until(lambda: not running(str(home)))
