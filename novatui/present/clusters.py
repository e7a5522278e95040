"""The clusters of a configuration, to choose one: what is known of each without asking its masters, and how old that is."""

from __future__ import annotations

from collections.abc import Sequence

from novatui.config import ClusterConfig
from novatui.last_seen import LastSeen
from novatui.present.environment import badges
from novatui.present.headline import verdict_mark, verdict_word
from novatui.present.i18n import _, ngettext
from novatui.present.numbers import age
from novatui.present.rows import BLANK, Role, Row, clip, fit, joined, row, width_of

Known = tuple[ClusterConfig, LastSeen | None]


def matching(clusters: Sequence[Known], typed: str) -> list[Known]:
    """Those in whose name, environment or masters every typed word is found."""
    words = typed.lower().split()
    return [one for one in clusters if all(word in _said_of(one[0]) for word in words)]


def _said_of(cluster: ClusterConfig) -> str:
    masters = (f"{node.name} {node.host}" for node in cluster.nodes)
    return " ".join((cluster.name, cluster.environment, *masters)).lower()


def cluster_rows(
    clusters: Sequence[Known], chosen: int, here: str, now_ms: int, width: int
) -> list[tuple[Row, Row]]:
    """Two rows a cluster: its badge and what was last seen of it; its masters."""
    names = [badges(cluster.name, cluster.environment)[0] for cluster, _seen in clusters]
    room = min(max(map(width_of, names), default=0), width // 2)
    found: list[tuple[Row, Row]] = []
    for number, ((cluster, seen), badge) in enumerate(zip(clusters, names, strict=True)):
        mark = row(("› " if number == chosen else "  ", Role.ACCENT))
        now = row((_("shown now"), Role.DIM)) if cluster.name == here else BLANK
        head = joined([(*mark, *fit(badge, room)), now or _seen_row(seen, now_ms)])
        masters = ngettext("{n} master", "{n} masters", len(cluster.nodes)).format(n=len(cluster.nodes))
        nodes = ", ".join(node.name for node in cluster.nodes)
        found.append((clip(head, width), clip(row("   ", (f"{masters}: {nodes}", Role.DIM)), width)))
    return found


def _seen_row(seen: LastSeen | None, now_ms: int) -> Row:
    """What was recorded, with its age; never more."""
    if seen is None:
        return row((_("never seen from here"), Role.DIM))
    glyph, role = verdict_mark(seen.verdict)
    when = _("{age} ago").format(age=age(now_ms - seen.at_ms))
    return row(
        (f"{glyph} {verdict_word(seen.verdict)}", role),
        f"  {seen.healthy}/{seen.total}",
        (f"  {when}", Role.DIM),
    )
