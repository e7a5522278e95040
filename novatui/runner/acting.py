"""Doing one step on one master: intent on disk, command through the fence, outcome on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from novatui.model import records as rec
from novatui.model.run import CLEANUP
from novatui.model.sanitize import clean
from novatui.remote.command import Command, Outcome, Status
from novatui.runbooks.step import Act, Relay, Send, Step
from novatui.runner import shown, upload
from novatui.runner.events import Output, Progress
from novatui.runner.journal import capture
from novatui.runner.lease import Leases
from novatui.runner.work import Fenced, Stop, Work

_LINE_BYTES = 64 * 1024


class Acting:
    """The changing commands of one run."""

    def __init__(self, work: Work, leases: Leases) -> None:
        self._work = work
        self._leases = leases

    async def apply(self, step: Step, node: str) -> Outcome:
        """All acts of the step, one after the other, until one is not OK; the last outcome. Raises Fenced."""
        assert step.apply is not None
        work = self._work
        attempt = work.state.at(step.id, node).tries + 1
        acts = step.apply(work.context(node))
        planned = work.planned.get(step.id)
        for act in acts:
            if planned is None or not shown.matches(planned.commands.get(node, ()), act):
                raise Stop(
                    "failed",
                    f"Step {step.id} would run what was not confirmed",
                    f"{node}: {shown.line(act)}",
                    exit_code=70,
                )
        return await self._each(step, node, acts, step.effect.name.lower(), attempt)

    async def cleanup(self, step: Step, node: str) -> Outcome:
        """Take back what a STAGE step added, or what a CHANGE step must not leave."""
        back = step.cleanup or step.let_go
        assert back is not None
        acts = back(self._work.context(node))
        return await self._each(step, node, acts, CLEANUP, self._work.state.at(step.id, node).tries)

    def longest_s(self, step: Step, node: str) -> float:
        """How long an act of this step may run on its master."""
        assert step.apply is not None
        acts = step.apply(self._work.context(node))
        return max((_target(act).timeout_s for act in acts), default=0.0)

    async def _each(self, step: Step, node: str, acts: Sequence[Act], effect: str, attempt: int) -> Outcome:
        outcome = Outcome(status=Status.OK, exit=0)
        for number, act in enumerate(acts):
            outcome = await self._one(step, node, act, effect, attempt, number)
            if not outcome.ok:
                break
        return outcome

    async def _one(self, step: Step, node: str, act: Act, effect: str, attempt: int, number: int) -> Outcome:
        work = self._work
        if work.halted is not None:
            raise work.halted
        intent = work.write(
            rec.Intent(
                step=step.id,
                node=node,
                attempt=attempt,
                act=number,
                argv_masked=shown.words(act),
                effect=effect,
                boot_id=work.boots.get(node),
                timeout_s=_target(act).timeout_s,
            )
        )
        await work.checkpoint(step.id, node, "before-act")
        outcome = await self._send(step, node, act)
        await work.checkpoint(step.id, node, "after-act")
        work.write(
            rec.Done(
                intent=intent.seq,
                status=outcome.status.value,
                exit=outcome.exit,
                signal=outcome.signal,
                ms=outcome.ms,
                stdout=capture(_masked(outcome.stdout, act)),
                stderr=capture(_masked(outcome.stderr, act)),
                error=clean(outcome.error),
            )
        )
        if outcome.status is Status.FENCED:
            stop = Fenced(node, clean(outcome.stderr))
            work.halt(stop)
            raise stop
        await work.checkpoint(step.id, node, "after-outcome")
        if outcome.ok:
            await work.acted(node)
        return outcome

    async def _send(self, step: Step, node: str, act: Act) -> Outcome:
        work, fence = self._work, self._leases.fence(node)
        if isinstance(act, Send):
            send = act

            def sent(done: int) -> None:
                work.tell(Progress(step=step.id, node=node, done=done, total=send.size))

            pieces = upload.pieces(Path(act.path), act.size)
            return await work.transport.feed(pieces, (node, act.target), fence=fence, on_progress=sent)
        if isinstance(act, Relay):

            def progress(done: int) -> None:
                work.tell(Progress(step=step.id, node=node, done=done))

            return await work.transport.relay(
                (act.source_node, act.source), (node, act.target), fence=fence, on_progress=progress
            )
        lines = Lines(work, step.id, node, act)
        try:
            return await work.transport.run(node, act, fence=fence, on_output=lines.feed)
        finally:
            lines.end()


class Lines:
    """Pieces of output -> whole lines, masked and made safe to show, to the clients."""

    def __init__(self, work: Work, step: str, node: str, act: Act) -> None:
        self._work, self._step, self._node, self._act = work, step, node, act
        self._rest = b""

    def feed(self, piece: bytes) -> None:
        *whole, self._rest = (self._rest + piece).replace(b"\r", b"\n").split(b"\n")
        for line in whole:
            self._tell(line)
        if len(self._rest) > _LINE_BYTES:
            self.end()

    def end(self) -> None:
        rest, self._rest = self._rest, b""
        self._tell(rest)

    def _tell(self, line: bytes) -> None:
        if line:
            text = clean(_masked(line, self._act))
            self._work.tell(Output(step=self._step, node=self._node, text=text))


def why(outcome: Outcome) -> str:
    """In words, why an act did not succeed."""
    said = outcome.stderr.decode("utf-8", "replace").strip() or outcome.text().strip()
    last = clean(said.splitlines()[-1]) if said else ""
    if outcome.status is Status.FAILED:
        return f"{last} (exit {outcome.exit})" if last else f"exit {outcome.exit}"
    return clean(outcome.error) or last or "no answer within the limit"


def _target(act: Act) -> Command:
    return act.target if isinstance(act, Relay | Send) else act


def _masked(raw: bytes, act: Act) -> bytes:
    secrets = (*act.source.mask, *act.target.mask) if isinstance(act, Relay) else _target(act).mask
    for secret in secrets:
        if secret:
            raw = raw.replace(secret.encode(), b"***")
    return raw
