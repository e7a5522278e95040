"""``status``: the JSON that programs read, and the words that people read, from one snapshot."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from novatui.cli.status import _print, exit_code
from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import Alarm, ClusterSnapshot, NodeSnapshot
from novatui.model.findings import Verdict
from novatui.present.rows import text_of, width_of
from novatui.present.status_json import encode, instant, status
from novatui.present.status_text import status_rows
from tests.diagnosis.build import CLUSTER_ID, NOW, alone, cluster, damage, down, healthy, node, put, unseen


def document(snapshot: ClusterSnapshot) -> Any:
    return json.loads(encode(status(snapshot, diagnose(snapshot, {}, NOW))))


def test_the_keys_are_the_contracts() -> None:
    said = document(healthy())
    assert list(said) == ["schema", "at", "cluster", "nodes"]
    assert list(said["cluster"]) == [
        "name", "verdict", "reasons", "recommend", "quorum", "cluster_id", "leader", "revision",
    ]  # fmt: skip
    assert list(said["cluster"]["quorum"]) == ["healthy", "needed", "total"]
    one = said["nodes"][0]
    assert list(one) == ["name", "host", "reachable", "at", "error", "unit", "endpoint", "member", "held"]
    assert list(one["unit"]) == ["load", "active", "sub", "since", "restarts", "exit_status"]
    assert list(one["endpoint"]) == [
        "answers", "has_quorum", "alarms", "member_id", "is_leader", "is_learner", "term", "index", "applied",
        "revision", "db_size", "db_in_use", "version", "errors",
    ]  # fmt: skip
    assert list(one["member"]) == ["id", "name", "peer_urls", "client_urls", "started", "learner", "seen_by"]


def test_a_healthy_cluster() -> None:
    said = document(healthy())
    assert said["schema"] == 1
    assert said["at"] == "2024-06-14T07:26:40.000Z"
    assert said["cluster"] == {
        "name": "prod",
        "verdict": "healthy",
        "reasons": [],
        "recommend": None,
        "quorum": {"healthy": 3, "needed": 2, "total": 3},
        "cluster_id": CLUSTER_ID,
        "leader": "m1",
        "revision": 300_003,
    }
    assert [one["endpoint"]["is_leader"] for one in said["nodes"]] == [True, False, False]
    assert said["nodes"][2]["member"]["seen_by"] == ["m1", "m2", "m3"]


def test_unknown_is_null_and_never_zero() -> None:
    blank = cluster(*(NodeSnapshot(name=f"m{i}", host=f"10.0.0.{i}") for i in (1, 2, 3)))
    said = document(blank)
    assert said["cluster"]["verdict"] == "unknown"
    assert said["cluster"]["cluster_id"] is None
    for one in said["nodes"]:
        assert one["reachable"] is False
        assert one["at"] is None
        assert one["member"] is None
        assert set(one["unit"].values()) == {None}
        assert {key: value for key, value in one["endpoint"].items() if value is not None} == {
            "alarms": [],
            "errors": [],
        }


def test_a_lost_node_shows_its_last_values_with_their_date() -> None:
    lost = replace(unseen(node(2)), at_ms=NOW - 65_042)
    said = document(put(healthy(), lost))["nodes"][1]
    assert said["error"] == {"code": "unreachable", "title": "no route to host", "hint": "is it powered on?"}
    assert said["at"] == "2024-06-14T07:25:34.958Z"
    assert said["endpoint"]["term"] == 5


def test_alarms_name_member_and_kind() -> None:
    one = node(1)
    alarmed = replace(one, endpoint=replace(one.endpoint, alarms=(Alarm("2", "NOSPACE"),)))
    assert document(put(healthy(), alarmed))["nodes"][0]["endpoint"]["alarms"] == [
        {"member_id": "2", "kind": "NOSPACE"}
    ]


def test_milliseconds_are_kept() -> None:
    assert instant(1_718_350_000_007) == "2024-06-14T07:26:40.007Z"


@pytest.mark.parametrize(
    ("snapshot", "code"),
    [
        (healthy(), 0),
        (put(healthy(), down(node(2))), 1),
        (put(healthy(), down(node(2)), alone(node(1)), alone(node(3))), 2),
        (put(healthy(), unseen(node(1)), unseen(node(2)), unseen(node(3))), 3),
    ],
)
def test_exit_codes(snapshot: ClusterSnapshot, code: int) -> None:
    assert exit_code(diagnose(snapshot, {}, NOW)) == code


def test_verdicts_are_in_the_order_of_the_exit_codes() -> None:
    assert [verdict.value for verdict in Verdict] == ["healthy", "degraded", "no-quorum", "unknown"]


@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_the_words_say_what_is_wrong_and_what_to_do(width: int) -> None:
    broken = down(node(2), "activating", "auto-restart", exit_status=2, restarts=7)
    snapshot = put(healthy(), broken)
    rows = status_rows(snapshot, diagnose(snapshot, {"m2": [damage("m2")]}, NOW), NOW, width)
    assert all(width_of(row) <= width for row in rows)
    text = "\n".join(text_of(row) for row in rows)
    assert "DEGRADED" in text
    assert "its database is damaged" in " ".join(text.split())
    assert "recover-member m2" in text


@pytest.mark.parametrize(("columns", "width"), [("", 120), ("wide", 120), ("0", 120), ("90", 90)])
def test_into_a_pipe_it_is_as_wide_as_columns_says(
    columns: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setattr("sys.__stdout__", None)  # there is no terminal to ask, whoever runs this
    _print(healthy(), diagnose(healthy(), {}, NOW), NOW)
    rows = status_rows(healthy(), diagnose(healthy(), {}, NOW), NOW, width)
    assert capsys.readouterr().out.splitlines() == [text_of(row).rstrip() for row in rows]


def test_a_healthy_cluster_has_no_advice() -> None:
    text = "\n".join(text_of(row) for row in status_rows(healthy(), diagnose(healthy(), {}, NOW), NOW, 120))
    assert "HEALTHY" in text
    assert "What to do" not in text
