"""Remote text is hostile: one line of it, made safe to show. Applied once, at ingest."""

from __future__ import annotations

import re
import unicodedata

from novatui.model.named_secrets import hidden

CAP = 4096  # characters
_TAB = 4
# Colours say nothing that the words do not: they go. Every other sequence stays, visibly escaped.
_COLOUR = re.compile(r"\x1b\[[0-9;:]{0,64}m")
# The one block of combining marks that plain text needs ("й" decomposed), one a letter: a pile climbs over other rows.
_MARKS = re.compile(r"(?<![^\s\u0300-\u036f])[\u0300-\u036f]+")
# Letters and symbols by category that draw nothing: they would hide in a name.
_BLANK = frozenset(map(ord, "\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0"))
# What names itself a secret and gives its value: etcd logs every variable of its environment that it does not know.
_NAMES = re.compile(r"passw|passphrase|secret", re.I)
_PRIVATE_KEY = re.compile(r"(-----BEGIN [A-Z ]{0,20}PRIVATE KEY-----).*?(-----END|\Z)", re.S)
_SHORT = {"\n": "\\n", "\r": "\\r"}


class _Escapes(dict[int, str]):
    """``str.translate``'s table, filled as characters are met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        self[code] = shown = char if _plain(char) else escaped(char)
        return shown


def clean(raw: bytes | str, *, cap: int = CAP) -> str:
    """One line, safe for a terminal and a log: at most ``cap`` characters, all of them printable.

    Bytes are UTF-8; a byte that is not becomes ``\\xff``. Control, bidi, zero-width, private and unassigned characters
    become ``\\x1b``, ``\\u202e``; tabs are expanded, colours dropped, line ends at the end dropped and else ``\\n``.
    Passwords that name themselves are masked. What is over the cap is cut and counted: ``… (N more)``. Markup (``[/x]``) is left: it is the widgets' duty to take
    plain text as plain.
    """
    text = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else raw
    text = text.rstrip("\r\n")
    plain = text.isascii() and text.isprintable()
    text = masked(text if plain else _COLOUR.sub("", text))  # a coloured name would hide from the mask
    if not plain:
        text = text.translate(_ESCAPES).expandtabs(_TAB)
        text = _MARKS.sub(lambda found: "".join(map(escaped, found.group())), text)
    return text if len(text) <= cap else _cut(text, cap)


def masked(text: str) -> str:
    """Without the values of passwords, passphrases and secrets that are named as such, and without private keys."""
    small = text.lower()
    if "passw" in small or "passphrase" in small or "secret" in small:
        text = "\n".join(hidden(line, _NAMES)[0] for line in text.split("\n"))
    return _PRIVATE_KEY.sub(r"\1***\2", text) if "PRIVATE KEY-----" in text else text


def escaped(char: str) -> str:
    """``\\n``, ``\\x1b``, ``\\u202e`` or ``\\U000e0001``."""
    if char in _SHORT:
        return _SHORT[char]
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _plain(char: str) -> bool:
    if char == "\t" or "\u0300" <= char <= "\u036f":
        return char != "\u034f"  # the grapheme joiner draws nothing
    return char.isprintable() and ord(char) not in _BLANK and unicodedata.category(char) not in ("Mn", "Me")


def _cut(text: str, cap: int) -> str:
    """Room for the mark is taken from the text; when there is none, the mark itself is cut."""
    keep = cap
    for _ in range(2):  # the mark's own length depends on the number in it
        mark = f"… ({len(text) - keep} more)"
        keep = max(cap - len(mark), 0)
    mark = f"… ({len(text) - keep} more)"
    return (text[:keep] + mark)[:cap]


_ESCAPES = _Escapes()
