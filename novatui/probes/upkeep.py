"""One frame of ``upkeep.sh`` -> Upkeep: certificates and their dates, the newest snapshots, whether there is a log."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from novatui.model.cluster import Backup, Certificate, EtcdEnv, Upkeep
from novatui.model.sanitize import clean
from novatui.probes.frames import Frame, Piece
from novatui.probes.numbers import date_ms, whole

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)
_BUNDLE_MAX = 32
_PROBLEMS = {3: "missing", 4: "unreadable", 5: "odd"}
_LOGS = ("yes", "no", "missing", "unmounted")
_FOUND = re.compile(r"(\d{1,12}) (\d{1,18}) regular file\|\./(.+)\Z")


def files(env: EtcdEnv) -> dict[str, tuple[str, ...]]:
    """Every file of certificates the env file names -> the keys that name it."""
    found: dict[str, tuple[str, ...]] = {}
    for key, file in env.certificates:
        if file.startswith("/"):
            found[file] = (*found.get(file, ()), key)
    return found


def upkeep(frame: Frame, env: EtcdEnv, directories: Sequence[str], *, now_ms: int) -> Upkeep:
    """``directories``: those that were asked for, in their order; the certificates are those of ``files(env)``."""
    named = files(env)
    log = frame["log"].said() if "log" in frame else ""
    return Upkeep(
        at_ms=now_ms,
        log=log if log in _LOGS else "unknown",
        certificates=tuple(
            certificate(frame[name], file, keys)
            for number, (file, keys) in enumerate(named.items(), 1)
            if (name := f"certificate-{number}") in frame
        ),
        backups=tuple(
            found
            for number, directory in enumerate(directories, 1 + len(named))
            if (found := _backup(frame.get(f"snapshots-{number}"), directory)) is not None
        ),
    )


def certificate(piece: Piece, file: str, keys: tuple[str, ...]) -> Certificate:
    """Total: what cannot be read has a problem instead of dates."""
    if piece.exit != 0:
        return Certificate(file=file, keys=keys, problem=_PROBLEMS.get(piece.exit or 0, "unreadable"))
    spans = [_span(pem) for pem in _PEM.findall(piece.body)[:_BUNDLE_MAX]]
    trusted = all("CA" in key.split("_") or key.endswith("CACERT") for key in keys)
    read = [span for span in (spans if trusted else spans[:1]) if span is not None]
    if not read:
        return Certificate(file=file, keys=keys, problem="damaged" if any(spans) else "no certificate")
    # Of a CA's file etcd wants every certificate whole; of its own the first one is what it shows.
    if trusted and len(read) < len(spans):
        return Certificate(file=file, keys=keys, problem="damaged")
    begins, ends = max(read, key=lambda span: span[1])
    return Certificate(file=file, keys=keys, begins_ms=begins, ends_ms=ends)


def _span(pem: bytes) -> tuple[int, int] | None:
    # With the first frame, not before the first paint; asyncssh has it loaded by then.
    from cryptography import x509

    try:
        read = x509.load_pem_x509_certificate(pem)
        begins, ends = _ms(_moment(read, "not_valid_before")), _ms(_moment(read, "not_valid_after"))
    except Exception:  # whatever a damaged one raises: it is none
        return None
    return None if begins is None or ends is None else (begins, ends)


def _moment(read: object, name: str) -> datetime:
    """The names with _utc came with cryptography 42; the older ones are UTC without saying so."""
    found = getattr(read, f"{name}_utc", None) or getattr(read, name)
    if not isinstance(found, datetime):
        raise TypeError(name)
    return found.replace(tzinfo=UTC)


def _ms(moment: datetime) -> int | None:
    """From 1970 on; what begins before that has always been valid."""
    return date_ms(max(0.0, (moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000))


def _backup(piece: Piece | None, directory: str) -> Backup | None:
    """None where it could not be looked for."""
    if piece is None or piece.exit not in (0, 1):
        return None
    found = _FOUND.match(clean(piece.body, cap=1000))
    if found is None:
        return Backup(directory=directory)
    at_s, size = whole(found[1]), whole(found[2])
    return Backup(
        directory=directory,
        path=f"{directory.rstrip('/')}/{found[3]}",
        at_ms=date_ms(at_s * 1000) if at_s is not None else None,
        size=size,
    )
