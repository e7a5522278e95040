"""The table of journal lines: every row is found by a line as etcd writes it, and by no other row's line."""

from __future__ import annotations

import pytest

from novatui.diagnosis.pattern import Remedy
from novatui.diagnosis.patterns import BY_ID, PATTERNS, match

# (msg, error, row). The words are etcd's own, 3.4 to 3.6.
LINES = [
    ("discovery failed", "member 4c357ea1a12149d0 has already been bootstrapped", "already-bootstrapped"),
    ("bootstrap failed", "member e42bdaa6ace5c691 has already been bootstrapped", "already-bootstrapped"),
    (
        "tocommit(376222) is out of range [lastIndex(0)]. Was the raft log corrupted, truncated, or lost?",
        "",
        "tocommit-out-of-range",
    ),
    ("server error", "the member has been permanently removed from the cluster", "removed"),
    ("data-dir used by this member must be removed", "", "removed"),
    ("discovery failed", "error validating peerURLs {ClusterID:1 ..}: member count is unequal", "initial-cluster-differs"),
    ("bootstrap failed", "error validating peerURLs: PeerURLs: no match found for existing member (1, [x])", "peer-urls-differ"),
    (
        "failed to start etcd",
        "couldn't find local name \"etcd9\" in the initial cluster configuration",
        "name-not-in-initial-cluster",
    ),
    ("discovery failed", "cannot fetch cluster info from peer urls: could not retrieve", "no-peer-answers"),
    ("request cluster ID mismatch", "", "cluster-id-mismatch"),
    ("request sent was ignored due to cluster ID mismatch", "", "cluster-id-mismatch"),
    ("ignored streaming request; ID mismatch", "", "member-id-mismatch"),
    ("failed to find remote peer in cluster", "", "member-id-mismatch"),
    ("failed to recover v3 backend from snapshot", "snap: snapshot file doesn't exist", "backend-lost"),
    ("panic", "database file (/var/lib/etcd/member/snap/db) of the backend is missing", "backend-missing"),
    ("failed to open database", "invalid database", "database-invalid"),
    ("failed to open database", "open /var/lib/etcd/member/snap/db: permission denied", "database-permission"),
    ("failed to read WAL, cannot be repaired", "walpb: crc mismatch", "wal-damaged"),
    ("walpb: crc mismatch", "", "wal-damaged"),
    ("failed to open WAL", "wal: file not found", "wal-damaged"),
    ("failed to read a snap file", "snap: crc mismatch", "snapshot-skipped"),
    ("snap file is corrupt", "", "snapshot-skipped"),
    ("panic: freepages: failed to get all reachable pages (page 12: multiple references)", "", "database-corrupt"),
    ("panic: assertion failed: Page expected to be: 3, but self identifies as 0", "", "database-corrupt"),
    ("etcd1 found data inconsistency with peers", "", "data-differs"),
    ("Detected compaction hash mismatch", "", "data-differs"),
    ("failed compaction hash check", "", "data-differs"),
    ("message exceeded backend quota; raising alarm", "", "quota-exceeded"),
    ("alarm raised", "", "alarm-raised"),
    ("failed to save Raft hard state", "write /var/lib/etcd: no space left on device", "disk-full"),
    ("failed to preallocate an initial WAL file", "", "disk-full"),
    ("cannot access data directory: mkdir /var/lib/etcd: permission denied", "", "data-dir-access"),
    ("failed to list data directory", "open /var/lib/etcd: permission denied", "data-dir-access"),
    ("failed to start", "listen tcp 10.0.0.1:2380: bind: address already in use", "port-in-use"),
    ("db file is flocked by another process, or taking too long", "", "database-locked"),
    ("rejected connection", "remote error: tls: bad certificate", "certificate"),
    ("rejected connection", "x509: certificate has expired or is not yet valid", "certificate"),
    ("rejected connection", 'tls: "10.0.0.9" does not match any of DNSNames ["etcd1"]', "certificate"),
    ("prober found high clock drift", "", "clock-drift"),
    ("the clock difference against peer 1 is too high [1.5s > 1s]", "", "clock-drift"),
    ("raft.node: 4c357ea1a12149d0 lost leader e42bdaa6ace5c691 at term 5", "", "no-leader"),
    ("4c357ea1a12149d0 is starting a new election at term 5", "", "no-leader"),
    ("failed to publish local member to cluster through raft", "etcdserver: request timed out", "no-leader"),
    ("apply request took too long", "", "slow"),
    ("slow fdatasync", "", "slow"),
    ("leader failed to send out heartbeat on time; took too long, leader is overloaded", "", "slow"),
    ("waiting for ReadIndex response took too long, retrying", "", "slow"),
    ("rejecting member add request; not enough healthy members", "", "member-change-rejected"),
    ("rejecting member remove request; not enough healthy members", "", "member-change-rejected"),
    ("server has already been initialized", "", "already-initialized"),
    ("server has been already initialized", "", "already-initialized"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "error", "row"), LINES)
def test_a_line_belongs_to_its_row(text: str, error: str, row: str) -> None:
    found = match(text, error)
    assert found is not None
    assert found.id == row


def test_every_row_has_a_line() -> None:
    assert {row for _text, _error, row in LINES} == set(BY_ID)
    assert len(BY_ID) == len(PATTERNS)


@pytest.mark.parametrize(
    "text",
    [
        "established TCP streaming connection with remote peer",
        "compacted Raft logs",
        "ready to serve client requests",
        "finished scheduled compaction",
        "Failed to open database connection",
        "",
    ],
)
def test_ordinary_lines_belong_to_none(text: str) -> None:
    assert match(text) is None


def test_only_rows_that_recover_are_evidence_against_data() -> None:
    for pattern in PATTERNS:
        assert pattern.unusable == (pattern.remedy is Remedy.RECOVER)
        assert pattern.unusable != pattern.never_wipe
        assert pattern.cause
        assert not (pattern.at_runtime and not pattern.unusable)
        assert pattern.past or pattern.remedy is not Remedy.WAIT, (
            "what passes is told in the past when it is over"
        )


@pytest.mark.parametrize(
    "row", ["disk-full", "certificate", "port-in-use", "clock-drift", "slow", "no-leader"]
)
def test_what_is_never_a_reason_to_wipe(row: str) -> None:
    assert BY_ID[row].never_wipe
    assert not BY_ID[row].unusable


def test_a_hostile_line_costs_no_time() -> None:
    assert match("member " + "x" * 60_000, "database file (" * 4_000) is None
