"""What README says of the way from the dashboard to the right recovery, held against recorded clusters that were broken so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from novatui.diagnosis.verdict import diagnose
from novatui.present.guides import guide
from novatui.present.headline import verdict_bar
from novatui.present.recoveries import only_one
from novatui.present.rows import text_of
from tests.diagnosis import cases

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
# As README names it -> the recorded case, what it recommends, whose name is typed.
BROKEN = {
    "a member is down": ("member-stopped", "restart-member", "master"),
    "a member hangs": ("member-hung", "restart-member", "master"),
    "a member's data is damaged": ("database-damaged", "recover-member", "master"),
    "all lost power": ("power-cut", "start-cluster", "cluster"),
    "quorum is lost": ("databases-of-two-damaged", "restore-cluster", "cluster"),
}


def row_of(state: str) -> list[str]:
    line = next(line for line in README.split("\n") if line.startswith(f"| {state} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("state", BROKEN)
def test_the_path_by_keys(state: str) -> None:
    """``w``; ``Enter`` where it is a menu; ``n`` from what it is about, if asked, and from the checks; ``p``."""
    name, runbook, typed = BROKEN[state]
    case = cases.read(cases.PLACE / f"{name}.case")
    judged = diagnose(case.snapshot, case.entries, case.now_ms)
    assert judged.recommend == runbook
    keys = ["w", *([] if only_one(judged) else ["Enter"]), *(["n"] if guide(runbook).asks else []), "n", "p"]
    _state, says, pressed, at_the_gate = row_of(state)
    assert re.findall("`(.+?)`", pressed) == keys
    assert at_the_gate.startswith(f"the {typed}")
    verdict, finding = re.findall("`(.+?)`", says)
    assert verdict in text_of(verdict_bar(case.snapshot, judged, case.now_ms, 120))
    assert any(finding in str(one.title) for one in judged.findings)


def test_every_state_is_one_that_the_demo_can_be_in() -> None:
    from novatui.cli.demo import FAULTS

    said = README[README.index("Try each of them") : README.index("There the\ncluster")]
    assert set(re.findall(r"[a-z]+-[a-z]+", said)) - {"novatui-demo"} <= set(FAULTS)


def test_tables_are_whole() -> None:
    """A blank line within one ends it: every row follows another."""
    lines = README.split("\n")
    alone = [
        line
        for before, line, after in zip(["", *lines], lines, [*lines[1:], ""], strict=False)
        if line.startswith("|")
        and not before.startswith("|")
        and not after.startswith("| ---")
        and not after.startswith("|---")
    ]
    assert alone == []
