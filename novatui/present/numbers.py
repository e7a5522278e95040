"""Numbers as people read them: grouped, with their unit, of a width that does not jump. Unknown is a dash, never 0."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from novatui.model.words import N_
from novatui.present.i18n import _

NONE = "–"
THIN = "\u2009"  # one cell in a terminal, a hair in a proportional font

_local: tzinfo | None = None


def use_timezone(zone: tzinfo | None) -> None:
    """Show times in ``zone``; None is the operator's own."""
    global _local
    _local = zone
    _second.cache_clear()


def grouped(value: int | None) -> str:
    """``376222`` -> ``376 222`` with thin spaces."""
    return NONE if value is None else f"{value:,}".replace(",", THIN)


_UNITS = (N_("B"), N_("kB"), N_("MB"), N_("GB"), N_("TB"))


def size(value: int | None) -> str:
    """Bytes, decimal units, at most three figures: ``151 MB``, ``1.6 GB``, ``20 kB``."""
    if value is None:
        return NONE
    amount = float(value)
    for unit in _UNITS:
        if amount < 999.5 or unit == _UNITS[-1]:
            break
        amount /= 1000
    text = f"{amount:.1f}" if amount < 9.95 and unit not in _UNITS[:2] else f"{amount:.0f}"
    return f"{text} {_(unit)}"


def percent(part: int, whole: int) -> str:
    """``71 %``; rounded down, so that 100 % means all."""
    return f"{100 * part // whole} %" if whole else NONE


def latency(milliseconds: float | None) -> str:
    if milliseconds is None:
        return NONE
    if milliseconds < 1:
        return _("<1 ms")
    if milliseconds < 10_000:
        return _("{n} ms").format(n=f"{milliseconds:.0f}")
    return _("{n} s").format(n=f"{milliseconds / 1000:.0f}")


def age(milliseconds: int | None) -> str:
    """``42 s``, ``5m 03s``, ``3h 04m``, ``3d 4h``. A clock that runs ahead gives ``0 s``, not a minus."""
    if milliseconds is None:
        return NONE
    seconds = max(0, milliseconds) // 1000
    if seconds < 60:
        return _("{n} s").format(n=seconds)
    if seconds < 3600:
        return _("{m}m {s}s").format(m=seconds // 60, s=f"{seconds % 60:02}")
    if seconds < 86_400:
        return _("{h}h {m}m").format(h=seconds // 3600, m=f"{seconds % 3600 // 60:02}")
    return _("{d}d {h}h").format(d=seconds // 86_400, h=seconds % 86_400 // 3600)


def _when(at_ms: int) -> datetime:
    moment = datetime.fromtimestamp(at_ms / 1000, tz=UTC)
    return moment.astimezone(_local)


def clock(at_ms: int | None, *, millis: bool = False) -> str:
    """Time of day in the operator's zone: ``12:37:51`` or ``12:37:51.042``."""
    if at_ms is None:
        return NONE
    return _second(at_ms // 1000) + (f".{at_ms % 1000:03}" if millis else "")


def stamp(at_ms: int) -> str:
    """For what is taken along: the whole date, with the offset of its zone. ``2024-06-14T12:37:51.042+00:00``."""
    return _when(at_ms).isoformat(timespec="milliseconds")


@lru_cache(maxsize=4096)
def _second(seconds: int) -> str:
    return _when(seconds * 1000).strftime("%H:%M:%S")


def dated(at_ms: int | None, now_ms: int) -> str:
    """Time of day, with the date in front when it is not today's: ``2024-06-14 08:15:00``."""
    if at_ms is None:
        return NONE
    moment, now = _when(at_ms), _when(now_ms)
    return moment.strftime("%H:%M:%S" if moment.date() == now.date() else "%Y-%m-%d %H:%M:%S")


def dated_briefly(at_ms: int | None, now_ms: int) -> str:
    """In eleven cells: today's time of day, else the day of this year and its hour, else the date alone."""
    if at_ms is None:
        return NONE
    moment, now = _when(at_ms), _when(now_ms)
    if moment.date() == now.date():
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%m-%d %H:%M" if moment.year == now.year else "%Y-%m-%d")
