"""What is wrong, where, since when, what to do: in one line, at any width, and never claimed for old data."""

from __future__ import annotations

import msgspec
import pytest

from novatui.model.cluster import ClusterSnapshot
from novatui.model.findings import Diagnosis, Evidence, Finding, Quorum, Severity, Verdict
from novatui.present.headline import data_age, headline, quorum_words, verdict_bar
from novatui.present.numbers import dated
from novatui.present.rows import Role, row, text_of, width_of
from novatui.present.standing import standing
from tests.tui import screen_cases as cases

DOWN = cases.cluster(cases.node(1), cases.dead(2), cases.node(3))


def bar(snapshot: ClusterSnapshot, width: int = 120, now: int = cases.NOW) -> str:
    return text_of(verdict_bar(snapshot, cases.diagnosis_of(snapshot), now, width))


@pytest.mark.parametrize("width", [40, 60, 80, 120, 200])
def test_the_verdict_is_there_at_any_width(width: int) -> None:
    text = bar(DOWN, width)
    assert "▲ DEGRADED" in text and "2/3" in text and "1 s" in text and text.startswith(" ! PROD ")
    assert width_of(verdict_bar(DOWN, cases.diagnosis_of(DOWN), cases.NOW, width)) == width


def test_the_bar_at_full_width() -> None:
    text = bar(DOWN)
    assert text.startswith(
        " ! PROD nova-prod   ▲ DEGRADED  quorum 2/3 holds, one more loss stops the cluster"
    )
    assert text.rstrip().endswith("data 1 s old   12:37:55")


@pytest.mark.parametrize(
    ("verdict", "healthy", "unknown", "words"),
    [
        (Verdict.HEALTHY, 3, 0, "holds, 1 may still be lost"),
        (Verdict.DEGRADED, 2, 0, "holds, one more loss stops the cluster"),
        (Verdict.DEGRADED, 2, 1, "holds; 1 could not be asked"),
        (Verdict.NO_QUORUM, 1, 0, "lost: 1 member short, no writes"),
        (Verdict.NO_QUORUM, 0, 0, "lost: 2 members short, no writes"),
        (Verdict.UNKNOWN, 1, 2, "not known to hold: 2 needed, 2 could not be asked"),
    ],
)
def test_what_the_quorum_means(verdict: Verdict, healthy: int, unknown: int, words: str) -> None:
    assert quorum_words(verdict, Quorum(healthy=healthy, unknown=unknown, needed=2, total=3))[1] == words


def test_unreachable_masters_are_counted() -> None:
    assert "2 unreachable" in bar(cases.cluster(cases.lost(1), cases.refused(2), cases.node(3)))


def test_old_data_is_called_old() -> None:
    snapshot = cases.healthy_cluster()
    assert data_age(snapshot, cases.NOW) == 1_000
    assert "▲ data 5 s old" in bar(snapshot, now=cases.NOW + 4_000)
    assert "✖ data 31 s old" in bar(snapshot, now=cases.NOW + 30_000)
    assert "no data yet" in bar(cases.cluster(cases.connecting(1, "x")))
    nobody = cases.cluster(cases.lost(1), cases.lost(2), cases.lost(3))
    assert data_age(nobody, cases.NOW) == 131_000


def test_the_oldest_of_those_who_answer_counts() -> None:
    assert data_age(cases.cluster(cases.node(1), cases.stale(2), cases.lost(3)), cases.NOW) == 7_000


def test_headline_names_node_time_and_key() -> None:
    text = text_of(
        headline(DOWN, cases.diagnosis_of(DOWN), cases.NOW, 160, row(("w", Role.KEY), " recover-member"))
    )
    assert text.startswith(" ✖ nova-master-2: database corrupt")
    assert "since 12:36:58 (57 s)" in text and text.rstrip().endswith("w recover-member")


@pytest.mark.parametrize("ahead_ms", [-3_600_000, 3_600_000])
def test_how_long_ago_is_not_told_by_two_clocks(ahead_ms: int) -> None:
    """The moment stands as the master's journal has it, where one looks for it."""
    dead = cases.dead(2)
    since_ms = cases.NOW - 5_000 + ahead_ms
    dead = msgspec.structs.replace(
        dead, clock_skew_ms=ahead_ms, unit=msgspec.structs.replace(dead.unit, since_ms=since_ms)
    )
    evidence = Evidence(node=dead.name, source="unit", value="failed", at_ms=since_ms)
    found = Finding(id="x", severity=Severity.BAD, title="etcd has failed", evidence=(evidence,))
    snapshot = cases.cluster(cases.node(1), dead, cases.node(3))
    text = text_of(
        headline(
            snapshot, msgspec.structs.replace(cases.diagnosis_of(snapshot), findings=(found,)), cases.NOW, 160
        )
    )
    assert f"since {dated(since_ms, cases.NOW)} (5 s)" in text
    assert standing(dead).since_ms == cases.NOW - 5_000


def test_trouble_of_our_own_goes_first() -> None:
    text = text_of(headline(DOWN, cases.diagnosis_of(DOWN), cases.NOW, 120, trouble="the poller stopped"))
    assert text.startswith(" ✖ the poller stopped")


def test_calm_is_said_too() -> None:
    healthy = cases.healthy_cluster()
    text = text_of(headline(healthy, cases.diagnosis_of(healthy), cases.NOW, 120))
    assert "nothing to do" in text and "leader nova-master-3" in text


def test_connecting_and_refused_without_findings() -> None:
    asking = cases.cluster(cases.connecting(1, "opening TCP"), cases.connecting(2, "authenticating"))
    assert "nova-master-1 opening TCP" in text_of(
        headline(asking, cases.diagnosis_of(asking), cases.NOW, 120)
    )
    shut = cases.cluster(cases.refused(1))
    none = Diagnosis(verdict=Verdict.UNKNOWN, quorum=Quorum(healthy=0, unknown=1, needed=1, total=1))
    assert "nova-master-1 refused: the host key" in text_of(headline(shut, none, cases.NOW, 120))


def test_no_member_list_is_not_nought_of_nought() -> None:
    none = Quorum(healthy=0, unknown=0, needed=0, total=0)
    assert quorum_words(Verdict.UNKNOWN, none)[0] == "quorum unknown"
    assert "0/0" not in text_of(
        verdict_bar(
            cases.healthy_cluster(),
            msgspec.structs.replace(cases.diagnosis_of(DOWN), quorum=none),
            cases.NOW,
            80,
        )
    )


def test_what_several_masters_have_in_common_is_said_once_where_it_fits() -> None:
    snapshot = cases.cluster(cases.node(1), cases.dead(2), cases.dead(3))
    found = Diagnosis(
        verdict=Verdict.NO_QUORUM,
        quorum=Quorum(healthy=0, unknown=0, needed=2, total=3),
        findings=tuple(
            Finding(id="unit-down", severity=Severity.BAD, title="etcd is stopped", node=f"nova-master-{n}")
            for n in (2, 3)
        ),
    )
    wide, narrow = (text_of(headline(snapshot, found, cases.NOW, width)).rstrip() for width in (80, 46))
    assert wide == " ✖ nova-master-2, nova-master-3: etcd is stopped"
    assert narrow == " ✖ nova-master-2: etcd is stopped  +1 more"
