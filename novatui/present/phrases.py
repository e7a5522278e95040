"""English sentences known again by the templates they were made from.

Plans, journals and what the runner says over its socket are English by contract, whatever language somebody reads them in;
so are the errors of everything below ``present``. A sentence of these is matched against the templates of the catalogue,
``unit {name} is masked`` among them, and said in its translation with the same facts; where several are strung together,
each by itself. What no template fits stays as it is.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import lru_cache

from novatui.model.words import N_

_UNITS = (N_("d"), N_("h"), N_("min"), N_("s"))
_AMOUNT = re.compile(rf"\d+ ({'|'.join(_UNITS)})( \d+ ({'|'.join(_UNITS)}))?")
_WORD = re.compile(r"[A-Za-z]{2,}")
_WORDS = re.compile(r"\S*|\d[\w ]*")  # one, or an amount
_SURE = 10  # letters of a template that make a chance match unlikely
_DEPTH = 5  # its master, its reason, the parts of that
_JOINTS = " ,;:"
_LONGEST, _MOST = 1_000, 40  # characters of a line, sentences of a list: beyond that nobody made it of ours
_ASIDES = {")": " (", "]": " ["}
# Between sentences; those of ``_HEADS`` stand once, after what the rest is about.
_SEPARATORS = ("; ", ": ", ". ", ", ")
_HEADS = (": ", ". ")


def fields(msgid: str) -> list[str]:
    """Names of the placeholders, in order; none for a text that is not meant as a template."""
    try:
        return [name for _text, name, _spec, _how in string.Formatter().parse(msgid) if name]
    except ValueError:
        return []


def recognisable(msgid: str) -> bool:
    """Whether it says something by which it can be known again."""
    return " " in msgid and bool(re.search(r"\b[A-Za-z][a-z]+\b", _literals(msgid)))


def telling(msgid: str) -> bool:
    """Whether it says enough for its facts to be anything: two words, or a long one. Of others a fact is one word or an amount."""
    words = _WORD.findall(_literals(msgid))
    return len(words) >= 2 or len("".join(words)) >= _SURE


def _literals(msgid: str) -> str:
    try:
        return " ".join(text for text, _name, _spec, _how in string.Formatter().parse(msgid))
    except ValueError:
        return msgid


class Phrases:
    """The templates of one catalogue, ``translations``: msgid -> translation."""

    def __init__(self, translations: Mapping[str, str]) -> None:
        known = {msgid: text for msgid, text in translations.items() if recognisable(msgid)}
        # What is said after a comma may also stand alone, as a piece.
        self._exact = {msgid.strip(_JOINTS): text.strip(_JOINTS) for msgid, text in known.items()} | known
        self._words = {msgid: text for msgid, text in translations.items() if msgid.isalpha()}
        made = [
            _Template(msgid, text, sure=msgid in known and telling(msgid))
            for msgid, text in self._exact.items()
            if fields(msgid)
        ]
        self._templates = sorted(made, key=lambda one: one.weight, reverse=True)
        self.said = lru_cache(maxsize=4096)(self._said)

    def _said(self, text: str) -> str:
        """``text`` in the catalogue's language, as much of it as is known."""
        if not self._exact:
            return text
        lines = text.split("\n")
        return "\n".join(self._bare(line, _DEPTH) if len(line) <= _LONGEST else line for line in lines)

    def _within(self, text: str, depth: int) -> str:
        if not depth or " " not in text:
            return text
        if (exact := self._exact.get(text)) is not None:
            return exact
        if _AMOUNT.fullmatch(text):
            return " ".join(self._words.get(word, word) for word in text.split(" "))
        for found in (self._filled(text, depth, loose=False), self._pieces(text, depth)):
            if found != text:
                return found
        return self._filled(text, depth, loose=True)

    def _filled(self, text: str, depth: int, *, loose: bool) -> str:
        """By a template that fits the whole of it."""
        for template in self._templates:
            if template.rarest in text and (found := template.fits(text, loose=loose)):
                facts = {name: self._within(fact, depth - 1) for name, fact in found.items()}
                return template.translation.format(**facts)
        return text

    def _pieces(self, text: str, depth: int) -> str:
        """What is said of several, after a name or in brackets: each piece by itself."""
        if (opened := _ASIDES.get(text[-1:])) and (at := text.rfind(opened)) > 0:
            head, inner = text[:at], text[at + len(opened) : -1]
            return self._within(head, depth - 1) + opened + self._within(inner, depth - 1) + text[-1]
        for separator in _SEPARATORS:
            if 0 < text.count(separator) <= _MOST:
                pieces = text.split(separator, 1 if separator in _HEADS else -1)
                said = [self._bare(piece, depth - 1) for piece in pieces]
                if separator == ": " and said[1] != pieces[1]:  # what the rest is about may be one word
                    said[0] = self._words.get(said[0], said[0])
                return separator.join(said)
        return text

    def _bare(self, piece: str, depth: int) -> str:
        """Without the blanks around it, which are not in the catalogue."""
        core = piece.strip()
        start = piece.find(core)
        return piece[:start] + self._within(core, depth) + piece[start + len(core) :] if core else piece


class _Template:
    """Matched from the left, literal after literal, without ever going back: what a master sends may not cost time."""

    def __init__(self, msgid: str, translation: str, *, sure: bool) -> None:
        self.translation = translation
        self._sure = sure
        parts = list(string.Formatter().parse(msgid))
        self._parts = [(text, name) for text, name, _spec, _how in parts if name]
        self._end = "" if parts[-1][1] else parts[-1][0]
        literals = [text for text, _name, _spec, _how in parts]
        self.rarest = max(literals, key=len)
        self.weight = sum(map(len, literals))

    def fits(self, text: str, *, loose: bool) -> dict[str, str] | None:
        """The facts, if ``text`` was made of this. Not ``loose``: none but one at the end is of several sentences."""
        facts: dict[str, str] = {}
        first = self._parts[0][0]
        if not text.startswith(first) or not text.endswith(self._end):
            return None
        at, stop = len(first), len(text) - len(self._end)
        for number, (before, name) in enumerate(self._parts):
            last = number + 1 == len(self._parts)
            to = stop if last else text.find(self._parts[number + 1][0], at, stop)
            if to < at:
                return None
            fact = text[at:to]
            listed = last and not self._end and before.endswith(": ")  # at the end, and not to be mistaken
            if facts.setdefault(name, fact) != fact:
                return None
            if not (self._sure or listed or _WORDS.fullmatch(fact)):
                return None
            if not (loose or (last and not self._end)) and (": " in fact or "; " in fact):
                return None
            at = to if last else to + len(self._parts[number + 1][0])
        return facts
