"""All that others see of the runner: make a plan, start a run, follow it, answer its gate, ask it to stop.

Nothing here changes a master: the runner is a process of its own (``runner.process``), this only starts it and talks
with it over its socket. A client that goes away changes nothing for the run.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from novatui.config import ClusterConfig
from novatui.errors import NovatuiError
from novatui.model.plan import Plan, Request
from novatui.model.records import Record
from novatui.model.run import Phase, RunState, apply, fold
from novatui.model.sources import Sources
from novatui.paths import private_socket
from novatui.remote.transport import Transport
from novatui.runner import events, journal, places
from novatui.runner.events import Event, FromClient, FromRunner, Met, Need, Output, Progress, Reply
from novatui.runner.spawn import PROCESS, Orders, Secrets, spawn

__all__ = [
    "Event",
    "Follower",
    "Met",
    "Need",
    "Output",
    "Progress",
    "Reply",
    "RunSummary",
    "abandon",
    "load",
    "make_plan",
    "resume",
    "runs",
    "sources",
    "start",
    "undo",
]

_REPLY_S = 10.0
_LINE_BYTES = 16 * 1024 * 1024


class RunSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the history. ``alive``: a runner works on it now."""

    run: str
    runbook: str
    cluster: str
    started_ms: int
    ended_ms: int | None
    phase: Phase
    result: str
    operator: str
    alive: bool


async def make_plan(cluster: ClusterConfig, request: Request, transport: Transport) -> Plan:
    """Survey the masters (read-only) and say exactly what would be run. Raises Refused with every reason."""
    from novatui.runner import plan as planner

    return await planner.make(cluster, request, transport)


async def sources(cluster: ClusterConfig, transport: Transport) -> Sources:
    """Ask all masters (read-only) what the cluster could be restored from: archives, and their own data."""
    from novatui.runbooks import restore_cluster
    from novatui.runner import survey

    request = Request(runbook=restore_cluster.NAME)
    answers = await survey.ask(cluster, request, restore_cluster.RUNBOOK, transport)
    return restore_cluster.sources(cluster, answers)


async def start(
    config_path: Path,
    cluster_name: str,
    plan: Plan,
    *,
    answers: Sequence[str] | None = None,
    on_failure: str = "stop",
    secrets: Secrets | None = None,
    command: Sequence[str] = PROCESS,
) -> str:
    """Start a runner of its own for ``plan``; the run's id once it lives. Raises what it says when it cannot begin.

    ``answers`` are words typed beforehand (``--yes``): the run is then headless, and a gate that wants another word
    ends it as refused. None: the gate waits for a client. ``secrets``: what is known already, by id; what else the runner
    needs it asks of its clients.
    """
    place = places.create(
        plan,
        places.Launch(config=str(config_path.absolute()), cluster=cluster_name, on_failure=on_failure),
    )
    await spawn(place, Orders(do="run", answers=_words(answers)), command, secrets)
    return plan.run


async def resume(
    run_id: str,
    *,
    answers: Sequence[str] | None = None,
    secrets: Secrets | None = None,
    command: Sequence[str] = PROCESS,
) -> str:
    """Start a runner that goes on with a run that failed, was aborted or lost its runner."""
    place = places.find(run_id)
    await spawn(place, Orders(do="resume", answers=_words(answers)), command, secrets)
    return place.run


async def undo(run_id: str, *, secrets: Secrets | None = None, command: Sequence[str] = PROCESS) -> str:
    """Start a runner that takes back what a run changed."""
    place = places.find(run_id)
    await spawn(place, Orders(do="undo"), command, secrets)
    return place.run


async def abandon(run_id: str, *, secrets: Secrets | None = None, command: Sequence[str] = PROCESS) -> str:
    """Start a runner that takes back what an ended run staged before its gate, and gives the masters free."""
    place = places.find(run_id)
    await spawn(place, Orders(do="abandon"), command, secrets)
    return place.run


def runs() -> list[RunSummary]:
    """All runs of this operator on this machine, the newest first."""
    found = [_summary(place) for place in places.every()]
    return sorted(found, key=lambda one: (one.started_ms, one.run), reverse=True)


def load(run_id: str) -> tuple[Plan, RunState]:
    """What was confirmed, and what the journal says of it."""
    place = places.find(run_id)
    return place.plan(), fold(journal.read(place.journal))


class Follower:
    """One run, watched. ``async with Follower.open(run) as f``: on entry ``f.state`` and ``f.records`` are up to date,
    ``f.events()`` yields what comes after and ends when the runner does.

    ``needs``: what the runner waits for people to tell it now, by id. ``live`` is False when no runner works on it: then the journal's file was read, and nothing comes after.
    """

    def __init__(self, place: places.RunDir) -> None:
        self._place = place
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._pump: asyncio.Task[None] | None = None
        self._events: asyncio.Queue[Event | None] = asyncio.Queue()
        self._waiting: dict[int, asyncio.Future[Reply]] = {}
        self._ids = itertools.count(1)
        self.run = place.run
        self.plan = place.plan()
        self.state = RunState()
        self.records: list[Record] = []
        self.needs: dict[str, Need] = {}
        self.live = False

    @classmethod
    def open(cls, run_id: str) -> Self:
        """To be entered with ``async with``. Raises UsageError when there is no such run here."""
        return cls(places.find(run_id))

    async def __aenter__(self) -> Self:
        if self._place.alive():
            await self._connect()
        if not self.live:
            self.records = journal.read(self._place.journal)
            self.state = fold(self.records)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pump is not None:
            self._pump.cancel()
            await asyncio.gather(self._pump, return_exceptions=True)
        if self._writer is not None:
            self._writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                async with asyncio.timeout(1):
                    await self._writer.wait_closed()

    async def events(self) -> AsyncIterator[Event]:
        """Records (``state`` and ``records`` have them already), Output and Progress, until the runner is gone."""
        if not self.live and self._events.empty():
            return
        while (event := await self._events.get()) is not None:
            yield event

    async def answer(self, gate: str, nonce: str, words: Sequence[str]) -> Reply:
        """Type the words of an open gate. The runner judges them; the first valid answer wins."""
        return await self._ask(
            events.AnswerGate(id=next(self._ids), gate=gate, nonce=nonce, words=tuple(words))
        )

    async def give(self, need: Need, answer: str) -> Reply:
        """Tell the runner a secret it needs. The first answer is taken; a wrong one comes back as a need again."""
        return await self._ask(
            events.GiveSecret(
                id=next(self._ids), secret_id=need.secret_id, attempt=need.attempt, answer=answer
            )
        )

    async def request(self, what: str) -> Reply:
        """``abort``: stop at the next safe point. Before the gate: staged things are taken back, nothing was changed."""
        return await self._ask(events.AskFor(id=next(self._ids), what=what))

    async def _ask(self, question: FromClient) -> Reply:
        if self._writer is None or not self.live:
            return Reply(id=question.id, code="refused", why="no runner works on this run now")
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[question.id] = answered
        try:
            self._writer.write(events.line(question))
            await self._writer.drain()
            async with asyncio.timeout(_REPLY_S):
                return await answered
        except (OSError, TimeoutError):
            return Reply(id=question.id, code="refused", why="the runner does not reply")
        finally:
            self._waiting.pop(question.id, None)

    async def _connect(self) -> None:
        """Connect and read the replay. A runner that is just ending leaves ``live`` False."""
        for _ in range(40):  # the lock is taken a moment before the socket listens
            try:
                private_socket(self._place.socket)
                self._reader, self._writer = await asyncio.open_unix_connection(
                    self._place.socket, limit=_LINE_BYTES
                )
                break
            except OSError:
                await asyncio.sleep(0.05)
                if not self._place.alive():
                    return
        else:
            raise NovatuiError(
                f"The runner of {self.run} lives but cannot be reached", str(self._place.socket)
            )
        while True:
            event = await self._next()
            if event is None:
                return
            if isinstance(event, events.CaughtUp):
                break
            self._take(event)
        self.live = True
        self._pump = asyncio.create_task(self._read_on())

    async def _read_on(self) -> None:
        try:
            while (event := await self._next()) is not None:
                if isinstance(event, Reply):
                    if (waiting := self._waiting.get(event.id)) is not None and not waiting.done():
                        waiting.set_result(event)
                elif not isinstance(event, events.CaughtUp):
                    self._take(event)
                    self._events.put_nowait(event)
        finally:
            self.live = False
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(ConnectionResetError("the runner is gone"))
            self._events.put_nowait(None)

    def _take(self, event: Event | Reply) -> None:
        if isinstance(event, Record):
            self.records.append(event)
            self.state = apply(self.state, event)
        elif isinstance(event, Need):
            self.needs[event.secret_id] = event
        elif isinstance(event, Met):
            self.needs.pop(event.secret_id, None)

    async def _next(self) -> FromRunner | None:
        assert self._reader is not None
        while True:
            try:
                raw = await self._reader.readline()
            except (OSError, ValueError):
                return None
            if not raw.endswith(b"\n"):
                return None
            event = events.read_runner(raw)
            if event is not None:
                return event


def _summary(place: places.RunDir) -> RunSummary:
    state = fold(journal.read(place.journal))
    plan = place.plan()
    return RunSummary(
        run=place.run,
        runbook=plan.runbook,
        cluster=plan.cluster,
        started_ms=state.started_ms or plan.at_ms,
        ended_ms=state.ended_ms,
        phase=state.phase,
        result=state.result,
        operator=state.operator,
        alive=place.alive(),
    )


def _words(answers: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if answers is None else tuple(answers)
