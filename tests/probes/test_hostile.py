"""What no honest master says: read without an error, and it costs nobody else anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.config import ClusterConfig, NodeConfig
from novatui.model.cluster import ClusterSnapshot, Link, NodeError
from novatui.probes import agreement, journald
from novatui.probes.collector import Collector
from novatui.probes.frames import Frames, Piece
from novatui.probes.numbers import LAST_MS, date_ms, fraction, whole
from novatui.probes.sight import Sight
from novatui.remote.command import Command, Outcome, Status

HUGE = "9" * 5000  # Python refuses to read as a number what is longer than 4300 digits
NASTY = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            *(
                HUGE.encode(),
                b"9" * 30,
                "²".encode(),
                b"-1",
                b"nan",
                b"1e999",
                b"null",
                b"[[]]",
                b"{}",
                b"\xff",
            ),
            b'{"header":[],"leader":null}',
            b'{"header":{"revision":"%s"}}' % (b"9" * 40),
            json.dumps(
                {"header": {"cluster_id": -1}, "leader": 1.5, "errors": [{}, None], "dbSize": True}
            ).encode(),
            b"ActiveState=active\nLoadState=loaded\nActiveEnterTimestampMonotonic=" + b"9" * 20,
            b"LoadState=loaded\nExecMainStatus=" + HUGE.encode() + b"\nMainPID=0\nExecMainCode=1",
            b'etcd_x_bucket{le="nan"} 1e999\n_bucket{le="+Inf"} 5',
            b"fs 9 9 9 9% /x",
        ]
    ),
)
NAMES = st.sampled_from(
    [
        "clock",
        "unit",
        "disk",
        "curl",
        "listening",
        "status",
        "quorum",
        "members",
        "metrics",
        "cksum",
        "env",
        "boot",
    ]
)


@pytest.mark.invariant("INV-9")
@given(st.lists(st.tuples(NAMES, st.lists(NASTY, max_size=4), NASTY), max_size=8))
def test_no_frame_is_an_error(pieces: list[tuple[str, list[bytes], bytes]]) -> None:
    frames = Frames("n0")
    lines: list[bytes] = []
    for name, args, body in pieces:
        lines += [*body.split(b"\n"), b" ".join([b"n0", name.encode(), *args])]
    sight = Sight(NodeConfig(name="m", host="h"))
    for line in [*lines, b"n0 end"]:
        frame = frames.feed(line)
        if frame is not None:
            sight.facts(frame, "/etc/etcd.env")
            sight.look(frame, 1_700_000_000_000)
            sight.look(frame, 1_700_000_001_000)
    msgspec.json.encode(sight.snapshot)  # no number that JSON does not know
    assert sight.snapshot.unit is None or (sight.snapshot.unit.since_ms or 0) < LAST_MS


@pytest.mark.invariant("INV-7")
@given(
    st.dictionaries(
        st.sampled_from(["__CURSOR", "MESSAGE", "__REALTIME_TIMESTAMP", "PRIORITY", "UNIT"]),
        st.one_of(
            st.none(),
            st.text(max_size=20),
            st.integers(),
            st.lists(st.integers(-1, 300), max_size=5),
            st.sampled_from([HUGE, "9" * 20, "\ud800", "s=1;i=2", "-x", "a\0b", '{"msg":1,"level":2}']),
        ),
    )
)
def test_no_journal_record_is_an_error(record: dict[str, object]) -> None:
    entry = journald.entry("m", json.dumps(record).encode())
    if entry is not None:
        msgspec.json.encode(entry)
        entry.cursor.encode("ascii")
        assert 0 <= entry.at_ms < LAST_MS and not entry.cursor.startswith("-")


def test_a_cursor_that_is_no_word_is_not_sent_back() -> None:
    for cursor in ("\ud800", "a b", "", "-f", "x" * 2000):
        assert journald.entry("m", json.dumps({"__CURSOR": cursor, "MESSAGE": "x"}).encode()) is None


def test_numbers() -> None:
    assert [whole(x) for x in ("0", "18446744073709551615", 7)] == [0, 2**64 - 1, 7]
    assert not [
        x
        for x in ("", "-1", "²", HUGE, str(2**64), -1, 2**64, True, None, 1.0, "1.0")
        if whole(x) is not None
    ]
    assert (fraction("12.5"), fraction("9" * 400), fraction("nan"), fraction("1.2.3")) == (
        12.5,
        None,
        None,
        None,
    )
    assert (date_ms(1.6), date_ms(-1), date_ms(1e30), date_ms(None)) == (2, None, None, None)
    assert Piece(("²",)).exit is None


class Masters:
    """Two of them: one answers what breaks us, the other nothing out of order."""

    def start(self) -> None: ...
    def retry(self, node: str | None = None) -> None: ...
    async def close(self) -> None: ...
    def link(self, node: str) -> tuple[Link, NodeError | None, str]:
        return Link.LIVE, None, ""

    def notes(self, node: str) -> tuple[str, ...]:
        return (f"a note on {node}",)

    def watch(self, changed: Callable[[str], None]) -> Callable[[], None]:
        return lambda: None

    async def run(self, node: str, command: Command, **_: object) -> Outcome:
        if node == "liar":
            raise ValueError("what nobody thought of \x1b]0;x\x07")
        nonce = command.argv[0].encode()
        return Outcome(status=Status.OK, exit=0, stdout=b"b\n%s boot 0\n%s end\n" % (nonce, nonce))

    async def relay(self, *_: object, **__: object) -> Outcome:
        raise NotImplementedError

    async def feed(self, *_: object, **__: object) -> Outcome:
        raise NotImplementedError

    async def stream(
        self,
        node: str,
        command: Command,
        *,
        keepalive_s: float = 0.0,
        words: asyncio.Queue[bytes] | None = None,
    ) -> AsyncGenerator[bytes, None]:
        if command.script == "journal" and node == "liar":
            raise KeyError("neither")
        if command.script == "journal":
            await asyncio.sleep(60)
        nonce = command.argv[0].encode()
        while True:
            yield b"%s end" % nonce
            if node != "flood":
                await asyncio.sleep(0.05)


def test_a_frame_without_an_end_does_not_grow_for_ever() -> None:
    frames = Frames("n0")
    for at in range(10_000):
        frames.feed(b"x" * 10)
        assert frames.feed(b"n0 piece%d" % at) is None
    assert len(frames.feed(b"n0 end") or {}) == 32


@pytest.mark.invariant("INV-9")
async def test_a_flood_of_frames_leaves_the_others_their_turn() -> None:
    nodes = (NodeConfig(name="flood", host="h"), NodeConfig(name="good", host="h"))
    collector = Collector(ClusterConfig(name="c", nodes=nodes), Masters())
    seen: list[ClusterSnapshot] = []
    task = asyncio.create_task(collector.run(seen.append, lambda _node, _entries: None))
    try:
        async with asyncio.timeout(60):
            while len({snapshot.nodes[1].at_ms for snapshot in seen}) < 5:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert not task.done()
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=25)


@pytest.mark.invariant("INV-9")
async def test_a_master_that_breaks_its_reader_costs_its_own_pane_alone() -> None:
    nodes = (NodeConfig(name="liar", host="h"), NodeConfig(name="good", host="h"))
    collector = Collector(ClusterConfig(name="c", nodes=nodes), Masters())
    seen: list[ClusterSnapshot] = []
    task = asyncio.create_task(collector.run(seen.append, lambda _node, _entries: None))
    try:
        async with asyncio.timeout(60):
            while not seen or seen[-1].nodes[0].error is None or seen[-1].nodes[1].at_ms is None:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        first = seen[-1].nodes[1].at_ms
        async with asyncio.timeout(60):
            while seen[-1].nodes[1].at_ms == first:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert not task.done()
        assert seen[-1].nodes[1].notes == ("a note on good",)
        error = seen[-1].nodes[0].error
        assert error is not None and error.code == "unreadable" and "\x1b" not in error.title
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=25)


class Stuck(Masters):
    """What changes slowly is never told: a dead mount, a disk that hangs."""

    async def run(self, node: str, command: Command, **more: object) -> Outcome:
        if command.script == "upkeep":
            await asyncio.sleep(3600)
        return await super().run(node, command, **more)


@pytest.mark.invariant("INV-9")
async def test_what_is_slow_to_tell_does_not_delay_the_look_at_the_unit() -> None:
    collector = Collector(ClusterConfig(name="c", nodes=(NodeConfig(name="good", host="h"),)), Stuck())
    seen: list[ClusterSnapshot] = []
    task = asyncio.create_task(collector.run(seen.append, lambda _node, _entries: None))
    try:
        async with asyncio.timeout(60):
            while len({snapshot.nodes[0].at_ms for snapshot in seen}) < 8:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        assert seen[-1].nodes[0].upkeep is None and not task.done()
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=25)


@pytest.mark.invariant("INV-9")
async def test_keys_that_cannot_be_compared_cost_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = asyncio.Event()

    async def compare(watches: object) -> bool:
        if tried.is_set():
            return True
        tried.set()
        raise KeyError("what nobody thought of")

    for name, value in (("FIRST_S", 0.0), ("compare", compare)):
        monkeypatch.setattr(agreement, name, value)
    task = asyncio.create_task(agreement.compared([]))
    async with asyncio.timeout(25):
        await tried.wait()
    await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    await asyncio.wait({task}, timeout=25)
