"""What is wrong with one master, from what it says of itself: link, unit, endpoint, env file, disk, clock."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from novatui.diagnosis.membership import FRESH_MS, fresh
from novatui.model.cluster import Link, NodeError, NodeSnapshot, UnitState
from novatui.model.findings import Evidence, Finding, Severity

DISK_LOW = 0.10  # of its size: etcd needs room for a second copy of its database at times
DISK_OUT_BYTES = 256 * 1024**2
SKEW_MS = 1_000  # etcd's own prober warns from one second on
START_PATIENCE_MS = 30_000  # a start that waits for peers may take 15 s and is no finding yet


def node_findings(node: NodeSnapshot, now_ms: int) -> Iterator[Finding]:
    """Findings of one master. What is not of now is not judged: then there is one finding, saying so."""
    if not fresh(node, now_ms):
        yield _not_seen(node, now_ms)
        return
    yield from _unit(node, now_ms)
    yield from _endpoint(node)
    for problem in node.env.problems:
        about = partial(_finding, node, "env", problem)
        yield about("env-problem", Severity.WARN, problem, "correct the env file on that master")
    yield from _disk(node)
    yield from _clock(node)


def _not_seen(node: NodeSnapshot, now_ms: int) -> Finding:
    """Not to be judged: connecting, late, lost or refused."""
    if node.link in (Link.LIVE, Link.STALE) and node.at_ms is not None:
        late = f"last sample {max(0, now_ms - node.at_ms) // 1000} s old"
        hint = f"it is not judged before it answers again; given up for lost after {FRESH_MS // 1000} s"
        return _finding(node, "ssh", late, "stale", Severity.WARN, late, hint, at_ms=node.at_ms)
    if node.link in (Link.LIVE, Link.STALE, Link.CONNECTING):
        title = f"connecting: {node.doing}" if node.doing else "connecting, nothing seen yet"
        return _finding(node, "ssh", title, "connecting", Severity.INFO, title, at_ms=node.since_ms)
    error = node.error or NodeError(code="unreachable", title="no connection")
    severity = Severity.BAD if error.code == "host-key-changed" else Severity.WARN
    title = f"cannot be asked: {error.title}"
    return _finding(node, "ssh", error.title, error.code, severity, title, error.hint, at_ms=node.since_ms)


def _unit(node: NodeSnapshot, now_ms: int) -> Iterator[Finding]:
    unit = node.unit
    about = partial(_finding, node, "unit", f"{unit.load}, {unit.active} ({unit.sub})", at_ms=unit.since_ms)
    if unit.load not in (None, "loaded"):
        hint = "look at etcd.unit in the configuration"
        yield about("unit-missing", Severity.BAD, f"its etcd unit is {unit.load}", hint)
    elif node.endpoint.answers and unit.active in ("inactive", "failed"):
        title = f"etcd answers, and its unit is {unit.active}: somebody started it by hand"
        yield about("unit-elsewhere", Severity.BAD, title, "stop that one, then start the unit")
    elif unit.active == "failed":
        yield about("unit-failed", Severity.BAD, f"etcd has failed{_how(unit)}")
    elif unit.active == "inactive":
        yield about("unit-stopped", Severity.BAD, f"etcd is stopped{_how(unit)}")
    elif unit.active == "activating" and unit.sub == "auto-restart":
        yield about("unit-restarting", Severity.BAD, f"etcd does not stay up{_how(unit)}{_times(unit)}")
    elif unit.active in ("activating", "reloading"):
        hint = "a start waits until enough peers are up"
        yield about("unit-changing", _patience(node, now_ms), "etcd is starting", hint)
    elif unit.active == "deactivating":
        yield about("unit-changing", _patience(node, now_ms), "etcd is stopping")


def _patience(node: NodeSnapshot, now_ms: int) -> Severity:
    """A start or stop that takes its time is a warning; one that takes too long is bad."""
    since = node.unit.since_ms
    their_now = now_ms + (node.clock_skew_ms or 0)
    return Severity.BAD if since is not None and their_now - since > START_PATIENCE_MS else Severity.WARN


def _endpoint(node: NodeSnapshot) -> Iterator[Finding]:
    endpoint = node.endpoint
    about = partial(_finding, node, "endpoint", endpoint.error or "", at_ms=endpoint.answered_ms)
    if endpoint.answers is False and node.unit.active == "active":
        title = "etcd is active and does not answer"
        yield about("no-answer", Severity.BAD, title, "a hung process counts as down: restart-member")
    elif endpoint.answers and endpoint.has_quorum is False:
        title = "answers, and has no quorum"
        yield about("no-quorum-here", Severity.BAD, title, "its data is up: it waits for its peers")
    elif endpoint.answers and endpoint.has_quorum is None:
        yield about("quorum-unasked", Severity.WARN, "answers; whether it has quorum is not known")
    for error in endpoint.errors:
        # Alarms come as findings of their own.
        if "alarm" not in error.lower():
            yield _finding(node, "endpoint", error, "status-error", Severity.WARN, f"etcd reports: {error}")


def _disk(node: NodeSnapshot) -> Iterator[Finding]:
    disk = node.disk
    if disk is None or disk.size <= 0:
        return
    out = disk.free < DISK_OUT_BYTES
    if out or disk.free / disk.size < DISK_LOW:
        title = f"its disk is {'full' if out else 'nearly full'}: {100 * disk.free // disk.size} % free"
        value = f"{disk.path}: {disk.free} of {disk.size} bytes free"
        severity = Severity.BAD if out else Severity.WARN
        hint = "free space before etcd needs it; this is not its quota"
        yield _finding(node, "disk", value, "disk-low", severity, title, hint, at_ms=node.at_ms)


def _clock(node: NodeSnapshot) -> Iterator[Finding]:
    skew = node.clock_skew_ms
    if skew is not None and abs(skew) > SKEW_MS:
        title = f"its clock is {abs(skew) / 1000:.1f} s {'ahead' if skew > 0 else 'behind'}"
        about = partial(_finding, node, "clock", f"{skew:+d} ms", at_ms=node.at_ms)
        yield about("clock-skew", Severity.WARN, title, "look at chrony, there and here")


def _how(unit: UnitState) -> str:
    if unit.exit_status is None:
        return ""
    return f" (signal {unit.exit_status})" if unit.exit_signal else f" (exit {unit.exit_status})"


def _times(unit: UnitState) -> str:
    return f", restarts {unit.restarts}" if unit.restarts else ""


def _finding(
    node: NodeSnapshot,
    source: str,
    value: str,
    id: str,
    severity: Severity,
    title: str,
    hint: str = "",
    at_ms: int | None = None,
) -> Finding:
    evidence = Evidence(node=node.name, source=source, value=value, at_ms=at_ms)
    return Finding(id=id, severity=severity, title=title, hint=hint, node=node.name, evidence=(evidence,))
