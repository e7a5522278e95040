"""The menu of recoveries: what is recommended comes first, what is possible next, and every other says why not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest

from novatui.diagnosis.verdict import diagnose
from novatui.diagnosis.ways import RUNBOOKS
from novatui.model.cluster import ClusterSnapshot, Link
from novatui.model.entries import Entry
from novatui.model.findings import Way
from tests.diagnosis.build import NOW, alone, damage, down, healthy, node, put, unseen


def ways(snapshot: ClusterSnapshot, entries: Mapping[str, Sequence[Entry]] | None = None) -> list[Way]:
    return list(diagnose(snapshot, entries or {}, NOW).ways)


def possible(found: Sequence[Way]) -> list[tuple[str, str]]:
    return [(way.runbook, way.node) for way in found if not way.why_not]


def broken(number: int) -> ClusterSnapshot:
    return put(healthy(), down(node(number), "activating", "auto-restart", exit_status=2))


ALL_DOWN = put(healthy(), *(down(node(n), "inactive", "dead") for n in (1, 2, 3)))


@pytest.mark.parametrize(
    ("snapshot", "entries", "expected"),
    [
        (healthy(), {}, []),
        (put(healthy(), down(node(2))), {}, [("restart-member", "m2"), ("recover-member", "m2")]),
        (broken(2), {"m2": [damage("m2")]}, [("recover-member", "m2")]),
        (ALL_DOWN, {}, [("start-cluster", "")]),
        (
            put(healthy(), alone(node(1)), down(node(2)), down(node(3))),
            {"m2": [damage("m2")], "m3": [damage("m3")]},
            [("restore-cluster", "")],
        ),
        (
            put(healthy(5), down(node(4, 5)), down(node(5, 5))),
            {},
            [("start-cluster", ""), ("recover-member", "m4")],
        ),
    ],
    ids=["healthy", "one-down", "one-damaged", "power-cut", "two-damaged", "two-of-five-down"],
)
def test_what_is_possible(
    snapshot: ClusterSnapshot, entries: dict[str, list[Entry]], expected: list[tuple[str, str]]
) -> None:
    found = ways(snapshot, entries)
    assert possible(found) == expected
    assert sorted(way.runbook for way in found) == sorted(RUNBOOKS)
    assert all(bool(way.why) != bool(way.why_not) for way in found), "each says why, or why not"
    assert [bool(way.why_not) for way in found] == sorted(bool(way.why_not) for way in found)


@pytest.mark.invariant("INV-10")
def test_a_power_cut_never_offers_a_restore() -> None:
    found = {way.runbook: way for way in ways(ALL_DOWN)}
    assert "down is not lost" in found["restore-cluster"].why_not
    assert "not one by one" in found["restart-member"].why_not
    assert "none is seen" in found["recover-member"].why_not


def test_what_is_recommended_is_first_and_says_the_same() -> None:
    for snapshot in (put(healthy(), down(node(3))), broken(1), ALL_DOWN):
        diagnosis = diagnose(snapshot, {}, NOW)
        first = diagnosis.ways[0]
        assert (first.runbook, first.node, first.why) == (
            diagnosis.recommend,
            diagnosis.recommend_node,
            diagnosis.recommend_why,
        )


def test_masters_that_are_not_seen_are_no_reason_to_restore() -> None:
    found = {
        way.runbook: way for way in ways(put(healthy(), *(unseen(node(n), Link.LOST) for n in (1, 2, 3))))
    }
    assert not possible(list(found.values()))
