"""What all parts of the engine share of one run: its plan, its way to the masters, its journal and the fold of it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

from novatui.config import ClusterConfig
from novatui.model.plan import Plan, PlannedStep
from novatui.model.records import Record
from novatui.model.run import GATE_S, RunState, apply, fold
from novatui.remote.transport import Transport
from novatui.runbooks.step import Context, Runbook
from novatui.runner.clock import Clock
from novatui.runner.events import Live

T = TypeVar("T")

# Called at the kill points of tests: step, node, and one of before-act (the intent is on disk, nothing is sent),
# after-act (the outcome is known, not written), after-outcome, verified, gate-opened, gate-answered.
Checkpoint = Callable[[str, str, str], Awaitable[None]]


async def no_checkpoint(step: str, node: str, phase: str) -> None:
    """Production's: nothing happens."""


async def _nothing(node: str) -> None:
    return None


class Log(Protocol):
    """The journal as the engine sees it. ``write`` returns when the record, stamped, is on disk."""

    @property
    def records(self) -> Sequence[Record]: ...

    def write(self, record: Record) -> Record: ...


@dataclass(frozen=True)
class Pace:
    """How long things are waited for, seconds. ``reconnect_s`` is for a master that does not answer once the run is
    committed, ``reach_s`` before."""

    poll_s: float = 0.2
    poll_most_s: float = 1.0
    reconnect_s: float = 60.0
    reach_s: float = 15.0
    gate_s: float = GATE_S
    alive_s: float = 20.0  # for the heartbeat of a dead runner of the same run to fall silent
    fence_s: int = 10  # for an earlier act of the same master
    orphan_s: int = 20  # one look at an act whose outcome is unknown
    election_s: float = 15.0  # for an answer that says nothing, where the step itself has patience
    looked_s: float = 30.0  # how old what the plan relies on may be at the first change


class Stop(Exception):
    """The run goes no further. ``result`` is the word of ``run_ended``; before the gate ``failed`` becomes ``refused``.

    ``way``: the one command with which a run that is past its gate goes on from here; empty: resume or undo.
    """

    way = ""

    def __init__(
        self, result: str, title: str, detail: str = "", hint: str = "", exit_code: int | None = None
    ):
        super().__init__(title)
        self.result = result
        self.title = title
        self.detail = detail
        self.hint = hint
        self.exit_code = exit_code

    def words(self) -> str:
        return "\n".join(part for part in (self.title, self.detail, self.hint) if part)


class Fenced(Stop):
    """Another runner has taken this run over: nothing more is done here, and nothing is taken back."""

    def __init__(self, node: str, detail: str = "") -> None:
        super().__init__(
            "fenced",
            "Another runner has taken over this run",
            f"{node}: {detail}" if detail else node,
            "attach to it where it runs; this one does nothing more",
            exit_code=4,
        )


class Changed(Stop):
    """What the plan relies on is not so any more."""

    way = "undo"

    def __init__(self, differences: Sequence[str]) -> None:
        super().__init__(
            "refused",
            "Changed since you looked",
            "\n".join(differences),
            "look again, make a new plan",
        )


class TakenBack(Stop):
    """Somebody changed what the run had done, while no runner was there: nothing is done on top of that."""

    way = "undo"

    def __init__(self, what: Sequence[str]) -> None:
        super().__init__(
            "failed",
            "What this run had done is not so any more: somebody changed it since",
            "\n".join([*what, "nothing was done on top of that"]),
        )


class NoWayBack(Stop):
    """An undo of a run whose point of no return is passed, or may be: nothing is taken back."""

    way = "resume"

    def __init__(self, run: str, step: str, found: str, why: str) -> None:
        super().__init__(
            "refused",
            f"Run {run} is past its point of no return, or may be: {step}",
            "\n".join(part for part in (found, why) if part),
            f"nothing was taken back. The way is forward: novatui resume {run}",
            exit_code=2,
        )


class Behind(Fenced):
    """The masters know more of this run than the journal here: "nothing was changed" would be a lie, and to go on in its
    direction wrong. Nothing is done and nothing taken back."""

    def __init__(self, run: str, nodes: Sequence[str], text: str) -> None:
        Stop.__init__(
            self,
            "fenced",
            "The masters know more of this run than the journal here",
            f"what was done last is known on {', '.join(nodes)}: etcd may be held down there.\n"
            "The journal here has lost its end, or another machine went on with the run",
            f"nothing was done. Go on with what the masters know: novatui resume|undo {run} --from {nodes[0]}\n"
            f"or by hand: {text} there",
            exit_code=4,
        )


@dataclass
class Work:
    """One run under way. ``state`` is always the fold of what is on disk."""

    cluster: ClusterConfig
    runbook: Runbook
    plan: Plan
    transport: Transport
    journal: Log
    clock: Clock
    operator: str = ""
    tell: Callable[[Live], None] = lambda _: None
    checkpoint: Checkpoint = no_checkpoint
    acted: Callable[[str], Awaitable[None]] = _nothing  # called with the node after each outcome
    pace: Pace = Pace()
    halted: Stop | None = None  # nothing is begun any more
    abort_by: str = ""  # somebody asked to stop at the next safe point
    boots: dict[str, str] = field(default_factory=dict)  # node -> boot id, as the lease saw it last
    looked: tuple[int, int] | None = None  # when what the plan relies on was seen last: ms UTC, ns monotonic
    state: RunState = field(init=False)
    planned: dict[str, PlannedStep] = field(init=False)

    def __post_init__(self) -> None:
        self.state = fold(self.journal.records)
        self.planned = {step.id: step for step in (*self.plan.steps, *self.plan.undo)}
        self.runner_id = self.clock.nonce()  # tells this process from every other, on the masters too
        self._woken = asyncio.Event()

    def write(self, record: Record) -> Record:
        """On disk, then in the state."""
        stamped = self.journal.write(record)
        self.state = apply(self.state, stamped)
        return stamped

    def context(self, node: str = "") -> Context:
        return Context(plan=self.plan, cluster=self.cluster, node=node, facts=self.state.facts)

    def overruled(self) -> set[str]:
        """Guards somebody has answered for: in the request, or at a gate."""
        return {guard for guard in (*self.plan.request.overrule, *self.state.overruled) if guard}

    def now_s(self) -> float:
        """Monotonic seconds."""
        return self.clock.mono_ns() / 1e9

    def has_looked(self) -> None:
        """What the plan relies on is so, as of now."""
        self.looked = self.clock.now_ms(), self.clock.mono_ns()

    def is_stale(self) -> bool:
        """Whether that was too long ago for a first change. By both clocks: the monotonic one stands still while the machine
        sleeps, the other may be set back."""
        if self.looked is None:
            return True
        wall_ms, mono_ns = self.looked
        since = (self.clock.now_ms() - wall_ms) / 1e3, (self.clock.mono_ns() - mono_ns) / 1e9
        return max(since) > self.pace.looked_s

    def has_slept(self) -> bool:
        """Whether this machine slept since then: the monotonic clock stood still."""
        if self.looked is None:
            return False
        wall_ms, mono_ns = self.looked
        slept_s = (self.clock.now_ms() - wall_ms) / 1e3 - (self.clock.mono_ns() - mono_ns) / 1e9
        return slept_s > self.pace.looked_s

    def reach_s(self) -> float:
        """How long a master that does not answer is waited for."""
        return self.pace.reconnect_s if self.state.committed else self.pace.reach_s

    def abort(self, by: str) -> None:
        """Stop at the next safe point."""
        self.abort_by = self.abort_by or by
        self._woken.set()

    def halt(self, stop: Stop) -> None:
        """Begin nothing more, at once."""
        self.halted = self.halted or stop
        self._woken.set()

    def safe_point(self) -> None:
        """Raises when the run is to stop here: no act is under way where this is called."""
        if self.halted is not None:
            raise self.halted
        if self.abort_by:
            raise Stop("aborted", f"Stopped as asked by {self.abort_by}")

    async def wait(self, seconds: float) -> None:
        """Wait where stopping is safe, at most so long; raises when the run is to stop."""
        self.safe_point()
        self._woken.clear()
        if seconds > 0:
            try:
                await self.clock.within(seconds, self._woken.wait())
            except TimeoutError:
                return
            self.safe_point()

    def wake(self) -> None:
        """End every ``wait`` now: there is news."""
        self._woken.set()


async def together(tasks: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """All at the same time. What they return are values; the first exception ends the others and is raised."""
    running = [asyncio.ensure_future(task) for task in tasks]
    if not running:
        return []
    try:
        await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    for task in running:
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error
    return [task.result() for task in running]
