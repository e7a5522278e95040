"""What a journal's frame says: what it is narrowed to, and whether it follows, is paused or selected in."""

from __future__ import annotations

from novatui.present.i18n import _
from novatui.present.numbers import grouped
from novatui.present.rows import Role, Row, row


def narrowed_to(what: str, typed: str, share: tuple[int, int], in_context: bool, left: int) -> Row:
    """The left end: ``what`` or the filter with how many of the lines held pass it; how far it is scrolled."""
    passed = _("marked") if in_context else "/".join(map(grouped, share))
    parts: list[tuple[str, Role]] = [(what, Role.DIM)]
    if typed:
        parts = [("/", Role.KEY), (typed, Role.ACCENT), (f" {passed}", Role.DIM)]
    if left:
        parts.append((f" ‹{left}", Role.DIM))
    return row(*parts)


def reading_state(following: bool, streams: bool, new: int, selected: int) -> Row:
    """The right end."""
    if selected:
        return row((_("{n} selected · y copies").format(n=grouped(selected)), Role.ACCENT))
    if following:
        return row((_("following") if streams else _("no stream"), Role.DIM))
    if new:
        return row(("‖ ", Role.ACCENT), (_("+{n} new · f to follow").format(n=grouped(new)), Role.ACCENT))
    return row(("‖ ", Role.ACCENT), (_("paused · f to follow"), Role.ACCENT))
