"""Do all members hold the same keys? Hashed at one revision, rarely, one member after the other.

A member reads all of its database for that, and commits nothing meanwhile: only small ones are asked, none that is slow,
that has no quorum, or that a run has.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Mapping, Sequence

from novatui.model.cluster import HASHED_MAX_BYTES, HASHED_SLOW_MS, KeyHash, Link, NodeSnapshot
from novatui.probes.watch import Watch

FIRST_S = 20.0
EVERY_S = 600.0
# After a difference: it is soon seen whether it stays. After a compaction that one of them had not done yet: likewise.
AGAIN_S = 60.0

_log = logging.getLogger(__name__)


async def compared(watches: Sequence[Watch]) -> None:
    """Until cancelled."""
    await asyncio.sleep(FIRST_S)
    while True:
        settled = False
        try:
            settled = await compare(watches)
        except Exception:  # what a member answers must not cost the look at any of them
            _log.exception("the members' keys could not be compared")
        await asyncio.sleep(EVERY_S if settled else AGAIN_S)


async def compare(watches: Sequence[Watch]) -> bool:
    """One round, kept in the snapshots. Whether it is settled: the same everywhere, or not to be had.

    A difference that is known stays known until all that it was found among are compared anew, at one compaction.
    """
    names, revision = _round([watch.sight.snapshot for watch in watches])
    if _differ(known := _known(watches)) and not known.keys() <= names:
        return False
    found: dict[str, KeyHash] = {}
    for watch in watches:
        if watch.node.name in names and (answer := await watch.hashed(revision)) is not None:
            found[watch.node.name] = answer
    if _differ(known := _known(watches)):
        comparable = len({one.compacted for one in found.values()}) == 1
        if not comparable or not known.keys() <= found.keys():
            return False
    for watch in watches:
        if watch.node.name in found:
            watch.keep(found[watch.node.name])
    return len({(one.compacted, one.hash) for one in found.values()}) <= 1


def _known(watches: Sequence[Watch]) -> dict[str, KeyHash]:
    return {watch.node.name: had for watch in watches if (had := watch.sight.snapshot.hash) is not None}


def _round(nodes: Sequence[NodeSnapshot]) -> tuple[set[str], int]:
    """Who is asked, at which revision; nobody where there are not two."""
    asked = askable(nodes)
    revision = min((node.endpoint.revision or 0 for node in asked), default=0)
    return ({node.name for node in asked} if len(asked) > 1 and revision > 0 else set()), revision


def _differ(known: Mapping[str, KeyHash]) -> bool:
    hashes = known.values()
    at = {(one.revision, one.compacted) for one in hashes}
    return len({(one.revision, one.compacted, one.hash) for one in hashes}) > len(at)


def askable(nodes: Sequence[NodeSnapshot]) -> list[NodeSnapshot]:
    """The members of the cluster most are of that may be asked now; none at all while a run has a master."""
    if any(node.held is not None and node.held.run for node in nodes):
        return []
    well = [node for node in nodes if _well(node)]
    ids = Counter(node.endpoint.cluster_id for node in well).most_common(1)
    return [node for node in well if node.endpoint.cluster_id == ids[0][0]]


def _well(node: NodeSnapshot) -> bool:
    endpoint = node.endpoint
    if node.link is not Link.LIVE or not endpoint.answers or not endpoint.has_quorum:
        return False
    if endpoint.is_learner or endpoint.db_size is None or endpoint.db_size > HASHED_MAX_BYTES:
        return False
    return (endpoint.fsync_p99_ms or 0.0) < HASHED_SLOW_MS
