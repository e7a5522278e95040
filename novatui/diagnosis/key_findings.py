"""Members that hold different keys: their hashes at one revision, compared where both begin at one compaction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator

from novatui.diagnosis.finding import of_all
from novatui.diagnosis.membership import Membership
from novatui.diagnosis.quorum import needed, reads
from novatui.model.cluster import HASHED_MAX_BYTES, HASHED_SLOW_MS, ClusterSnapshot, KeyHash, NodeSnapshot
from novatui.model.findings import Evidence, Finding, Severity
from novatui.model.words import N_, Words

KEYS_DIFFER = "keys-differ"
NOT_COMPARED = "keys-not-compared"
# A comparison that is older than this tells nothing of now: the watch makes one every ten minutes where it may.
COMPARED_MS = 1_800_000

_TOO_LARGE = N_("the keys of {names} are not compared: the database is too large")
_SLOW = N_("the keys of {names} are not compared: the disk is slow")
_NO_HASH = N_("the keys of {names} are not compared: there is no hash of them of the last half hour")
_BY_HAND = N_(
    "a member that hashes its keys commits nothing meanwhile. In a quiet hour: etcdctl endpoint hashkv on each "
    "master; every recovery compares them at its end"
)

Hashed = list[tuple[NodeSnapshot, KeyHash]]


def key_findings(snapshot: ClusterSnapshot, group: Membership, now_ms: int) -> Iterator[Finding]:
    """Only members that serve now are compared."""
    alike: dict[tuple[int, int], Hashed] = defaultdict(list)
    for node in snapshot.nodes:
        if node.hash is not None and reads(node, group.cluster_id, now_ms):
            alike[node.hash.revision, node.hash.compacted].append((node, node.hash))
    differ = [hashed for hashed in alike.values() if len({found.hash for _node, found in hashed}) > 1]
    if differ:
        yield _differ(max(differ, key=lambda hashed: hashed[0][1].revision), group)
    yield from _not_compared(snapshot, group, now_ms)


def _not_compared(snapshot: ClusterSnapshot, group: Membership, now_ms: int) -> Iterator[Finding]:
    """Silence would read as "they agree". Where none was ever compared, as at a single look, only what will not be is told."""
    ever = any(node.hash is not None for node in snapshot.nodes)
    late: dict[str, dict[str, str]] = defaultdict(dict)
    for node in snapshot.nodes:
        known = node.hash is not None and now_ms - node.hash.at_ms <= COMPARED_MS
        if reads(node, group.cluster_id, now_ms) and not known:
            title, value = _left_out(node)
            if ever or title != _NO_HASH:
                late[title][node.name] = value
    times = {node.name: node.endpoint.answered_ms for node in snapshot.nodes}
    for title, values in late.items():
        said = Words(title, names=", ".join(values))
        yield of_all(NOT_COMPARED, Severity.INFO, said, Words(_BY_HAND), values, "keys", times)


def _left_out(node: NodeSnapshot) -> tuple[str, str]:
    """Why its keys are not compared, and what that is seen by."""
    if (node.endpoint.db_size or 0) > HASHED_MAX_BYTES:
        return _TOO_LARGE, f"db {node.endpoint.db_size} bytes, compared up to {HASHED_MAX_BYTES}"
    if (p99 := node.endpoint.fsync_p99_ms or 0.0) >= HASHED_SLOW_MS:
        return _SLOW, f"fsync p99 {p99:.0f} ms, compared below {HASHED_SLOW_MS:.0f}"
    return _NO_HASH, f"hashed last at revision {node.hash.revision}" if node.hash else "no hash"


def _differ(hashed: Hashed, group: Membership) -> Finding:
    hash, votes = Counter(found.hash for _node, found in hashed).most_common(1)[0]
    odd = [node.name for node, found in hashed if found.hash != hash]
    if votes >= needed(len(group.seats)):
        title = Words(N_("the keys of {names} are not those of the majority"), names=", ".join(odd))
        hint = Words(
            N_(
                "data differs: the majority's is right. recover-member replaces the other; keep a snapshot of both"
            )
        )
    else:
        odd = []
        title = Words(N_("members hold different keys, and no majority agrees"))
        hint = Words(N_("change nothing: keep a snapshot of each member, and find out whose keys are right"))
    evidence = tuple(
        Evidence(
            node=node.name,
            source="keys",
            value=f"revision {found.revision}, compacted {found.compacted}: hash {found.hash}",
            at_ms=found.at_ms,
        )
        for node, found in hashed
    )
    where = odd[0] if len(odd) == 1 else ""
    return Finding(
        id=KEYS_DIFFER, severity=Severity.BAD, title=title, hint=hint, node=where, evidence=evidence
    )
