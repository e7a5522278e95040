"""The line over a replay: that it is a RECORDING, of when, where on its time line, and how fast it goes."""

from __future__ import annotations

from novatui.present.i18n import _
from novatui.present.numbers import dated
from novatui.present.rows import Role, Row, joined, row, width_of

_BAR_MIN, _BAR_MAX = 12, 60


def banner(
    at_ms: int,
    start_ms: int,
    end_ms: int,
    *,
    speed: int,
    playing: bool,
    ends: str,
    looking: int | None,
    width: int,
) -> Row:
    """``ends``: why the recording ends where it does. ``looking``: for the next change of the verdict, and has come so far."""
    word = row((f" ◉ {_('RECORDING')} ", Role.ENV_OTHER))
    date = row((dated(at_ms, 0), Role.BRIGHT))
    place = row((f"{_span(at_ms - start_ms)} / {_span(end_ms - start_ms)}", Role.NORMAL))
    state = _state(at_ms, end_ms, speed, playing)
    if looking is not None:
        found = (f" {_span(looking - start_ms)}", Role.DIM)
        state = row((_("looking for the verdict's change …"), Role.ACCENT), found)
    full = [word, date, state]
    end = row((_("it ends here: {why}").format(why=ends), Role.DIM)) if at_ms >= end_ms else row()
    for parts in ([*full, place, end], [*full, place], full, [word, date]):
        line = joined(parts)
        if width_of(line) <= width:
            break
    room = min(_BAR_MAX, width - width_of(line) - 3)
    if place not in parts or room < _BAR_MIN:
        return line
    return joined([line, _bar(at_ms - start_ms, end_ms - start_ms, room)])


def _state(at_ms: int, end_ms: int, speed: int, playing: bool) -> Row:
    if at_ms >= end_ms:
        return row((f"■ {_('at its end')}", Role.NORMAL))
    if playing:
        return row(("▶ ", Role.ACCENT), (f"{speed}x", Role.BRIGHT))
    return row((f"‖ {_('paused')} ", Role.ACCENT), (f"{speed}x", Role.DIM))


def _bar(done: int, whole: int, cells: int) -> Row:
    at = round((cells - 1) * done / whole) if whole else cells - 1
    return row(("━" * at, Role.ACCENT), ("●", Role.BRIGHT), ("─" * (cells - 1 - at), Role.DIM))


def _span(ms: int) -> str:
    """``4:05`` or ``1:03:20``."""
    seconds = ms // 1000
    hours, minutes = seconds // 3600, seconds // 60 % 60
    return f"{hours}:{minutes:02}:{seconds % 60:02}" if hours else f"{minutes}:{seconds % 60:02}"
