"""One run, watched over its runner's socket, or from its journal when no runner works on it."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
from collections.abc import AsyncIterator, Sequence
from types import TracebackType
from typing import Self

from novatui.errors import NovatuiError
from novatui.model.records import Record, RunEnded
from novatui.model.run import RunState, apply, fold
from novatui.paths import private_socket
from novatui.runner import events, journal, places
from novatui.runner.events import Event, FromClient, FromRunner, Met, Need, Reply

_REPLY_S = 10.0
_LISTEN_S = 10.0  # from a runner's lock to its socket; its imports are done by then
_SAY_S = 30.0  # between two lines of its past; one that is stopped (SIGSTOP) still takes connections
_LOOK_S = 0.05
_LINE_BYTES = 16 * 1024 * 1024


class Follower:
    """One run, watched. ``async with Follower.open(run) as f``: on entry ``f.state`` and ``f.records`` are up to date,
    ``f.events()`` yields what comes after and ends when the runner does.

    ``needs``: what the runner waits for people to tell it now, by id. ``live`` is False when no runner works on it: then the journal's file was read, and nothing comes after.
    """

    def __init__(self, place: places.RunDir) -> None:
        self._place = place
        self._lost: NovatuiError | None = None
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
        """Records (``state`` and ``records`` have them already), Output and Progress, until the runner is gone. What a
        runner that ended could not tell any more is read from its journal; one that lives and dropped us is come back to.
        Raises NovatuiError when it lives and cannot be come back to."""
        if not self.live and self._events.empty():
            return
        while (event := await self._events.get()) is not None:
            yield event
        if self._lost is not None:
            raise self._lost

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
            why = self._lost.title if self._lost is not None else "no runner works on this run now"
            return Reply(id=question.id, code="refused", why=why)
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self._waiting[question.id] = answered
        try:
            self._writer.write(events.line(question))
            await self._writer.drain()
            async with asyncio.timeout(_REPLY_S):
                return await answered
        except (OSError, TimeoutError):
            return Reply(
                id=question.id,
                code="unknown",
                why="the runner does not reply: it may have taken it all the same",
            )
        finally:
            self._waiting.pop(question.id, None)

    async def _connect(self) -> None:
        """Connect and read the replay. A runner that is just ending leaves ``live`` False."""
        if await self._replay():
            self.live = True
            self._pump = asyncio.create_task(self._read_on())

    async def _replay(self) -> bool:
        """A connection, and what it tells of the past; False when the runner is gone."""
        deadline = asyncio.get_running_loop().time() + _LISTEN_S
        while True:
            try:
                private_socket(self._place.socket)
                self._reader, self._writer = await asyncio.open_unix_connection(
                    self._place.socket, limit=_LINE_BYTES
                )
                break
            except OSError:
                await asyncio.sleep(_LOOK_S)
                if not self._place.alive():
                    return False
                if asyncio.get_running_loop().time() > deadline:
                    if self._said_its_last():
                        return False
                    raise NovatuiError(
                        f"The runner of {self.run} lives but cannot be reached", str(self._place.socket)
                    ) from None
        self.needs.clear()  # those that are still open are told again
        try:
            return await self._past()
        except TimeoutError:
            raise NovatuiError(
                f"The runner of {self.run} lives but says nothing",
                f"its process is stopped (SIGSTOP), or the machine is too busy: {self._place.log}",
                "nothing is known to have failed; try again, or let the process go on (SIGCONT)",
            ) from None

    async def _past(self) -> bool:
        while True:
            async with asyncio.timeout(_SAY_S):
                event = await self._next()
            if event is None or isinstance(event, events.CaughtUp):
                return event is not None
            self._take(event)

    def _said_its_last(self) -> bool:
        """The run has ended, and its process is about to."""
        records = journal.read(self._place.journal)
        return bool(records) and isinstance(records[-1], RunEnded)

    async def _read_on(self) -> None:
        try:
            while True:
                while (event := await self._next()) is not None:
                    self._heard(event)
                self._unanswered()
                if not await self._again():
                    break
        except NovatuiError as error:
            logging.getLogger(__name__).warning("%s", error)
            self._lost = error
        finally:
            self.live = False
            self._unanswered()
            self._events.put_nowait(None)

    async def _again(self) -> bool:
        """After the connection ended: True when we are back with a runner that lives. Nothing of the past is missed."""
        before, needed = len(self.records), dict(self.needs)
        if self._writer is not None:
            self._writer.close()
        back = self._place.alive() and await self._replay()
        if not back:
            self.needs.clear()
            for record in journal.read(self._place.journal):
                self._take(record)
        for record in self.records[before:]:
            self._events.put_nowait(record)
        for gone in needed.keys() - self.needs.keys():
            self._events.put_nowait(Met(secret_id=gone))
        for need in self.needs.values():
            if needed.get(need.secret_id) != need:
                self._events.put_nowait(need)
        return back

    def _heard(self, event: FromRunner) -> None:
        if isinstance(event, Reply):
            if (waiting := self._waiting.get(event.id)) is not None and not waiting.done():
                waiting.set_result(event)
        elif not isinstance(event, events.CaughtUp):
            self._take(event)
            self._events.put_nowait(event)

    def _unanswered(self) -> None:
        for waiting in self._waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError("the connection to the runner ended"))

    def _take(self, event: Event | Reply) -> None:
        if isinstance(event, Record):
            if event.seq > self.state.last_seq:  # told again after a lost connection
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
