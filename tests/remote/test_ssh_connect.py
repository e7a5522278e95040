"""Who is let in: host keys, logins, addresses, privilege. Each refusal in its own words."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncssh
import pytest
from msgspec.structs import replace

from novatui.config import ClusterConfig, NodeConfig
from novatui.errors import NoPrivilege
from novatui.model.cluster import Link, NodeError
from novatui.remote import sudo
from novatui.remote.command import Command, Status
from novatui.remote.secrets import SecretAsk
from novatui.remote.ssh import SshTransport
from tests.remote.sshd import Fixture

TRUE = Command(argv=("true",), timeout_s=5)


async def refused(node: NodeConfig) -> NodeError:
    """Try to run; nothing runs; the link's error."""
    ssh = SshTransport(ClusterConfig(name="c", nodes=(node,)))
    try:
        outcome = await ssh.run(node.name, TRUE)
        assert outcome.status is Status.UNKNOWN and outcome.exit is None
        state, error, _ = ssh.link(node.name)
        assert error is not None and error.title and error.title in outcome.error
        assert state is (Link.LOST if error.code.endswith("unreachable") else Link.REFUSED)
        return error
    finally:
        await ssh.close()


@pytest.mark.invariant("INV-8")
async def test_an_unknown_host_key_is_refused_with_its_fingerprint(master: Fixture) -> None:
    (master.directory / "known_hosts").write_text("")
    error = await refused(master.node())
    assert error.code == "host-key-unknown"
    assert (
        master.sshd.host_key.get_fingerprint() in error.title and "ssh -o UserKnownHostsFile=" in error.hint
    )


@pytest.mark.invariant("INV-8")
async def test_a_missing_known_hosts_knows_nobody_and_is_not_replaced_by_another(master: Fixture) -> None:
    """asyncssh reads the user's own file when it is given nothing: it must not get the chance."""
    own = Path.home() / ".ssh"
    own.mkdir()
    (own / "known_hosts").write_text((master.directory / "known_hosts").read_text())
    (master.directory / "known_hosts").unlink()
    assert (await refused(master.node())).code == "host-key-unknown"
    (master.directory / "known_hosts").write_text("# nobody\n")
    assert (await refused(master.node())).code == "host-key-unknown"


@pytest.mark.invariant("INV-8")
@pytest.mark.parametrize("kind", ["ssh-ed25519", "ecdsa-sha2-nistp256"])
async def test_a_changed_host_key_is_refused_as_changed(master: Fixture, kind: str) -> None:
    master.know(asyncssh.generate_private_key(kind))
    error = await refused(master.node())
    assert error.code == "host-key-changed" and "ssh-keygen" in error.hint


@pytest.mark.invariant("INV-8")
async def test_a_revoked_host_key_is_refused(master: Fixture) -> None:
    known = master.directory / "known_hosts"
    known.write_text(known.read_text() + "@revoked " + known.read_text())
    assert (await refused(master.node())).code == "host-key-changed"


@pytest.mark.invariant("INV-8")
async def test_the_key_of_another_port_of_the_host_does_not_make_it_changed(master: Fixture) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode()
    (master.directory / "known_hosts").write_text(f"127.0.0.1 {other}")
    assert (await refused(master.node())).code == "host-key-unknown"


@pytest.mark.invariant("INV-8")
async def test_a_broken_known_hosts_trusts_nobody(master: Fixture) -> None:
    (master.directory / "known_hosts").write_text("nonsense\n")
    assert (await refused(master.node())).code == "host-key-unknown"


async def test_a_refused_login_says_so_and_is_not_repeated(master: Fixture) -> None:
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(str(master.directory / "id"))
    ssh = SshTransport(master.cluster())
    try:
        several = await asyncio.gather(*(ssh.run("m1", TRUE) for _ in range(4)))
        assert {outcome.status for outcome in several} == {Status.UNKNOWN}
        state, error, _ = ssh.link("m1")
        assert state is Link.REFUSED and error is not None and error.code == "auth-failed"
        tried = master.sshd.connections
        assert tried == 1
        await asyncio.sleep(1.5)
        assert (await ssh.run("m1", TRUE)).status is Status.UNKNOWN
        assert master.sshd.connections == tried
        master.sshd.user_key.write_private_key(str(master.directory / "id"))
        ssh.retry()
        async with asyncio.timeout(25):
            while ssh.link("m1")[0] is not Link.LIVE:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
    finally:
        await ssh.close()


async def test_a_key_with_a_passphrase_is_not_asked_for(master: Fixture) -> None:
    master.sshd.user_key.write_private_key(str(master.directory / "id"), "pkcs8-pem", "secret")
    error = await refused(master.node())
    assert error.code == "auth-failed" and "ssh-agent" in error.hint


async def test_a_missing_identity_file_is_named(master: Fixture) -> None:
    error = await refused(master.node(identity_files=(str(master.directory / "none"),)))
    assert error.code == "auth-failed" and str(master.directory / "none") in error.title


async def test_a_jump_host_that_is_not_there_is_told_as_itself(master: Fixture) -> None:
    error = await refused(master.node(jump="bastion.invalid"))
    assert "the bastion" in error.title and "bastion.invalid" in error.title
    assert error.code == "bastion-unreachable" and master.sshd.connections == 0


def _disconnect(reason: bytes) -> bytes:
    """SSH_MSG_DISCONNECT, by application, as it is sent before the keys are exchanged."""
    body = b"\x01" + (11).to_bytes(4, "big") + len(reason).to_bytes(4, "big") + reason + bytes(4)
    padding = 16 - (5 + len(body)) % 8
    return (1 + len(body) + padding).to_bytes(4, "big") + bytes([padding]) + body + bytes(padding)


@pytest.mark.invariant("INV-7")
@pytest.mark.parametrize(
    "says",
    [
        b"SSH-2.0-\x1b]0;owned\x07\r\n" + _disconnect(b"go \x1b]52;c;aGk=\x07 \xe2\x80\xae away [/x]"),
        b"SSH-2.0-x\r\n" + _disconnect(b"\xff\x9b31m"),
        b"SSH-2.0-x\r\n" + b"\xff" * 64,
        b"HTTP/1.1 400 \x1b[2J\r\n\r\n" * 3,
        b"x" * 100_000,
        b"\x1b]0;t\x07\n" * 20_000,
        b"SSH-1.5-\x1b[2J\r\n",
        b"",
    ],
)
async def test_what_a_hostile_host_says_before_the_login_is_told_in_printable_words(
    master: Fixture, says: bytes
) -> None:
    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(says)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        error = await refused(replace(master.node(), port=server.sockets[0].getsockname()[1]))
        assert error.code == "unreachable" and error.title.isprintable() and error.hint.isprintable()
        assert len(error.title) < 500
    finally:
        server.close()


async def test_nobody_listens_and_no_such_name(master: Fixture) -> None:
    node = master.node()
    await master.proxy.stop()
    assert "nobody listens" in (await refused(node)).title
    assert "not known" in (await refused(replace(node, host="no-such-host.invalid"))).title


@pytest.mark.invariant("INV-9")
async def test_a_dead_master_does_not_slow_the_others(master: Fixture) -> None:
    kept: list[object] = []  # 3.13 closes a stream that nobody holds
    hole = await asyncio.start_server(lambda *streams: kept.append(streams), "127.0.0.1", 0)
    port = hole.sockets[0].getsockname()[1]
    dead = replace(master.node("dead"), port=port)
    ssh = SshTransport(ClusterConfig(name="c", nodes=(dead, master.node("m1"))))
    try:
        ssh.start()
        assert (await ssh.run("m1", TRUE)).ok
        assert ssh.link("dead")[0] is Link.CONNECTING
    finally:
        await ssh.close()
        hole.close()


@pytest.mark.parametrize(
    ("does", "become", "expected"),
    [
        ('exec "$@"', "auto", "sudo"),
        ("exit 1", "auto", None),
        ("sleep 30", "auto", None),
        ('exec "$@"', "none", None),
    ],
)
async def test_privilege_is_found_not_assumed(
    master: Fixture, does: str, become: str, expected: str | None
) -> None:
    _tools(master, does)
    ssh = SshTransport(master.cluster(become=become))
    try:
        assert (await ssh.run("m1", TRUE)).ok
        assert ("exec sudo -n -- timeout" in master.sshd.ran[-1]) is (expected == "sudo")
        error = ssh.link("m1")[1]
        assert (error.code if error else None) == (None if expected else "no-privilege")
    finally:
        await ssh.close()


def _tools(master: Fixture, sudo_does: str) -> None:
    """``id`` and ``sudo`` of the master are ours: who we are there does not depend on who runs the tests."""
    tools = master.directory / "bin"
    tools.mkdir()
    (tools / "id").write_text("#!/bin/sh\necho 1000\n")
    (tools / "sudo").write_text(f'#!/bin/sh\nshift\n[ "$1" != -- ] || shift\n{sudo_does}\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    master.sshd.path = str(tools)


async def test_a_sudo_that_was_slow_once_is_not_known_and_is_asked_again_by_itself(
    master: Fixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sudo, "SUDO_S", 1.0)
    slow = master.directory / "slow"
    slow.touch()
    _tools(master, f'[ ! -e {slow} ] || exec sleep 30\nexec "$@"')
    ssh = SshTransport(master.cluster(become="auto"))
    try:
        outcome = await ssh.run("m1", TRUE)
        error = ssh.link("m1")[1]
        assert outcome.unprivileged is not None
        assert error is not None and "is not known: sudo did not answer within 1 s" in error.title
        slow.unlink()
        async with asyncio.timeout(60):
            while (await ssh.run("m1", TRUE)).unprivileged is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert ssh.link("m1")[1] is None
        assert master.sshd.connections == 1
    finally:
        await ssh.close()


async def test_a_sudo_that_said_no_is_asked_again_when_a_person_wants_it(master: Fixture) -> None:
    """Not by itself: each refusal is a line of its log there, and a mail to root."""
    asked, granted = master.directory / "asked", master.directory / "granted"
    _tools(master, f'echo >>{asked}\n[ -e {granted} ] || exit 1\nexec "$@"')
    ssh = SshTransport(master.cluster(become="auto"))
    try:
        for _ in range(3):
            assert (await ssh.run("m1", TRUE)).unprivileged is not None
        assert asked.read_text() == "\n"
        granted.touch()
        ssh.retry()
        async with asyncio.timeout(60):
            while (await ssh.run("m1", TRUE)).unprivileged is not None:  # noqa: ASYNC110
                await asyncio.sleep(0.2)
        assert master.sshd.connections == 1
    finally:
        await ssh.close()


async def test_a_runner_runs_nothing_but_as_root(master: Fixture) -> None:
    """A lease or a data directory that only root may see would look gone, and another's."""
    _tools(master, "exit 1")
    ssh = SshTransport(master.cluster(become="auto"), rooted=True)
    try:
        outcome = await ssh.run("m1", TRUE)
        assert outcome.status is Status.UNKNOWN and outcome.unprivileged is not None
        assert "neither root nor may become it" in outcome.error
        assert not any("exec timeout" in line for line in master.sshd.ran)
        with pytest.raises(NoPrivilege):
            await anext(ssh.stream("m1", TRUE))
    finally:
        await ssh.close()


async def test_a_sudo_that_asks_something_else_is_told_and_looking_goes_on(
    master: Fixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second factor, say: nothing is sent to it, and the connection stays."""
    monkeypatch.setattr(sudo, "GATE_TIMEOUT_S", 5.0)
    tools = master.directory / "bin"
    tools.mkdir()
    (tools / "id").write_text("#!/bin/sh\necho 1000\n")
    (tools / "sudo").write_text(
        '#!/bin/sh\n[ "$1" != -n ] || { echo "sudo: a password is required" >&2; exit 1; }\n'
        f"printf 'Verification code: ' >&2; cat >{master.directory}/sent\n"
    )
    for tool in tools.iterdir():
        tool.chmod(0o755)
    master.sshd.path = str(tools)

    class Gives:
        async def ask(self, ask: SecretAsk) -> str | None:
            return "the sudo word"

    ssh = SshTransport(master.cluster(become="auto"), Gives())
    try:
        assert (await ssh.run("m1", TRUE)).ok
        state, error, _ = ssh.link("m1")
        assert state is Link.LIVE and error is not None and error.code == "no-privilege"
        assert "Verification code" in error.title and (master.directory / "sent").read_bytes() == b""
        assert master.sshd.connections == 1
    finally:
        await ssh.close()
