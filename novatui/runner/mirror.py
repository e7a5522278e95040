"""This run on the masters themselves: plan, state and by-hand texts, so that it can be finished when the operator's
machine is gone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from novatui.model.records import Captured, Done, Record
from novatui.remote.command import FENCED_EXIT, Command, Outcome, Status, script_text
from novatui.runner import byhand, copies
from novatui.runner.copies import MirroredState
from novatui.runner.lease import Leases
from novatui.runner.work import Stop, Work, together

_PUSH_S = 10.0
_PREPARE_S = 60.0


class Mirror:
    """Keeps ``<work_dir>/<run>/`` of every participant. ``keep`` has the texts on this machine as well."""

    def __init__(self, work: Work, leases: Leases, keep: Callable[[str, bytes], None]) -> None:
        self._work = work
        self._leases = leases
        self._keep = keep
        self._newest = False  # no copy on a master is known to be newer than the journal here

    async def prepare(self) -> None:
        """Everything, on every participant. Raises Stop when one cannot take it: then nothing may be changed there."""
        plan = {"plan.json": msgspec.json.encode(self._work.plan)}
        plan |= {f"scripts/{name}.sh": script_text(name).encode() for name in byhand.scripts(self._work)}
        nodes = self._work.plan.nodes
        now = self._now()
        outcomes = await together(
            self._push(node, {**plan, **byhand.inputs(self._work, node), **now}, _PREPARE_S) for node in nodes
        )
        bad = [
            f"{node}: {outcome.error or outcome.stderr.decode('utf-8', 'replace').strip()}"
            for node, outcome in zip(nodes, outcomes, strict=True)
            if not outcome.ok
        ]
        if bad:
            raise Stop("failed", "The plan could not be kept on every master", "\n".join(bad))

    async def after(self, nodes: Sequence[str]) -> list[str]:
        """The state and the texts as they are now; a master that does not take them does not stop the run. Those that refuse
        them because their lease is not this runner's any more."""
        if not self._work.state.committed or (self._work.state.resumes and not self._newest):
            return []
        now = self._now()
        outcomes = await together(self._push(node, now, _PUSH_S) for node in nodes)
        return [node for node, outcome in zip(nodes, outcomes, strict=True) if outcome.exit == FENCED_EXIT]

    async def ahead(self, *, surely: bool) -> list[str]:
        """Masters whose copy knows of something that the journal here does not. ``surely``: raises Stop when one of those whose
        lease we have does not say what it keeps."""
        work = self._work
        deadline = work.now_s() + work.reach_s()
        while True:
            found = await copies.look(work.cluster, work.plan.run, work.plan.nodes, work.transport)
            silent = [copy for copy in found if copy.silent and copy.node in self._leases.mine]
            if not silent or not surely:
                break
            if work.now_s() >= deadline:
                said = "\n".join(f"{copy.node}: {copy.error}" for copy in silent)
                raise Stop("failed", "What a master keeps of this run could not be read", said)
            await work.wait(work.pace.poll_most_s)
        ours = [copy for copy in found if copy.plan_sha256 == work.plan.sha256()]
        ahead = copies.newer(ours, work.journal.records)
        self._newest = not ahead and not silent
        return ahead

    def _now(self) -> dict[str, bytes]:
        work = self._work
        state = MirroredState(
            run=work.plan.run,
            plan_sha256=work.plan.sha256(),
            records=[_without_output(record) for record in work.journal.records],
        )
        files = {
            "FINISH.txt": byhand.finish(work).encode(),
            "UNDO.txt": byhand.undo(work).encode(),
        }
        for name, content in files.items():
            self._keep(name, content)
        return {**files, "state.json": msgspec.json.encode(state)}

    async def _push(self, node: str, files: dict[str, bytes], limit_s: float) -> Outcome:
        fence = self._leases.fence(node)
        sizes = [word for name, content in files.items() for word in (name, str(len(content)))]
        command = Command(
            script="mirror",
            argv=(fence.work_dir, f"{fence.run}:{fence.epoch}", *sizes),
            stdin=b"".join(files.values()),
            timeout_s=limit_s,
        )
        try:
            return await self._work.clock.within(limit_s, self._work.transport.run(node, command))
        except TimeoutError:
            return Outcome(status=Status.UNKNOWN, error="no answer within the limit")


def _without_output(record: Record) -> Record:
    return replace(record, stdout=Captured(), stderr=Captured()) if isinstance(record, Done) else record
