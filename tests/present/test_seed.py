"""The platform's own words: every number a step carries has them, and they fit the narrowest screen."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import novatui.runbooks
from novatui.present import seed
from novatui.present.plan import plan_rows, plan_text, seed_rows
from novatui.present.rows import text_of, width_of
from tests.tui.book_cases import RECOVER, plan_of
from tests.tui.run_cases import plan

RUNBOOKS = Path(novatui.runbooks.__file__).parent


def used() -> set[str]:
    """Every ``seed="1.3/7"`` in the runbooks' sources, as numbers."""
    found: set[str] = set()
    for path in sorted(RUNBOOKS.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "seed" and isinstance(node.value, ast.Constant):
                assert isinstance(node.value.value, str)
                found.update(seed.numbers(node.value.value))
    return found


def test_every_number_a_step_carries_has_words() -> None:
    assert len(used()) > 5
    assert [number for number in sorted(used()) if not seed.title(number)] == []


def test_the_procedures_are_whole() -> None:
    assert [f"1.2/{n}" for n in range(1, 17)] == [n for n in seed.STEPS if n.startswith("1.2/")]
    assert [f"1.3/{n}" for n in range(1, 10)] == [n for n in seed.STEPS if n.startswith("1.3/")]


@pytest.mark.parametrize(
    ("said", "numbers"),
    [
        ("", []),
        ("1.3/7", ["1.3/7"]),
        ("1.2/8-9", ["1.2/8", "1.2/9"]),
        ("1.2/3, 1.2/15", ["1.2/3", "1.2/15"]),
        ("1.2/14, 16", ["1.2/14", "1.2/16"]),
        ("1.1", ["1.1"]),
        ("something else", ["something", "else"]),
    ],
)
def test_numbers(said: str, numbers: list[str]) -> None:
    assert seed.numbers(said) == numbers


def test_a_number_without_words_is_shown_alone() -> None:
    assert seed.lines("9.9/1") == ["9.9/1"]


@pytest.mark.parametrize("width", [34, 76, 116])
def test_the_words_fit_and_are_whole(width: int) -> None:
    for step in (*plan().steps, *RECOVER):
        rows = seed_rows(step, width, 4)
        assert all(width_of(row) <= width for row in rows)
        told = "".join(text_of(row).strip() + " " for row in rows)
        for number in seed.numbers(step.seed):
            assert seed.title(number).split()[-1] in told.replace("- ", "-")


def test_the_plan_says_which_part_it_follows_and_each_steps_words() -> None:
    recover = plan_of(plan().request.__class__(runbook="recover-member", node="nova-master-2"))
    rows = "\n".join(text_of(row) for row in plan_rows(recover, recover.nodes, 76))
    assert "follows   1.2 «Восстановление одного неисправного узла Etcd»" in rows
    assert "1.2/10 «Остановите сервис Etcd на неисправном узле»" in rows
    assert "   1.2/5 «Удалите неисправный узел из кластера Etcd»" in plan_text(recover)
