"""What the masters keep of a run (``mirror`` put it there), read back: it may know more than a journal that lost its end,
and another machine goes on from it."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from novatui.config import ClusterConfig
from novatui.model.records import (
    AnyRecord,
    Bound,
    Done,
    GateAnswered,
    Intent,
    Judged,
    Record,
    Requested,
    Verified,
)
from novatui.model.run import RunState, fold
from novatui.model.sanitize import clean
from novatui.remote.command import Command, Outcome
from novatui.remote.transport import Transport
from novatui.runbooks.parts.reading import read as read_answer

STATE_SCHEMA = 1
_READ_S = 15.0


class MirroredState(msgspec.Struct, frozen=True, kw_only=True):
    """``state.json``: the journal without the outputs of commands; the fold of ``records`` is the state."""

    schema: int = STATE_SCHEMA
    run: str
    plan_sha256: str
    records: Sequence[Record]


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """``state.json`` as it is read back."""

    run: str
    plan_sha256: str
    records: list[AnyRecord]


@dataclass(frozen=True)
class Copy:
    """What one master keeps of a run. ``error`` in words when that is not known, ``silent`` when it did not answer; else
    ``state`` is None when it keeps nothing. ``plan`` is ``plan.json`` as it lies there, when it was asked for."""

    node: str
    error: str = ""
    silent: bool = False
    state: RunState | None = None
    records: Sequence[Record] = ()
    plan_sha256: str = ""
    plan: str = field(default="", repr=False)

    @property
    def known(self) -> bool:
        return not self.error


async def look(
    cluster: ClusterConfig, run: str, nodes: Sequence[str], transport: Transport, *, plan: bool = False
) -> list[Copy]:
    """The copies of ``nodes``, all asked at the same time. Read-only; a master that cannot be asked is a value."""
    return list(await asyncio.gather(*(_one(cluster, run, node, transport, plan) for node in nodes)))


def ahead(copies: Sequence[Copy], state: RunState) -> list[str]:
    """Masters whose copy says that the run went past its gate, or is being taken back, when ``state`` does not."""
    return [copy.node for copy in copies if copy.state is not None and _beyond(copy.state, state)]


def newer(copies: Sequence[Copy], records: Sequence[Record]) -> list[str]:
    """Masters whose copy knows of an act, a proof or a word that the journal ``records`` lacks: it lost its end, or another
    machine went on."""
    ours = {_mark(one) for one in records}
    return [
        copy.node for copy in copies if any(_decides(one) and _mark(one) not in ours for one in copy.records)
    ]


def _decides(record: Record) -> bool:
    """Whoever only took leases, or looked, has done nothing that another must know of."""
    if isinstance(record, Requested):
        return record.what == "undo"
    return isinstance(record, GateAnswered | Intent | Done | Verified | Judged | Bound)


def _mark(record: Record) -> tuple[type[Record], int, int, int]:
    return type(record), record.seq, record.at, record.mono_ns


def _beyond(kept: RunState, state: RunState) -> bool:
    return (kept.committed and not state.committed) or (kept.undoing and not state.undoing)


async def _one(cluster: ClusterConfig, run: str, node: str, transport: Transport, plan: bool) -> Copy:
    names = ("state.json", *(("plan.json",) if plan else ()))
    work_dir = cluster.node(node).etcd.work_dir
    outcome = await transport.run(
        node, Command(script="kept", argv=(work_dir, run, *names), timeout_s=_READ_S)
    )
    return _read(node, run, outcome)


def _read(node: str, run: str, outcome: Outcome) -> Copy:
    answer = read_answer(outcome)
    if not outcome.ok or not answer.whole:
        said = outcome.error or outcome.stderr.decode("utf-8", "replace").strip()
        return Copy(node, error=clean(said.replace("\n", "; ")) or "it does not answer", silent=True)
    if "state.json" in answer.all("lacks"):
        return Copy(node)
    try:
        kept = msgspec.json.decode(answer.raw("state.json"), type=_Kept)
    except msgspec.MsgspecError as error:
        return Copy(node, error=f"its state.json cannot be read: {clean(str(error))}")
    if kept.run != run:
        return Copy(node, error=f"its state.json is of run {clean(kept.run)}")
    return Copy(
        node,
        state=fold(kept.records),
        records=kept.records,
        plan_sha256=kept.plan_sha256,
        plan=answer.raw("plan.json"),
    )
