"""What is wrong with one master, from what it says of itself: link, unit, endpoint, env file."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from novatui.diagnosis.finding import NOTHING, of_node
from novatui.diagnosis.membership import FRESH_MS, fresh
from novatui.model.cluster import Link, NodeError, NodeSnapshot, UnitState
from novatui.model.findings import Finding, Severity
from novatui.model.words import N_, Words

START_PATIENCE_MS = 30_000  # a start that waits for peers may take 15 s and is no finding yet
SERVED_MS = 60_000  # one that ran for so long did stay up
# ``Endpoint.unasked`` -> what is said of it, and what to do.
_UNASKED = {
    "files": (
        N_("etcd could not be asked"),
        N_("look at the files that ETCDCTL_CACERT, ETCDCTL_CERT and ETCDCTL_KEY name"),
    ),
    "refused": (
        N_("etcd could not be asked: it refuses the certificate that it is shown"),
        N_("renew what ETCDCTL_CERT names, or name one there that a CA of ETCD_TRUSTED_CA_FILE has signed"),
    ),
    "distrusted": (
        N_("etcd could not be asked: we do not trust the certificate that it shows"),
        N_(
            "look whether ETCDCTL_CACERT names the CA of ETCD_CERT_FILE, and whether that is valid for this endpoint"
        ),
    ),
    "curl": (
        N_("etcd could not be asked: curl could not do it"),
        N_("look at curl on that master (7.52 or later), and at ETCDCTL_ENDPOINTS"),
    ),
    "etcdctl": (
        N_("etcd could not be asked: etcdctl cannot be started"),
        N_("look at etcd.etcdctl in the configuration"),
    ),
}


def node_findings(node: NodeSnapshot, now_ms: int) -> Iterator[Finding]:
    """Findings of one master. What is not of now is not judged: then there is one finding, saying so."""
    for note in node.notes:
        title = Words(N_("{note}"), note=note)
        yield of_node(
            "connection-note", Severity.INFO, title, NOTHING, node=node.name, source="ssh", value=note
        )
    if not fresh(node, now_ms):
        yield _not_seen(node, now_ms)
        return
    yield from _unit(node, now_ms)
    yield from _endpoint(node)
    for problem in () if node.lacks_root and not node.env.cksum else node.env.problems:
        title, hint = (
            Words(N_("{problem}"), problem=problem),
            Words(N_("correct the env file on that master")),
        )
        yield of_node(
            "env-problem",
            Severity.WARN,
            title,
            hint,
            node=node.name,
            source="env",
            value=problem,
            at_ms=node.at_ms,
        )


def _not_seen(node: NodeSnapshot, now_ms: int) -> Finding:
    """Not to be judged: connecting, late, lost or refused."""
    about = partial(of_node, node=node.name, source="ssh")
    if node.link in (Link.LIVE, Link.STALE) and node.at_ms is not None:
        title = Words(N_("last sample {n} s old"), n=max(0, now_ms - node.at_ms) // 1000)
        hint = Words(
            N_("it is not judged before it answers again; given up for lost after {n} s"), n=FRESH_MS // 1000
        )
        return about("stale", Severity.WARN, title, hint, value=node.link.value, at_ms=node.at_ms)
    if node.link in (Link.LIVE, Link.STALE, Link.CONNECTING):
        title = Words(N_("connecting: {step}"), step=node.doing) if node.doing else _NOTHING_SEEN
        return about("connecting", Severity.INFO, title, NOTHING, value=node.link.value, at_ms=node.since_ms)
    error = node.error or NodeError(code="unreachable", title="no connection")
    severity = Severity.BAD if error.code == "host-key-changed" else Severity.WARN
    title = Words(N_("cannot be asked: {why}"), why=error.title)
    hint = Words(N_("{hint}"), hint=error.hint) if error.hint else NOTHING
    return about(error.code, severity, title, hint, value=error.title, at_ms=node.since_ms)


_NOTHING_SEEN = Words(N_("connecting, nothing seen yet"))


def _unit(node: NodeSnapshot, now_ms: int) -> Iterator[Finding]:
    unit = node.unit
    value = f"{unit.load}, {unit.active} ({unit.sub})"
    about = partial(of_node, node=node.name, source="unit", value=value, at_ms=unit.since_ms or node.at_ms)
    if unit.unread is not None:
        title = Words(N_("the state of its etcd unit could not be read: {why}"), why=unit.unread)
        hint = Words(
            N_("systemd on that master does not answer systemctl: until it does, nothing is said of the unit")
        )
        yield about("unit-unread", Severity.WARN, title, hint, value=unit.unread, at_ms=node.at_ms)
    elif unit.load not in (None, "loaded"):
        title = Words(N_("its etcd unit is {state}"), state=str(unit.load))
        hint = Words(N_("look at etcd.unit in the configuration"))
        if unit.load == "masked":
            hint = Words(N_("somebody did that on purpose: find out why, then systemctl unmask and start it"))
        yield about("unit-missing", Severity.BAD, title, hint)
    elif node.endpoint.answers and unit.active in ("inactive", "failed"):
        title = Words(
            N_("etcd answers, and its unit is {state}: somebody started it by hand"), state=unit.active
        )
        yield about("unit-elsewhere", Severity.BAD, title, Words(N_("stop that one, then start the unit")))
    elif unit.active == "failed":
        yield about("unit-failed", Severity.BAD, _ended(Words(N_("etcd has failed")), unit))
    elif unit.active == "inactive":
        yield about("unit-stopped", Severity.BAD, _ended(Words(N_("etcd is stopped")), unit))
    elif has_a_chance(unit):
        title = _ended(Words(N_("etcd has ended")), unit)
        yield about("unit-ended", Severity.WARN, title, Words(N_("systemd is about to start it again")))
    elif unit.active == "activating" and unit.sub == "auto-restart":
        title = _ended(Words(N_("etcd does not stay up")), unit)
        if unit.restarts:
            title = Words(N_("{what}, restarts {n}"), what=title, n=unit.restarts)
        yield about("unit-restarting", Severity.BAD, title)
    elif unit.active in ("activating", "reloading"):
        hint = Words(N_("a start waits until enough peers are up"))
        yield about("unit-changing", _patience(node, now_ms), Words(N_("etcd is starting")), hint)
    elif unit.active == "deactivating":
        yield about("unit-changing", _patience(node, now_ms), Words(N_("etcd is stopping")))


def has_a_chance(unit: UnitState) -> bool:
    """It ended for the first time, or after it had served for a while, and systemd is about to start it again. ``restarts``
    alone does not tell: they are counted over months."""
    return unit.sub == "auto-restart" and (unit.restarts == 0 or (unit.ran_ms or 0) >= SERVED_MS)


def _patience(node: NodeSnapshot, now_ms: int) -> Severity:
    """A start or stop that takes its time is a warning; one that takes too long is bad."""
    since = node.unit.since_ms
    their_now = now_ms + (node.clock_skew_ms or 0)
    return Severity.BAD if since is not None and their_now - since > START_PATIENCE_MS else Severity.WARN


def _endpoint(node: NodeSnapshot) -> Iterator[Finding]:
    endpoint = node.endpoint
    about = partial(of_node, node=node.name, source="endpoint")
    said, answered = endpoint.error or "", endpoint.answered_ms
    if endpoint.answers is False and node.unit.active == "active":
        title = Words(N_("etcd is active and does not answer"))
        hint = Words(N_("a hung process counts as down: restart-member, where nothing else explains it"))
        yield about("no-answer", Severity.BAD, title, hint, value=said, at_ms=node.at_ms)
    elif endpoint.answers is None and said:
        title, hint = map(Words, _UNASKED.get(endpoint.unasked or "", _UNASKED["files"]))
        yield about("unasked", Severity.WARN, title, hint, value=said, at_ms=node.at_ms)
    elif endpoint.answers and endpoint.is_learner:
        pass  # it serves no linearizable read: a finding of its own says what it is
    elif endpoint.answers and endpoint.has_quorum is False:
        title = Words(N_("answers, and has no quorum"))
        hint = Words(N_("its data is up: it waits for its peers"))
        yield about("no-quorum-here", Severity.BAD, title, hint, value=said, at_ms=answered)
    elif endpoint.answers and endpoint.has_quorum is None:
        title = Words(N_("answers; whether it has quorum is not known"))
        hint = Words(N_("it said: {said}"), said=said) if said else NOTHING
        yield about("quorum-unasked", Severity.WARN, title, hint, value=said or "-", at_ms=answered)
    for error in endpoint.errors:
        # Alarms come as findings of their own.
        if "alarm" not in error.lower():
            title = Words(N_("etcd reports: {error}"), error=error)
            yield about("status-error", Severity.WARN, title, value=error, at_ms=answered)


def _ended(what: Words, unit: UnitState) -> Words:
    """``etcd has failed (exit 1)``: with how its main process ended, where that is known."""
    if unit.exit_status is None:
        return what
    if unit.exit_signal:
        return Words(N_("{what} (signal {n})"), what=what, n=unit.exit_status)
    return Words(N_("{what} (exit {n})"), what=what, n=unit.exit_status)
