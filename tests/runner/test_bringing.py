"""The operator's machine is gone: its run is brought over from a master and gone on with on another one."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from novatui.errors import HeldByAnother, NovatuiError, Refused, UsageError
from novatui.model import records as rec
from novatui.runner import bringing, client, copies, journal, places
from novatui.runner.bringing import Found
from tests.runner import masters
from tests.runner.stage import EVERYWHERE, Stage, ended, silent, until
from tests.runner.tiny_process import COMMAND

DIED = ("kill-at", "swap m2 after-act")


def lose_machine() -> None:
    """All that this machine knew of any run."""
    for place in places.every():
        shutil.rmtree(place.path)


async def find(stage: Stage, node: str = "m1", run: str = "", fault: Any = None) -> Found:
    fleet = masters.Masters(stage.cluster, fault or (lambda node, command: None))
    return await bringing.find(stage.cluster, node, run, fleet)


async def died(stage: Stage, at: tuple[str, str] = DIED) -> None:
    """A run whose runner was killed past its gate."""
    await stage.start(await stage.plan(), "tiny", at=at)
    state = await ended(stage)
    assert not state.ended
    await until(lambda: silent(stage), "its heartbeats to end")


def kept(stage: Stage, node: str, name: str = "state.json") -> Path:
    return stage.root / node / "work/r1" / name


@pytest.mark.invariant("INV-1", "INV-2", "INV-5")
async def test_another_machine_goes_on_and_nothing_is_done_twice(stage: Stage) -> None:
    await died(stage)
    sha256 = stage.state().plan_sha256
    epochs = stage.state().epochs
    lose_machine()
    found = await find(stage)
    assert found.plan.sha256() == sha256 and found.state.committed
    bringing.bring(found, stage.config, "tiny")
    place = places.find("r1")
    for path in (place.journal, place.path / "plan.json", place.path / "launch.json"):
        assert path.stat().st_mode & 0o777 == 0o600
    await client.resume("r1", answers=["tiny"], command=COMMAND)
    state = await ended(stage)
    assert state.result == "verified", state.detail
    assert stage.ledgers() == EVERYWHERE
    assert all(state.epochs[node] > epochs[node] for node in epochs), "taking over raises the epoch"


@pytest.mark.invariant("INV-5")
async def test_not_while_the_old_runner_is_alive(stage: Stage) -> None:
    await stage.start(await stage.plan(), "tiny", at=("slow-at", "swap m1 before-act"))
    await until(lambda: stage.state().at("swap", "m1").state == "acting", "the swap to begin")

    async def refused() -> str:
        with pytest.raises(HeldByAnother, match="is alive") as one:
            await find(stage, "m3", "r")
        return one.value.detail

    deadline = time.monotonic() + 60  # each of its heartbeats begins on its own
    while "m1, m2, m3" not in (detail := await refused()):
        assert time.monotonic() < deadline, detail
        await asyncio.sleep(0.5)
    (places.find("r1").path / "go").touch()
    assert (await ended(stage)).result == "verified"
    with pytest.raises(Refused, match="held by no run"):
        await find(stage)


async def test_the_newest_copy_is_taken_and_who_was_not_asked_is_said(stage: Stage) -> None:
    """One that is being taken back counts most: to go forward from an older one would mix old and new data."""
    await died(stage)
    raw = msgspec.json.decode(kept(stage, "m2").read_bytes())
    asked = {"kind": "requested", "seq": 900, "at": 1, "mono_ns": 1, "what": "undo", "by": "ann"}
    kept(stage, "m2").write_bytes(msgspec.json.encode({**raw, "records": [*raw["records"], asked]}))
    found = await find(stage, "m1", fault=lambda node, command: "gone" if node == "m3" else None)
    assert found.node == "m2" and found.state.undoing
    assert "m3 could not be asked: the connection was lost" in found.notes
    assert any("copy of m2 is newer than that of m1" in note for note in found.notes)


def _other_plan(raw: bytes) -> bytes:
    plan = msgspec.json.decode(raw)
    return msgspec.json.encode({**plan, "params": {"older": True}})


@pytest.mark.invariant("INV-12")
@pytest.mark.parametrize("node", ["m1", "m2"])
async def test_a_plan_that_is_not_the_confirmed_one_is_refused(stage: Stage, node: str) -> None:
    """On the named master, or on another one."""
    await died(stage)
    plan = kept(stage, node, "plan.json")
    plan.write_bytes(_other_plan(plan.read_bytes()))
    with pytest.raises(Refused, match="one and the same plan") as refused:
        await find(stage)
    assert f"{node}: differs from its state" in refused.value.detail


@pytest.mark.invariant("INV-12")
async def test_a_plan_forged_with_its_hash_is_refused_too(stage: Stage) -> None:
    await died(stage)
    forged = _other_plan(kept(stage, "m1", "plan.json").read_bytes())
    from novatui.model.plan import Plan

    sha256 = msgspec.json.decode(forged, type=Plan).sha256()
    kept(stage, "m1", "plan.json").write_bytes(forged)
    state = kept(stage, "m1").read_bytes()
    old = msgspec.json.decode(state)["plan_sha256"]
    kept(stage, "m1").write_bytes(state.replace(old.encode(), sha256.encode()))
    with pytest.raises(Refused, match="one and the same plan"):
        await find(stage)


async def test_what_cannot_be_had_is_said(stage: Stage) -> None:
    await died(stage, ("kill-at", "stage m1 after-act"))
    with pytest.raises(UsageError, match="no master 'm9'"):
        await find(stage, "m9")
    with pytest.raises(Refused, match="held by run 'r1', not by 'r7'"):
        await find(stage, run="r7")
    with pytest.raises(Refused, match="keeps no plan of it") as early:
        await find(stage)
    assert "never came to its gate" in early.value.detail
    with pytest.raises(NovatuiError, match="cannot be asked"):
        await find(stage, fault=lambda node, command: "gone")


async def test_the_journal_that_is_here_stays_when_it_knows_as_much(stage: Stage) -> None:
    await died(stage)
    before = places.find("r1").journal.read_bytes()
    bringing.bring(await find(stage), stage.config, "tiny")
    assert places.find("r1").journal.read_bytes() == before


@pytest.mark.invariant("INV-4")
@pytest.mark.parametrize("do", ["resume", "undo"])
async def test_a_journal_that_lost_its_end_is_replaced_by_what_the_masters_know(
    stage: Stage, do: str
) -> None:
    await died(stage)
    path = places.find("r1").journal
    lines = path.read_bytes().splitlines(keepends=True)
    gate = next(number for number, line in enumerate(lines) if b"gate_opened" in line)
    path.write_bytes(b"".join(lines[:gate]))
    fleet = masters.Masters(stage.cluster)
    found = await copies.look(stage.cluster, "r1", ["m1", "m2", "m3"], fleet)
    assert copies.ahead(found, stage.state()) == ["m1", "m2", "m3"]
    with pytest.raises(NovatuiError, match="As far as the journal here knows"):
        await client.undo("r1", command=COMMAND)
    bringing.bring(await find(stage), stage.config, "tiny")
    assert stage.state().committed
    assert len(list(places.find("r1").path.glob("journal.aside-*.jsonl"))) == 1
    go: Callable[..., Awaitable[str]] = client.undo if do == "undo" else client.resume
    await go("r1", command=COMMAND)
    state = await ended(stage)
    assert state.result == ("undone" if do == "undo" else "verified"), state.detail


async def test_who_keeps_nothing_and_who_is_silent_are_told_apart(stage: Stage) -> None:
    fleet = masters.Masters(stage.cluster, lambda node, command: "gone" if node == "m2" else None)
    (stage.root / "m3/work/r1").mkdir(parents=True)
    kept(stage, "m3").write_bytes(b'{"run": "r1"')
    m1, m2, m3 = await copies.look(stage.cluster, "r1", ["m1", "m2", "m3"], fleet)
    assert m1.known and m1.state is None
    assert m2.error == "the connection was lost"
    assert "cannot be read" in m3.error


def test_a_machine_that_was_not_there_holds_no_lease() -> None:
    lines = bringing.as_journal([rec.Lease(seq=1, at=5, node="m1", epoch=7, state="acquired")], "m2")
    record, brought = map(journal.decode, lines.splitlines())
    assert isinstance(record, rec.Lease) and (record.state, record.epoch) == ("lost", 7)
    assert isinstance(brought, rec.Brought) and (brought.node, brought.seq) == ("m2", 2)
