"""What one row of the table of journal lines says: how its line is known, the cause, and what helps."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from novatui.model.findings import Severity
from novatui.model.words import N_


class Remedy(StrEnum):
    """What kind of answer a cause has. Only RECOVER may lead to a runbook that puts data aside."""

    RECOVER = "recover-member"  # this member's data cannot serve any more
    FIX = "fix"  # something outside of the data: mend it, then start
    WAIT = "wait"  # it mends itself, or starts with its peers
    LOOK = "look"  # concerns a peer or the whole cluster: judged there, not by this line
    NONE = "none"  # information


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """One row. Every regex of ``all_of`` must be found in ``msg`` or ``error``. ``cause``, ``hint`` and ``past`` are
    templates for ``Words``, without facts.

    ``unusable``: evidence that *this* member's data cannot be used; ``at_runtime``: a running member writes it too, so it
    counts only after a start. ``never_wipe``: the data is good, or not known to be bad, and the cause lies elsewhere.
    ``excludes``: while this cause stands, a line about damage proves nothing. On a member that serves, a row that is
    ``lasting`` means what it says, one with words for the ``past`` is told in these, and all others are over.
    """

    id: str
    all_of: tuple[str, ...]
    cause: str
    hint: str
    remedy: Remedy
    severity: Severity
    unusable: bool = False
    at_runtime: bool = False
    never_wipe: bool = False
    excludes: bool = False
    lasting: bool = False
    past: str = ""


RECOVER_HINT = N_(
    "a start has shown it, another will not mend it: recover-member gives it a fresh copy of the cluster's data; with no "
    "quorum left, restore-cluster"
)


def recover(
    id: str, all_of: tuple[str, ...], cause: str, hint: str = RECOVER_HINT, *, at_runtime: bool = False
) -> Pattern:
    return Pattern(
        id=id,
        all_of=all_of,
        cause=cause,
        hint=hint,
        remedy=Remedy.RECOVER,
        severity=Severity.BAD,
        unusable=True,
        at_runtime=at_runtime,
    )


def fix(
    id: str,
    all_of: tuple[str, ...],
    cause: str,
    hint: str,
    *,
    excludes: bool = False,
    lasting: bool = False,
    past: str = "",
) -> Pattern:
    return Pattern(
        id=id,
        all_of=all_of,
        cause=cause,
        hint=hint,
        remedy=Remedy.FIX,
        severity=Severity.BAD,
        never_wipe=True,
        excludes=excludes,
        lasting=lasting,
        past=past,
    )


def look(
    id: str,
    all_of: tuple[str, ...],
    cause: str,
    hint: str,
    severity: Severity,
    *,
    excludes: bool = False,
    lasting: bool = False,
    past: str = "",
) -> Pattern:
    return Pattern(
        id=id,
        all_of=all_of,
        cause=cause,
        hint=hint,
        remedy=Remedy.LOOK,
        severity=severity,
        never_wipe=True,
        excludes=excludes,
        lasting=lasting,
        past=past,
    )


def wait(
    id: str, all_of: tuple[str, ...], cause: str, hint: str, severity: Severity, *, past: str
) -> Pattern:
    return Pattern(
        id=id,
        all_of=all_of,
        cause=cause,
        hint=hint,
        remedy=Remedy.WAIT,
        severity=severity,
        never_wipe=True,
        past=past,
    )
