"""The tasks that watch one master: its poll loop, its journal, and what changes slowly. None waits for another, nor for
another master."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Protocol

from novatui.config import NodeConfig
from novatui.errors import RemoteError
from novatui.model.cluster import KeyHash, Link, NodeError
from novatui.model.entries import Entry
from novatui.model.sanitize import clean
from novatui.probes import etcd, journald, keyhash, upkeep
from novatui.probes.continuity import Continuity, Record
from novatui.probes.frames import Frame, Frames
from novatui.probes.sight import Sight, cksum
from novatui.remote.command import Command
from novatui.remote.link import node_error
from novatui.remote.transport import Transport

INTERVAL_S = 1.0
# How often we speak to a remote loop; it ends by itself when it hears nothing for 15 s.
KEEPALIVE_S = 5.0
# A poll loop that gives no frame for so long is given up and started anew.
SILENCE_S = 10.0
TAIL_LINES = 500
FRAME_S = 0.02  # an honest loop gives two frames a second; one that gives more waits for us
UPKEEP_S, UPKEEP_APART_S = 60.0, 5.0
DIRECTORIES_MAX = 16
HASH_S = 5
BATCH_S = 0.05
BATCH_MAX = 1000
AGAIN_S = (0.5, 5.0)

_log = logging.getLogger(__name__)


class Watchable(Transport, Protocol):
    """What watching needs beyond ``Transport``: the state of links and notes on them, and words into a stream's stdin."""

    def start(self) -> None: ...
    def link(self, node: str) -> tuple[Link, NodeError | None, str]: ...
    def notes(self, node: str) -> tuple[str, ...]: ...
    def watch(self, changed: Callable[[str], None]) -> Callable[[], None]: ...
    def retry(self, node: str | None = None) -> None: ...
    def stream(
        self,
        node: str,
        command: Command,
        *,
        keepalive_s: float = 0.0,
        words: asyncio.Queue[bytes] | None = None,
    ) -> AsyncGenerator[bytes, None]: ...


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class Watch:
    """One master. ``changed`` is called after each thing learned; ``heard`` with batches of journal entries."""

    def __init__(
        self,
        node: NodeConfig,
        transport: Watchable,
        changed: Callable[[], None],
        heard: Callable[[list[Entry]], None],
    ) -> None:
        self.node = node
        self.sight = Sight(node)
        self.complete = asyncio.Event()  # unit and etcd were both looked at
        self._transport = transport
        self._changed = changed
        self._heard = heard
        self._words: asyncio.Queue[bytes] = asyncio.Queue()
        self._live = asyncio.Event()
        self._stirred = asyncio.Event()
        self._place = Continuity()
        self._batch: list[Entry] = []

    def poll_now(self) -> None:
        """Wake the remote loop; it answers with our own time, which measures its clock."""
        if self._words.empty():
            self._words.put_nowait(b"%d\n" % now_ms())

    def connection(self) -> None:
        """Take over what the transport says of the link, and how old the last sample is."""
        state, error, doing = self._transport.link(self.node.name)
        if state is Link.LIVE:
            self._live.set()
        else:
            self._live.clear()
        self.sight.connection(state, error, doing, now_ms())
        self.sight.notes(self._transport.notes(self.node.name))

    async def run(self) -> None:
        """Until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._again(self._poll), name=f"poll {self.node.name}")
            tasks.create_task(self._again(self._journal), name=f"journal {self.node.name}")
            tasks.create_task(self._slowly(), name=f"upkeep {self.node.name}")

    async def poll_until_complete(self) -> None:
        """One look, for ``status``; ends early when the connection cannot be had."""
        while not self.complete.is_set() and not self._failed():
            if await self._once(self._poll):
                await asyncio.sleep(AGAIN_S[0])

    def _failed(self) -> bool:
        return self._transport.link(self.node.name)[0] in (Link.LOST, Link.REFUSED)

    async def _again(self, work: Callable[[], Awaitable[None]]) -> None:
        """Whenever the link is live, from the start; what ends at once is not started in a rush."""
        wait_s = AGAIN_S[0]
        while True:
            await self._live.wait()
            began = time.monotonic()
            await self._once(work)
            wait_s = AGAIN_S[0] if time.monotonic() - began > SILENCE_S else min(wait_s * 2, AGAIN_S[1])
            await asyncio.sleep(wait_s)

    async def _once(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Run ``work`` to its end; what ended it badly is kept in words. True when it ended well."""
        try:
            await work()
            return True
        except RemoteError as exc:
            self.sight.trouble = node_error(exc)
        except TimeoutError:
            self.sight.trouble = NodeError("silent", f"the master gave no sample for {SILENCE_S:g} s")
        except Exception as exc:  # what it says must not cost the other masters theirs
            _log.exception("%s: an answer that cannot be read", self.node.name)
            self.sight.trouble = NodeError(
                "unreadable",
                f"the master's answer cannot be read: {clean(f'{type(exc).__name__}: {exc}', cap=200)}",
            )
        finally:
            self.connection()
            self._changed()
        return False

    async def _poll(self) -> None:
        """The remote loop, until the env file changes or something breaks."""
        await self._facts()
        while not self._words.empty():
            self._words.get_nowait()
        nonce = secrets.token_hex(8)
        frames = Frames(nonce)
        spoke = time.monotonic()
        async with aclosing(self._stream(self._poll_command(nonce), words=self._words)) as lines:
            while (frame := await _next_frame(lines, frames)) is not None:
                self._take(frame)
                if "clock" in frame and cksum(frame) != self.sight.snapshot.env.cksum:
                    return
                if not self.sight.gateway and etcd.gateway_missing(frame):
                    return
                if time.monotonic() - spoke >= KEEPALIVE_S:
                    spoke = time.monotonic()
                    self.poll_now()
                await asyncio.sleep(FRAME_S)

    async def _facts(self) -> None:
        nonce = secrets.token_hex(8)
        etcd_config = self.node.etcd
        outcome = await self._transport.run(
            self.node.name,
            Command(script="facts", argv=(nonce, etcd_config.unit, etcd_config.env_file), timeout_s=10),
        )
        frames = Frames(nonce)
        found = [frame for line in outcome.stdout.split(b"\n") if (frame := frames.feed(line)) is not None]
        if not outcome.ok or not found:
            why = outcome.error or clean(outcome.stderr[-300:].strip()) or f"exit {outcome.exit}"
            raise RemoteError("the master could not be looked at", why)
        self.sight.facts(found[0], etcd_config.env_file)
        self._stirred.set()  # the env file may be another one, and what was seen of its places old

    async def _slowly(self) -> None:
        """Certificates, snapshots and the like, when a loop of looks begins, when the unit has changed, else once a minute; on
        a channel of its own."""
        while True:
            await self._live.wait()
            await self.complete.wait()
            self._stirred.clear()
            try:
                await self._upkeep()
            except Exception:  # what it says must not cost the look at etcd
                _log.exception("%s: an answer about its upkeep that cannot be read", self.node.name)
            await asyncio.sleep(UPKEEP_APART_S)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stirred.wait(), UPKEEP_S - UPKEEP_APART_S)

    async def _upkeep(self) -> None:
        nonce, env = secrets.token_hex(8), self.sight.snapshot.env
        certificates, directories = tuple(upkeep.files(env)), self.node.etcd.snapshot_dirs[:DIRECTORIES_MAX]
        words = (nonce, env.data_dir, str(len(certificates)), *certificates, *directories)
        outcome = await self._transport.run(
            self.node.name, Command(script="upkeep", argv=words, timeout_s=UPKEEP_S)
        )
        frames = Frames(nonce)
        for line in outcome.stdout.split(b"\n"):
            if (frame := frames.feed(line)) is not None:
                self.sight.upkeep(frame, env, directories, now_ms())
                self._changed()

    async def hashed(self, revision: int) -> KeyHash | None:
        """What this member's keys hash to at ``revision``; None when that cannot be had soon."""
        env = self.sight.snapshot.env
        tls = (env.endpoint, env.cacert, env.cert, env.key)
        words = (*tls, self.node.etcd.etcdctl, str(revision), str(HASH_S))
        command = Command(script="hash", argv=words, timeout_s=HASH_S + 15)
        try:
            outcome = await self._transport.run(self.node.name, command)
        except RemoteError:
            return None
        return keyhash.read(outcome.stdout, revision, now_ms())

    def keep(self, found: KeyHash) -> None:
        """What this member's keys hash to, of a round that is worth keeping."""
        self.sight.hashed(found)
        self._changed()

    def _poll_command(self, nonce: str) -> Command:
        env, config = self.sight.snapshot.env, self.node.etcd
        words = (nonce, f"{INTERVAL_S:g}", config.unit, config.env_file, env.data_dir, env.endpoint)
        gateway = "yes" if self.sight.gateway else "no"
        tail = (config.etcdctl, gateway, config.work_dir)
        return Command(script="poll", argv=(*words, env.cacert, env.cert, env.key, *tail))

    def _take(self, frame: Frame) -> None:
        self.sight.trouble = None
        before = self.sight.snapshot.unit.active
        self.sight.look(frame, now_ms())
        if self.sight.snapshot.unit.active != before:
            self._stirred.set()
        if "clock" not in frame and not etcd.gateway_missing(frame):
            self.complete.set()
        self.connection()
        self._changed()

    async def _journal(self) -> None:
        """From where we were: nothing lost, nothing twice, or a row that says so."""
        place = self._place
        place.begin()
        words = (self.node.etcd.unit, str(TAIL_LINES), *([place.cursor] if place.cursor else []))
        command = Command(script="journal", argv=words)
        try:
            async with aclosing(self._stream(command, keepalive_s=KEEPALIVE_S)) as lines:
                async for line in lines:
                    entry = journald.entry(self.node.name, line)
                    if entry is None:
                        continue
                    fate = place.take(entry.cursor)
                    if fate is Record.AFTER_GAP:
                        self._keep(journald.gap(self.node.name, entry.at_ms, "lines are missing here"))
                    if fate is not Record.KNOWN:
                        self._keep(entry)
        finally:
            self._flush()

    def _keep(self, entry: Entry) -> None:
        if entry.unit_line:
            self.poll_now()
        self._batch.append(entry)
        if len(self._batch) >= BATCH_MAX:
            self._flush()
        elif len(self._batch) == 1:
            asyncio.get_running_loop().call_later(BATCH_S, self._flush)

    def _flush(self) -> None:
        if self._batch:
            batch, self._batch = self._batch, []
            self._heard(batch)

    def _stream(
        self, command: Command, *, keepalive_s: float = 0.0, words: asyncio.Queue[bytes] | None = None
    ) -> AsyncGenerator[bytes, None]:
        return self._transport.stream(self.node.name, command, keepalive_s=keepalive_s, words=words)


async def _next_frame(lines: AsyncGenerator[bytes, None], frames: Frames) -> Frame | None:
    """None at the end of the stream. Raises TimeoutError after ``SILENCE_S`` without one."""
    async with asyncio.timeout(SILENCE_S):
        async for line in lines:
            if (frame := frames.feed(line)) is not None:
                return frame
    return None
