"""What a restore that is taken up past its gate looks at again, before more is stopped."""

from __future__ import annotations

from typing import Any

import pytest

from novatui.model.plan import Plan
from novatui.runbooks import restore_cluster
from novatui.runbooks.restore_cluster.meanwhile import against
from tests.runbooks.survey_text import answers, cluster, masters
from tests.runbooks.test_refusals import draft, request

pytestmark = pytest.mark.invariant("INV-10", "INV-12")


def now(plan: Plan, node: str = "", **changed: Any) -> dict[str, dict[str, Any]]:
    return {name: {**facts, **(changed if name == node else {})} for name, facts in plan.facts.items()}


def test_as_it_was_it_goes_on() -> None:
    plan = draft(masters())
    assert restore_cluster.RUNBOOK.stands is not None
    told = {node: {"host": said["host"]} for node, said in answers(masters()).items()}
    seen = restore_cluster.facts(cluster(), request(), told)
    assert against(plan, seen, 86_400) == []


def test_quorum_that_came_back_is_not_taken_away() -> None:
    plan = draft(masters())
    (found,) = against(plan, now(plan, "m2", quorum=True), 5)
    assert found.startswith("m2: it has quorum again, it had none when this was planned")


@pytest.mark.parametrize(("minutes", "goes_on"), [(29, True), (31, False)])
def test_quorum_that_was_there_all_the_while_may_be_given_up_as_long_as_a_gate_is_open(
    minutes: int, goes_on: bool
) -> None:
    plan = draft(masters())
    plan.facts["m1"]["quorum"] = True
    found = against(plan, now(plan), minutes * 60)
    assert not found if goes_on else "the words were typed 31 min ago" in found[0]
    assert against(plan, now(plan, "m1", quorum=False), 86_400) == [], "it was stopped since"


@pytest.mark.parametrize("key", ["data_inode", "has_data", "data_dir", "data_kind"])
def test_other_data_is_not_what_was_looked_at(key: str) -> None:
    plan = draft(masters())
    (found,) = against(plan, now(plan, "m3", **{key: "other"}), 5)
    assert found.startswith(f"m3: {key} was ") and found.endswith(", is other")


def test_another_device_number_after_a_reboot_is_the_same_data() -> None:
    plan = draft(masters())
    plan.facts["m3"]["data_inode"] = "64769:12"
    assert against(plan, now(plan, "m3", data_inode="64770:12"), 5) == []
    assert against(plan, now(plan, "m3", data_inode="64769:13"), 5)
