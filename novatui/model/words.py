"""Words made where there are no languages yet: English text that remembers the template and the facts it came from.

Whatever lies below ``present`` says what it has to say as ``Words``; ``present.i18n.translated`` says it in the operator's
language. Everybody else takes them for the English text that they are (JSON wants ``str(words)``).
"""

from __future__ import annotations


def N_(msgid: str) -> str:
    """Marks a template for the catalogues; what is marked is translated where it is shown."""
    return msgid


class Words(str):
    """``Words(N_("{names} are stopped"), names="m1, m2")``: equal to its English text; ``msgid`` is the template by which
    catalogues know it, ``facts`` fill it. A fact may be Words itself; remote text is a fact, never a template."""

    __slots__ = ("facts", "msgid")

    msgid: str
    facts: dict[str, str | int]

    def __new__(cls, msgid: str = "", /, **facts: str | int) -> Words:
        words = super().__new__(cls, msgid.format(**facts) if facts else msgid)
        words.msgid, words.facts = msgid, facts
        return words
