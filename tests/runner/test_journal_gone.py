"""The journal of a run is gone, or this machine could not write it any more: nothing is said to be unchanged, nothing given free."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from novatui.model.records import Record
from novatui.runner import client, places, process
from novatui.runner.journal import JournalLost
from novatui.runner.spawn import NotBegun, Orders, spawn
from tests.runner.bench import Bench
from tests.runner.stage import Stage, ended
from tests.runner.tiny_process import COMMAND


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


@pytest.mark.invariant("INV-2", "INV-5")
@pytest.mark.parametrize("do", ["resume", "abandon"])
async def test_a_journal_that_is_gone_is_no_run_that_never_began(stage: Stage, do: str) -> None:
    # The leader is stopped last: no act of another master is under way when the runner dies.
    await stage.start(await stage.plan(), "tiny", at=("kill-at", "stop m2 after-act"))
    assert not (await ended(stage)).ended
    before = stage.ledgers()
    assert all(done == ["stage", "stop"] for done in before.values())
    places.find("r1").journal.unlink()
    await getattr(client, do)("r1", command=COMMAND)
    state = await ended(stage)
    assert (state.result, state.exit_code) == ("fenced", 4), state.detail
    assert "The masters know more of this run than the journal here" in state.detail
    assert "nothing was changed" not in state.detail
    assert all((stage.root / f"m{n}" / "work/active/owner").exists() for n in (1, 2, 3)), (
        "nothing is given free"
    )
    assert stage.ledgers() == before


async def test_a_journal_that_cannot_be_made_is_no_bug(stage: Stage) -> None:
    place = places.create(await stage.plan(), places.Launch(config=str(stage.config), cluster="tiny"))
    place.journal.symlink_to("elsewhere")
    with pytest.raises(NotBegun, match="This machine does not let the runner work") as refused:
        await spawn(place, Orders(do="run", answers=("tiny",)), COMMAND)
    assert refused.value.exit_code == 1 and "journal.jsonl: Too many levels" in refused.value.detail


async def test_a_disk_that_takes_no_record_does_not_keep_a_run_going_that_is_to_stop(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SIGTERM, or a client's abort, while nothing can be written down."""
    engine = bench.engine(await bench.plan())

    def full(record: Record) -> Record:
        raise JournalLost("no room")

    monkeypatch.setattr(engine.work.journal, "write", full)
    with pytest.raises(JournalLost):
        engine.request("abort", "SIGTERM")
    assert engine.work.abort_by == "SIGTERM"


def test_a_text_that_cannot_be_kept_stops_like_a_record(home: Path) -> None:
    """An old FINISH.txt would tell the commands of a step before: nothing more is done."""
    life = SimpleNamespace(place=places.RunDir(home / "r1"))
    with pytest.raises(JournalLost, match="nothing more is done") as lost:
        process._Life._keep(cast(Any, life), "FINISH.txt", b"by hand")
    assert "FINISH.txt: No such file or directory" in lost.value.detail
