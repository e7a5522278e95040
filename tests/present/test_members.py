"""The member table: what each master's list says, joined; what they disagree on, marked."""

from __future__ import annotations

import msgspec
import pytest

from novatui.model.cluster import Alarm, ClusterSnapshot, Member, NodeSnapshot
from novatui.present.member_table import COLUMNS, columns_for, ranges, table
from novatui.present.members import lines
from novatui.present.rows import Role, text_of, width_of
from tests.tui import screen_cases as cases


def cells(snapshot: ClusterSnapshot, width: int = 160) -> list[dict[str, str]]:
    """The table read back by its columns."""
    out = []
    names = max(len(member.name) for node in snapshot.nodes for member in node.members)
    for line in table(snapshot, width)[1:]:
        text, at, found = text_of(line), 0, {}
        for column in columns_for(width, names):
            found[column.id] = text[at + column.gap : at + column.cells].strip()
            at += column.cells
        out.append(found)
    return out


@pytest.mark.parametrize("count", [1, 3, 5, 7])
def test_one_row_a_member_in_the_order_of_the_masters(count: int) -> None:
    rows = cells(cases.healthy_cluster(count))
    assert [line["member"] for line in rows] == [f"etcd{n}" for n in range(1, count + 1)]
    assert {line["status"] for line in rows} == {"● started"}
    assert [n for n, line in enumerate(rows, 1) if line["leader"] == "★"] == [min(3, count)]


@pytest.mark.parametrize("width", [40, 79, 119, 160])
def test_rows_are_as_wide_as_asked_and_columns_are_never_cut(width: int) -> None:
    assert {width_of(line) for line in table(cases.healthy_cluster(), width)} == {width}
    assert sum(column.cells for column in columns_for(width)) <= width or width < 45


def test_columns_go_by_rank() -> None:
    assert columns_for(500) == COLUMNS
    assert "peer" not in [column.id for column in columns_for(119)]
    shown = [column.id for column in columns_for(79)]
    assert {"member", "status", "leader", "index", "lag", "alarm", "seen_by"} <= set(shown)
    assert len(columns_for(119)) == len(COLUMNS) - 1


def test_the_silent_have_dashes_for_figures() -> None:
    row = cells(cases.cluster(cases.node(1), cases.dead(2), cases.node(3)))[1]
    assert row["status"] == "✖ no reply"
    assert [row[key] for key in ("term", "index", "lag", "db", "in_use", "version")] == ["–"] * 6
    assert row["seen_by"] == "1 3"


def test_what_was_seen_before_the_link_was_lost_is_not_of_now() -> None:
    row = cells(cases.cluster(cases.node(1), cases.lost(2), cases.node(3)))[1]
    assert row["status"] == "◌ not seen" and row["index"] == "–"


def with_members(node: NodeSnapshot, *members: Member) -> NodeSnapshot:
    return msgspec.structs.replace(node, members=members)


def test_lists_that_differ_are_marked() -> None:
    all_three = cases.member_list(3)
    snapshot = cases.cluster(with_members(cases.node(1), *all_three[:2]), cases.node(2), cases.node(3))
    rows = cells(snapshot)
    assert rows[2]["seen_by"] == "▲ 2 3" and rows[0]["seen_by"] == "1-3"


def test_a_leader_that_not_all_agree_on_names_its_voters() -> None:
    odd = cases.node(1, leader=1)
    rows = cells(cases.cluster(odd, cases.node(2), cases.node(3)))
    assert rows[0]["leader"] == "▲ 1" and rows[2]["leader"] == "▲ 2 3"


def test_unstarted_learner_and_foreign_members() -> None:
    extra = Member(id="aaaa", peer_urls=("https://10.9.9.9:2380",))
    learner = msgspec.structs.replace(cases.member_list(3)[1], learner=True)
    known = (cases.member_list(3)[0], learner, cases.member_list(3)[2], extra)
    nodes = [with_members(cases.node(n), *known) for n in (1, 2, 3)]
    rows = cells(cases.cluster(*nodes))
    assert rows[3]["status"] == "▲ unstarted" and rows[3]["member"] == "–"
    assert rows[1]["learner"] == "◇ yes"
    foreign = msgspec.structs.replace(extra, name="stranger")
    rows = cells(cases.cluster(*(with_members(cases.node(n), *known[:3], foreign) for n in (1, 2, 3))))
    assert rows[3]["member"] == "stranger" and rows[3]["status"] == "▲ elsewhere"


def test_a_member_too_many_is_seen_and_of_more_there_is_a_word() -> None:
    """Seven masters and members elsewhere, which come last."""

    def seen(*strangers: str) -> list[str]:
        extra = [Member(id=name, name=name, peer_urls=(f"https://{name}:2380",)) for name in strangers]
        nodes = [with_members(cases.node(n, 7), *cases.member_list(7), *extra) for n in range(1, 8)]
        return [text_of(line).strip() for line in table(cases.cluster(*nodes), 119)]

    assert seen("odd")[-1].startswith("odd") and len(seen("odd")) == 9
    assert seen("odd", "even")[-1] == "▲ +2 more: odd, even" and len(seen("odd", "even")) == 9


def test_a_removed_member_is_no_member() -> None:
    left = (cases.member_list(3)[0], cases.member_list(3)[2])
    snapshot = cases.cluster(
        with_members(cases.node(1), *left), cases.dead(2), with_members(cases.node(3), *left)
    )
    row = cells(snapshot)[1]
    assert row["status"] == "✖ no member" and row["member"] == "etcd2" and row["seen_by"] == "–"


def test_alarms_stand_with_the_member_they_name() -> None:
    node = cases.node(3)
    node = msgspec.structs.replace(
        node, endpoint=msgspec.structs.replace(node.endpoint, alarms=(Alarm(cases.IDS[1], "NOSPACE"),))
    )
    rows = cells(cases.cluster(cases.node(1), cases.node(2), node))
    assert [line["alarm"] for line in rows] == ["", "✖ NOSPACE", ""]


def test_before_any_list_is_seen() -> None:
    snapshot = cases.cluster(cases.connecting(1, "x"), cases.connecting(2, "y"))
    rows = table(snapshot, 119)
    assert "no member list seen yet" in text_of(rows[-1])
    assert [line.node.name for line in lines(snapshot) if line.node] == ["nova-master-1", "nova-master-2"]
    assert text_of(rows[1]).split()[:3] == ["m1", "◌", "connecting"]


@pytest.mark.parametrize(
    ("numbers", "text"), [([], ""), ([1, 3], "1 3"), ([1, 2], "1 2"), ([1, 2, 3, 5], "1-3 5")]
)
def test_ranges(numbers: list[int], text: str) -> None:
    assert ranges(numbers) == text


@pytest.mark.parametrize(
    ("behind", "said"), [(99, "99"), (999, "▲999"), (1_000, "▲>999"), (123_456, "▲>999")]
)
def test_a_lag_is_never_cut_to_its_first_figures(behind: int, said: str) -> None:
    snapshot = cases.cluster(cases.node(1), cases.behind(2, behind), cases.node(3))
    assert cells(snapshot)[1]["lag"] == said


def test_a_list_of_before_does_not_count_where_others_answer() -> None:
    """The first master was lost while the second was being added."""
    one, two, three = cases.member_list(3)
    added = msgspec.structs.replace(two, name="")
    left = with_members(cases.lost(1), one, added, three, Member(id="gone", name="gone"))
    rows = cells(cases.cluster(left, cases.node(2), cases.node(3)))
    assert [line["member"] for line in rows] == ["etcd1", "etcd2", "etcd3"]
    assert {line["seen_by"] for line in rows} == {"2 3"} and rows[1]["status"] == "● started"


def test_of_two_that_answer_the_one_that_knows_of_a_start_is_believed() -> None:
    one, two, three = cases.member_list(3)
    behind = with_members(cases.node(1), one, msgspec.structs.replace(two, name=""), three)
    rows = cells(cases.cluster(behind, cases.node(2), cases.node(3)))
    assert rows[1]["status"] == "● started" and rows[1]["seen_by"] == "1-3"


def test_where_nobody_tells_a_list_the_last_known_one_is_dimmed_and_dated() -> None:
    rows = table(cases.cluster(cases.lost(1), cases.refused(2), cases.lost(3)), 119)
    assert text_of(rows[-1]).strip() == "▲ nobody tells a member list now: this one is of 12:37:54"
    assert ("1 3", Role.DIM) in [(text.strip(), role) for text, role in rows[1]]
    assert "✖ no member" not in text_of(rows[2])
