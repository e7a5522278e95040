"""Streams and relays: bounded lines, words into stdin, back-pressure, a source that breaks off."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from novatui.config import ClusterConfig
from novatui.errors import RemoteError, Unreachable
from novatui.remote.command import Command, Fence, Status
from novatui.remote.lines import LINE_MAX, Lines
from novatui.remote.ssh import SshTransport
from tests.remote.sshd import Fixture


@pytest.fixture
async def ssh(master: Fixture) -> AsyncIterator[SshTransport]:
    node = master.node("m1")
    transport = SshTransport(ClusterConfig(name="c", nodes=(node, replace(node, name="m2"))))
    yield transport
    await transport.close()


def sh(text: str, **more: object) -> Command:
    return Command(argv=("sh", "-c", text), timeout_s=20, **more)  # type: ignore[arg-type]


async def lines_of(ssh: SshTransport, text: str) -> list[bytes]:
    async with aclosing(ssh.stream("m1", sh(text))) as stream:
        return [line async for line in stream]


# -- lines


@given(st.lists(st.binary(max_size=30)), st.integers(1, 12))
def test_lines_are_the_same_however_they_are_cut(pieces: list[bytes], limit: int) -> None:
    whole = b"".join(pieces)
    lines = Lines(limit)
    found = [line for piece in pieces for line in lines.feed(piece)]
    *expected, tail = whole.split(b"\n")
    assert found == [line[:limit] for line in expected]
    assert lines.rest() == tail[:limit]


async def test_long_and_binary_lines_of_a_stream(ssh: SshTransport) -> None:
    found = await lines_of(
        ssh, r"printf '\377\033[2J\n'; head -c 5000000 /dev/zero; echo; echo last; printf tail"
    )
    assert found[0] == b"\xff\x1b[2J"
    assert found[1] == b"\0" * LINE_MAX
    assert found[2:] == [b"last", b"tail"]


@pytest.mark.invariant("INV-9")
async def test_a_flood_of_lines_leaves_the_others_their_turn(ssh: SshTransport) -> None:
    worst, count = 0.0, 0

    async def heart() -> None:
        nonlocal worst
        while True:
            before = time.thread_time()  # of this thread: what others take of the processor is not counted
            await asyncio.sleep(0.01)
            worst = max(worst, time.thread_time() - before)

    beating = asyncio.create_task(heart())
    async with aclosing(ssh.stream("m1", sh("yes '' | head -c 600000"))) as stream:
        async for _ in stream:
            count += 1
            sum(range(200))  # what a reader does with a line
    beating.cancel()
    assert count == 600_000 and worst < 0.5, worst


async def test_a_stream_that_fails_says_how(ssh: SshTransport) -> None:
    with pytest.raises(RemoteError, match="exit 3 no such thing"):
        await lines_of(ssh, "echo one; echo no such thing >&2; exit 3")


async def test_a_broken_stream_raises(master: Fixture, ssh: SshTransport) -> None:
    async with aclosing(ssh.stream("m1", sh("echo one; sleep 30"))) as stream:
        assert await anext(stream) == b"one"
        master.proxy.reset()
        with pytest.raises(Unreachable):
            await asyncio.wait_for(anext(stream), 25)


async def test_keepalive_and_words_reach_its_stdin(ssh: SshTransport) -> None:
    words: asyncio.Queue[bytes] = asyncio.Queue()
    echo = sh('while read -r x; do echo "got:$x"; done')
    async with aclosing(ssh.stream("m1", echo, keepalive_s=0.3, words=words)) as stream:
        words.put_nowait(b"now\n")
        assert await asyncio.wait_for(anext(stream), 25) == b"got:now"
        assert await asyncio.wait_for(anext(stream), 25) == b"got:"


@pytest.mark.invariant("INV-6")
async def test_leaving_a_stream_ends_it_on_the_master(master: Fixture, ssh: SshTransport) -> None:
    for _ in range(15):
        async with aclosing(ssh.stream("m1", sh("echo one; sleep 30"))) as stream:
            await anext(stream)
    async with asyncio.timeout(25):
        while master.sshd.sessions:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    assert master.sshd.connections == 1


async def test_a_slow_reader_stops_the_writer_and_loses_nothing(ssh: SshTransport) -> None:
    text = "i=0; while [ $i -lt 400 ]; do head -c 49999 /dev/zero; echo; i=$((i+1)); done"
    count = 0
    async with aclosing(ssh.stream("m1", sh(text))) as stream:
        async for line in stream:
            assert len(line) == 49_999
            count += 1
            if count % 100 == 0:
                await asyncio.sleep(0.3)
    assert count == 400


# -- relays


def fence(master: Fixture) -> Fence:
    active = master.directory / "work" / "active"
    active.mkdir(parents=True, exist_ok=True)
    (active / "owner").write_text("r:1\n")
    return Fence(work_dir=str(active.parent), run="r", epoch=1, wait_s=2)


@pytest.fixture
def rooted(master: Fixture, ssh: SshTransport) -> None:
    """Root is pretended, so that changing commands are let through: they only write into the test's directory."""
    tools = master.directory / "bin"
    tools.mkdir()
    (tools / "id").write_text("#!/bin/sh\necho 0\n")
    (tools / "id").chmod(0o755)
    master.sshd.path = str(tools)
    for link in ssh._links.values():
        link.node = replace(link.node, ssh=replace(link.node.ssh, become="auto"))


@pytest.mark.usefixtures("rooted")
async def test_a_relay_carries_every_byte(master: Fixture, ssh: SshTransport) -> None:
    source = master.directory / "source"
    source.write_bytes(hashlib.sha256(b"seed").digest() * 800_000)
    target = master.directory / "target"
    progress: list[int] = []
    # A slow target: what it does not take must wait at the source, not here.
    outcome = await ssh.relay(
        ("m1", Command(argv=("cat", str(source)), timeout_s=60)),
        (
            "m2",
            Command(argv=("sh", "-c", f"sleep 0.5; cat > {target}; echo took"), timeout_s=60, changes=True),
        ),
        fence=fence(master),
        on_progress=progress.append,
    )
    assert outcome.ok and outcome.stdout == b"took\n"
    assert target.read_bytes() == source.read_bytes()
    assert progress == sorted(progress) and progress[-1] == source.stat().st_size


@pytest.mark.invariant("INV-6")
@pytest.mark.usefixtures("rooted")
async def test_a_source_that_fails_is_not_a_success_of_the_target(master: Fixture, ssh: SshTransport) -> None:
    """A closed channel reads as the end of input over there: the target's own proof of size is what stops it."""
    done = master.directory / "done"
    outcome = await ssh.relay(
        ("m1", sh("echo part; sleep 0.3; echo cannot read >&2; exit 1")),
        (
            "m2",
            Command(argv=("sh", "-c", f'[ "$(wc -c)" = 10 ] && touch {done}'), timeout_s=20, changes=True),
        ),
        fence=fence(master),
    )
    assert outcome.status is Status.FAILED and outcome.exit is None
    assert "the source failed" in outcome.error and "cannot read" in outcome.error
    await asyncio.sleep(0.5)
    assert not done.exists()


@pytest.mark.invariant("INV-6")
@pytest.mark.usefixtures("rooted")
async def test_a_link_lost_in_a_relay_is_unknown(master: Fixture, ssh: SshTransport) -> None:
    begun = asyncio.Event()
    running = asyncio.create_task(
        ssh.relay(
            ("m1", sh("echo part; sleep 20")),
            ("m2", Command(argv=("cat",), timeout_s=20, changes=True)),
            fence=fence(master),
            on_progress=lambda _: begun.set(),
        )
    )
    await asyncio.wait_for(begun.wait(), 25)
    master.proxy.reset()
    assert (await asyncio.wait_for(running, 60)).status is Status.UNKNOWN


@pytest.mark.usefixtures("rooted")
async def test_a_target_that_fails_early_ends_the_relay(master: Fixture, ssh: SshTransport) -> None:
    outcome = await ssh.relay(
        ("m1", sh("cat /dev/zero")),
        ("m2", Command(argv=("sh", "-c", "head -c 10 >/dev/null; echo disk full >&2; exit 7"), changes=True)),
        fence=fence(master),
    )
    assert (outcome.status, outcome.exit) == (Status.FAILED, 7) and b"disk full" in outcome.stderr


@pytest.mark.invariant("INV-5")
@pytest.mark.usefixtures("rooted")
async def test_a_fenced_target_takes_nothing(master: Fixture, ssh: SshTransport) -> None:
    held = replace(fence(master), epoch=2)
    outcome = await ssh.relay(
        ("m1", sh("echo x")), ("m2", Command(argv=("cat",), timeout_s=5, changes=True)), fence=held
    )
    assert outcome.status is Status.FENCED and outcome.stdout == b""
