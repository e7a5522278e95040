"""The member table: one row a member, and where the masters' lists disagree, marked ▲."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.words import N_
from novatui.present.i18n import _
from novatui.present.members import Line, lines, listed_ms, listing
from novatui.present.node import lag, newest_index
from novatui.present.numbers import NONE, dated, grouped, size
from novatui.present.rows import Role, Row, Seg, fit, recolour, row, text_of, width_of
from novatui.present.standing import BAD, FOLLOWER, LEADER, LEARNER, WARN, current, standing
from novatui.present.strip import short_name

MAX_ROWS = 7
MAX_NAME = 20


@dataclass(frozen=True, slots=True)
class Column:
    """``drop`` is the order in which columns go when there is no room: the highest first, 0 never."""

    id: str
    title: str
    width: int
    right: bool = False
    drop: int = 0
    gap: int = 1  # blanks before it

    @property
    def cells(self) -> int:
        return self.gap + self.width


COLUMNS = (
    Column("member", N_("MEMBER"), 6),
    Column("status", N_("STATUS"), 12),
    Column("id", N_("ID"), 16, drop=6),
    Column("leader", N_("LEADER"), 6, drop=3),
    Column("learner", N_("LEARNER"), 7, drop=9),
    Column("term", N_("TERM"), 4, right=True, drop=7),
    Column("index", N_("INDEX"), 11, right=True, drop=2),
    Column("lag", N_("LAG"), 5, right=True, drop=1),
    Column("db", N_("DB"), 6, right=True, drop=4, gap=2),
    Column("in_use", N_("IN USE"), 6, right=True, drop=8),
    Column("version", N_("VERSION"), 7, drop=5, gap=2),
    Column("alarm", N_("ALARM"), 9),
    Column("seen_by", N_("SEEN BY"), 9),
    Column("peer", N_("PEER URL"), 32, drop=10),
)


def columns_for(width: int, names: int = 0) -> tuple[Column, ...]:
    """The columns that fit ``width`` whole, the first as wide as the longest member name takes (``names`` cells)."""
    first, status, *others = COLUMNS
    worded = replace(
        status, width=max(status.width, 2 + len(_("no quorum")))
    )  # the longest in every language
    shown = [replace(first, width=min(MAX_NAME, max(first.width, names))), worded, *others]
    while sum(column.cells for column in shown) > width:
        optional = [column for column in shown if column.drop]
        if not optional:
            break
        shown.remove(max(optional, key=lambda column: column.drop))
    return tuple(shown)


def table(snapshot: ClusterSnapshot, width: int) -> list[Row]:
    """Header and one row a member; the last names those for whom there is none. Missing values are a dash; what the lists disagree on is marked ▲."""
    every = lines(snapshot)
    found = every[: _room(every)]
    names = max((width_of(_name(line, snapshot, None)) for line in found), default=0)
    columns = columns_for(width, names)
    header: list[Seg] = []
    for column in columns:
        header.append((" " * column.gap + _cell(((_(column.title), Role.DIM),), column)[0][0], Role.DIM))
    newest = newest_index(snapshot)
    body = [_row(line, columns, snapshot, newest) for line in found]
    if not any(node.members for node in snapshot.nodes):
        body.append(row((" " + _("no member list seen yet"), Role.DIM)))
    if (at_ms := listed_ms(snapshot)) is not None:
        words = _("nobody tells a member list now: this one is of {when}")
        said = words.format(when=dated(at_ms, snapshot.at_ms or at_ms))
        body.append(row((f" {WARN} {said}", Role.WARN)))
    if others := every[len(found) :]:
        said = ", ".join(text_of(_name(line, snapshot, None)) for line in others)
        body.append(row((f" {WARN} " + _("+{n} more").format(n=len(others)) + f": {said}", Role.WARN)))
    return [fit(line, width) for line in (tuple(header), *body)]


def _room(every: Sequence[Line]) -> int:
    """Rows of members; what says that there are more takes one, too."""
    return len(every) if len(every) <= MAX_ROWS + 1 else MAX_ROWS


def node_at(snapshot: ClusterSnapshot, y: int) -> int | None:
    """The number of the master whose member row ``y`` of the table shows; the header is row 0."""
    every = lines(snapshot)
    found = every[: _room(every)]
    node = found[y - 1].node if 1 <= y <= len(found) else None
    return snapshot.nodes.index(node) + 1 if node is not None else None


def _cell(content: Row, column: Column) -> Row:
    missing = column.width - width_of(content)
    if missing < 0:
        return fit(content, column.width)
    blank: Seg = (" " * missing, Role.NORMAL)
    if column.right:
        head, *rest = content
        return ((" " * missing + head[0], head[1]), *rest)
    if len(content) == 1:
        return ((content[0][0] + " " * missing, content[0][1]),)
    return (*content, blank)


def _row(line: Line, columns: Sequence[Column], snapshot: ClusterSnapshot, newest: int | None) -> Row:
    segments: list[Seg] = []
    old = listed_ms(snapshot) is not None
    for column in columns:
        content = _CELLS[column.id](line, snapshot, newest) or (("", Role.NORMAL),)
        if old and column.id in _OF_LISTS:
            content = recolour(content, Role.DIM)
        segments.append((" " * column.gap, Role.NORMAL))
        segments.extend(_cell(content, column))
    return tuple(segments)


def _answering(line: Line) -> NodeSnapshot | None:
    """The node, if what it says is of now."""
    node = line.node
    return node if node and current(node) and node.endpoint.answers else None


def _name(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    names = {member.name for member in line.versions if member.name}
    if len(names) > 1:
        return row((f"{WARN} " + "/".join(sorted(names)), Role.WARN))
    own = ""
    if line.node:
        own = line.node.env.name or short_name(line.node.name, [node.name for node in snapshot.nodes])
    return row(next(iter(names), "") or own or NONE)


def _status(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    if line.member is None:
        if listing(snapshot) and listed_ms(snapshot) is None:
            return row((f"{BAD} " + _("no member"), Role.BAD))
        state = standing(line.node) if line.node else None
        return row((f"{state.glyph} {state.word}", state.role)) if state else row((NONE, Role.DIM))
    node, role = line.node, Role.WARN if listed_ms(snapshot) is None else Role.DIM
    if not line.member.started:
        return row((f"{WARN} " + _("unstarted"), role))
    if node is None:
        return row((f"{WARN} " + _("elsewhere"), role))
    if not current(node):
        return row(("◌ " + _("not seen"), Role.WARN))
    if not node.endpoint.answers:
        return row((f"{BAD} " + _("no reply"), Role.BAD))
    if node.endpoint.has_quorum is False:
        return row((f"{BAD} " + _("no quorum"), Role.BAD))
    return row((f"{FOLLOWER} ", Role.OK), _("started"))


def _id(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    if line.member:
        return row((line.member.id, Role.DIM))
    own = line.node.endpoint.member_id if line.node else None
    return row((own or NONE, Role.DIM))


def _leader(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    """★ when all that answer name this one; with the numbers of those who do when they do not agree."""
    if line.member is None:
        return ()
    votes = {
        number: node.endpoint.leader_id
        for number, node in enumerate(snapshot.nodes, 1)
        if current(node) and node.endpoint.answers and node.endpoint.leader_id
    }
    mine = [number for number, leader in votes.items() if leader == line.member.id]
    if not mine:
        return ()
    if len(set(votes.values())) == 1:
        return row((LEADER, Role.OK))
    return row((f"{WARN} " + " ".join(map(str, mine)), Role.WARN))


def _learner(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    flags = {member.learner for member in line.versions}
    if flags == {True, False}:
        return row((f"{WARN} " + _("differs"), Role.WARN))
    return row((f"{LEARNER} " + _("yes"), Role.WARN)) if flags == {True} else ()


def _number(value: int | None) -> Row:
    return row(grouped(value)) if value is not None else row((NONE, Role.DIM))


def _term(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    node = _answering(line)
    return _number(node.endpoint.term if node else None)


def _index(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    node = _answering(line)
    return _number(node.endpoint.index if node else None)


def _lag(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    node = _answering(line)
    behind = lag(node.endpoint, newest) if node else None
    if behind is not None and behind >= 100:
        # five cells hold no more: the whole figure is in the master's pane
        return row((WARN + (grouped(behind) if behind < 1_000 else ">999"), Role.WARN))
    return _number(behind)


def _db(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    node = _answering(line)
    return row(size(node.endpoint.db_size)) if node else row((NONE, Role.DIM))


def _in_use(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    node = _answering(line)
    return row(size(node.endpoint.db_in_use)) if node else row((NONE, Role.DIM))


def _version(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    node = _answering(line)
    if not node or not node.endpoint.version:
        return row((NONE, Role.DIM))
    versions = {
        n.endpoint.version for n in snapshot.nodes if current(n) and n.endpoint.answers and n.endpoint.version
    }
    if len(versions) > 1:
        return row((f"{WARN}{node.endpoint.version}", Role.WARN))
    return row(node.endpoint.version)


def _alarm(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    """Alarms raised for this member, by any master's answer."""
    if line.member is None:
        return ()
    kinds = sorted(
        {
            alarm.kind
            for node in snapshot.nodes
            if current(node) and node.endpoint.answers
            for alarm in node.endpoint.alarms
            if alarm.member_id == line.member.id
        }
    )
    return row((f"{BAD} " + " ".join(kinds), Role.BAD)) if kinds else ()


def _seen_by(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    """Numbers of the masters whose list holds it; marked when another's list does not."""
    known = listing(snapshot)
    numbers = ranges(line.seen_by) or NONE
    if line.member and line.seen_by != known:
        return row((f"{WARN} {numbers}", Role.WARN))
    return row((numbers, Role.DIM))


def ranges(numbers: Sequence[int]) -> str:
    """``1 3``; three and more in a row are drawn together: ``1-5 7``."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][-1] + 1:
            parts[-1].append(number)
        else:
            parts.append([number])
    words = [f"{part[0]}-{part[-1]}" if len(part) > 2 else " ".join(map(str, part)) for part in parts]
    return " ".join(words)


def _peer(line: Line, snapshot: ClusterSnapshot, newest: int | None) -> Row:
    """Where its peers reach it; ``differs`` when the lists do not agree on that."""
    urls = {member.peer_urls for member in line.versions}
    if len(urls) > 1:
        return row((f"{WARN} " + _("differs"), Role.WARN))
    return row((" ".join(next(iter(urls), ())), Role.DIM))


_OF_LISTS = ("member", "id", "learner", "seen_by", "peer")  # what is known by the member lists alone
_CELLS = {
    "peer": _peer,
    "member": _name,
    "status": _status,
    "id": _id,
    "leader": _leader,
    "learner": _learner,
    "term": _term,
    "index": _index,
    "lag": _lag,
    "db": _db,
    "in_use": _in_use,
    "version": _version,
    "alarm": _alarm,
    "seen_by": _seen_by,
}
