"""English sentences known again by the templates they were made from.

Plans, journals and what the runner says over its socket are English by contract, whatever language somebody reads them in;
so are the errors of everything below ``present``. A sentence of these is matched against the templates of the catalogue,
``unit {name} is masked`` among them, and said in its translation with the same facts. What no template fits stays as it is.
"""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from functools import cached_property, lru_cache

_WORD = re.compile(r"[A-Za-z]{3,}")
_SURE = 10  # letters of a template that make a chance match unlikely
_ASIDE = re.compile(r"(.*\S)( \[[^\]]*\])")  # a guard after its reason
_JOINTS = " ,;:"
_SEPARATORS = ("\n", "; ", ": ", ". ")


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
    """Whether it says enough for its facts to be anything: two words, or a long one. Of others a fact is one word."""
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
        made = [_Template(msgid, text) for msgid, text in self._exact.items() if fields(msgid)]
        self._templates = sorted(made, key=lambda one: one.weight, reverse=True)
        self.said = lru_cache(maxsize=4096)(self._said)

    def _said(self, text: str) -> str:
        """``text`` in the catalogue's language, as much of it as is known."""
        return self._within(text, 3) if self._exact else text

    def _known(self, text: str, depth: int) -> str:
        """The whole of it, or empty."""
        if " " not in text:
            return ""
        if (exact := self._exact.get(text)) is not None:
            return exact
        for template in self._templates:
            if template.rarest in text and (found := template.pattern.fullmatch(text)):
                facts = found.groupdict()
                if depth:
                    facts = {name: self._within(fact, depth - 1) for name, fact in facts.items()}
                return template.translation.format(**facts)
        return ""

    def _within(self, fact: str, depth: int) -> str:
        return self._known(fact, depth) or self._pieces(fact, depth)

    def _pieces(self, text: str, depth: int) -> str:
        """What is said of several, or after a name: each piece by itself."""
        if found := _ASIDE.fullmatch(text):
            return self._within(found[1], depth) + found[2]
        for separator in _SEPARATORS:
            if depth and separator in text:
                head, _separator, tail = text.partition(separator)
                return separator.join(self._bare(piece, depth - 1) for piece in (head, tail))
        return text

    def _bare(self, piece: str, depth: int) -> str:
        """Without the blanks around it, which are not in the catalogue."""
        core = piece.strip()
        start = piece.find(core)
        return piece[:start] + self._within(core, depth) + piece[start + len(core) :] if core else piece


class _Template:
    def __init__(self, msgid: str, translation: str) -> None:
        self.msgid = msgid
        self.translation = translation
        literals = [text for text, _name, _spec, _how in string.Formatter().parse(msgid)]
        self.rarest = max(literals, key=len)
        self.weight = sum(map(len, literals))

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Made when it is first needed: there are a thousand."""
        seen: set[str] = set()
        pattern, fact = "", ".*?" if telling(self.msgid) else r"\S+?"
        for text, name, _spec, _how in string.Formatter().parse(self.msgid):
            pattern += re.escape(text)
            if name:
                pattern += f"(?P={name})" if name in seen else f"(?P<{name}>{fact})"
                seen.add(name)
        return re.compile(pattern, re.DOTALL)
