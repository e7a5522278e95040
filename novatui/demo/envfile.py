"""``EnvironmentFile=`` as systemd parses it (src/basic/env-file.c): quotes, escapes, comments, CR as a line's end."""

from __future__ import annotations

_SPACE = " \t"
_END = "\n\r"


def parse(text: str) -> dict[str, str]:
    """Keys and values; later ones win. Lines without ``=`` are dropped, as systemd does."""
    found: dict[str, str] = {}
    position = 0
    while position < len(text):
        while position < len(text) and text[position] in _SPACE + _END:
            position += 1
        if position >= len(text):
            break
        if text[position] in "#;":
            position = _skip_comment(text, position)
            continue
        start = position
        while position < len(text) and text[position] not in "=" + _END:
            position += 1
        if position >= len(text) or text[position] in _END:
            continue
        key = text[start:position].rstrip(_SPACE)
        value, position = _value(text, position + 1)
        found[key] = value
    return found


def _skip_comment(text: str, position: int) -> int:
    while position < len(text) and text[position] not in _END:
        position += 2 if text[position] == "\\" else 1
    return position


def _value(text: str, position: int) -> tuple[str, int]:
    while position < len(text) and text[position] in _SPACE:
        position += 1
    value, kept = "", 0  # ``kept``: length that trailing blanks may not be stripped below
    while position < len(text) and text[position] not in _END:
        char = text[position]
        position += 1
        if char == "'":
            end = text.find("'", position)
            end = len(text) if end < 0 else end
            value += text[position:end]
            position, kept = end + 1, len(value)
        elif char == '"':
            piece, position = _double_quoted(text, position)
            value += piece
            kept = len(value)
        elif char == "\\" and position < len(text):
            if text[position] not in _END:
                value += text[position]
                kept = len(value)
            position += 1
        else:
            value += char
    return value[:kept] + value[kept:].rstrip(_SPACE), position


def _double_quoted(text: str, position: int) -> tuple[str, int]:
    value = ""
    while position < len(text) and text[position] != '"':
        char = text[position]
        position += 1
        if char == "\\" and position < len(text):
            char = text[position]
            position += 1
            if char == "\n":
                continue
            if char not in '"\\`$':
                char = "\\" + char
        value += char
    return value, position + 1
