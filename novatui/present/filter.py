"""What is typed after ``/``: ``level:warn`` (that and worse), a text, or ``re:`` and an expression. All of it must hold."""

from __future__ import annotations

from dataclasses import dataclass

from novatui.model.entries import Entry, Level
from novatui.present.i18n import _
from novatui.present.journal import message
from novatui.present.linear import BadPattern, Linear

READ_MAX = 2_000  # characters of a line that an expression is looked for in

_RANKS = {level: rank for rank, level in enumerate(Level)}
_LEVELS = {level.value: level for level in Level if level is not Level.GAP} | {
    "warning": Level.WARN,
    "err": Level.ERROR,
}


class BadFilter(ValueError):
    """Why what was typed is no filter, in words."""


@dataclass(frozen=True)
class Filter:
    """``text`` is as typed. A gap passes every filter: nobody knows what it hides."""

    text: str
    least: Level = Level.DEBUG
    needle: str = ""
    small: bool = False  # the needle is looked for in either case
    pattern: Linear | None = None

    def passes(self, entry: Entry) -> bool:
        if entry.level is Level.GAP:
            return True
        if self.least is not Level.DEBUG and _RANKS[entry.level] < _RANKS[self.least]:
            return False
        if self.needle:
            said = message(entry)
            return self.needle in (said.lower() if self.small else said)
        return self.pattern is None or self.pattern.search(message(entry)[:READ_MAX])


def parsed(text: str) -> Filter | None:
    """None where nothing was typed. Raises BadFilter."""
    text = rest = text.strip()
    least = Level.DEBUG
    while rest.startswith("level:"):
        word, _blank, rest = rest.removeprefix("level:").partition(" ")
        if word not in _LEVELS:
            known = ", ".join(level.value for level in Level if level is not Level.GAP)
            raise BadFilter(_("level:{word}: there are {known}").format(word=word, known=known))
        least, rest = _LEVELS[word], rest.strip()
    if rest.startswith("re:"):
        try:
            return Filter(text, least, pattern=Linear(rest.removeprefix("re:").strip()))
        except BadPattern as exc:
            raise BadFilter(_("not an expression: {why}").format(why=exc)) from exc
    if not text:
        return None
    return Filter(text, least, needle=rest, small=rest == rest.lower())
