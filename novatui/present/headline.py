"""The two lines on top of every screen: the verdict, and what is wrong -> where -> since when -> what to do -> which key."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter

from novatui.diagnosis.held_findings import UNDER_WAY
from novatui.model.cluster import ClusterSnapshot, Link
from novatui.model.findings import Diagnosis, Finding, Quorum, Severity, Verdict, together
from novatui.present.environment import badges
from novatui.present.i18n import _, ngettext, translated
from novatui.present.numbers import age, clock, dated
from novatui.present.rows import BLANK, Role, Row, clip, first_that_fits, joined, row, spread, width_of
from novatui.present.standing import standing

FRESH_MS = 3_500  # a poll a second; one late one is no news
OLD_MS = 10_000

_WORDS = {
    Verdict.HEALTHY: ("●", Role.OK),
    Verdict.DEGRADED: ("▲", Role.WARN),
    Verdict.NO_QUORUM: ("✖", Role.BAD),
    Verdict.UNKNOWN: ("?", Role.WARN),
}
_SEVERITY = {
    Severity.BAD: ("✖", Role.BAD),
    Severity.WARN: ("▲", Role.WARN),
    Severity.INFO: ("·", Role.DIM),
    Severity.OK: ("●", Role.OK),
}
# Sources that date what they tell, and findings that are dated by the last time it was otherwise.
_BEGINNINGS = ("journal", "unit", "ssh", "lease")
_THEIR_CLOCK = ("journal", "unit")
_LAST_SEEN = ("no-answer",)
_RANK = [Severity.BAD, Severity.WARN, Severity.INFO, Severity.OK]


def verdict_word(verdict: Verdict) -> str:
    match verdict:
        case Verdict.HEALTHY:
            return _("HEALTHY")
        case Verdict.DEGRADED:
            return _("DEGRADED")
        case Verdict.NO_QUORUM:
            return _("NO QUORUM")
    return _("UNKNOWN")


def verdict_mark(verdict: Verdict) -> tuple[str, Role]:
    return _WORDS[verdict]


def severity_mark(severity: Severity) -> tuple[str, Role]:
    return _SEVERITY[severity]


def ranked(findings: tuple[Finding, ...]) -> list[Finding]:
    """Worst first, otherwise as the diagnosis ordered them."""
    return sorted(findings, key=lambda finding: _RANK.index(finding.severity))


def quorum_words(verdict: Verdict, quorum: Quorum) -> tuple[str, str]:
    """``quorum 2/3`` and what it means, in one clause."""
    if quorum.total == 0:
        return _("quorum unknown"), _("no member list seen yet")
    figure = _("quorum {healthy}/{total}").format(healthy=quorum.healthy, total=quorum.total)
    spare = quorum.healthy - quorum.needed
    if spare > 0:
        return figure, ngettext("holds, {n} may still be lost", "holds, {n} may still be lost", spare).format(
            n=spare
        )
    if spare == 0 and quorum.unknown:
        return figure, _("holds; {unknown} could not be asked").format(unknown=quorum.unknown)
    if spare == 0:
        return figure, _("holds, one more loss stops the cluster")
    missing = -spare
    if verdict is Verdict.NO_QUORUM:
        text = ngettext("lost: {n} member short, no writes", "lost: {n} members short, no writes", missing)
        return figure, text.format(n=missing)
    if verdict is not Verdict.UNKNOWN:
        return figure, _("holds: a member reads with quorum; {unknown} could not be asked").format(
            unknown=quorum.unknown
        )
    return figure, _("not known to hold: {needed} needed, {unknown} could not be asked").format(
        needed=quorum.needed, unknown=quorum.unknown
    )


def data_age(snapshot: ClusterSnapshot, now_ms: int) -> int | None:
    """Age of the oldest sample of the masters that can be asked; of the newest of all when none can. None: no data."""
    reachable = [node.at_ms for node in snapshot.nodes if node.reachable and node.at_ms is not None]
    if reachable:
        return now_ms - min(reachable)
    seen = [node.at_ms for node in snapshot.nodes if node.at_ms is not None]
    return now_ms - max(seen) if seen else None


def _age_row(snapshot: ClusterSnapshot, now_ms: int, short: bool) -> Row:
    elapsed = data_age(snapshot, now_ms)
    if elapsed is None:
        return row((_("no data"), Role.WARN)) if short else row((_("no data yet"), Role.WARN))
    words = age(elapsed) if short else _("data {age} old").format(age=age(elapsed))
    if elapsed >= OLD_MS:
        return row((f"✖ {words}", Role.BAD))
    return row((f"▲ {words}", Role.WARN)) if elapsed >= FRESH_MS else row((words, Role.DIM))


def _unreachable(snapshot: ClusterSnapshot) -> str:
    """How many masters cannot be asked."""
    lost = [node for node in snapshot.nodes if node.link in (Link.LOST, Link.REFUSED)]
    return ngettext("{n} unreachable", "{n} unreachable", len(lost)).format(n=len(lost)) if lost else ""


def verdict_bar(
    snapshot: ClusterSnapshot, diagnosis: Diagnosis, now_ms: int, width: int, marks: Sequence[Row] = ()
) -> Row:
    """Cluster in its environment's colour, verdict, quorum and its meaning, unreachable, the first of ``marks`` that leaves
    the verdict whole, age of the data, clock."""
    badge, short = badges(snapshot.cluster, snapshot.environment)
    glyph, role = verdict_mark(diagnosis.verdict)
    word = row((f"{glyph} {verdict_word(diagnosis.verdict)}", role))
    figure, meaning = quorum_words(diagnosis.verdict, diagnosis.quorum)
    gone = _unreachable(snapshot)
    old, old_short = _age_row(snapshot, now_ms, False), _age_row(snapshot, now_ms, True)
    time = row((clock(now_ms), Role.DIM))
    lefts = [
        joined([badge, word, row((figure, Role.BRIGHT), f" {meaning}"), row((gone, Role.BAD))]),
        joined([badge, word, row((figure, Role.BRIGHT)), row((gone, Role.BAD))]),
        joined([badge, word, row((figure.split(" ")[-1], Role.BRIGHT))]),
        joined([short, word, row((figure.split(" ")[-1], Role.BRIGHT))]),
    ]
    for mark in (*marks, BLANK):
        rights = [
            joined([mark, old, time], "   "),
            joined([mark, old_short, time]),
            joined([mark, old_short]),
        ]
        for left in lefts:
            for right in rights:
                if width_of(left) + width_of(right) + 4 <= width:
                    return spread(left, (*right, (" ", Role.NORMAL)), width)
    return spread(lefts[-1], old_short, width)


def about(finding: Finding) -> str:
    """What is found, and of which master, unless the words themselves name it."""
    words = translated(finding.title)
    named = re.search(rf"(?<![\w.-]){re.escape(finding.node)}(?![\w-])", words)
    return words if named or not finding.node else f"{finding.node}: {words}"


def _began(finding: Finding, snapshot: ClusterSnapshot) -> tuple[int, int] | None:
    """The earliest moment its evidence names, as it stands there and by our clock. Of most sources a moment is when it was
    looked at, and no beginning of anything."""
    ahead = {node.name: node.clock_skew_ms or 0 for node in snapshot.nodes}
    lasts = finding.id in _LAST_SEEN
    times = [
        (one.at_ms, one.at_ms - (ahead.get(one.node, 0) if one.source in _THEIR_CLOCK else 0))
        for one in finding.evidence
        if one.at_ms is not None and (lasts or one.source in _BEGINNINGS)
    ]
    return min(times, key=itemgetter(1), default=None)


def headline(
    snapshot: ClusterSnapshot,
    diagnosis: Diagnosis,
    now_ms: int,
    width: int,
    keys: Row = BLANK,
    trouble: str = "",
) -> Row:
    """What is wrong, where, since when; at the right end what to do and which key does it.

    ``trouble`` is one of our own (the poller died): it goes before everything, for then nothing below is of now.
    """
    right = (*keys, (" ", Role.NORMAL)) if keys else BLANK
    if trouble:
        return spread(row((f" ✖ {trouble}", Role.BAD)), right, width)
    findings = [f for f in ranked(diagnosis.findings) if f.severity in (Severity.BAD, Severity.WARN)]
    # A run that works on it explains everything else, and is nobody's fault.
    findings = [f for f in diagnosis.findings if f.id == UNDER_WAY] + findings
    if findings:
        return spread(_finding_row(findings, snapshot, now_ms, width - width_of(right) - 2), right, width, 2)
    return spread(_quiet_row(snapshot, diagnosis), right, width)


def _finding_row(findings: list[Finding], snapshot: ClusterSnapshot, now_ms: int, width: int) -> Row:
    groups = together(findings)
    names, top = groups[0]
    glyph, role = severity_mark(top.severity)
    alone = row((f" {glyph} ", role), (about(top), Role.BRIGHT))
    what = alone
    if len(names) > 1:
        what = row((f" {glyph} ", role), (f"{', '.join(names)}: {translated(top.title)}", Role.BRIGHT))
    moment = _began(top, snapshot)
    since = BLANK
    if moment is not None:
        theirs, ours = moment
        words = _("since {when} ({age})").format(when=dated(theirs, now_ms), age=age(now_ms - ours))
        since = row((words, Role.DIM))
    more, others = _more(len(groups) - 1), _more(len(findings) - 1)
    hint = row((translated(top.hint), Role.NORMAL))
    fullest = [joined([what, since, hint, more]), joined([what, since, more]), joined([what, since]), what]
    fullest += [joined([alone, others]), alone]
    return clip(first_that_fits(fullest, width), width)


def _more(n: int) -> Row:
    return row((_("+{n} more").format(n=n), Role.DIM)) if n else BLANK


def _quiet_row(snapshot: ClusterSnapshot, diagnosis: Diagnosis) -> Row:
    """Nothing is wrong, or nothing is known yet: said in words either way."""
    waiting = [node for node in snapshot.nodes if node.link is Link.CONNECTING]
    if diagnosis.verdict is Verdict.HEALTHY:
        leader = diagnosis.leader
        calm = _("nothing to do: all members answer and agree")
        return joined(
            [
                row((f" {calm}", Role.DIM)),
                row((_("leader {node}").format(node=leader), Role.DIM)) if leader else BLANK,
            ]
        )
    if waiting:
        doing = ", ".join(f"{node.name} {translated(node.doing)}".strip() for node in waiting[:3])
        return row((" " + _("connecting: "), Role.NORMAL), (doing, Role.DIM))
    for node in snapshot.nodes:
        if node.error:
            state = standing(node)
            return row(
                (f" {state.glyph} ", state.role),
                (f"{node.name} {state.word}: {translated(node.error.title)}", Role.BRIGHT),
            )
    reason = translated(diagnosis.recommend_why) or _("no finding says why; d shows what is known")
    return row((f" {reason}", Role.NORMAL))
