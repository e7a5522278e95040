"""``novatui runs``: one that cannot be read is no run less; what is to be typed next can be typed so."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from novatui import paths
from novatui.cli import follow
from novatui.cli import main as cli
from novatui.model.run import RunState
from tests.present.report_cases import DATA, recorded

PLAN, _RECORDS = recorded("member-down")


def place(run: str) -> Path:
    where = paths.runs_dir() / run
    where.mkdir(mode=0o700)
    return where


def spoilt() -> None:
    plan = place("d4") / "plan.json"
    plan.write_text("{")
    plan.chmod(0o600)


def interrupted() -> None:
    """Its journal ends before its end."""
    where = place(PLAN.run)
    shutil.copyfile(DATA / "member-down" / "plan.json", where / "plan.json")
    whole = (DATA / "member-down" / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (where / "journal.jsonl").write_bytes(b"".join(whole[:-1]))
    for path in where.iterdir():
        path.chmod(0o600)


@pytest.mark.parametrize("words", [[], ["--json"]])
def test_a_run_that_cannot_be_read_is_told_and_is_not_none(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["runs", *words]) == 0
    assert "No runs yet." in capsys.readouterr().out or words
    spoilt()
    assert cli.run(["runs", *words]) == 1
    told = capsys.readouterr()
    assert "run d4 cannot be read" in told.err
    assert json.loads(told.out)["runs"] == [] if words else told.out == "No run that can be read.\n"


def test_what_is_said_of_an_interrupted_run_can_be_typed(capsys: pytest.CaptureFixture[str]) -> None:
    interrupted()
    said = f"novatui resume {PLAN.run} --yes {PLAN.request.node}"
    assert cli.run(["runs"]) == 0
    assert f"interrupted: {said}" in capsys.readouterr().out
    assert follow._ending(PLAN, RunState()) == 1
    told = capsys.readouterr().err
    assert said in told and f"novatui undo {PLAN.run} --yes {PLAN.request.node}" in told
