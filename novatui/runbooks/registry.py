"""The runbooks by name, and what to do by hand where there is none yet."""

from __future__ import annotations

from novatui.errors import Refused, UsageError
from novatui.runbooks import recover_member, restart_member, restore_cluster, start_cluster
from novatui.runbooks.step import Runbook

RUNBOOKS: dict[str, Runbook] = {
    one.name: one
    for one in (
        restart_member.RUNBOOK,
        start_cluster.RUNBOOK,
        recover_member.RUNBOOK,
        restore_cluster.RUNBOOK,
    )
}

# name -> what a person does instead, in this version
BY_HAND = {
    "take-snapshot": "on a master, with its ETCDCTL_* variables set: etcdctl snapshot save FILE",
    "disarm-alarm": "NOSPACE: compact, defragment each member, then etcdctl alarm disarm; CORRUPT: replace the odd member first",
    "defragment": "one member after the other, the leader last: etcdctl defrag on its own endpoint",
}


def find(name: str) -> Runbook:
    """Raises Refused for one that is not in this version (with what to do by hand), UsageError for an unknown name."""
    if name in RUNBOOKS:
        return RUNBOOKS[name]
    if name in BY_HAND:
        raise Refused(f"{name} is not in this version", "nothing was changed", f"by hand: {BY_HAND[name]}")
    known = ", ".join([*RUNBOOKS, *BY_HAND])
    raise UsageError(f"There is no runbook {name!r}", f"known: {known}")
