"""Unit files and what systemd says of them, for others: of variables the same is kept as of an env file's."""

from __future__ import annotations

import re

from novatui.model.masking import mask, mask_env
from novatui.model.named_secrets import MASK

# In the place of a line's end behind a backslash while a line is one: a blank to whoever reads it.
_JOINT = "\x1f"
_DIRECTIVE = re.compile(r"([#;\s]*)([A-Z][A-Za-z0-9-]*[a-z][A-Za-z0-9-]*)(\s*=\s*)(.*)\Z", re.S)
_VARIABLES = re.compile(r"(?:pass|unset)?environment\Z", re.I)
_CREDENTIAL = re.compile(
    r"(\s*setcredential(?:encrypted)?\s*=\s*[^:\s]*:)(?=.*\S)(?!\*\*\*).*\Z", re.I | re.S
)
# As systemd takes a line apart: quotes may begin in the middle of a word.
_WORD = re.compile(
    r"""(?:\\.|"(?:[^"\\]|\\.)*+(?:"|\\?\Z)|'(?:[^'\\]|\\.)*+(?:'|\\?\Z)|[^\s"'\\]|\\\Z)++""", re.S
)
_QUOTES = re.compile(r"""["'\\]""")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
# What begins a word within words: a shell's script, an option for a variable (--setenv=, -e).
_WITHIN = re.compile(
    r"""(?P<lead>(?:^|[\s;&|("'{]|(?<![\w-])-e|--(?:set-?)?env=)[\s\\]{0,4}(?P<quote>["'])?)(?P<name>[A-Za-z_][A-Za-z0-9_]*=)
        (?P<value>(?(quote)(?:(?!(?P=quote)).)*|(?:"[^"]*(?:"|\Z)|'[^']*(?:'|\Z)|[^\s;"'])+))""",
    re.S | re.X,
)
# systemctl's own words, in what it shows of a command.
_SHOWN = re.compile(
    r"(?:Exec[A-Z]\w*|path|ignore_errors|flags|(?:start|stop)_time|pid|code|status|gpt-auto)=\Z"
)
_PEERS = re.compile(r"--?initial-cluster[\s=]+[\"']?\Z")


def masked_unit(text: str) -> tuple[str, int]:
    """What ``systemctl cat`` printed, or ``systemctl show``; how much was masked."""
    out, count = [], 0
    for line in _joined(text):
        shown, found = _line(line)
        out.append(shown)
        count += found
    text, found = mask("\n".join(out))
    return text.replace(_JOINT, "\\\n"), count + found


def _joined(text: str) -> list[str]:
    """A backslash at a line's end joins it with the next that is no comment (systemd.syntax); comments then come before."""
    out: list[str] = []
    begun = ""
    going = False
    for line in re.split(r"\r\n|[\n\r\0]", text.replace(_JOINT, " ")):
        if line.lstrip()[:1] in ("#", ";"):
            out.append(line)
            continue
        begun = f"{begun}{_JOINT}{line}" if going else line
        going = (len(line) - len(line.rstrip("\\"))) % 2 == 1
        if going:
            begun = begun[:-1]
        else:
            out.append(begun)
    return [*out, begun] if going else out


def _line(line: str) -> tuple[str, int]:
    comment, bare = line.lstrip()[:1] in ("#", ";"), line.lstrip("#; \t")
    lead = line[: len(line) - len(bare)]
    if credential := _CREDENTIAL.match(bare):
        return f"{lead}{credential[1]}{MASK}", 1
    parts = _DIRECTIVE.match(bare) or re.match(r"()(environment)(\s*=\s*)(.*)\Z", bare, re.I | re.S)
    if parts and _VARIABLES.match(parts[2]):
        shown, found = _variables(parts[4], names=parts[2].lower() != "environment")
        return f"{lead}{parts[1]}{parts[2]}{parts[3]}{shown}", found
    if parts:
        shown, found = _assignments(parts[4])
        return f"{lead}{parts[1]}{parts[2]}{parts[3]}{shown}", found
    if _VARIABLE.match(bare.lstrip("\"'")) and not comment:
        shown, found = _variables(bare, names=False)  # the rest of a line whose beginning is not here
        return f"{lead}{shown}", found
    shown, found = _assignments(bare)
    return f"{lead}{shown}", found


def _variables(text: str, names: bool) -> tuple[str, int]:
    """Assignments with blanks between. ``names``: a name alone is one of a variable, and stays."""
    count = 0

    def masked(match: re.Match[str]) -> str:
        nonlocal count
        word = match[0]
        bare = _QUOTES.sub("", word)
        if names and "=" not in bare:
            return word
        shown, found = mask_env(bare)
        count += found
        quote = word[0] if word[0] in "\"'" else ""
        return f"{quote}{shown}{quote}" if found else word

    return _WORD.sub(masked, text), count


def _assignments(text: str) -> tuple[str, int]:
    """Variables that are set within a command or a comment."""
    text, count = mask(text)  # an option's value may look like a variable

    def masked(match: re.Match[str]) -> str:
        nonlocal count
        begin = match.start("name")
        if (
            match["value"] == MASK
            or _SHOWN.match(match["name"])
            or _PEERS.search(text, max(0, begin - 40), begin)
        ):
            return match[0]
        shown, found = mask_env(match["name"] + match["value"])
        count += found
        return match["lead"] + shown if found else match[0]

    return _WITHIN.sub(masked, text), count
