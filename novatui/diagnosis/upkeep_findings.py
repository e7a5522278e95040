"""What will be wrong before long, or stands in the way of a start: certificates, snapshots, a data directory without a log."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from novatui.diagnosis.data import UNMOUNTED, log_seen
from novatui.diagnosis.finding import of_node
from novatui.model.cluster import Certificate, NodeSnapshot, Upkeep
from novatui.model.findings import Evidence, Finding, Severity
from novatui.model.words import N_, Words

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
ENDS_SOON_MS = 30 * DAY_MS
BACKUP_OLD_MS = DAY_MS

EXPIRED = "certificate-expired"
ENDS = "certificate-ends"
PROBLEM = "certificate-problem"
NO_LOG = "no-log"

_RENEW = N_("renew it, as on every master whose certificates end, and restart etcd on one after the other")
_RENEW_OURS = N_("renew it: etcdctl and novatui ask this etcd with it; etcd itself does not need it")
_PROBLEMS = {
    "missing": N_("its env file names {file}, which is missing"),
    "odd": N_("its env file names {file}, which is no regular file"),
    "no certificate": N_("its env file names {file}, in which there is no certificate that can be read"),
    "damaged": N_("its env file names {file}, in which a certificate is damaged"),
}
_LOGS = {
    "no": N_("its data directory has no write-ahead log: wiped, or its data was moved away"),
    "missing": N_("its data directory is gone"),
    UNMOUNTED: N_("the file system of its data directory is not mounted"),
}
MOUNT = N_("mount it, then start etcd: its data is most likely there")


def upkeep_findings(live: Sequence[NodeSnapshot], now_ms: int) -> Iterator[Finding]:
    """``live``: the masters of which something is known now."""
    seen = [(node, node.upkeep) for node in live if node.upkeep is not None]
    for node, upkeep in seen:
        yield from _certificates(node, upkeep, now_ms + (node.clock_skew_ms or 0))
        yield from _log(node, upkeep)
    if seen and len(seen) == len(live):
        yield from _backups(seen, now_ms)


def _certificates(node: NodeSnapshot, upkeep: Upkeep, their_now_ms: int) -> Iterator[Finding]:
    """``their_now_ms``: what the master's own clock says, for that is what its etcd judges by."""
    dated = [one for one in upkeep.certificates if one.begins_ms is not None and one.ends_ms is not None]
    dated.sort(key=lambda one: one.ends_ms or 0)
    over = [one for one in dated if (one.ends_ms or 0) <= their_now_ms]
    early = [one for one in dated if (one.begins_ms or 0) > their_now_ms]
    soon = [one for one in dated if one not in over and (one.ends_ms or 0) - their_now_ms < ENDS_SOON_MS]
    asking = [one for one in over if _asks_only(one)]
    for files, severity, hint in (
        ([one for one in over if one not in asking], Severity.BAD, _RENEW),
        (asking, Severity.WARN, _RENEW_OURS),
    ):
        if files:
            title = Words(N_("its certificate {file} has expired"), file=files[0].file)
            yield _of(EXPIRED, severity, title, Words(hint), node, files, upkeep)
    if early:
        title = Words(N_("its certificate {file} is not valid yet"), file=early[0].file)
        hint = Words(N_("look at the clock of this master, and of the one where the certificate was made"))
        yield _of("certificate-early", Severity.BAD, title, hint, node, early, upkeep)
    if soon:
        title = _ends(soon[0].file, (soon[0].ends_ms or 0) - their_now_ms)
        yield _of(ENDS, Severity.WARN, title, Words(_RENEW), node, soon, upkeep)
    for one in upkeep.certificates:
        if one.problem in _PROBLEMS:
            yield _problem(node, one, upkeep)


def _ends(file: str, left_ms: int) -> Words:
    if left_ms >= 2 * DAY_MS:
        return Words(N_("its certificate {file} ends in {days} days"), file=file, days=left_ms // DAY_MS)
    if left_ms >= 2 * HOUR_MS:
        return Words(N_("its certificate {file} ends in {hours} hours"), file=file, hours=left_ms // HOUR_MS)
    return Words(N_("its certificate {file} ends within two hours"), file=file)


def _problem(node: NodeSnapshot, one: Certificate, upkeep: Upkeep) -> Finding:
    """Its own certificate etcd reads anew for each connection: one that runs is cut off, and one that ends stays down."""
    title = Words(_PROBLEMS[one.problem], file=one.file)
    if _asks_only(one):
        hint = Words(N_("etcdctl and novatui cannot ask this etcd without it; etcd itself does not need it"))
        return _of(PROBLEM, Severity.WARN, title, hint, node, [one], upkeep)
    hint = Words(N_("etcd takes no new connection without it and would not start again: put it back first"))
    return _of(PROBLEM, Severity.BAD, title, hint, node, [one], upkeep)


def _asks_only(one: Certificate) -> bool:
    """Whether etcdctl and novatui alone have a use for it."""
    return bool(one.keys) and all(key.startswith("ETCDCTL_") for key in one.keys)


def _of(
    id: str,
    severity: Severity,
    title: Words,
    hint: Words,
    node: NodeSnapshot,
    files: Sequence[Certificate],
    upkeep: Upkeep,
) -> Finding:
    evidence = tuple(
        Evidence(node=node.name, source="certificate", value=_value(one), at_ms=upkeep.at_ms) for one in files
    )
    return Finding(id=id, severity=severity, title=title, hint=hint, node=node.name, evidence=evidence)


def _value(one: Certificate) -> str:
    span = one.problem
    if one.begins_ms is not None and one.ends_ms is not None:
        span = f"{_date(one.begins_ms)} to {_date(one.ends_ms)} UTC"
    return f"{', '.join(one.keys)}={one.file}: {span}"


def _date(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, tz=UTC).strftime("%Y-%m-%d %H:%M")


def _log(node: NodeSnapshot, upkeep: Upkeep) -> Iterator[Finding]:
    """Of one that is down and that no run is at work on. It may only look lost: what is not mounted looks just so."""
    down = node.unit.active in ("inactive", "failed") or node.unit.sub == "auto-restart"
    log = log_seen(node)
    if log not in _LOGS or node.endpoint.answers or not down:
        return
    if node.held is not None and node.held.run:
        return
    hint = N_(
        "look whether its data was moved or is not mounted; if it is lost, recover-member while the others have quorum"
    )
    if log == UNMOUNTED:
        hint = MOUNT
    yield of_node(
        NO_LOG,
        Severity.BAD,
        Words(_LOGS[log]),
        Words(hint),
        node=node.name,
        source="disk",
        value=f"{node.env.data_dir}/member/wal: {log}",
        at_ms=upkeep.at_ms,
    )


def _backups(seen: Sequence[tuple[NodeSnapshot, Upkeep]], now_ms: int) -> Iterator[Finding]:
    """A note: they may well be kept where we do not look."""
    looked = [(node, backup) for node, upkeep in seen for backup in upkeep.backups]
    found = [(node, backup) for node, backup in looked if backup.at_ms is not None]
    if not looked:
        return
    if not found:
        title = Words(N_("no snapshot was found on any master"))
        hint = Words(
            N_("without one a cluster that loses its quorum's data has only what its members still hold")
        )
        evidence = tuple(
            Evidence(node=node.name, source="snapshots", value=backup.directory, at_ms=upkeep.at_ms)
            for node, upkeep in seen
            for backup in upkeep.backups
        )
        yield Finding(id="no-snapshot", severity=Severity.INFO, title=title, hint=hint, evidence=evidence)
        return
    node, newest = max(found, key=lambda pair: pair[1].at_ms or 0)
    age_ms = now_ms + (node.clock_skew_ms or 0) - (newest.at_ms or 0)
    if age_ms >= BACKUP_OLD_MS:
        title = Words(N_("the newest snapshot that was found is {days} days old"), days=age_ms // DAY_MS)
        if age_ms < 2 * DAY_MS:
            said = N_("the newest snapshot that was found is {hours} hours old")
            title = Words(said, hours=age_ms // HOUR_MS)
        hint = Words(N_("a restore from it would take everything back by as much"))
        value = f"{newest.path}, {newest.size} bytes"
        where = Evidence(node=node.name, source="snapshots", value=value, at_ms=newest.at_ms)
        yield Finding(id="snapshot-old", severity=Severity.INFO, title=title, hint=hint, evidence=(where,))
