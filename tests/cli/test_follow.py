"""A run in plain lines: what a person reads of it, live or afterwards."""

from __future__ import annotations

from msgspec.structs import replace

from novatui.cli.follow import Telling
from novatui.model import records as rec
from novatui.model.plan import Plan, PlannedStep, Request

PLAN = Plan(
    run="r1",
    runbook="restore-cluster",
    runbook_version=1,
    cluster="nova",
    nodes=("m1", "master-2"),
    request=Request(runbook="restore-cluster"),
    params={},
    facts={},
    steps=(
        PlannedStep(id="swap", title="Swap it in", scope="each", effect="change", barrier="all are swapped"),
    ),
)


def told(*records: rec.Record) -> list[str]:
    telling = Telling(PLAN)
    lines: list[str] = []
    for number, record in enumerate(records, 1):
        lines += telling.lines(replace(record, seq=number, at=1000 * number))
    return [line[10:] for line in lines]  # without the time


def test_a_step_is_said_once_with_its_commands_and_its_barrier() -> None:
    lines = told(
        rec.Intent(step="swap", node="m1", attempt=1, argv_masked=("swap.sh", "a b"), effect="change"),
        rec.Intent(step="swap", node="master-2", attempt=1, argv_masked=("swap.sh", "c"), effect="change"),
        rec.Done(intent=1, status="ok", exit=0),
        rec.Done(intent=2, status="failed", exit=3, stderr=rec.Captured(text="no\x1b[31m space\n")),
        rec.Verified(step="swap", node="m1", ok=True),
        rec.Verified(step="swap", node="master-2", ok=False, detail="no space (exit 3)"),
        rec.Judged(step="swap", ok=True),
    )
    assert lines == [
        "Swap it in",
        "  m1        $ swap.sh 'a b'",
        "  master-2  $ swap.sh c",
        "  master-2  ▲ exit 3 after <1 ms",
        "  master-2    no space",
        "  m1        ✔",
        "  master-2  ✖ no space (exit 3)",
        "  ═ all are swapped",
    ]


def test_what_is_taken_back_is_said_so() -> None:
    lines = told(rec.Intent(step="swap", node="m1", attempt=1, argv_masked=("rm.sh",), effect="cleanup"))
    assert lines[0] == "take back: Swap it in"


def test_gates_people_and_the_end() -> None:
    lines = told(
        rec.GateOpened(gate="g", nonce="n", rows=(("What is lost", "3 h\x07"),)),
        rec.Overruled(guard="newer-survivor", by="ops"),
        rec.GateAnswered(gate="g", by="ops"),
        rec.RunEnded(result="failed", detail="Swap it in: not done\nm1: no space"),
    )
    assert lines == [
        "◆ gate",
        "    What is lost: 3 h\\x07",
        "▲ guard newer-survivor overruled by ops",
        "◆ answered by ops; nobody is asked from here on",
        "failed",
        "  Swap it in: not done",
        "  m1: no space",
    ]
