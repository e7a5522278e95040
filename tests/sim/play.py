"""One schedule from its first second to its end: the run, its faults, what the person does, and what must then be so."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

import msgspec

from novatui.model import records as rec
from novatui.model.plan import Plan
from novatui.model.run import RunState, fold
from novatui.runbooks import registry
from novatui.runbooks.step import Runbook
from novatui.runner import plan as planner
from novatui.runner.bringing import as_journal
from novatui.runner.copies import MirroredState
from novatui.runner.journal import read
from tests.sim import scripts
from tests.sim.director import Director
from tests.sim.ends import at_the_end
from tests.sim.faults import Catalogue, Point, Schedule, draw
from tests.sim.fleet import Fleet, Models, SimTransport
from tests.sim.loop import Endless, Killed, Process, SimLoop
from tests.sim.process import Running
from tests.sim.runner import Runner, install
from tests.sim.scenario import ALL, SCENARIOS, WARM_S, Scenario

RUN = "0123abcd"
MOST_S = 6 * 3600.0
MOST_EVENTS = 600_000
TRIES = 4  # endings that may fail while faults still happen
LAST_TRIES = 3  # once everything is well again
ADOPT_S = 45.0


@dataclass
class Played:
    """``breaches`` in words; none: the schedule held. ``results`` are the endings of its runners, in order."""

    schedule: Schedule
    breaches: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    seconds: float = 0.0
    records: int = 0


def draw_plan(scenario: Scenario, runbook: Runbook | None = None) -> Plan:
    """As ``novatui plan`` makes it, on a fleet without faults."""
    book = runbook or registry.find(scenario.request.runbook)
    loop = SimLoop(MOST_S, MOST_EVENTS)
    fleet = Fleet(loop, scenario.cluster, 0)
    scenario.build(fleet)

    async def make() -> Plan:
        await asyncio.sleep(WARM_S)
        transport = SimTransport(fleet, Process(loop, "planner"), lambda: "")
        return await planner.make(
            scenario.cluster, scenario.request, transport, find=lambda name: book, run=RUN
        )

    with contextlib.closing(loop):
        return msgspec.structs.replace(loop.run_until_complete(make()), at_ms=1)


@cache
def plan_of(name: str) -> Plan:
    return draw_plan(ALL[name])


@cache
def catalogue(name: str) -> Catalogue:
    """The moments of a run without faults."""
    play = Play(Schedule(0, name))
    commands: list[Point] = []

    def note(point: Point, running: Running) -> None:
        if running.fence is not None or running.command.script == "lease":
            commands.append(point)

    play.director.on_point = note
    played = play.play()
    assert not played.breaches, played.breaches
    assert played.results == ["verified"], played.results
    nodes = tuple(play.fleet.masters)
    return Catalogue(tuple(commands), played.records, played.seconds - WARM_S, nodes)


def schedule_of(seed: int, scenarios: Collection[str] = tuple(SCENARIOS)) -> Schedule:
    """The schedule that a seed means, of one of ``scenarios``."""
    names = list(scenarios)
    name = Random(seed).choices(names, [4 if one == "quorum-lost" else 2 for one in names])[0]
    return draw(seed, name, catalogue(name))


class Play:
    """Everything of one schedule. ``models``: a mutant's scripts; ``runbook``: a mutant's runbook."""

    def __init__(
        self,
        schedule: Schedule,
        *,
        models: Models = scripts.MODELS,
        runbook: Runbook | None = None,
        plan: Plan | None = None,
        tell: bool = False,
    ) -> None:
        install()
        self.schedule = schedule
        self.scenario = ALL[schedule.scenario]
        self.plan = plan or plan_of(schedule.scenario)
        self.runbook = runbook or registry.find(self.scenario.request.runbook)
        self.loop = SimLoop(MOST_S, MOST_EVENTS)
        self.fleet = Fleet(self.loop, self.scenario.cluster, schedule.seed, models)
        self.director = Director(self, self.fleet, schedule.faults, schedule.seed)
        self.played = Played(schedule)
        self.written: list[rec.Record] = []  # by any runner, in order
        self._tell = tell
        ways = ("resume",) if self.runbook.no_undo else ("resume", "undo")
        self._choices = [one for one in schedule.choices if one in ways]
        self._homes = Path(tempfile.mkdtemp(prefix="nv-sim-", dir=_fast_dir()))
        self._runners: list[Runner] = []
        self._answered = False
        self._again_s = 1.0
        self._turn = 0
        self._adopt = False
        self.home = self._new_home()
        self.runner: Runner

    def play(self) -> Played:
        try:
            with contextlib.closing(self.loop):
                self.loop.run_until_complete(self._whole())
        except Endless as endless:
            self.fleet.checks.breach(f"the schedule does not end: {endless}")
        finally:
            for runner in self._runners:
                if runner.log is not None:
                    runner.log.close()
            shutil.rmtree(self._homes, ignore_errors=True)
        for error in self.loop.errors:
            if not isinstance(error.get("exception"), Killed | asyncio.CancelledError):
                self.fleet.checks.breach(
                    f"in the event loop: {error.get('message')} {error.get('exception')!r}"
                )
        self.played.breaches = self.fleet.checks.found
        self.played.log += self.director.log
        self.played.log.sort(key=lambda line: float(line.split()[0]))
        self.played.records = self.director.records
        return self.played

    # what the director tells

    def killed(self, again_s: float) -> None:
        self._again_s = 1.0 + again_s

    def frozen(self, runner: Runner) -> None:
        """Somebody else takes the run over, from another machine, after the heartbeat fell silent."""
        self._adopt = True

    # the person

    async def _whole(self) -> None:
        self.scenario.build(self.fleet)
        await asyncio.sleep(WARM_S)
        checks = self.fleet.checks
        checks.watch(self.plan)
        checks.answered = lambda: self._answered
        self.director.begin()
        await self._one("run")
        for _ in range(TRIES):
            if not (do := self._next()):
                break
            await asyncio.sleep(self._again_s)
            await self._one(do)
        self.director.stop()
        for _ in range(LAST_TRIES):
            if not (do := self._next()):
                break
            await asyncio.sleep(60)
            await self._one(do)
        forward = self.runbook.no_undo or any(step.effect == "no_return" for step in self.plan.steps)
        undone = "undo-verified" in self.schedule.choices and not forward
        if self.state.result == "verified" and undone:
            await self._one("undo")
            if self.state.result != "undone":
                await self._one("undo")
        self.played.seconds = self.loop.time()
        for runner in self._runners:
            runner.process.thaw()
        await asyncio.sleep(120)
        self._judge()
        for runner in self._runners:
            if not runner.over:
                runner.kill()
        await asyncio.sleep(1)

    @property
    def state(self) -> RunState:
        return fold(read(self.home / "journal.jsonl"))

    def _next(self) -> str:
        """What the person does next; empty when the run is over, one way or the other."""
        state = self.state
        if "know more of this run" in state.detail and (kept := self._mirrored()) is not None:
            self._bring(kept)
            state = self.state
        told_to_abort = not state.committed and "novatui abort" in state.detail
        refused = self.runbook.no_undo and state.result == "refused" and not told_to_abort
        if state.result in ("verified", "undone") or refused:
            return ""
        if not state.committed:
            if state.ended:
                return "abandon" if "novatui abort" in state.detail else ""
            return "resume"
        if "point of no return" in state.detail:
            return "resume"
        if "Changed since you looked" in state.detail and not state.undoing and not self.runbook.no_undo:
            return "undo"
        choice = self._choices[self._turn % len(self._choices)] if self._choices else "resume"
        self._turn += 1
        return "resume" if state.undoing else choice

    async def _one(self, do: str) -> None:
        """One runner, until it is over or another has to take its place."""
        self._again_s = 1.0
        self.runner = runner = Runner(
            self.fleet, self.runbook, self.plan, self.home, f"r{len(self._runners)}",
            self.schedule.seed * 100 + len(self._runners), self._record,
        )  # fmt: skip
        runner.on_failure = "undo" if "on-failure-undo" in self.schedule.choices else "stop"
        self._runners.append(runner)
        self._say(f"runner {runner.name}: {do}")
        runner.start(do)
        while not runner.over:
            await asyncio.sleep(0.5)
            if self._adopt:
                self._adopt = False
                if runner.process.frozen:
                    await self._take_over(runner)
                    return
        self._over(runner)

    async def _until_over(self, runner: Runner) -> None:
        while not runner.over:  # noqa: ASYNC110 - a killed runner wakes nobody
            await asyncio.sleep(0.5)

    def _over(self, runner: Runner) -> None:
        result = "killed" if runner.process.dead else (runner.ending.result if runner.ending else "refused")
        detail = runner.ending.detail if runner.ending else runner.refused
        self.played.results.append(result)
        self._say(f"runner {runner.name}: {result} {' / '.join(detail.splitlines())}")
        if (bug := runner.crash_result()) is not None:
            self.fleet.checks.breach(f"the runner ended by a bug of ours: {bug!r}")
        if runner.ending is not None and runner.ending.exit_code == 70:
            self.fleet.checks.breach(f"the runner says it is its own bug: {detail}")

    async def _take_over(self, frozen: Runner) -> None:
        """From the state that is mirrored on the masters; a person waits a while first.

        Not when the first has woken up meanwhile: then it goes on, and the person sees that.
        """
        await asyncio.sleep(ADOPT_S)
        if not frozen.process.frozen:
            await self._until_over(frozen)
            self._over(frozen)
            return
        mirrored = self._mirrored()
        if mirrored is None:
            self._say("nothing is mirrored yet: nobody can take the run over, the first is let go on")
            frozen.process.thaw()
            await self._until_over(frozen)
            self._over(frozen)
            return
        self._bring(mirrored)

    def _bring(self, mirrored: list[rec.AnyRecord]) -> None:
        self.home = self._new_home()
        (self.home / "journal.jsonl").touch(mode=0o600)  # one that others could read is refused
        (self.home / "journal.jsonl").write_bytes(as_journal(mirrored, "m1"))
        self._say(f"another machine goes on from the mirrored state, {len(mirrored)} records")

    def _mirrored(self) -> list[rec.AnyRecord] | None:
        """The newest ``state.json`` of the masters that answer."""
        found = []
        for master in self.fleet.masters.values():
            raw = master.disk.read(f"{master.config.etcd.work_dir}/{RUN}/state.json")
            if raw is not None and master.reachable and not master.link.cut:
                found.append(list(_mirror.decode(raw).records))
        return max(found, key=len, default=None)

    def _record(self, runner: Runner, record: rec.Record, after: bool) -> None:
        if after:
            self.written.append(record)
            if self._tell:
                self._say(_words(record))
            if isinstance(record, rec.GateAnswered):
                self._answered = True
            if isinstance(record, rec.Judged) and record.step in ("fence", "undo-fence"):
                self.fleet.checks.fenced = record.ok
        elif isinstance(record, rec.Intent) and record.argv_masked[:2] == ("api-fence.sh", "back"):
            self.fleet.checks.fenced = False
        if after and isinstance(record, rec.GateOpened):
            runner.answer_gate(record)
        self.director.record(runner, record, after)

    def _judge(self) -> None:
        state, checks = self.state, self.fleet.checks
        for words in at_the_end(self.fleet, self.plan, state, self.scenario.expected):
            checks.breach(f"at the end ({state.result or 'not ended'}): {words}")

    def _new_home(self) -> Path:
        home = self._homes / f"machine-{len(list(self._homes.iterdir()))}" / RUN
        home.mkdir(parents=True)
        return home

    def _say(self, words: str) -> None:
        self.played.log.append(f"{self.loop.time():9.3f}  {words}")


class _Mirrored(MirroredState, frozen=True, kw_only=True):
    records: list[rec.AnyRecord]


_mirror = msgspec.json.Decoder(_Mirrored)


def _words(record: rec.Record) -> str:
    shown: Mapping[str, object] = msgspec.structs.asdict(record)
    keys = (
        "step",
        "node",
        "attempt",
        "state",
        "status",
        "ok",
        "intent",
        "epoch",
        "result",
        "detail",
        "error",
        "what",
    )
    parts = [f"{key}={shown[key]}" for key in keys if shown.get(key) not in (None, "")]
    return f"  [{record.seq}] {type(record).__name__} {' '.join(parts)}"


def _fast_dir() -> str | None:
    return "/dev/shm" if Path("/dev/shm").is_dir() else None
