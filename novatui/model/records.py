"""The journal's records: ids and facts, no translated text. One JSON object a line, ``kind`` tells which."""

from __future__ import annotations

from typing import Any

import msgspec

JOURNAL_SCHEMA = 1


class Record(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Common to all: ``seq`` from 1 without gaps, ``at`` UTC ms, ``mono_ns`` of the writer's clock."""

    seq: int = 0
    at: int = 0
    mono_ns: int = 0


class RunStarted(Record, frozen=True, kw_only=True, tag="run_started"):
    schema: int = JOURNAL_SCHEMA
    run: str
    runbook: str
    runbook_version: int
    novatui: str
    cluster: str
    nodes: tuple[str, ...]
    plan_sha256: str
    operator: str


class Lease(Record, frozen=True, kw_only=True, tag="lease"):
    node: str
    epoch: int
    state: str  # asked | acquired | adopted | releasing | lost | released


class Probed(Record, frozen=True, kw_only=True, tag="probed"):
    step: str
    node: str
    attempt: int = msgspec.field(name="try")
    state: str
    facts: dict[str, Any] = {}
    detail: str = ""


class Intent(Record, frozen=True, kw_only=True, tag="intent"):
    """Written and synced before the act. ``act`` counts the commands of one apply from 0."""

    step: str
    node: str
    attempt: int = msgspec.field(name="try")
    act: int = 0
    argv_masked: tuple[str, ...] = ()
    effect: str = ""
    unit: str | None = None
    boot_id: str | None = None
    timeout_s: float = 0.0


class Captured(msgspec.Struct, frozen=True, kw_only=True):
    """Output kept in the journal: head and tail, 16 KiB in all, with the full length and hash. Lossy UTF-8."""

    text: str = ""
    length: int = 0
    sha256: str = ""


class Done(Record, frozen=True, kw_only=True, tag="outcome"):
    """After the act. ``intent`` is the seq of its intent."""

    intent: int
    status: str
    exit: int | None = None
    signal: str | None = None
    ms: float = 0.0
    stdout: Captured = Captured()
    stderr: Captured = Captured()
    error: str = ""


class Bound(Record, frozen=True, kw_only=True, tag="bound"):
    ref: str
    value: Any = None


class Verified(Record, frozen=True, kw_only=True, tag="verified"):
    """``evidence`` are the facts later steps build on."""

    step: str
    node: str
    ok: bool
    evidence: dict[str, Any] = {}
    detail: str = ""


class Judged(Record, frozen=True, kw_only=True, tag="judged"):
    """After all nodes of a step: findings that refuse, by id, or none."""

    step: str
    ok: bool
    findings: tuple[dict[str, Any], ...] = ()


class GateOpened(Record, frozen=True, kw_only=True, tag="gate_opened"):
    gate: str
    nonce: str
    rows: tuple[tuple[str, str], ...] = ()
    words: tuple[dict[str, str], ...] = ()  # word, why, guard


class GateAnswered(Record, frozen=True, kw_only=True, tag="gate_answered"):
    gate: str
    by: str


class Overruled(Record, frozen=True, kw_only=True, tag="overruled"):
    guard: str
    by: str


class Requested(Record, frozen=True, kw_only=True, tag="requested"):
    """``what``: abort | pause | continue | retry | skip | undo | resume."""

    what: str
    by: str


class Paused(Record, frozen=True, kw_only=True, tag="paused"):
    """It waits after ``step``, until ``continue`` is requested."""

    step: str


class Brought(Record, frozen=True, kw_only=True, tag="brought"):
    """What is before this was read from the copy that ``node`` keeps: acts after it may have been begun."""

    node: str


class Resumed(Record, frozen=True, kw_only=True, tag="resumed"):
    truncated_bytes: int = 0
    by: str = ""


class RunEnded(Record, frozen=True, kw_only=True, tag="run_ended"):
    """``result``: verified | failed | refused | aborted | undone | fenced. ``exit_code``: what its commands end with."""

    result: str
    detail: str = ""
    exit_code: int | None = None


AnyRecord = (
    RunStarted
    | Lease
    | Probed
    | Intent
    | Done
    | Bound
    | Verified
    | Judged
    | GateOpened
    | GateAnswered
    | Overruled
    | Requested
    | Paused
    | Brought
    | Resumed
    | RunEnded
)
