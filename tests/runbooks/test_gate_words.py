"""What the gate of a restore says is lost and noted, pure: from what the run has read, never from what the plan hoped."""

from __future__ import annotations

import json
from typing import Any

import pytest

from novatui.model.plan import Plan
from novatui.runbooks.parts.params import restore_params
from novatui.runbooks.restore_cluster.gate import brief
from novatui.runbooks.step import Context
from tests.runbooks.survey_text import HOSTS, NODES, Master, b64, cluster, masters, status_json
from tests.runbooks.test_refusals import draft, request

OURS = [f"https://{host}:2380" for host in HOSTS.values()]
FOURTH = "https://172.31.100.107:2380"
READ_MS = 1718399001_000  # 21:03:21 UTC
INSIST = ["quorum-stands", "newer-survivor", "data-intact"]


def serving() -> dict[str, Master]:
    """The first two of three have quorum."""
    found = masters()
    for number, node in enumerate(("m1", "m2"), 1):
        found[node].host |= {"status64": b64(status_json(number, 376000)), "quorum": "yes"}
    return found


def saved(revision: int, how: str = "live") -> dict[str, Any]:
    return {"survivor": "saved", "how": how, "revision": revision, "written_ms": READ_MS}


def shown(plan: Plan, survivors: dict[str, Any], urls: list[str] | None = None) -> list[tuple[str, str]]:
    proved = {"revision": 376010, "keys": 5000, "sha256": "aa", "urls": urls or OURS}
    facts = {"survivors": survivors, "prove": dict.fromkeys(NODES, proved)}
    return list(brief(Context(plan=plan, cluster=cluster(), node="", facts=facts)).rows)


def lost(found: dict[str, Master], survivors: dict[str, Any]) -> str:
    return dict(shown(draft(found, request(overrule=INSIST)), survivors))["What is lost"]


@pytest.mark.invariant("INV-10")
def test_with_quorum_what_is_written_until_the_stop_is_lost_too() -> None:
    """A gate is open for half an hour, and Kubernetes writes on."""
    until = "; also what is written from the reading of m1 (done at 21:03:21 UTC) until etcd is stopped"
    for revision, words in ((376010, "nothing that any member still has"), (376012, "2 revisions, ")):
        told = lost(serving(), {node: saved(revision) for node in NODES})
        assert told.startswith(words) and told.endswith(until)
        assert "until etcd is stopped" not in lost(masters(), {node: saved(revision) for node in NODES})
    assert lost(serving(), {"m1": saved(376010, "copy")}).endswith("the reading of m1 until etcd is stopped")
    assert lost(serving(), {}).startswith("everything written after ")


@pytest.mark.invariant("INV-10")
def test_nothing_is_said_of_a_member_that_was_not_read() -> None:
    told = lost(masters(), {"m1": saved(376010), "m2": {"survivor": "unread", "why": "no room"}})
    assert told == "nothing that a member still has which could be read"


def with_urls(*urls: str) -> dict[str, Master]:
    found = masters()
    for master in found.values():
        assert master.archive is not None
        master.archive["urls64"] = b64("\n".join(f'"peerURLs":["{url}"]' for url in urls))
    return found


@pytest.mark.invariant("INV-16")
def test_members_that_only_the_snapshot_knows_are_a_reason_for_a_fresh_token() -> None:
    def told(*urls: str, **asked: object) -> list[str]:
        notes = restore_params(draft(with_urls(*urls), request(**asked))).notes
        return [note for note in notes if "--token fresh" in note]

    (note,) = told(*OURS, FOURTH)
    assert FOURTH in note and OURS[0] not in note
    assert not told(*OURS)
    assert not told(*OURS, FOURTH, token="fresh"), "it is what was proposed"
    assert not told(FOURTH, overrule=["foreign-snapshot"]), "by other addresses it is another cluster"
    same = ["http://172.31.100.97:2380", "http://localhost:2380", "unix://peer:0"]
    assert not told(*OURS, *same), "a participant as it was, and nobody that another could reach"


def test_where_a_member_list_is_read_a_snapshots_members_are_history() -> None:
    found = with_urls(*OURS, FOURTH)
    members = [{"ID": at, "name": f"etcd{at}", "peerURLs": [url]} for at, url in enumerate(OURS, 1)]
    status = {"status64": b64(status_json(1, 376000)), "quorum": "yes"}
    found["m1"].host |= {**status, "members64": b64(json.dumps({"members": members}))}
    plan = draft(found, request(overrule=INSIST))
    assert not [note for note in restore_params(plan).notes if "--token fresh" in note]


@pytest.mark.invariant("INV-16")
def test_what_a_survivor_knows_is_said_at_the_gate() -> None:
    def told(**asked: object) -> list[str]:
        plan = draft(masters(), request(snapshot="", survivor="m1", **asked))
        rows = shown(plan, {"m1": saved(376010)}, [*OURS, FOURTH])
        return [text for label, text in rows if label == "Note" and FOURTH in text]

    assert len(told()) == 1 and not told(token="fresh")
