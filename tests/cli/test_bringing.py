"""``undo`` does not say "changed nothing" on the word of a journal alone; ``--from`` takes a run from a master."""

from __future__ import annotations

import argparse
import asyncio
import shutil
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from novatui.cli import bringing, undo
from novatui.cli.people import People
from novatui.config import ClusterConfig
from novatui.errors import HeldByAnother, NovatuiError, Refused
from novatui.runner import places
from tests.runner import masters
from tests.runner.stage import Stage, ended, silent, stage, until

__all__ = ["stage"]

PAST_THE_GATE = ("kill-at", "swap m2 after-act")
BEFORE_IT = ("kill-at", "stage m3 after-act")


@pytest.fixture
def unreachable(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Commands ask the masters that are directories; those named here do not answer."""
    gone: set[str] = set()

    async def asking(
        cluster: ClusterConfig, nodes: Sequence[str], people: People, ask: Callable[[Any], Awaitable[Any]]
    ) -> Any:
        return await ask(masters.Masters(cluster, lambda node, command: "gone" if node in gone else None))

    monkeypatch.setattr(bringing, "_asking", asking)
    monkeypatch.setattr("novatui.cli.asking.confirmed", lambda cluster, plan, yes: None)
    return gone


def words(stage: Stage, run: str = "r1", from_node: str = "") -> argparse.Namespace:
    return argparse.Namespace(run=run, from_node=from_node, yes="tiny", config=stage.config, cluster=None)


async def died(stage: Stage, at: tuple[str, str]) -> Path:
    """A run whose runner was killed there; its journal."""
    await stage.start(await stage.plan(), "tiny", at=at)
    await ended(stage)
    await until(lambda: silent(stage), "its heartbeats to end")
    return places.find("r1").journal


async def undone(stage: Stage, **more: str) -> None:
    await asyncio.to_thread(undo.main, words(stage, **more))


async def test_nothing_was_changed_when_journal_and_masters_agree(
    stage: Stage, unreachable: set[str]
) -> None:
    await died(stage, BEFORE_IT)
    with pytest.raises(Refused, match="changed nothing") as refused:
        await undone(stage)
    assert refused.value.detail == "its journal and every master say so"
    assert "novatui abort r1" in refused.value.hint


@pytest.mark.invariant("INV-4")
async def test_a_journal_that_lost_its_end_is_not_believed(stage: Stage, unreachable: set[str]) -> None:
    path = await died(stage, PAST_THE_GATE)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines[: next(n for n, line in enumerate(lines) if b"gate_opened" in line)]))
    with pytest.raises(NovatuiError, match="did change something") as told:
        await undone(stage)
    assert told.value.exit_code == 1 and "m1, m2, m3" in told.value.detail
    assert "undo r1 --from m1 --yes tiny" in told.value.hint


async def test_a_master_that_is_silent_leaves_it_unknown(stage: Stage, unreachable: set[str]) -> None:
    await died(stage, BEFORE_IT)
    unreachable.add("m2")
    with pytest.raises(NovatuiError, match="is not known") as told:
        await undone(stage)
    assert told.value.exit_code == 1 and "m2: the connection was lost" in told.value.detail
    assert "changed nothing" not in str(told.value)


async def test_from_a_master_the_run_becomes_one_of_this_machine(
    stage: Stage, unreachable: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    path = await died(stage, PAST_THE_GATE)
    shutil.rmtree(path.parent)
    unreachable.add("m3")
    run = await asyncio.to_thread(bringing.brought, words(stage, "", "m2"), People())
    assert run == "r1" and stage.state().committed
    assert places.find("r1").launch().config == str(stage.config)
    said = capsys.readouterr().out
    assert "m3 could not be asked" in said and "Run r1 as " in said


async def test_not_while_its_runner_lives_here(stage: Stage, unreachable: set[str]) -> None:
    await stage.start(await stage.plan(), "tiny", at=("slow-at", "swap m1 before-act"))
    await until(lambda: stage.state().at("swap", "m1").state == "acting", "the swap to begin")
    with pytest.raises(HeldByAnother):
        await asyncio.to_thread(bringing.brought, words(stage, "", "m2"), People())
    (places.find("r1").path / "go").touch()
    assert (await ended(stage)).result == "verified"
