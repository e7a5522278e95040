"""A master's status block: five rows that never move, whatever they say; where there is room, its trends under them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from novatui.model.cluster import ClusterSnapshot, Endpoint, Link, NodeSnapshot, UnitState
from novatui.present.i18n import _, ngettext, translated
from novatui.present.numbers import age, dated, grouped, latency, percent, size
from novatui.present.rows import BLANK, Role, Row, first_that_fits, fit, joined, recolour, row, spread, wrap
from novatui.present.standing import BAD, BUSY, LEADER, WARN, Standing, current, standing
from novatui.present.trend import Figure, Trend, slot_words, trend_row, trend_rows

BLOCK_ROWS = 5
USUAL_PORTS = (2379, 2380)
_LOW_DISK = 0.10
_SKEW_MS = 1_000
_ROOM_FOR_TRENDS = (
    40  # rows of a pane from which all of them are shown: its journal keeps more than they take
)


def newest_index(snapshot: ClusterSnapshot) -> int | None:
    """The highest raft index any answering member reports: what lag is measured against."""
    indexes = [
        node.endpoint.index
        for node in snapshot.nodes
        if current(node) and node.endpoint.answers and node.endpoint.index is not None
    ]
    return max(indexes, default=None)


def lag(endpoint: Endpoint, newest: int | None) -> int | None:
    """Entries behind the newest index; None when either is unknown."""
    return None if newest is None or endpoint.index is None else max(0, newest - endpoint.index)


def block_rows(height: int) -> int:
    """How many rows the status takes of a pane of this height."""
    return BLOCK_ROWS + (len(Figure) if height >= _ROOM_FOR_TRENDS else 0)


def status_block(
    node: NodeSnapshot,
    snapshot: ClusterSnapshot,
    now_ms: int,
    width: int,
    trends: Mapping[Figure, Trend] | None = None,
    rows_wanted: int = BLOCK_ROWS,
) -> tuple[Row, ...]:
    """Exactly ``rows_wanted`` rows (of ``block_rows``) of exactly ``width`` cells."""
    trends = trends or {}
    roomy = rows_wanted > BLOCK_ROWS
    match node.link:
        case Link.CONNECTING:
            rows = _connecting(node, now_ms, width)
        case Link.LOST | Link.REFUSED:
            rows = _unreachable(node, now_ms, width)
        case _:
            usual = _disk_row(node) if roomy else _fsync_row(trends.get(Figure.FSYNC), now_ms, width)
            rows = _seen(node, newest_index(snapshot), now_ms, width, usual)
    rows = [*rows, *([BLANK] * BLOCK_ROWS)][:BLOCK_ROWS]
    if roomy:
        if trends:
            rows[-1] = spread(rows[-1], row((slot_words(), Role.DIM)), width, 2)
            rows += trend_rows(trends, now_ms, width)
        rows += [BLANK] * (rows_wanted - len(rows))
    if node.link is Link.STALE:
        rows = [recolour(line, Role.DIM) for line in rows]
    return tuple(fit(line, width) for line in rows)


def notice_rows(node: NodeSnapshot, width: int) -> list[Row]:
    """What has to be read in full, above the journal: why a master is refused, with the line to look at, and which key
    tries again (none for a changed host key); or that we are in, but not as root. Empty when there is nothing."""
    error = node.error
    if error is None or node.link not in (Link.REFUSED, Link.LIVE, Link.STALE):
        return []
    key = "" if error.code == "host-key-changed" else _("tries again")
    if node.link is Link.REFUSED:
        rows = [row(("▌ ", Role.BAD), (line, Role.BAD)) for line in wrap(translated(error.title), width - 2)]
        rows += [
            row(("▌ ", Role.BAD), (line, Role.NORMAL)) for line in wrap(translated(error.hint), width - 2)
        ]
        return [*rows, row(("▌ ", Role.BAD), ("r", Role.KEY), f" {key}")] if key else rows
    why = translated(error.title)
    said = _("not root: {why}").format(why=why) if node.lacks_root else why
    rows = [row(("▌ ", Role.WARN), (line, Role.WARN)) for line in wrap(said, width - 2)]
    if not node.lacks_root:
        return [*rows, *(row(("▌ ", Role.WARN), line) for line in wrap(translated(error.hint), width - 2))]
    more = _("no recovery can run; d says what to do")
    rows += [row(("▌ ", Role.WARN), line) for line in wrap(more, width - 2)]
    return [*rows, row(("▌ ", Role.WARN), ("r", Role.KEY), " " + _("asks again"))]


def no_lines_rows(node: NodeSnapshot, width: int) -> list[Row]:
    """In place of a journal that has shown nothing so far."""
    said = _("no lines yet")
    if node.lacks_root:
        said = _("no lines: without root the journal is shown to the group systemd-journal alone")
    return [row((line, Role.DIM)) for line in wrap(said, width)]


def _connecting(node: NodeSnapshot, now_ms: int, width: int) -> list[Row]:
    state = standing(node)
    rows = [
        spread(row((f"{state.glyph} {state.word}", state.role)), _since(state, now_ms), width),
        row("  ", (translated(node.doing) or _("waiting for its turn"), Role.NORMAL)),
        row("  ", (node.host, Role.DIM)),
    ]
    if node.error:
        rows.append(row("  ", (_("last try: {why}").format(why=translated(node.error.title)), Role.WARN)))
    rows.append(_last_data(node, now_ms))
    return rows


def _unreachable(node: NodeSnapshot, now_ms: int, width: int) -> list[Row]:
    """Why it cannot be asked, what to do about it, and how old the last data is."""
    state = standing(node)
    rows = [spread(row((f"{state.glyph} {state.word}", state.role)), _since(state, now_ms), width)]
    error = node.error
    title = translated(error.title) if error else _("no reason known")
    rows += [row("  ", (line, Role.NORMAL)) for line in wrap(title, width - 2, 2)]
    room = BLOCK_ROWS - len(rows) - 1
    if error and error.hint:
        rows += [row("  ", (line, Role.DIM)) for line in wrap(translated(error.hint), width - 2, room)]
    rows += [BLANK] * (BLOCK_ROWS - 1 - len(rows))
    rows.append(_last_data(node, now_ms))
    return rows


def _last_data(node: NodeSnapshot, now_ms: int) -> Row:
    """The last known state in a few words, dated; or that there never was any."""
    if node.at_ms is None:
        return row("  ", (_("no data yet"), Role.DIM))
    was = [_("last data {when}").format(when=dated(node.at_ms, now_ms))]
    if node.unit.active:
        was.append(node.unit.active)
    if node.endpoint.is_leader:
        was.append(_("leader"))
    return row("  ", ("  ".join(was), Role.DIM))


def _since(state: Standing, now_ms: int) -> Row:
    return BLANK if state.since_ms is None else row((age(now_ms - state.since_ms), Role.DIM))


def _seen(node: NodeSnapshot, newest: int | None, now_ms: int, width: int, usual: Row) -> list[Row]:
    """``usual``: the fifth row of one that answers and has no trouble."""
    answers = node.endpoint.answers
    if answers is None and node.lacks_root:
        return [_unit_row(node, now_ms, width), *_from_outside(node), _trouble_row(node) or _disk_row(node)]
    rows = [_unit_row(node, now_ms, width), _endpoint_row(node, width)]
    if answers:
        rows += [_raft_row(node.endpoint, newest, width), _db_row(node)]
    else:
        why = row("  ", (_silence(node.endpoint.error or ""), Role.NORMAL))
        return [*rows, why, _silence_row(node, now_ms), _trouble_row(node) or _disk_row(node)]
    return [*rows, _trouble_row(node) or usual]


def _unit_row(node: NodeSnapshot, now_ms: int, width: int) -> Row:
    """systemd's words: ``active  running  leader``, and for how long."""
    unit = node.unit
    if unit.active is None:
        return row((f"{WARN} " + _("unit unknown"), Role.WARN))
    glyph, role = _unit_mark(node)
    left = joined([row((f"{glyph} {unit.active}", role)), row((unit.sub or "", Role.DIM))])
    if node.endpoint.answers and node.endpoint.is_leader:
        left = joined([left, row((_("leader"), Role.BRIGHT))])
    since_ms = node.unit_since_ms
    right = BLANK if since_ms is None else row((age(now_ms - since_ms), Role.DIM))
    return spread(left, right, width)


def _unit_mark(node: NodeSnapshot) -> tuple[str, Role]:
    match node.unit.active:
        case "active":
            return (LEADER if node.endpoint.answers and node.endpoint.is_leader else "●"), Role.OK
        case "activating" if node.unit.sub != "auto-restart":
            return BUSY, Role.WARN
        case "deactivating" | "reloading":
            return BUSY, Role.WARN
    return BAD, Role.BAD


def _exit_words(unit: UnitState) -> Row:
    """How the main process ended, when it did and the unit is not well for it."""
    if (
        unit.active == "active"
        or unit.exit_status is None
        or (unit.exit_status == 0 and not unit.exit_signal)
    ):
        return BLANK
    what = _("signal {n}") if unit.exit_signal else _("exit {n}")
    return row((what.format(n=unit.exit_status), Role.BAD))


def _restarts(unit: UnitState) -> Row:
    if not unit.restarts:
        return BLANK
    return row((ngettext("{n} restart", "{n} restarts", unit.restarts).format(n=unit.restarts), Role.NORMAL))


def _endpoint_row(node: NodeSnapshot, width: int) -> Row:
    endpoint, unit = node.endpoint, node.unit
    if endpoint.answers is None and endpoint.unasked:
        return row((f"{WARN} " + _("not asked"), Role.WARN))
    if endpoint.answers is None:
        return row("  ", (_("not asked yet"), Role.DIM))
    if not endpoint.answers:
        return joined([row((f"{BAD} " + _("no answer"), Role.BAD)), _exit_words(unit), _restarts(unit)])
    if endpoint.has_quorum is False:
        left = joined(
            [row((f"{BAD} " + _("answers"), Role.BAD), ("  ", Role.BAD), (_("no quorum"), Role.BAD))]
        )
    elif endpoint.has_quorum is None:
        left = row("  ", (_("answers"), Role.DIM), "  ", (_("quorum not asked"), Role.WARN))
    else:
        left = row("  ", (_("answers"), Role.DIM), "  ", (_("quorum"), Role.DIM))
    if endpoint.is_learner:
        left = joined([left, row((_("learner"), Role.WARN))])
    return spread(left, row((latency(endpoint.latency_ms), Role.DIM)), width)


def _raft_row(endpoint: Endpoint, newest: int | None, width: int) -> Row:
    behind = lag(endpoint, newest)
    behind_role = Role.WARN if behind is not None and behind >= 100 else Role.NORMAL
    mark = f"{WARN} " if behind_role is Role.WARN else "  "
    term = row((mark, behind_role), (_("term") + " ", Role.DIM), grouped(endpoint.term))
    index = row(("  " + _("index") + " ", Role.DIM), grouped(endpoint.index))
    far = row(("  " + _("lag") + " ", Role.DIM), (grouped(behind), behind_role))
    # The lag is never cut: its first figures say nothing.
    return first_that_fits([(*term, *index, *far), (*term, *far)], width)


def _db_row(node: NodeSnapshot) -> Row:
    endpoint = node.endpoint
    return row(
        ("  " + _("db") + " ", Role.DIM),
        size(endpoint.db_size),
        ("  " + _("in use") + " ", Role.DIM),
        size(endpoint.db_in_use),
        ("  " + (endpoint.version or ""), Role.DIM),
    )


def _from_outside(node: NodeSnapshot) -> list[Row]:
    """What anybody may see of etcd: who listens on its usual ports."""
    rows = [row(("  " + _("etcd not asked: that needs root"), Role.WARN))]
    if node.listening is not None:
        said = [
            _("{port} open").format(port=p) if p in node.listening else _("{port} closed").format(port=p)
            for p in USUAL_PORTS
        ]
        rows.append(row(("  " + _("port") + " ", Role.DIM), "  ".join(said)))
    return rows


_REFUSED = re.compile(r"Failed to connect to (127\.\S+|localhost|::1) port (\d+)")
_LATE = re.compile(r"timed out after (\d+) milliseconds")


def _silence(said: str) -> str:
    """curl's two usual words, so that they fit; others as they are."""
    if found := _REFUSED.search(said):
        return _("nobody listens on {port}").format(port=found[2])
    if found := _LATE.search(said):
        return _("no reply within {n} s").format(n=int(found[1]) // 1000)
    return said


def _silence_row(node: NodeSnapshot, now_ms: int) -> Row:
    answered = node.endpoint.answered_ms
    if answered is None:
        return row("  ", (_("not seen answering yet"), Role.DIM))
    since = _("last answer {when}, {age} ago").format(
        when=dated(answered, now_ms), age=age(now_ms - answered)
    )
    return row("  ", (since, Role.NORMAL))


def _disk_row(node: NodeSnapshot) -> Row:
    if node.disk is None:
        return row("  ", (_("disk") + " – ", Role.DIM))
    free = _("{percent} free, {size}").format(
        percent=percent(node.disk.free, node.disk.size), size=size(node.disk.free)
    )
    return row("  ", (_("disk") + " ", Role.DIM), free)


def _trouble_row(node: NodeSnapshot) -> Row:
    """What deserves the fifth row before anything else: an alarm, a full disk, a wrong clock. Blank when all is well."""
    endpoint = node.endpoint
    if endpoint.answers and endpoint.alarms:
        kinds = ", ".join(sorted({alarm.kind for alarm in endpoint.alarms}))
        return row((f"{BAD} " + _("alarm {kinds}").format(kinds=kinds), Role.BAD))
    if node.disk and node.disk.size and node.disk.free < _LOW_DISK * node.disk.size:
        left = _("disk {percent} free, {size} left").format(
            percent=percent(node.disk.free, node.disk.size), size=size(node.disk.free)
        )
        return row((f"{WARN} {left}", Role.WARN))
    if node.clock_skew_ms is not None and abs(node.clock_skew_ms) >= _SKEW_MS:
        seconds = _("{n} s").format(n=f"{node.clock_skew_ms / 1000:+.1f}")
        return row((f"{WARN} " + _("clock {skew} off ours").format(skew=seconds), Role.WARN))
    return BLANK


def _fsync_row(trend: Trend | None, now_ms: int, width: int) -> Row:
    """How fast the disk syncs, and how it did of late."""
    if trend is None or trend.now is None:
        return row("  ", (_("fsync not measured"), Role.DIM))
    return trend_row(Figure.FSYNC, trend, now_ms, width)
