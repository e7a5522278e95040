"""What leaves this machine in a file for others: secrets masked, and counted. Stricter than what is shown (``sanitize``):
rather a harmless value too many than a password."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from typing import Any

from novatui.model.named_secrets import MASK, hidden, word_end

_SECRET_MIN = 4

# In lower case; a line without any of them has nothing to mask but what is known by its form alone.
_HINTS = (
    *("pass", "pwd", "secret", "token", "credential", "cookie", "dsn", "парол"),
    *("api", "access", "private", "signing", "encryption", "key_", "key-", "_key", "auth"),
    *("bearer", "basic", "://", "@tcp(", "@unix(", "eyj", "-u", "ctl_user", "variable"),
)
# Lengths are bounded everywhere: what a master logs must not make a search take for ever.
# To its end where that is near; else the rest of the line: one that never ends must not take a whole journal with it.
_PRIVATE_KEY = re.compile(
    r"(-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)(?!\*\*\*)"
    r"(?:(?:(?!-----BEGIN ).){0,16384}?(-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)|[^\n]*)",
    re.S,
)
# Names that say that their value is a secret.
_NAMES = re.compile(
    r"""passw|passphrase|passcode|(?<![a-z])pass\Z|pwd\Z|парол|secret|token|credential|cookie|(?<![a-z])dsn\Z
      |(?:api|access|private|signing|encryption)[ _-]?key|key[-_]data|authorization\Z|(?:\A|(?<!cert)_)auth\Z""",
    re.I | re.X,
)
_NO_SECRET = re.compile(r"initial[-_]cluster[-_]token", re.I)  # a name that all members share
# What stands before a value that is a secret without such a name, up to its end as a shell or JSON reads it: user and
# password; a variable by its name and its value; one that etcd does not know.
_LEADS = (
    re.compile(
        r"""((?:(?<![\w-])(?:--user|-u)(?:\\*+["'])?(?:[=,]|[^\S\n])[^\S\n]*+|ctl_user=)(?P<quote>\\*+["'])?[^\s:"'\\]{1,128}:)""",
        re.I,
    ),
    re.compile(
        r"""(\bname\\*+["']?[=:][^\S\n]*+\\*+["']?\w{0,64}?(?:passw|passphrase|secret|token|credential|_key\b|_dsn\b)\w{0,64}+
            \\*+["']?,?[^\S\n]*+\\*+["']?(?:variable-)?value\\*+["']?[=:][^\S\n]*+)""",
        re.I | re.X,
    ),
    re.compile(r"""(\benvironment[- ]variable(?:\\*+["'])?[:=]?[^\S\n]*+(?:\\*+["'])?\w{1,128}=)""", re.I),
    re.compile(r"((?<![\w-])sshpass[^\S\n]++-p[^\S\n]*+)"),
)
_QUOTED = re.compile(r"""(\\*+["']).*\1\Z""", re.S)
_SCHEME = re.compile(r"\b((?:bearer|basic)[ \t]+)([A-Za-z0-9._~+/=-]{8,})", re.I)
_JWT = re.compile(r"()(\beyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?)")
# Up to the last @: a password may have one in it.
_URL = re.compile(
    r"""(\b[a-z][a-z0-9+.-]{0,20}://[^\s:/"']{0,128}:)((?:(?!://)[^\s"<>]){1,512})(?=@)""", re.I
)
_URL_TOKEN = re.compile(r"""(\bhttps?://)([^\s:/@"'<>]{1,512})(?=@)""", re.I)
_GO_DSN = re.compile(r"""((?<![^\s"'=])[^\s:"'=@]{1,128}:)([^\s"]{1,512})(?=@(?:tcp|unix)\()""")
_BY_HINT = (_SCHEME, _JWT, _URL, _URL_TOKEN, _GO_DSN)
# Wherever they stand: kubeadm's bootstrap tokens, those of well-known services, keys in base64, whole or line by line.
_BOOTSTRAP = re.compile(r"()(?<![\w.-])([a-z0-9]{6}\.[a-z0-9]{16})(?![\w.-])")
_KNOWN = re.compile(
    r"()(\b(?:gh[oprsu]_[A-Za-z0-9]{20,}|hv[bs]\.[\w-]{20,}|glpat-[\w-]{16,}|xox[abeprs]-[\w-]{10,}))"
)
_BASE64 = re.compile(r"(?:(nv:\w{1,40}64=)|(?<![A-Za-z0-9+/]))([A-Za-z0-9+/]{60,}+)=*+")
_MOST_SLASHES = 15  # of base64 one letter in 64 is one; of a path one in ten

_ASSIGNED = re.compile(r"(\s*(?:export\s+)?)([A-Za-z_][A-Za-z0-9_]*)(\s*=)(.*)\Z", re.S)
_OPENED = (
    re.compile(  # a quote at the value's beginning, or behind a quoted piece, that does not end in its line
        r"""[^=#;]*=\s*(?:"(?:[^"\\]|\\.)*+"\s*|'(?:[^'\\]|\\.)*+'\s*)*+(["'])""", re.S
    )
)
_IN_COMMENT = re.compile(r"""(?<![\w.-])[A-Za-z_]\w*=(?:"[^"]*"|'[^']*'|\S+)""")
_PLAIN_NAMES = re.compile(r"(ETCD|ETCDCTL)_[A-Z0-9_]+\Z")
_SECRET_NAMES = re.compile(r"PASSW|PASSPHRASE|SECRET|CREDENTIAL|_USER\Z|TOKEN|_KEY\Z|_KEY_DATA\Z")
# These sound like secrets and are none: a name that all members share, and the paths of files.
_HARMLESS = ("ETCD_INITIAL_CLUSTER_TOKEN", "ETCDCTL_KEY", "ETCD_AUTH_TOKEN_TTL")


def mask(text: str) -> tuple[str, int]:
    """``text`` with ``***`` for every secret, and how many there were."""
    count = 0
    if "PRIVATE KEY" in text:
        text, count = _PRIVATE_KEY.subn(rf"\1{MASK}\2", text)
    lines = []
    for line in text.split("\n"):
        low = line.lower()
        if any(hint in low for hint in _HINTS):
            line, found = _by_hint(line)
            count += found
        lines.append(line)
    text = "\n".join(lines)
    for pattern in (_BOOTSTRAP, _KNOWN):
        text, found = _sub(pattern, text)
        count += found
    text, found = _without_base64(text)
    return text, count + found


def _by_hint(line: str) -> tuple[str, int]:
    line, count = hidden(line, _NAMES, _NO_SECRET)
    for lead in _LEADS:
        line, found = _after(lead, line)
        count += found
    for pattern in _BY_HINT:
        line, found = _sub(pattern, line)
        count += found
    return line, count


def _after(lead: re.Pattern[str], line: str) -> tuple[str, int]:
    out: list[str] = []
    done = count = 0
    while match := lead.search(line, done):
        begin = match.end()
        quote = match.groupdict().get("quote")
        end = max(begin, word_end(line, match.start("quote") if quote else begin))
        if quote and line.endswith(quote, begin, end):
            end -= len(quote)
        value = line[begin:end]
        masked = value.strip("\"'\\") in (MASK, "")
        around = _QUOTED.match(value)
        shown = f"{around[1]}{MASK}{around[1]}" if around else MASK
        out += (line[done:begin], value if masked else shown)
        count += not masked
        done = end
    return "".join((*out, line[done:])), count


def _without_base64(text: str) -> tuple[str, int]:
    """Digests in hex, paths of files, and what our own scripts say (``nv:NAME64=``) without a secret in it stay."""
    count = 0

    def masked(match: re.Match[str]) -> str:
        nonlocal count
        ours, run = match[1] or "", match[2]
        is_path = run.count("/") * _MOST_SLASHES > len(run)
        if is_path or run.upper() == run or run.lower() == run or (ours and _says_no_secret(run)):
            return match[0]
        count += 1
        return f"{ours}{MASK}"

    return _BASE64.sub(masked, text), count


def _says_no_secret(run: str) -> bool:
    try:
        said = base64.b64decode(run + "=" * (-len(run) % 4)).decode()
    except ValueError:
        return False
    return mask(said)[1] == 0


def mask_env(text: str) -> tuple[str, int]:
    """An env file: values of etcd's own keys stay unless their name says secret; of any other key, and of lines that
    are no assignment, nothing stays but the name. A value goes on behind a backslash, and to the quote that ends it."""
    count = 0
    lines = text.split("\n")
    last = {quote: max((at for at, line in enumerate(lines) if quote in line), default=-1) for quote in "\"'"}
    until, is_hidden = "", False
    for at, line in enumerate(lines):
        if not until:
            lines[at], found = _env_line(line)
            is_hidden = found > 0
        elif is_hidden:
            lines[at], found = (MASK, 1) if line.strip() else (line, 0)
        else:
            lines[at], found = _env_line(line) if _ASSIGNED.match(line) else mask(line)
        count += found
        if until in ("", "\\"):
            opened = _OPENED.match(line) if not until else None
            goes_on = (len(line) - len(line.rstrip("\\"))) % 2 == 1
            until = opened[1] if opened and last[opened[1]] > at else "\\" if goes_on else ""
        elif until in line:
            until = ""
    return "\n".join(lines), count


def struck(text: str, secrets: Iterable[str]) -> tuple[str, int]:
    """Without these very values, wherever they stand; ones of few letters would strike out half of the words there are."""
    count = 0
    for secret in sorted(secrets, key=len, reverse=True):  # one may be the beginning of another
        if len(secret) >= _SECRET_MIN and secret in text:
            count += text.count(secret)
            text = text.replace(secret, MASK)
    return text, count


def mask_strings(value: Any, secrets: Sequence[str] = ()) -> tuple[Any, int]:
    """The same structure (of ``msgspec.to_builtins``) with every text in it masked; keys are names and stay."""
    if isinstance(value, str):
        text, found = struck(value, secrets)
        text, more = mask(text)
        return text, found + more
    if isinstance(value, dict):
        pairs = {key: mask_strings(one, secrets) for key, one in value.items()}
        return {key: one for key, (one, _) in pairs.items()}, sum(count for _, count in pairs.values())
    if isinstance(value, list | tuple):
        parts = [mask_strings(one, secrets) for one in value]
        return [one for one, _ in parts], sum(count for _, count in parts)
    return value, 0


def mask_field(name: str, value: str, secrets: Sequence[str] = ()) -> tuple[str, int]:
    """The value of a field of a log: its name may be what says that all of it is a secret."""
    if _NAMES.search(_NO_SECRET.sub("", name)) and value not in ("", MASK):
        return MASK, 1
    text, known = struck(value, secrets)
    text, found = mask(f"{name}={text}")
    return text[len(name) + 1 :], known + found


def _env_line(line: str) -> tuple[str, int]:
    if not line.strip():
        return line, 0
    if line.lstrip()[0] in "#;":
        bare = line.lstrip("#; \t")
        shown, found = _env_line(bare) if _ASSIGNED.match(bare) else _comment(bare)
        return line[: len(line) - len(bare)] + shown, found
    parts = _ASSIGNED.match(line)
    if parts is None:
        return MASK, 1
    lead, name, equals, value = parts.groups()
    if not value.strip():
        return line, 0
    if name not in _HARMLESS and (_SECRET_NAMES.search(name) or not _PLAIN_NAMES.match(name)):
        return f"{lead}{name}{equals}{MASK}", 1
    shown, found = mask(value)
    return f"{lead}{name}{equals}{shown}", found


def _comment(text: str) -> tuple[str, int]:
    count = 0

    def masked(match: re.Match[str]) -> str:
        nonlocal count
        shown, found = _env_line(match[0])
        count += found
        return shown

    shown, more = mask(_IN_COMMENT.sub(masked, text))
    return shown, count + more


def _sub(pattern: re.Pattern[str], text: str) -> tuple[str, int]:
    """What is masked already is left, and not counted again."""
    count = 0

    def masked(match: re.Match[str]) -> str:
        nonlocal count
        if match[2].strip("\"'\\") in (MASK, ""):
            return match[0]
        count += 1
        return f"{match[1]}{MASK}"

    return pattern.sub(masked, text), count
