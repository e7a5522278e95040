"""How one master stands, in a glyph, a word and a role: the same word in strip, pane title, table and list."""

from __future__ import annotations

from dataclasses import dataclass

from novatui.model.cluster import Link, NodeSnapshot
from novatui.present.i18n import _
from novatui.present.rows import Role

LEADER, FOLLOWER, LEARNER = "★", "●", "◇"
WARN, BAD, BUSY, ASKING = "▲", "✖", "◐", "◌"

STALE_AFTER_MS = 3_000


@dataclass(frozen=True, slots=True)
class Standing:
    """``since_ms`` is when it began, where that is known."""

    glyph: str
    word: str
    role: Role
    since_ms: int | None = None


def current(node: NodeSnapshot) -> bool:
    """Whether what is known of the node is of now."""
    return node.link is Link.LIVE


def standing(node: NodeSnapshot) -> Standing:
    """The one word for a master. The link comes first: what cannot be seen is not judged."""
    by_link = _by_link(node)
    if by_link:
        return by_link
    by_unit = _by_unit(node)
    if by_unit:
        return by_unit
    return _by_endpoint(node)


def _by_link(node: NodeSnapshot) -> Standing | None:
    match node.link:
        case Link.CONNECTING:
            return Standing(ASKING, _("connecting"), Role.WARN, node.since_ms)
        case Link.LOST:
            return Standing(BAD, _("lost"), Role.BAD, node.since_ms)
        case Link.REFUSED:
            return Standing(BAD, _("refused"), Role.BAD, node.since_ms)
        case Link.STALE:
            return Standing(WARN, _("stale"), Role.WARN, node.at_ms)
    return None


def _by_unit(node: NodeSnapshot) -> Standing | None:
    """What systemd says when it does not say ``active``; None when it does, or says nothing."""
    unit, since_ms = node.unit, node.unit_since_ms
    match unit.active:
        case None | "active" | "reloading":
            return None
        case "failed":
            return Standing(BAD, _("failed"), Role.BAD, since_ms)
        case "inactive":
            return Standing(BAD, _("stopped"), Role.BAD, since_ms)
        case "deactivating":
            return Standing(BUSY, _("stopping"), Role.WARN, since_ms)
        case "activating" if unit.sub == "auto-restart":
            return Standing(BAD, _("restarting"), Role.BAD, since_ms)
        case "activating":
            return Standing(BUSY, _("starting"), Role.WARN, since_ms)
    return Standing(WARN, str(unit.active), Role.WARN, since_ms)


def _by_endpoint(node: NodeSnapshot) -> Standing:
    endpoint = node.endpoint
    if endpoint.answers is None and node.lacks_root:
        return Standing(WARN, _("not root"), Role.WARN)
    if endpoint.answers is None and endpoint.unasked:
        return Standing(WARN, _("not asked"), Role.WARN)
    if endpoint.answers is None:
        return Standing(ASKING, _("asking"), Role.WARN, node.since_ms)
    if not endpoint.answers:
        return Standing(BAD, _("no answer"), Role.BAD, endpoint.answered_ms)
    if endpoint.has_quorum is False:
        return Standing(BAD, _("no quorum"), Role.BAD)
    if endpoint.alarms:
        return Standing(WARN, endpoint.alarms[0].kind, Role.BAD)
    if endpoint.is_learner:
        return Standing(LEARNER, _("learner"), Role.WARN)
    if endpoint.is_leader:
        return Standing(LEADER, _("leader"), Role.OK)
    return Standing(FOLLOWER, _("follower"), Role.OK)
