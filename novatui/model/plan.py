"""What is going to be run: what a person confirms, and what is then run, is one ``plan.json``."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec

PLAN_SCHEMA = 1


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot on the operator's machine, as it was when it was read: SHA-256 and size of the database inside."""

    path: str
    sha256: str
    size: int
    taken_ms: int
    dated_by: str  # name | mtime
    urls: tuple[str, ...] = ()  # peer URLs inside


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a person asked for: the words of ``novatui plan|run RUNBOOK ..`` or of a wizard."""

    runbook: str
    node: str = ""
    snapshot: str = ""  # a path on the masters
    from_node: str = ""  # copy it from there
    survivor: str = ""  # the node whose own data is the snapshot
    upload: Upload | None = None  # sent to every master
    without: tuple[str, ...] = ()  # masters that take no part
    token: str = ""  # keep | fresh; empty: kept where every master takes part
    no_fence: bool = False  # API servers are left running
    bump_revision: bool = False  # revisions go on far above any that a client may have seen
    overrule: tuple[str, ...] = ()


# Field of the request that a runbook may take -> its option.
OPTIONS = {
    "node": "--node",
    "snapshot": "--snapshot",
    "from_node": "--from",
    "survivor": "--survivor",
    "upload": "--upload",
    "without": "--without",
    "token": "--token",
    "bump_revision": "--bump-revision",
    "no_fence": "--no-fence",
}


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step as shown: ``commands`` per node are the exact words, secrets masked; names born in the run are ``<name>``."""

    id: str
    title: str
    scope: str
    effect: str
    commands: dict[str, tuple[str, ...]] = {}
    barrier: str = ""
    seed: str = ""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """One plan. ``params`` is the runbook's own, JSON; ``facts`` are what it relies on, per node: re-probed before the
    first change and again at the gate, any difference refuses."""

    schema: int = PLAN_SCHEMA
    run: str
    runbook: str
    runbook_version: int
    cluster: str
    nodes: tuple[str, ...]
    request: Request
    params: dict[str, Any]
    facts: dict[str, dict[str, Any]]
    steps: tuple[PlannedStep, ...] = ()
    undo: tuple[PlannedStep, ...] = ()
    at_ms: int = 0

    def sha256(self) -> str:
        """Of the plan's canonical JSON; the journal's first record carries it."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()
