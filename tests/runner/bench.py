"""One cluster of directories, and runs of the engine on it in this very process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from novatui.model.plan import Plan, Request
from novatui.remote.command import Command
from novatui.runbooks.step import Runbook
from novatui.runner import plan as planner
from novatui.runner.clock import SystemClock
from novatui.runner.engine import Ending, Engine
from novatui.runner.journal import Journal
from novatui.runner.work import Checkpoint, Pace, Work, no_checkpoint
from tests.runner import masters, tiny

ALL_DONE = ["stage", "stop", "swap"]
QUICK = Pace(
    poll_s=0.02, poll_most_s=0.05, reconnect_s=1.0, reach_s=0.3, gate_s=5.0, alive_s=0.3, orphan_s=30
)


@dataclass
class Bench:
    """One cluster of directories and runs on it."""

    root: Path
    nodes: int = 3
    pace: Pace = QUICK
    fault: masters.Fault = lambda node, command: None
    runbook: Runbook = tiny.TINY
    kept: dict[str, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.cluster = masters.cluster(self.root, self.nodes)
        self.masters = masters.Masters(self.cluster, lambda node, command: self.fault(node, command))

    async def plan(self, run: str = "r1", **words: Any) -> Plan:
        request = Request(runbook="tiny", **words)
        return await planner.make(
            self.cluster, request, self.masters, find=lambda name: self.runbook, run=run
        )

    def journal(self, plan: Plan) -> Path:
        return self.root / f"{plan.run}.jsonl"

    def engine(
        self,
        plan: Plan,
        *,
        answers: Sequence[str] | None = ("tiny",),
        on_failure: str = "stop",
        checkpoint: Checkpoint = no_checkpoint,
        operator: str = "ops@here",
    ) -> Engine:
        path, clock = self.journal(plan), SystemClock()
        journal = (
            Journal.resume(path, clock, runbook_version=1) if path.exists() else Journal.create(path, clock)
        )
        work = Work(
            cluster=self.cluster,
            runbook=self.runbook,
            plan=plan,
            transport=self.masters,
            journal=journal,
            clock=clock,
            operator=operator,
            checkpoint=checkpoint,
            pace=self.pace,
        )
        return Engine(work, answers=answers, on_failure=on_failure, keep=self.kept.__setitem__)

    async def run(self, plan: Plan, do: str = "run", **options: Any) -> Ending:
        engine = self.engine(plan, **options)
        try:
            ending: Ending = await getattr(engine, do)()
        finally:
            engine.work.journal.close()  # type: ignore[attr-defined]
        self.state = engine.work.state
        return ending

    def ledgers(self) -> dict[str, list[str]]:
        return {node.name: tiny.ledger(self.cluster, node.name) for node in self.cluster.nodes}

    def put(self, node: str, name: str, text: str = "") -> None:
        Path(tiny.home(self.cluster, node), name).write_text(text)

    def leased(self) -> list[str]:
        return [n.name for n in self.cluster.nodes if Path(n.etcd.work_dir, "active").exists()]


def losing(step: str, node: str, when: str, times: int = 1) -> masters.Fault:
    """The first ``times`` acts of a step on a node meet ``when``."""
    left = [times]

    def fault(at: str, command: Command) -> str | None:
        if at == node and command.changes and command.argv[-1] == step and left[0]:
            left[0] -= 1
            return when
        return None

    return fault


class Killed(BaseException):
    """The process is gone: nothing of it runs on."""
