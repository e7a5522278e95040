"""``novatui report`` as a command: formats, the file it writes, and a run it does not know."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from novatui import paths
from novatui.cli import main as cli
from tests.present.report_cases import DATA, expected, from_html, from_markdown, recorded, told


@pytest.fixture
def run() -> str:
    """A recorded run among this operator's own."""
    plan, _records = recorded("member-down")
    place = paths.runs_dir() / plan.run
    place.mkdir(mode=0o700)
    for name in ("plan.json", "journal.jsonl"):
        shutil.copyfile(DATA / "member-down" / name, place / name)
        (place / name).chmod(0o600)
    return plan.run


def test_to_the_terminal(run: str, capsys: pytest.CaptureFixture[str]) -> None:
    _plan, records = recorded("member-down")
    assert cli.run(["report", run[:4], "--format", "md"]) == 0
    assert told(from_markdown(capsys.readouterr().out)) == expected(records)
    assert cli.run(["report", run[:4], "--format", "html"]) == 0
    assert told(from_html(capsys.readouterr().out).seen) == expected(records)
    assert cli.run(["report", run]) == 0
    said = capsys.readouterr().out
    assert "What was done" in said and "verified" in said


def test_each_line_of_the_text_has_its_date_and_its_zone(
    run: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _plan, records = recorded("member-down")
    with monkeypatch.context() as there:
        there.setenv("TZ", "Etc/GMT-3")
        time.tzset()
        assert cli.run(["report", run]) == 0
    time.tzset()
    done = capsys.readouterr().out.partition("What was done\n")[2].splitlines()
    first = datetime.fromtimestamp(records[0].at // 1000, timezone(timedelta(hours=3)))
    assert done[0].startswith(f"{first.isoformat(sep=' ')}  run {run}")
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\+03:00 ", line) for line in done)


@pytest.mark.invariant("INV-8")
@pytest.mark.parametrize("name", ["r.md", "r.html", "r.json", "r.txt"])
def test_a_file_is_for_its_owner_alone_whatever_was_there(run: str, name: str, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("not to be touched")
    os.chmod(elsewhere, 0o644)  # noqa: PTH101
    path = tmp_path / name
    path.symlink_to(elsewhere)
    before = os.umask(0)
    try:
        assert cli.run(["report", run, "-o", str(path)]) == 0
    finally:
        os.umask(before)
    assert not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert elsewhere.read_text() == "not to be touched"
    text = path.read_text("utf-8")
    begins = {
        "r.md": "# restart-member",
        "r.html": "<!DOCTYPE html>",
        "r.json": "{",
        "r.txt": "restart-member on",
    }
    assert text.startswith(begins[name])
    if name == "r.json":
        assert json.loads(text)["schema"] == 1


def test_the_format_that_is_asked_for_wins_over_the_name(run: str, tmp_path: Path) -> None:
    assert cli.run(["report", run, "--format", "json", "-o", str(tmp_path / "r.md")]) == 0
    assert json.loads((tmp_path / "r.md").read_text())["run"]["id"] == run


def test_where_it_cannot_be_written_it_is_said(
    run: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.run(["report", run, "-o", str(tmp_path)]) == 1
    assert cli.run(["report", run, "-o", str(tmp_path / "no/such/r.md")]) == 1
    said = capsys.readouterr().err
    assert "is a directory" in said and "could not be written" in said
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_run_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["report", "nosuch"]) == 64
    assert "novatui runs lists them" in capsys.readouterr().err
