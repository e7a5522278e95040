"""What is wrong with one master, from what it says of itself: link, unit, endpoint, env file, disk, clock."""

from __future__ import annotations

from collections.abc import Iterator

from novatui.diagnosis.membership import FRESH_MS, fresh
from novatui.model.cluster import Link, NodeSnapshot, UnitState
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
        yield _finding(
            "env-problem", Severity.WARN, node, problem, "correct the env file on that master", "env", problem
        )
    yield from _disk(node)
    yield from _clock(node)


def _not_seen(node: NodeSnapshot, now_ms: int) -> Finding:
    """Not to be judged: connecting, late, lost or refused."""
    at = node.since_ms
    if node.link is Link.CONNECTING:
        title = f"connecting: {node.doing}" if node.doing else "connecting"
        return _finding("connecting", Severity.INFO, node, title, "", "ssh", title, at)
    if node.link in (Link.LIVE, Link.STALE):
        if node.at_ms is None:
            return _finding(
                "connecting", Severity.INFO, node, "connected, no sample yet", "", "ssh", "live", at
            )
        late = f"last sample {max(0, now_ms - node.at_ms) // 1000} s old"
        hint = f"it is not judged before it answers again; given up for lost after {FRESH_MS // 1000} s"
        return _finding("stale", Severity.WARN, node, late, hint, "ssh", late, node.at_ms)
    title = node.error.title if node.error else "no connection"
    hint = node.error.hint if node.error else ""
    code = node.error.code if node.error else "unreachable"
    severity = Severity.BAD if code == "host-key-changed" else Severity.WARN
    return _finding(code, severity, node, f"cannot be asked: {title}", hint, "ssh", title, at)


def _unit(node: NodeSnapshot, now_ms: int) -> Iterator[Finding]:
    unit = node.unit
    since = unit.since_ms
    shown = f"{unit.active} ({unit.sub})"
    if unit.load not in (None, "loaded"):
        title = f"its etcd unit is {unit.load}"
        yield _finding(
            "unit-missing",
            Severity.BAD,
            node,
            title,
            "look at etcd.unit in the configuration",
            "unit",
            f"LoadState={unit.load}",
            since,
        )
        return
    if node.endpoint.answers and unit.active in ("inactive", "failed"):
        title = f"etcd answers, and its unit is {unit.active}: somebody started it by hand"
        yield _finding(
            "unit-elsewhere",
            Severity.BAD,
            node,
            title,
            "stop that one, then start the unit",
            "unit",
            shown,
            since,
        )
        return
    match unit.active:
        case "failed":
            yield _finding(
                "unit-failed", Severity.BAD, node, f"etcd has failed{_how(unit)}", "", "unit", shown, since
            )
        case "inactive":
            yield _finding(
                "unit-stopped", Severity.BAD, node, f"etcd is stopped{_how(unit)}", "", "unit", shown, since
            )
        case "activating" if unit.sub == "auto-restart":
            title = f"etcd does not stay up{_how(unit)}{_times(unit)}"
            yield _finding("unit-restarting", Severity.BAD, node, title, "", "unit", shown, since)
        case "activating" | "deactivating" | "reloading":
            their_now = now_ms + (node.clock_skew_ms or 0)
            long = since is not None and their_now - since > START_PATIENCE_MS
            doing = "stopping" if unit.active == "deactivating" else "starting"
            yield _finding(
                "unit-changing",
                Severity.BAD if long else Severity.WARN,
                node,
                f"etcd is {doing}",
                "a start waits until enough peers are up" if doing == "starting" else "",
                "unit",
                shown,
                since,
            )


def _endpoint(node: NodeSnapshot) -> Iterator[Finding]:
    endpoint = node.endpoint
    why = endpoint.error or ""
    if endpoint.answers is False and node.unit.active == "active":
        yield _finding(
            "no-answer",
            Severity.BAD,
            node,
            "etcd is active and does not answer",
            "a hung process counts as down: restart-member",
            "endpoint",
            why,
            endpoint.answered_ms,
        )
    elif endpoint.answers and endpoint.has_quorum is False:
        yield _finding(
            "no-quorum-here",
            Severity.BAD,
            node,
            "answers, and has no quorum",
            "its data is up: it waits for its peers",
            "endpoint",
            why,
            endpoint.answered_ms,
        )
    elif endpoint.answers and endpoint.has_quorum is None:
        yield _finding(
            "quorum-unasked",
            Severity.WARN,
            node,
            "answers; whether it has quorum is not known",
            "",
            "endpoint",
            why,
            endpoint.answered_ms,
        )
    for error in endpoint.errors:
        # Alarms come as findings of their own.
        if "alarm" not in error.lower():
            yield _finding(
                "status-error", Severity.WARN, node, f"etcd reports: {error}", "", "endpoint", error
            )


def _disk(node: NodeSnapshot) -> Iterator[Finding]:
    disk = node.disk
    if disk is None or disk.size <= 0:
        return
    if disk.free < DISK_OUT_BYTES or disk.free / disk.size < DISK_LOW:
        out = disk.free < DISK_OUT_BYTES
        title = f"its disk is {'full' if out else 'nearly full'}: {100 * disk.free // disk.size} % free"
        value = f"{disk.path}: {disk.free} of {disk.size} bytes free"
        yield _finding(
            "disk-low",
            Severity.BAD if out else Severity.WARN,
            node,
            title,
            "free space before etcd needs it; this is not its quota",
            "disk",
            value,
            node.at_ms,
        )


def _clock(node: NodeSnapshot) -> Iterator[Finding]:
    skew = node.clock_skew_ms
    if skew is not None and abs(skew) > SKEW_MS:
        title = f"its clock is {abs(skew) / 1000:.1f} s {'ahead' if skew > 0 else 'behind'}"
        yield _finding(
            "clock-skew",
            Severity.WARN,
            node,
            title,
            "look at chrony, there and here",
            "clock",
            f"{skew:+d} ms",
            node.at_ms,
        )


def _how(unit: UnitState) -> str:
    if unit.exit_status is None:
        return ""
    return f" (signal {unit.exit_status})" if unit.exit_signal else f" (exit {unit.exit_status})"


def _times(unit: UnitState) -> str:
    return f", restarts {unit.restarts}" if unit.restarts else ""


def _finding(
    id: str,
    severity: Severity,
    node: NodeSnapshot,
    title: str,
    hint: str,
    source: str,
    value: str,
    at_ms: int | None = None,
) -> Finding:
    evidence = Evidence(node=node.name, source=source, value=value, at_ms=at_ms)
    return Finding(id=id, severity=severity, title=title, hint=hint, node=node.name, evidence=(evidence,))
