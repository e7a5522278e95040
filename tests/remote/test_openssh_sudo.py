"""Becoming root at real sudo, over real OpenSSH: the password goes to the prompt and to nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from novatui.model.cluster import Link
from novatui.remote.command import Command, Fence, Status
from novatui.remote.secrets import SecretKind
from novatui.remote.ssh import SshTransport
from tests.remote.openssh import Ground, Person, Server, cluster, know, node, run

WORD = "S3cret of sudo!"
ASKS = "ALL=(ALL) ALL"


def sh(text: str, stdin: bytes = b"", timeout_s: float = 20) -> Command:
    return Command(argv=("sh", "-c", text), stdin=stdin, timeout_s=timeout_s)


@pytest.fixture(scope="module")
def server(ground: Ground) -> Server:
    return ground.server("PermitRootLogin yes")


@pytest.fixture(scope="module")
def admin(ground: Ground) -> tuple[str, Path]:
    user = ground.user(password=WORD, sudo=ASKS)
    return user, ground.key(user)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(15):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_root_needs_nothing_and_nopasswd_is_not_asked(
    ground: Ground, server: Server, home: Path
) -> None:
    know(home, server)
    free = ground.user(sudo="ALL=(ALL) NOPASSWD: ALL")
    key = ground.key(free, "root")
    person = Person(sudo=WORD)
    nodes = [node(server, user, key, name, become="auto") for user, name in (("root", "m1"), (free, "m2"))]
    ssh = SshTransport(cluster(*nodes), person)
    try:
        for name in ("m1", "m2"):
            outcome = await ssh.run(name, sh("id -u; cat", b"its own input"))
            assert outcome.ok and outcome.stdout == b"0\nits own input" and not outcome.stderr
            assert ssh.link(name) == (Link.LIVE, None, "")
    finally:
        await ssh.close()
    assert not person.asked


async def test_a_password_is_asked_once_and_never_reaches_the_command(
    server: Server, admin: tuple[str, Path], home: Path
) -> None:
    know(home, server)
    user, key = admin
    person = Person(sudo=[WORD])
    ssh = SshTransport(cluster(node(server, user, key, become="auto")), person)
    try:
        outcomes = await asyncio.gather(
            *(ssh.run("m1", sh("id -u; cat; echo bad >&2; exit 3", b"its own input")) for _ in range(4))
        )
        for outcome in outcomes:
            assert (outcome.status, outcome.exit) == (Status.FAILED, 3)
            assert (outcome.stdout, outcome.stderr) == (b"0\nits own input", b"bad\n")
        seen = await ssh.run(
            "m1", sh("cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' '\\n'")
        )
        assert b"novatui-sudo" in seen.stdout and WORD.encode() not in seen.stdout
        server.drop_connections()
        await until(lambda: ssh.link("m1")[0] is not Link.LIVE)
        assert (await ssh.run("m1", sh("id -u"))).stdout == b"0\n"
        assert WORD not in repr(vars(ssh)) and WORD not in repr(ssh._links["m1"]._conn.privilege)  # type: ignore[union-attr]
    finally:
        await ssh.close()
    assert [(ask.kind, ask.node, ask.what) for ask in person.asked] == [(SecretKind.SUDO, "m1", user)]


async def test_changing_commands_and_streams_go_through_it(
    server: Server, admin: tuple[str, Path], home: Path
) -> None:
    know(home, server)
    user, key = admin
    ssh = SshTransport(cluster(node(server, user, key, become="sudo")), Person(sudo=WORD))
    work = home / "work"
    (work / "active").mkdir(parents=True)
    (work / "active/owner").write_text("r1:1\n")
    fence = Fence(work_dir=str(work), run="r1", epoch=1)
    try:
        change = Command(argv=("sh", "-c", "id -u; cat"), stdin=b"x", changes=True)
        outcome = await ssh.run("m1", change, fence=fence)
        assert outcome.ok and outcome.stdout == b"0\nx"
        words: asyncio.Queue[bytes] = asyncio.Queue()
        words.put_nowait(b"first\n")
        lines = ssh.stream("m1", sh("id -u; read a; echo got $a; read b; echo then $b"), words=words)
        assert [await anext(lines) for _ in range(2)] == [b"0", b"got first"]
        words.put_nowait(b"second\n")
        assert [line async for line in lines] == [b"then second"]
        taken = await ssh.relay(
            ("m1", sh("head -c 3000000 /dev/zero")),
            ("m1", Command(argv=("wc", "-c"), changes=True)),
            fence=fence,
        )
        assert taken.ok and taken.text().strip() == "3000000"
    finally:
        await ssh.close()


async def test_a_wrong_password_is_tried_once(ground: Ground, server: Server, home: Path) -> None:
    know(home, server)
    user = ground.user(password=WORD, sudo=ASKS)
    key = ground.key(user)
    person = Person(sudo=["wrong", WORD])
    ssh = SshTransport(cluster(node(server, user, key, become="auto")), person)
    try:
        looking = await ssh.run("m1", sh("id -u; cat", b"in"))
        assert looking.ok and not looking.stdout.startswith(b"0\n") and looking.stdout.endswith(b"in")
        state, error, _ = ssh.link("m1")
        assert state is Link.LIVE and error is not None and error.code == "sudo-password-wrong"
        assert "the sudo password was wrong" in error.title
        change = Command(argv=("true",), changes=True)
        refused = await ssh.run("m1", change, fence=Fence(work_dir="/nonexistent", run="r", epoch=1))
        assert refused.status is Status.FAILED and "wrong" in refused.error
        server.drop_connections()
        await until(lambda: ssh.link("m1")[0] is not Link.LIVE)
        assert (await ssh.run("m1", sh("id -u"))).ok
        assert len(person.asked) == 1  # neither the change nor the reconnect tried again
        ssh.retry("m1")
        await until(lambda: len(person.asked) == 2 and ssh.link("m1")[:2] == (Link.LIVE, None))
        assert person.asked[1].attempt == 2
        assert (await ssh.run("m1", sh("id -u"))).stdout == b"0\n"
    finally:
        await ssh.close()


@pytest.mark.parametrize("who", ["nobody there", "declined", "not in sudoers", "become none"])
async def test_what_is_lacking_is_said_and_looking_still_works(
    ground: Ground, server: Server, admin: tuple[str, Path], home: Path, who: str
) -> None:
    know(home, server)
    user, key = admin
    if who == "not in sudoers":
        user = ground.user(password=WORD)
        key = ground.key(user)
    person = {"nobody there": None, "declined": Person()}.get(who, Person(sudo=[WORD]))
    become = "none" if who == "become none" else "auto"
    ssh = SshTransport(cluster(node(server, user, key, become=become)), person)
    try:
        assert (await ssh.run("m1", sh("id -un"))).text().strip() == user
        state, error, _ = ssh.link("m1")
        assert state is Link.LIVE and error is not None and error.code == "no-privilege"
        word = {
            "nobody there": "nobody is here",
            "declined": "none was given",
            "not in sudoers": "not in the sudoers",
            "become none": "become = none",
        }[who]
        assert word in f"{error.title} {error.hint}"
    finally:
        await ssh.close()


async def test_no_password_is_sent_when_sudo_asks_for_none_any_more(
    ground: Ground, server: Server, home: Path
) -> None:
    """The right to run without a password came after the login: the command must not be given it as its input."""
    know(home, server)
    user = ground.user(password=WORD, sudo=ASKS)
    key = ground.key(user)
    ssh = SshTransport(cluster(node(server, user, key, become="auto")), Person(sudo=WORD))
    try:
        assert (await ssh.run("m1", sh("id -u"))).stdout == b"0\n"
        Path(f"/etc/sudoers.d/{user}").write_text(f"{user} ALL=(ALL) NOPASSWD: ALL\n")
        outcome = await ssh.run("m1", sh("cat", b"mine"))
        assert outcome.ok and outcome.stdout == b"mine"
        run("chpasswd", stdin=f"{user}:changed meanwhile\n")
        Path(f"/etc/sudoers.d/{user}").write_text(f"{user} {ASKS}\n")
        outcome = await ssh.run("m1", sh("cat", b"mine"))
        assert outcome.status is Status.FAILED and "wrong" in outcome.error and not outcome.stdout
        error = ssh.link("m1")[1]
        assert error is not None and error.code == "sudo-password-wrong"
    finally:
        await ssh.close()
