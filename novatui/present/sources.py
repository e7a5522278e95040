"""The wizard's first page: what the cluster could go back to, how old it is, and what going back would lose."""

from __future__ import annotations

from novatui.model.sanitize import clean
from novatui.model.sources import Source, Sources, Trust
from novatui.present.i18n import _, ngettext, pgettext, translated
from novatui.present.numbers import age, dated, grouped, size
from novatui.present.rows import BLANK, Role, Row, clip, fit, row, spread, width_of, wrap

_MARK = {
    Trust.VERIFIED: ("●", Role.OK),
    Trust.LIVE: ("●", Role.OK),
    Trust.UNREAD: ("?", Role.WARN),
    Trust.FOREIGN: ("▲", Role.WARN),
    Trust.BAD: ("✖", Role.BAD),
}


def preselected(found: Sources) -> int:
    """The highest revision that verifies; at the same revision a survivor. -1 when nothing may be chosen."""
    best, at = (-1, False), -1
    for number, source in enumerate(found.sources):
        if source.trust in (Trust.VERIFIED, Trust.LIVE) and source.revision is not None:
            rank = (source.revision, source.kind == "survivor")
            if rank > best:
                best, at = rank, number
    if at >= 0:
        return at
    return next((number for number, source in enumerate(found.sources) if source.usable), -1)


def newest_survivor(found: Sources) -> Source | None:
    """The survivor whose known revision is the highest: what a loss is measured against."""
    known = [s for s in found.sources if s.kind == "survivor" and s.revision is not None]
    return max(known, key=lambda s: s.revision or 0, default=None)


def name_of(source: Source) -> str:
    if source.kind == "survivor":
        return _("survivor {node}").format(node=clean(source.nodes[0]))
    return clean(source.path).rpartition("/")[2]


def trust_words(source: Source) -> str:
    match source.trust:
        case Trust.VERIFIED:
            return _("hash right")
        case Trust.LIVE:
            return _("answers; read and proved in the run")
        case Trust.UNREAD:
            return (
                _("not read: {why}").format(why=clean(translated(source.why)))
                if source.why
                else _("read in the run")
            )
        case Trust.FOREIGN:
            return _("of another cluster")
    return clean(translated(source.why)) or _("cannot be used")


def loss_words(source: Source, found: Sources) -> tuple[str, Role]:
    """Against the newest survivor, in revisions and in time; or why that is not known."""
    newest = newest_survivor(found)
    if newest is None:
        return _("loss not known: no survivor has told its revision yet"), Role.WARN
    if source.revision is None:
        return _("revision not known yet"), Role.WARN
    behind = (newest.revision or 0) - source.revision
    if source == newest or behind == 0:
        return _("loses nothing that a survivor is known to hold"), Role.OK
    if behind < 0:
        return _("newer than every survivor by {n} revisions").format(n=grouped(-behind)), Role.OK
    words = ngettext("loses {n} revision", "loses {n} revisions", behind).format(n=grouped(behind))
    if newest.taken_ms is not None and source.taken_ms is not None and newest.taken_ms > source.taken_ms:
        words += _(", {span} of writes").format(span=age(newest.taken_ms - source.taken_ms))
    return words + _(" (newest: {who})").format(who=name_of(newest)), Role.WARN


def where_words(source: Source, found: Sources) -> str:
    """On which masters it lies, by their numbers, and what that means."""
    numbers = " ".join(str(found.nodes.index(n) + 1) if n in found.nodes else clean(n) for n in source.nodes)
    if source.kind == "survivor":
        return _("on {nodes}, copied to the others").format(nodes=numbers)
    if len(source.nodes) == len(found.nodes):
        return _("on every master")
    return _("on {nodes}; copied from there to the others").format(nodes=numbers)


def source_rows(found: Sources, chosen: int, now_ms: int, width: int) -> list[list[Row]]:
    """The rows of each source: what it is and how good, then where it is and what it loses."""
    return [
        _source(source, found, now_ms, width, chosen=number == chosen)
        for number, source in enumerate(found.sources)
    ]


def _source(source: Source, found: Sources, now_ms: int, width: int, *, chosen: bool) -> list[Row]:
    glyph, role = _MARK[source.trust]
    name_role = Role.DIM if not source.usable else Role.BRIGHT if chosen else Role.NORMAL
    figures = row(
        (_age(source, now_ms).rjust(12), Role.NORMAL),
        (f"  {_('rev')} ", Role.DIM),
        (grouped(source.revision).rjust(9), Role.BRIGHT if chosen else Role.NORMAL),
        (size(source.size).rjust(9) + " ", Role.NORMAL),
    )
    name = _middle(name_of(source), width - width_of(figures) - 6)
    head = spread(
        row(("› " if chosen else "  ", Role.ACCENT), (f"{glyph} ", role), (name, name_role)),
        figures,
        width,
    )
    rows = [head]
    said = row(
        "    ", (trust_words(source), role if source.trust not in (Trust.VERIFIED, Trust.LIVE) else Role.DIM)
    )
    if not source.usable:
        return [head, *(row("    ", (piece, role)) for piece in wrap(trust_words(source), width - 5, 2))]
    loss, loss_role = loss_words(source, found)
    second = (*said, ("  ·  ", Role.DIM), (where_words(source, found), Role.DIM))
    rows.append(clip(second, width))
    rows.append(clip(row("    ", (loss, loss_role if chosen or loss_role is Role.WARN else Role.DIM)), width))
    return rows


def _middle(name: str, room: int) -> str:
    """Cut in the middle: a snapshot's name begins as all do, and ends with its date."""
    return (
        name
        if len(name) <= room
        else f"{name[: max(0, room // 3)]}…{name[len(name) - room + room // 3 + 1 :]}"
    )


def _age(source: Source, now_ms: int) -> str:
    if source.taken_ms is None:
        return _("age unknown")
    if source.dated_by == "now":
        return _("now")
    return _("{age} old").format(age=age(now_ms - source.taken_ms))


def detail_rows(source: Source, found: Sources, now_ms: int, width: int) -> list[Row]:
    """All that is known of the chosen one."""
    rows: list[Row] = []
    if source.kind == "archive":
        rows += _pair(_("File"), clean(source.path), width)
    if source.taken_ms is not None:
        by = {
            "name": _("by the date in its name"),
            "mtime": _("by the file's time"),
            "now": _("it is running"),
        }.get(source.dated_by, _("by its newest file"))
        rows += _pair(_("Taken"), f"{dated(source.taken_ms, now_ms)}  {by}", width)
    if source.sha256:
        rows += _pair("sha256", clean(source.sha256), width)
    if source.keys is not None:
        rows += _pair(
            pgettext("how many", "Keys"),
            _("{n}, etcd's own among them").format(n=grouped(source.keys)),
            width,
        )
    if source.why:
        rows += _pair(_("But"), clean(translated(source.why)), width)
    rows += _pair(_("Present"), where_words(source, found), width)
    words, role = loss_words(source, found)
    rows += _pair(_("Loss"), words, width, role)
    return rows


def _pair(label: str, text: str, width: int, role: Role = Role.NORMAL) -> list[Row]:
    pieces = wrap(text, max(10, width - 11))
    return [
        row((f" {label:<9} ", Role.DIM), (pieces[0], role)),
        *(row(" " * 11, (p, role)) for p in pieces[1:]),
    ]


def looked_rows(found: Sources, width: int) -> list[Row]:
    """Nothing was found: where it was looked for, and where else a snapshot may be."""
    rows: list[Row] = [
        row(("✖ ", Role.BAD), (_("No archive and no survivor was found."), Role.BRIGHT)),
        BLANK,
    ]
    rows.append(row((_("Looked in"), Role.ACCENT)))
    for node, places in found.looked_in.items():
        rows += [fit(row("  ", (node, Role.NORMAL), "  ", (", ".join(map(clean, places)), Role.DIM)), width)]
    rows += silent_rows(found, width)
    rows += [BLANK, row((_("What to do"), Role.ACCENT))]
    advice = _(
        "Put an archive (etcd_snapshot_….db.tar.gz, or a bare .db) into one of these directories on one master, or name "
        "its directory in snapshot_dirs of the configuration; then press r."
    )
    return rows + [row("  ", piece) for piece in wrap(advice, width - 2)]


def silent_rows(found: Sources, width: int) -> list[Row]:
    rows: list[Row] = []
    for one in found.silent:
        words = wrap(
            _("{node} did not tell what it has: {why}").format(node=one.node, why=clean(translated(one.why))),
            width - 2,
        )
        rows += [row(("▲ " if i == 0 else "  ", Role.WARN), piece) for i, piece in enumerate(words)]
    return [BLANK, *rows] if rows else []
