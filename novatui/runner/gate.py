"""The typed confirmation: opened with what is at stake, answered once, by whoever types the words first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from novatui.model import records as rec
from novatui.runbooks.step import Brief, Gate, Word
from novatui.runner.events import Reply
from novatui.runner.work import Stop, Work


class Gates:
    """The gates of one run. ``prepare`` is called with the answer in hand and before it counts: it raises Stop when the
    world is not what was confirmed any more."""

    def __init__(
        self, work: Work, prepare: Callable[[], Awaitable[None]], answers: Sequence[str] | None
    ) -> None:
        self._work = work
        self._prepare = prepare
        self._answers = answers
        self._open: rec.GateOpened | None = None
        self._required: tuple[Word, ...] = ()
        self._answered: asyncio.Future[str] | None = None
        self._taken: Reply | None = None

    async def run(self, gate: Gate) -> None:
        """Returns when the gate is answered and that is on disk. Raises Stop: refused, or aborted when its time is over."""
        work = self._work
        brief = gate.brief(work.context())
        self._required = tuple(word for word in brief.words if word.guard not in work.overruled())
        self._taken = None
        self._answered = asyncio.get_running_loop().create_future()
        opened = work.write(
            rec.GateOpened(
                gate=gate.id,
                nonce=work.clock.nonce(),
                rows=tuple((label, text) for label, text in brief.rows),
                words=tuple({"word": w.word, "why": w.why, "guard": w.guard} for w in self._required),
            )
        )
        assert isinstance(opened, rec.GateOpened)
        self._open = opened
        await work.checkpoint(gate.id, "", "gate-opened")
        try:
            by = self._beforehand() if self._answers is not None else await self._typed()
            await self._prepare()
            work.safe_point()  # an abort that came meanwhile: nothing was changed yet
        finally:
            self._open = None
        self._write(gate, brief, by)
        await work.checkpoint(gate.id, "", "gate-answered")

    def answer(self, gate: str, nonce: str, words: Sequence[str], by: str) -> Reply:
        """The word on an answer from a client; ``id`` is the caller's to fill in."""
        work = self._work
        if self._taken is not None and self._taken.code == "taken":
            return Reply(id=0, code="already_answered", by=self._taken.by, at=self._taken.at)
        opened = self._open
        if opened is None or self._answered is None or self._answered.done():
            done = work.state.gates.get(gate)
            if done is not None and done.answered_ms is not None:
                return Reply(id=0, code="already_answered", by=done.answered_by, at=done.answered_ms)
            return Reply(id=0, code="stale", why="no gate is open")
        if (opened.gate, opened.nonce) != (gate, nonce):
            return Reply(id=0, code="stale", why="this is not the gate that is open")
        if missing := _missing(self._required, words):
            return Reply(id=0, code="wrong_words", wrong=tuple(word.word for word in missing))
        self._taken = Reply(id=0, code="taken", by=by, at=work.clock.now_ms())
        self._answered.set_result(by)
        return self._taken

    def _beforehand(self) -> str:
        missing = _missing(self._required, self._answers or ())
        if missing:
            raise Stop(
                "refused",
                "The gate was not answered",
                "\n".join(_asked(word) for word in missing),
            )
        return self._work.operator

    async def _typed(self) -> str:
        """Who typed the words. Waiting ends by an answer, by an abort, or when the gate's time is over."""
        work, answered = self._work, self._answered
        assert answered is not None
        answered.add_done_callback(lambda _: work.wake())
        deadline = work.now_s() + work.pace.gate_s
        while not answered.done():
            if (left := deadline - work.now_s()) <= 0:
                minutes = round(work.pace.gate_s / 60)
                raise Stop(
                    "aborted", f"The gate was open for {minutes} min without an answer: nothing was changed"
                )
            await work.wait(left)
        return answered.result()

    def _write(self, gate: Gate, brief: Brief, by: str) -> None:
        work = self._work
        for guard in sorted({word.guard for word in brief.words if word.guard}):
            if guard not in work.state.overruled:
                work.write(rec.Overruled(guard=guard, by=by))
        work.write(rec.GateAnswered(gate=gate.id, by=by))


def _missing(required: Sequence[Word], typed: Sequence[str]) -> list[Word]:
    return [word for word in required if word.word not in typed]


def _asked(word: Word) -> str:
    over = f" (--overrule {word.guard})" if word.guard else " (--yes)"
    return f"it wants {word.word!r}{over}: {word.why}"
