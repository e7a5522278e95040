"""The gate: what is lost, what is kept, the way back, and the words to type."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from novatui.model.plan import Plan
from novatui.model.run import GATE_S, GateRun
from novatui.model.sanitize import clean
from novatui.present.i18n import _, pgettext, translated
from novatui.present.numbers import clock
from novatui.present.plan import count_words
from novatui.present.rows import BLANK, Role, Row, first_that_fits, row, wrap
from novatui.present.run import minutes, no_return

_LABEL = 16


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """One word that must be typed. ``why`` says what typing it means; ``guard`` is set when it overrules one."""

    word: str
    why: str
    guard: str = ""


def words_of(gate: GateRun) -> list[Typed]:
    return [
        Typed(
            word=clean(w.get("word", "")),
            why=translated(clean(w.get("why", ""))),
            guard=clean(w.get("guard", "")),
        )
        for w in gate.words
    ]


def matches(word: str, typed: str) -> bool:
    """Exactly; blanks at the ends are forgiven, nothing else."""
    return bool(word) and typed.strip() == word


def all_match(words: Sequence[Typed], typed: Sequence[str]) -> bool:
    return (
        bool(words)
        and len(words) == len(typed)
        and all(matches(word.word, text) for word, text in zip(words, typed, strict=True))
    )


def match_mark(word: str, typed: str) -> Row:
    """Beside a field: nothing yet, on the way, right, or not this word."""
    text = typed.strip()
    if not text:
        return BLANK
    if text == word:
        return row(("✔ " + pgettext("the word that was typed", "right"), Role.OK))
    if word.startswith(text):
        return row(("…", Role.DIM))
    return row(("✖ " + _("differs"), Role.BAD))


def gate_rows(plan: Plan, gate: GateRun, width: int) -> list[Row]:
    """The brief, label by label, then what this confirms in figures."""
    rows: list[Row] = []
    pairs = [(clean(label), clean(text)) for label, text in gate.rows]
    if not any(label == "Commands" for label, _text in pairs):
        pairs.append((_("Commands"), count_words(plan)))
    before = ""
    for label, text in pairs:
        rows += pair_rows(translated(label) if label != before else "", translated(text), width)
        before = label
    if plan.undo and not any(label == "No return" for label, _text in pairs):
        rows += pair_rows(_("No return"), no_return(plan).partition(": ")[2], width)
    return rows


def pair_rows(label: str, text: str, width: int, role: Role = Role.NORMAL) -> list[Row]:
    """``label   text`` with the text wrapped under itself."""
    size = max(_LABEL, len(label)) + 1
    pieces = wrap(text, max(10, width - size))
    rows = [row((label.ljust(size), Role.DIM), (pieces[0], role))]
    return rows + [row(" " * size, (piece, role)) for piece in pieces[1:]]


def why_rows(word: Typed, width: int) -> list[Row]:
    """What typing this word means, above its field."""
    if not word.guard:
        return [row(piece) for piece in wrap(word.why[:1].upper() + word.why[1:], width)]
    leads = {
        "newer-survivor": _("Older than a survivor: {why}. To go on all the same"),
        "survivor-unread": _("Not every master could be read: {why}. To go on all the same"),
    }
    why = leads.get(word.guard, "{why}").format(why=word.why.rstrip("."))
    return [row((piece, Role.WARN)) for piece in wrap(f"▲ {why}", width)]


def gate_title(title: str, gate: GateRun, now_ms: int, width: int) -> Row:
    """What it is, and how long it stays open."""
    left = minutes(gate.opened_ms + GATE_S * 1000 - now_ms)
    long = _("open for {time}, then aborted with nothing changed").format(time=left)
    short = _("{time} left").format(time=left)
    return first_that_fits(
        [row((title, Role.BRIGHT), "   ", (words, Role.DIM)) for words in (long, short)], width
    )


def answered_words(gate: GateRun) -> str:
    return _("the gate was answered by {who} at {when}").format(
        who=clean(gate.answered_by), when=clock(gate.answered_ms)
    )


def overrule_rows(guard: str, meaning: str, width: int) -> list[Row]:
    """A guard that may be overruled, and what doing so means."""
    head = row(("▲ ", Role.WARN), (guard, Role.BRIGHT))
    return [head, *(row("  ", piece) for piece in wrap(meaning, width - 2))]
