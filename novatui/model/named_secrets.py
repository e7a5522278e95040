"""Values whose names say that they are secrets, in any form that logs, command lines and files give them: all of each goes.

A line is read once, from its beginning to its end: no line takes longer than its length.
"""

from __future__ import annotations

import re

MASK = "***"

# A name, then what stands between it and its value: = or : in all their forms, or a blank or comma after an option.
_WORD = re.compile(
    r"""(?<![\w.-])((?:(?:api|private|access|secret|signing|encryption)[ ](?=key\b))?[\w.-]++)(?:\[[^\]\s]{0,40}\])?
        (?:(?P<quote>\\*+["']?)[^\S\n]*+(?P<equals>=>|:=|==?|[:>]|%3[ad])[^\S\n]*+
          |(?P<after>\\*+["'],?|,)?[^\S\n]*+)""",
    re.I | re.X,
)
_QUOTE = re.compile(r"""(\\*+)(["'])""")
_APOSTROPHE = re.compile(r"""'(?:\\{0,4}"'\\{0,4}"|\\{1,4}')'""")  # as a shell has it within single quotes
_STOP = re.compile(r"""[\s"'\\]""")
_BACKSLASHES = re.compile(r"\\++")
# A quote that ends what the value stands in, for after it comes what may follow a text: it is no letter of the value.
_CLOSES = re.compile(r"""\\*+["'](?:[,:;}\])]{0,16}(?:\s|\Z)|[,:;}\])]{1,16}["'\\{\[])""")
_AFTER_QUOTED = re.compile(r"""[\s,;)}\]&:<>|]|\Z""")
_SCALAR = re.compile(r"(?:-?\d[\d.eE+-]*+|true|false|null)(?=[^\S\n]*(?:[,}\]]|\Z))")
_BRACKET = re.compile(r'''[\[\]{}]|(?<!\\)\\*+"''')
_KEY_OF_LINE = re.compile(r"""\s*(?:-\s+)?\\*["']?\Z""")
# Of these the value may have blanks in it, and nothing says where it ends.
_OFTEN_WORDS = re.compile(r"passw|passphrase|парол", re.I)
_HEADERS = re.compile(r"(?:authorization|cookie)\Z", re.I)
_BEFORE = 4096  # characters before a value: whether a quote is open there


def hidden(line: str, names: re.Pattern[str], harmless: re.Pattern[str] | None = None) -> tuple[str, int]:
    """``line`` (no line end in it) with ``***`` for the values that ``names`` finds in their names, and how many.
    ``harmless``: what is taken out of a name before. What is masked already is left, and not counted."""
    out: list[str] = []
    done = count = 0
    at = 0
    while match := _WORD.search(line, at):
        at, begin = match.end(1), match.end()
        name = match[1]
        if begin >= len(line) or not names.search(harmless.sub("", name) if harmless else name):
            continue
        if match["equals"] is None and not _is_option(name, line, match):
            continue
        end, shown = _masked(line, match, begin)
        if line[begin:end].strip("\"'\\") not in (MASK, ""):
            out += (line[done:begin], shown)
            done = end
            count += 1
        at = max(end, at)
    out.append(line[done:])
    return "".join(out), count


def word_end(line: str, at: int) -> int:
    """Where the word that begins ``at`` ends, as a shell and as JSON read it; blanks in quotes are part of it."""
    if opening := _QUOTE.match(line, at):
        closed = _closed(line, opening)
        if closed is None or _AFTER_QUOTED.match(line, closed) or _CLOSES.match(line, closed):
            return len(line) if closed is None else closed
        at = closed
    return _bare(line, at, at, rest=False)


def _is_option(name: str, line: str, match: re.Match[str]) -> bool:
    """``--password x``, ``"--password", "x"``: what follows is its value unless it is an option itself."""
    begin = match.end()
    return name.startswith("-") and begin > match.end(1) and not line.startswith("--", begin)


def _masked(line: str, match: re.Match[str], begin: int) -> tuple[int, str]:
    """Where the value ends, and what stands there instead: JSON stays JSON."""
    named = match["quote"] if match["equals"] == ":" else ""
    if opening := _QUOTE.match(line, begin):
        end, closed = word_end(line, begin), _closed(line, opening)
        if closed is None:
            return end, f"{opening[0]}{MASK}"
        if end == closed:
            shut = opening[0] if line.endswith(opening[0], opening.end(), end) else ""
            return end, f"{opening[0]}{MASK}{shut}"
        return end, MASK
    if named and (scalar := _SCALAR.match(line, begin)):
        return scalar.end(), f"{named}{MASK}{named}"
    if line[begin] in "[{":
        end = _nested(line, begin)
        return (end, f"{named}{MASK}{named}") if named else (_bare(line, end, begin, rest=False), MASK)
    return _bare(line, begin, begin, rest=_is_rest(line, match)), MASK


def _is_rest(line: str, match: re.Match[str]) -> bool:
    """Whether the value is all that follows: a header's, or YAML's."""
    if _HEADERS.search(match[1]):
        return True
    if match["equals"] != ":" or not line[match.end() - 1].isspace():
        return False
    lead = line[max(0, match.start() - 80) : match.start()]
    return bool(_OFTEN_WORDS.search(match[1])) or (
        match.start() < 80 and _KEY_OF_LINE.fullmatch(lead) is not None
    )


def _bare(line: str, at: int, begin: int, *, rest: bool) -> int:
    """The end of a value in no quotes: at a blank (``rest``: the line's end), or at the quote that closes what it is in."""
    while stop := _STOP.search(line, at):
        at = stop.start()
        if line[at].isspace():
            if not rest:
                return at
            at += 1
        elif quote := _QUOTE.match(line, at):
            if _CLOSES.match(line, at) and (not rest or _is_open(line, begin, quote[0])):
                return at
            at = _closed(line, quote) or quote.end()
        else:
            slashes = _BACKSLASHES.match(line, at)
            at = slashes.end() if slashes else at + 1
            at += (at - stop.start()) % 2  # what follows is escaped: a blank is none
    return len(line)


def _is_open(line: str, at: int, quote: str) -> bool:
    return line.count(quote, max(0, at - _BEFORE), at) % 2 == 1


def _closed(line: str, opening: re.Match[str]) -> int | None:
    """Behind the quote that closes ``opening``, or before the one that closes what it is in.

    A text in a text in a text has 1, then 3 backslashes before its quotes, and 3, then 7 before quotes within it.
    """
    own, at = len(opening[1]), opening.end()
    while (found := line.find(opening[2], at)) >= 0:
        slashes = found - at - len(line[at:found].rstrip("\\"))
        if slashes < own:
            return found - slashes
        ends = slashes % (2 * (own + 1)) == own
        if ends and (apostrophe := _APOSTROPHE.match(line, found)) and opening[2] == "'":
            at = apostrophe.end()
        elif ends:
            return found + 1
        else:
            at = found + 1
    return None


def _nested(line: str, at: int) -> int:
    """Behind the bracket that closes the one ``at``; the line's end where none does."""
    depth = 0
    while found := _BRACKET.search(line, at):
        if opening := _QUOTE.match(line, found.start()):
            closed = _closed(line, opening)
            if closed is None:
                break
            at = max(closed, found.end())
        else:
            at = found.end()
            depth += 1 if found[0] in "[{" else -1
            if depth == 0:
                return at
    return len(line)
