"""Commands over a real SSH server: how they end, and that not knowing is said."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from novatui.model.cluster import Link
from novatui.remote.command import Command, Fence, Status
from novatui.remote.ssh import SshTransport
from tests.remote.sshd import Fixture


@pytest.fixture
async def ssh(master: Fixture) -> AsyncIterator[SshTransport]:
    transport = SshTransport(master.cluster())
    yield transport
    await transport.close()


def sh(text: str, timeout_s: float = 20, stdin: bytes = b"") -> Command:
    return Command(argv=("sh", "-c", text), timeout_s=timeout_s, stdin=stdin)


async def until(condition: Callable[[], bool], timeout_s: float = 60.0) -> None:
    """Wait for a condition, bounded."""
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def test_output_input_and_exit_come_through(ssh: SshTransport) -> None:
    pieces: list[bytes] = []
    outcome = await ssh.run("m1", sh("cat; echo bad >&2; exit 3", stdin=b"in\xff"), on_output=pieces.append)
    assert (outcome.status, outcome.exit, outcome.signal) == (Status.FAILED, 3, None)
    assert (outcome.stdout, outcome.stderr) == (b"in\xff", b"bad\n")
    assert sorted(pieces) == [b"bad\n", b"in\xff"]
    assert (await ssh.run("m1", sh("true"))).ok


async def test_words_arrive_as_they_are(ssh: SshTransport) -> None:
    words = ("a b", "'", '"', "$HOME", "*", "[/x]", "\\", "ы", "-n", "", "x\ny")
    outcome = await ssh.run("m1", Command(argv=("printf", "%s|", *words)))
    assert outcome.text() == "".join(f"{word}|" for word in words)


@pytest.mark.invariant("INV-6")
async def test_a_reset_in_a_command_is_unknown_and_the_link_comes_back(
    master: Fixture, ssh: SshTransport
) -> None:
    running = asyncio.create_task(ssh.run("m1", sh("echo begun; sleep 20")))
    await until(lambda: master.sshd.sessions == 1 and len(master.sshd.ran) > 0)
    master.proxy.reset()
    outcome = await asyncio.wait_for(running, 25)
    assert (outcome.status, outcome.exit, outcome.signal) == (Status.UNKNOWN, None, None)
    assert outcome.error
    assert (await asyncio.wait_for(ssh.run("m1", sh("true")), 45)).ok
    assert master.sshd.connections == 2


@pytest.mark.invariant("INV-6")
async def test_a_half_open_link_is_given_up(master: Fixture, ssh: SshTransport) -> None:
    assert (await ssh.run("m1", sh("true"))).ok
    running = asyncio.create_task(ssh.run("m1", sh("sleep 60", timeout_s=60)))
    await until(lambda: master.sshd.sessions == 1)
    master.proxy.hole()
    outcome = await asyncio.wait_for(running, 40)
    assert outcome.status is Status.UNKNOWN
    await until(lambda: ssh.link("m1")[0] is Link.LOST)  # told to the command first, on some Pythons


@pytest.mark.invariant("INV-6")
async def test_a_command_asked_of_a_black_hole_never_runs_later(master: Fixture, ssh: SshTransport) -> None:
    """The request may sit in our socket while the link is dead; it must not be delivered when the link is back."""
    assert (await ssh.run("m1", sh("true"))).ok
    ran = len(master.sshd.ran)
    master.proxy.hole()
    outcome = await asyncio.wait_for(ssh.run("m1", sh("echo late")), 45)
    assert outcome.status is Status.UNKNOWN
    master.proxy.hole(False)
    assert (await asyncio.wait_for(ssh.run("m1", sh("echo now")), 45)).ok
    assert not any("late" in command for command in master.sshd.ran[ran:])


async def test_a_black_hole_while_connecting_is_given_up(master: Fixture, ssh: SshTransport) -> None:
    master.proxy.hole()
    outcome = await asyncio.wait_for(ssh.run("m1", sh("true")), 40)
    assert outcome.status is Status.UNKNOWN and "no answer" in outcome.error
    state, error, _ = ssh.link("m1")
    assert state is Link.LOST and error is not None and error.code == "unreachable"


@pytest.mark.invariant("INV-6")
@pytest.mark.slow
async def test_a_hung_command_times_out_and_leaks_no_channel(master: Fixture, ssh: SshTransport) -> None:
    """More repeats than MaxSessions would allow, by remote limit and by cancelling alike."""
    for at in range(25):
        outcome = await ssh.run("m1", sh("sleep 30", timeout_s=0.05))
        assert (outcome.status, outcome.exit) == (Status.TIMEOUT, 124), at
        task = asyncio.create_task(ssh.run("m1", sh("sleep 30")))
        await until(lambda: master.sshd.sessions == 1)
        task.cancel()
        await asyncio.wait({task}, timeout=30)
        assert task.cancelled()
        await until(lambda: master.sshd.sessions == 0)
    assert master.sshd.connections == 1
    assert (await ssh.run("m1", sh("true"))).ok


async def test_too_few_sessions_are_waited_for_then_said(master: Fixture, ssh: SshTransport) -> None:
    master.sshd.max_sessions = 1
    both = [ssh.run("m1", sh("sleep 1")), ssh.run("m1", sh("true"))]
    assert all(outcome.ok for outcome in await asyncio.gather(*both))
    master.sshd.max_sessions = 0
    outcome = await ssh.run("m1", sh("true"))
    assert outcome.status is Status.UNKNOWN and "no further session" in outcome.error
    assert master.sshd.connections == 1


async def test_a_login_shell_may_chatter(master: Fixture, ssh: SshTransport) -> None:
    master.sshd.noise = b"Welcome!\n\xff\x1b]0;t\x07" * 100
    outcome = await ssh.run("m1", sh("echo out; echo err >&2"))
    assert outcome.ok and (outcome.stdout, outcome.stderr) == (b"out\n", b"err\n")


async def test_bytes_that_are_no_text_and_long_lines_survive(master: Fixture, ssh: SshTransport) -> None:
    outcome = await ssh.run(
        "m1", sh("head -c 61440 /dev/zero | tr '\\0' '\\377'; printf '\\033]52;c;aGk=\\007'")
    )
    assert outcome.ok and outcome.stdout == b"\xff" * 61440 + b"\x1b]52;c;aGk=\x07"
    assert master.sshd.connections == 1


async def test_a_shell_that_runs_something_else_is_not_success(master: Fixture, ssh: SshTransport) -> None:
    """A forced command, or a shell that refuses: exit 0, but not of ours."""
    master.sshd.forced = "echo This account is for backups."
    outcome = await ssh.run("m1", sh("echo ours"))
    assert outcome.status is Status.UNKNOWN and "did not run" in outcome.error and outcome.stdout == b""


async def test_too_much_output_ends_the_command_not_the_connection(
    master: Fixture, ssh: SshTransport
) -> None:
    outcome = await ssh.run("m1", sh("head -c 40000000 /dev/zero"))
    assert outcome.status is Status.UNKNOWN and "MiB of output" in outcome.error
    assert (await ssh.run("m1", sh("true"))).ok and master.sshd.connections == 1


async def test_our_own_bound_holds_when_the_master_ignores_its(master: Fixture, ssh: SshTransport) -> None:
    from novatui.remote import fleet

    grace, fleet.GRACE_S = fleet.GRACE_S, 0.5
    try:
        master.sshd.forced = "sleep 20"  # no limit at all on that side
        outcome = await ssh.run("m1", sh("true", timeout_s=0.5))
    finally:
        fleet.GRACE_S = grace
    assert outcome.status is Status.TIMEOUT and outcome.ms < 15_000


@pytest.mark.invariant("INV-6")
async def test_without_privilege_nothing_is_changed(master: Fixture, ssh: SshTransport) -> None:
    command = Command(argv=("touch", str(master.directory / "x")), changes=True)
    outcome = await ssh.run("m1", command, fence=Fence(work_dir=str(master.directory), run="r", epoch=1))
    assert outcome.status is Status.FAILED and "is not made root" in outcome.error
    assert outcome.unprivileged is not None and outcome.unprivileged.code == "no-privilege"
    assert not (master.directory / "x").exists()
    state, error, _ = ssh.link("m1")
    assert state is Link.LIVE and error is not None and error.code == "no-privilege"
