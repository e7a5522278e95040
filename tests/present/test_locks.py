"""Who holds what, and what can be done: for a run of this machine and of another, living, silent, holding etcd down."""

from __future__ import annotations

import msgspec
import pytest

from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import ClusterSnapshot, Held
from novatui.model.findings import Verdict
from novatui.present.headline import headline
from novatui.present.locks import locks_rows, locks_text, taken, ways, why_not_break
from novatui.present.rows import text_of, width_of
from tests.diagnosis.build import NOW, down, healthy, node, put

FREE = Held()
SILENT = Held(run="7f3a", epoch=1, operator="ops@desk", host="desk", since_ms=NOW - 600_000, alive=False)
ALIVE = Held(run="7f3a", epoch=1, operator="ops@desk", host="desk", since_ms=NOW - 60_000, alive=True)
HOLDING = Held(run="7f3a", epoch=1, operator="ops@desk", since_ms=NOW, alive=False, hold="7f3a")
ORPHAN = Held(hold="7f3a")


def said(here: bool, *held: Held | None) -> str:
    seen = {f"m{n}": one for n, one in enumerate(held, 1)}
    return locks_text(seen, taken(seen, ["7f3a"] if here else []), NOW)


def commands(one: Held, *, here: bool) -> str:
    (run,) = taken({"m1": one}, ["7f3a"] if here else [])
    return "\n".join(command for command, _meaning in ways(run))


def test_free_and_not_known_are_two_things() -> None:
    text = said(False, FREE, None)
    assert "● m1  free" in text and "? m2  not known" in text


def test_a_living_run_is_followed_where_it_is_and_never_broken() -> None:
    assert "novatui attach 7f3a" in commands(ALIVE, here=True)
    assert commands(ALIVE, here=False).strip() == ""
    text = said(False, ALIVE, FREE)
    assert "run 7f3a of ops@desk, since" in text and "its runner lives" in text
    assert "on the machine it was begun on: ops@desk, desk" in text and "cannot be broken" in text


def test_a_silent_run_is_adopted_taken_back_or_broken() -> None:
    here, elsewhere = commands(SILENT, here=True), commands(SILENT, here=False)
    assert "novatui resume 7f3a --yes NAME" in here and "novatui abort 7f3a" in here
    assert "novatui resume 7f3a --from m1 --yes NAME" in elsewhere
    assert "novatui undo 7f3a --from m1 --yes NAME" in elsewhere
    for text in (here, elsewhere):
        assert "novatui locks --break 7f3a --yes 7f3a" in text


def test_before_the_journals_of_this_machine_are_read_nothing_is_said_of_them() -> None:
    (run,) = taken({"m1": SILENT}, None)
    text = locks_text({"m1": SILENT}, [run], NOW)
    assert "whether its journal is on this machine is not known" in text and "--from" not in text


@pytest.mark.invariant("INV-11")
def test_what_keeps_etcd_down_is_not_broken() -> None:
    assert "--break" not in commands(HOLDING, here=False)
    text = said(False, HOLDING)
    assert "etcd is held down by run 7f3a" in text and "keeps etcd held down" in text
    (run,) = taken({"m1": HOLDING})
    assert why_not_break(run)


def test_a_hold_whose_lease_is_gone_is_ended_by_hand() -> None:
    text = said(False, ORPHAN)
    assert "7f3a/FINISH.txt and UNDO.txt" in text and "--break" not in text


def test_two_runs_are_two() -> None:
    other = Held(run="11aa", alive=False, hold="7f3a")
    assert [one.run for one in taken({"m1": other, "m2": SILENT})] == ["11aa", "7f3a"]


@pytest.mark.parametrize("width", [76, 100, 190])
def test_rows_fit(width: int) -> None:
    long = Held(run="7f3a", operator="o" * 60, host="h" * 60, since_ms=NOW, alive=False, hold="7f3a")
    seen = {"nova-master-1": long, "nova-master-2": None, "nova-master-3": FREE}
    rows = locks_rows(seen, taken(seen), NOW, width)
    assert all(width_of(row) <= width for row in rows)


def having(snapshot: ClusterSnapshot, *held: Held) -> ClusterSnapshot:
    nodes = [msgspec.structs.replace(one, held=has) for one, has in zip(snapshot.nodes, held, strict=True)]
    return put(snapshot, *nodes)


def test_a_run_under_way_leads_the_headline_and_nothing_else_is_recommended() -> None:
    stopped = put(healthy(), *(down(node(n), "inactive", "dead") for n in (1, 2, 3)))
    snapshot = having(stopped, ALIVE, ALIVE, ALIVE)
    found = diagnose(snapshot, {}, NOW)
    assert found.recommend == "wait" and "run 7f3a of ops@desk works on m1, m2, m3" in found.recommend_why
    assert all(way.why_not for way in found.ways)
    line = text_of(headline(snapshot, found, NOW, 120))
    assert line.startswith(" · run 7f3a of ops@desk")


def test_a_run_under_way_on_a_healthy_cluster_leaves_it_healthy() -> None:
    assert diagnose(having(healthy(), ALIVE, FREE, FREE), {}, NOW).verdict is Verdict.HEALTHY


@pytest.mark.parametrize(("one", "id"), [(SILENT, "run-left-behind"), (ORPHAN, "hold-left-behind")])
def test_what_was_left_behind_is_a_warning_and_recommends_nothing(one: Held, id: str) -> None:
    found = diagnose(having(healthy(), one, FREE, FREE), {}, NOW)
    assert found.verdict is Verdict.DEGRADED and found.recommend == ""
    assert [finding.id for finding in found.findings] == [id]
    assert found.findings[0].evidence[0].node == "m1"


def test_not_known_is_not_free_and_not_held() -> None:
    assert diagnose(healthy(), {}, NOW).findings == ()
