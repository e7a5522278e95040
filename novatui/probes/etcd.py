"""etcd's answers -> Endpoint and members: the JSON gateway (numbers as strings) and ``etcdctl -w json`` (numbers) alike.

Alarms are read from Status.errors: asking for them by their own call would write to raft.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from math import isfinite, isnan
from typing import Any

from msgspec.structs import replace

from novatui.model.cluster import Alarm, Endpoint, Member
from novatui.model.sanitize import clean
from novatui.probes.frames import Frame, Piece
from novatui.probes.numbers import fraction, whole

# One that etcd's own comparison of keys raises is of no member: a field of protobuf that is 0 is not written.
_ALARM = re.compile(r"(?:memberID:(\d+) )?alarm:(\w+)")
_CURL = re.compile(rb"^curl: \((\d+)\) (.*)$", re.MULTILINE)
_LOG_LINE = re.compile(rb'^\{"level":.*$', re.MULTILINE)
# gRPC's codes of answers that came from a live etcd and say nothing about quorum.
_AUTH = (
    "user name is empty",
    "permission denied",
    "invalid auth token",
    "PermissionDenied",
    "Unauthenticated",
)
# Exit codes where the files that were given cannot be read: curl's of --cert and --key, of --cacert; etcdctl's of any.
_NO_FILES = ("58", "77", "128")
# timeout's, when etcdctl cannot be started.
_NO_CTL = ("126", "127")
# curl's when the handshake or the first read after it fails; in TLS 1.3 a certificate is refused after the handshake.
_CURL_TLS = ("35", "56")
# A server sends these alerts about its client's certificate alone. Others (handshake failure, internal error) are its own
# trouble. As OpenSSL words them, then as Go does; its "remote error" is what the other side sent.
_REFUSED = re.compile(
    rb"alert (?:(?:bad|unsupported) certificate|certificate (?:revoked|expired|unknown|required)|unknown ca)\b"
)
_REFUSED_GO = re.compile(
    rb"remote error: tls: (?:(?:bad|unsupported|revoked|expired|unknown) certificate|certificate required)[a-z ]*"
)
# curl's where etcd's side was silent or broke off, 0 its answer is none; all other codes are curl's own trouble, and the
# asking's. 60: we do not trust the certificate that etcd shows, which is no word of etcd's state.
_SILENT = ("0", "7", "28", "35", "52", "55", "56")
_CURL_DISTRUSTS = "60"
_DISTRUSTED_GO = re.compile(rb"x509: [\x20-\x7e]+?(?=\\?\"|$)", re.MULTILINE)
# A certificate that is not of this time nobody trusts: that etcd serves no one. As OpenSSL and GnuTLS word it, and Go.
_NOT_OF_NOW = re.compile(rb"expired|not yet (?:valid|activated)")
# What a gateway that is switched off answers.
_NO_GATEWAY = ("404", "405", "501")


def gateway_missing(frame: Frame) -> bool:
    """This etcd speaks HTTP but has no JSON gateway: etcdctl must ask."""
    status = frame.get("status")
    return status is not None and bool(status.args) and status.args[0] in _NO_GATEWAY


def endpoint(frame: Frame, before: Endpoint, *, now_ms: int) -> Endpoint:
    """The four properties after one look. What is no longer answered keeps its last value, dated by ``answered_ms``."""
    status = frame.get("status")
    if status is None and "curl" not in frame:
        return forgotten(before) if "no-endpoint" in frame else before
    answer = _answer(status)
    if answer is None or not isinstance(answer.get("header"), Mapping):
        unasked = _unasked(frame, status)
        answers = None if unasked else False
        silent = None if unasked else before.silent_since_ms or now_ms
        return replace(
            forgotten(before),
            answers=answers,
            silent_since_ms=silent,
            unasked=unasked,
            error=_why_not(frame, status),
        )
    header = answer["header"]
    errors = tuple(clean(str(error), cap=300) for error in _rows(answer, "errors"))
    leader_id = _id(answer.get("leader", 0))
    has_quorum, error = _quorum(frame, led=leader_id != "0")
    return Endpoint(
        answers=True,
        has_quorum=has_quorum,
        error=error,
        latency_ms=_latency_ms(status),
        answered_ms=now_ms,
        cluster_id=_id(header.get("cluster_id")),
        member_id=_id(header.get("member_id")),
        leader_id=leader_id,
        is_learner=bool(answer.get("isLearner", False)),
        term=whole(answer.get("raftTerm")),
        index=whole(answer.get("raftIndex")),
        applied=whole(answer.get("raftAppliedIndex")),
        revision=whole(header.get("revision")),
        db_size=whole(answer.get("dbSize")),
        db_in_use=whole(answer.get("dbSizeInUse")),
        version=clean(str(answer.get("version", "")), cap=40) or None,
        alarms=alarms(errors),
        errors=tuple(error for error in errors if not _ALARM.search(error)),
        metrics_ms=before.metrics_ms,
        fsync_p99_ms=before.fsync_p99_ms,
        quota=before.quota,
        proposals_pending=before.proposals_pending,
        leader_changes=before.leader_changes,
    )


def forgotten(before: Endpoint) -> Endpoint:
    """Nothing is known of now. What it said of itself stays, dated by ``answered_ms``."""
    return replace(
        before,
        answers=None,
        silent_since_ms=None,
        has_quorum=None,
        error=None,
        unasked=None,
        latency_ms=None,
        errors=(),
    )


def alarms(errors: Sequence[str]) -> tuple[Alarm, ...]:
    """``memberID:10501334649042878790 alarm:NOSPACE`` lines of Status.errors; ``alarm:CORRUPT`` alone has no member."""
    found = [_ALARM.search(error) for error in errors]
    return tuple(Alarm(f"{int(match[1] or 0):x}", match[2]) for match in found if match)


def members(piece: Piece | None) -> tuple[Member, ...] | None:
    """The member list as this node's etcd holds it; None when there was no answer."""
    answer = _answer(piece)
    rows = _rows(answer, "members") if answer is not None else []
    found = [
        Member(
            id=_id(row.get("ID")) or "",
            name=clean(str(row.get("name", "")), cap=200),
            peer_urls=_texts(row, "peerURLs"),
            client_urls=_texts(row, "clientURLs"),
            learner=bool(row.get("isLearner", False)),
        )
        for row in rows
        if isinstance(row, Mapping)
    ]
    return tuple(sorted(found, key=lambda member: (member.name, member.id))) or None


def fsync_buckets(piece: Piece) -> dict[float, float]:
    """Upper bound in seconds -> cumulative count, of ``etcd_disk_wal_fsync_duration_seconds_bucket``."""
    found = re.findall(rb'_bucket\{[^}]*le="([^"]+)"[^}]*\} ([0-9.eE+]+)', piece.body)
    try:
        buckets = {float(bound): float(count) for bound, count in found}
    except ValueError:
        return {}
    honest = all(isfinite(count) and not isnan(bound) for bound, count in buckets.items())
    return buckets if honest else {}


def p99_ms(now: Mapping[float, float], before: Mapping[float, float]) -> float | None:
    """Of the fsyncs between two looks (of all, when there is no earlier one); None when there were none.

    Between the bounds of a bucket the values are taken to be spread evenly, as Prometheus does.
    """
    counts = {bound: count - before.get(bound, 0.0) for bound, count in sorted(now.items())}
    total = max(counts.values(), default=0.0)
    if total <= 0 or min(counts.values()) < 0:
        return None
    rank, low, below = 0.99 * total, 0.0, 0.0
    for bound, count in counts.items():
        if count >= rank:
            if bound == float("inf"):
                return low * 1000
            return (low + (bound - low) * (rank - below) / max(count - below, 1e-9)) * 1000
        low, below = bound, count
    return None


def _quorum(frame: Frame, *, led: bool) -> tuple[bool | None, str | None]:
    """The linearizable read: its answer proves quorum; its lack is told in etcd's words.

    It is not asked of a member that knew no leader at the look before: one that has found one since is not judged yet.
    """
    piece = frame.get("quorum")
    if piece is None and "curl" in frame and frame["curl"].exit == 0:
        return (None, "it has found a leader, and is asked next") if led else (False, "it knows no leader")
    if piece is not None and piece.args[:2] == ("etcdctl", "0"):
        return True, None
    answer = _answer(piece)
    if answer is not None and "header" in answer:
        return True, None
    if piece is None or (piece.args[:1] != ("etcdctl",) and piece.args[:1] == ("000",)):
        why = _curl_error(frame) or "the read was not answered"
        return False, f"no answer to a linearizable read: {why}"
    if piece.args[:1] == ("etcdctl",):
        asked = frame.get("members")
        before = asked if asked is not None and asked.args[1:2] != ("0",) else None
        why = _ctl_words(piece) or _ctl_words(before) or _ctl_exit(piece)
    else:
        why = _error_text(answer) or piece.said() or f"HTTP {' '.join(piece.args[:1])}"
    return (None if any(word in why for word in _AUTH) else False), why


def _unasked(frame: Frame, status: Piece | None) -> str | None:
    """What kept us from asking, as ``Endpoint.unasked``: that says nothing of etcd. None: etcd did not answer."""
    if status is not None and status.args[:1] == ("etcdctl",):
        return _unasked_by_etcdctl("".join(status.args[1:2]), status.body)
    code = "".join(frame["curl"].args[:1]) if "curl" in frame else "0"
    said = _curl_error(frame).encode()
    if code in _NO_FILES:
        return "files"
    if code == _CURL_DISTRUSTS:
        return None if _NOT_OF_NOW.search(said) else "distrusted"
    if code in _CURL_TLS and _REFUSED.search(said):
        return "refused"
    return None if code in _SILENT else "curl"


def _unasked_by_etcdctl(code: str, said: bytes) -> str | None:
    if code in _NO_CTL:
        return "etcdctl"
    if code in _NO_FILES:
        return "files"
    if _REFUSED_GO.search(said):
        return "refused"
    distrusted = _DISTRUSTED_GO.search(said)
    return "distrusted" if distrusted and not _NOT_OF_NOW.search(distrusted[0]) else None


def _why_not(frame: Frame, status: Piece | None) -> str:
    if status is not None and status.args[:1] == ("etcdctl",):
        if found := _REFUSED_GO.search(status.body) or _DISTRUSTED_GO.search(status.body):
            return clean(found[0], cap=300)
        return _ctl_words(status) or _ctl_exit(status)
    answer = _answer(status)
    return _error_text(answer) or _curl_error(frame) or (status.said() if status else "") or "no answer"


def _ctl_words(piece: Piece | None) -> str:
    """etcdctl's last words, without the lines of its log."""
    return "" if piece is None else clean(b" ".join(_LOG_LINE.sub(b"", piece.body).split()), cap=300)


def _ctl_exit(piece: Piece) -> str:
    return f"etcdctl: exit {' '.join(piece.args[1:2])}"


def _curl_error(frame: Frame) -> str:
    """``curl: (7) Failed to connect ..`` from whichever piece it ended up in."""
    for name in ("curl", "quorum", "members", "status"):
        found = _CURL.search(frame[name].body) if name in frame else None
        if found:
            return clean(found[2], cap=300)
    code = frame["curl"].exit if "curl" in frame else None
    return f"curl: exit {code}" if code else ""


def _error_text(answer: Mapping[str, Any] | None) -> str:
    said = (answer or {}).get("message") or (answer or {}).get("error")
    return clean(str(said), cap=300) if said else ""


def _answer(piece: Piece | None) -> Mapping[str, Any] | None:
    """The JSON object of a piece; of etcdctl's list of endpoints the only one's Status."""
    if piece is None:
        return None
    for text in (piece.body, *reversed(piece.body.splitlines())):
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(found, list) and len(found) == 1 and isinstance(found[0], Mapping):
            found = found[0].get("Status")
        if isinstance(found, Mapping) and "level" not in found:
            return found
    return None


def _rows(answer: Mapping[str, Any], key: str) -> list[Any]:
    found = answer.get(key)
    return found[:64] if isinstance(found, list) else []


def _texts(row: Mapping[str, Any], key: str) -> tuple[str, ...]:
    return tuple(clean(str(text), cap=300) for text in _rows(row, key))


def _id(value: object) -> str | None:
    number = whole(value)
    return None if number is None else f"{number:x}"


def _latency_ms(status: Piece | None) -> float | None:
    """curl's total time without the TLS handshake, that etcd's clients do once."""
    handshake, total = (fraction(word) for word in (*(status.args[1:3] if status else ()), "", "")[:2])
    return None if handshake is None or total is None else round((total - handshake) * 1000, 2)
