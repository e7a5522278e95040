"""The picker's rows: what was recorded with its age, never more; production first seen as such."""

from __future__ import annotations

import pytest

from novatui.config import ClusterConfig
from novatui.last_seen import LastSeen
from novatui.model.findings import Verdict
from novatui.present.clusters import Known, cluster_rows, matching
from novatui.present.rows import Role, text_of, width_of
from tests.tui import screen_cases as cases

SEEN = LastSeen(at_ms=cases.NOW - 3 * 3_600_000, verdict=Verdict.DEGRADED, healthy=2, total=3)


def named(name: str, environment: str, count: int = 3) -> ClusterConfig:
    nodes = cases.config(count).nodes
    return ClusterConfig(name=name, environment=environment, nodes=nodes)


CLUSTERS: list[Known] = [
    (named("nova", "prod"), SEEN),
    (named("nova-2", "stage"), None),
    (named("playground", "test", 1), None),
]


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("", ["nova", "nova-2", "playground"]),
        ("PLAY", ["playground"]),
        ("nova stage", ["nova-2"]),
        ("172.31.100.99", ["nova", "nova-2"]),
        ("master-1", ["nova", "nova-2", "playground"]),
        ("[x", []),
    ],
)
def test_typed_words_narrow(typed: str, found: list[str]) -> None:
    assert [cluster.name for cluster, _seen in matching(CLUSTERS, typed)] == found


def test_what_is_known_is_dated_and_what_is_not_is_said() -> None:
    heads = [text_of(head) for head, _nodes in cluster_rows(CLUSTERS, 0, "playground", cases.NOW, 100)]
    assert heads[0] == "›  ! PROD nova         ▲ DEGRADED  2/3  3h 00m ago"
    assert heads[1].startswith("   ◇ STAGE nova-2 ") and heads[1].endswith("  never seen from here")
    assert heads[2].startswith("   ○ TEST playground ") and heads[2].endswith("  shown now")
    nodes = [text_of(nodes) for _head, nodes in cluster_rows(CLUSTERS, 0, "", cases.NOW, 100)]
    assert nodes[0].strip() == "3 masters: nova-master-1, nova-master-2, nova-master-3"
    assert nodes[2].strip() == "1 master: nova-master-1"
    assert (" ! PROD nova ", Role.ENV_PROD) in cluster_rows(CLUSTERS, 0, "", cases.NOW, 100)[0][0]


@pytest.mark.parametrize("width", [20, 40, 76, 104])
def test_no_row_is_too_wide(width: int) -> None:
    rows = [line for pair in cluster_rows(CLUSTERS, 1, "", cases.NOW, width) for line in pair]
    assert all(width_of(line) <= width for line in rows)
