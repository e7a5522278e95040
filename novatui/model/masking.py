"""What leaves this machine in a file for others: secrets masked, and counted. Stricter than what is shown (``sanitize``):
rather a harmless value too many than a password."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

MASK = "***"
_SECRET_MIN = 4

# In lower case; a text without any of them has nothing to mask.
_HINTS = (
    *("passw", "passphrase", "secret", "token", "credential", "api", "key", "auth", "bearer", "basic"),
    *("://", "eyj", "--user", "ctl_user"),
)
# Lengths are bounded everywhere: what a master logs must not make a search take for ever.
# To its end where that is near; else the rest of the line: one that never ends must not take a whole journal with it.
_PRIVATE_KEY = re.compile(
    r"(-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----)(?!\*\*\*)"
    r"(?:(?:(?!-----BEGIN ).){0,16384}?(-----END [A-Z0-9 ]{0,30}PRIVATE KEY-----)|[^\n]*)",
    re.S,
)
# A name that says that its value is a secret, then = or :, then the value, in quotes (JSON's may be escaped) or not.
_NAMED = re.compile(
    r"""((?:passw(?:or)?d|passphrase|secret|(?<!initial[-_]cluster[-_])token|credentials?
         |api[-_]?key|private[-_]?key|key[-_]data|authorization)
         [\w.-]{0,64}\\?["']?[ \t]?[=:][ \t]?\\?)
        ("[^"]*"|'[^']*'|(?:bearer|basic)[ \t]+[^\s"',;}\\]+|[^\s"',;}\\]+)""",
    re.I | re.X,
)
_OPTION = re.compile(
    r"(--(?!initial-cluster-token)[\w-]{0,40}(?:passw(?:or)?d|token|secret)[ \t]+)([^\s-]\S*)", re.I
)
_USER = re.compile(r"""((?:--user[=\s]|ctl_user=)["']?[^\s:"']{1,128}:)([^\s"']+)""", re.I)
_SCHEME = re.compile(r"\b((?:bearer|basic)[ \t]+)([A-Za-z0-9._~+/=-]{8,})", re.I)
_JWT = re.compile(r"()(\beyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?)")
_URL = re.compile(r"(\b[a-z][a-z0-9+.-]{0,20}://[^\s:/@]{0,128}:)([^\s@/]{1,256})(?=@)", re.I)
_BY_HINT = (_NAMED, _OPTION, _USER, _SCHEME, _JWT, _URL)
# Wherever they stand: kubeadm's bootstrap tokens, and lines of a key that were logged one by one.
_BOOTSTRAP = re.compile(r"()(?<![\w.-])([a-z0-9]{6}\.[a-z0-9]{16})(?![\w.-])")
_BASE64_LINE = re.compile(r"(^|\s)(?![0-9a-fA-F]+$)([A-Za-z0-9+/]{60,76}={0,2})$", re.M)

_ASSIGNED = re.compile(r"(\s*(?:export\s+)?)([A-Za-z_][A-Za-z0-9_]*)(\s*=)(.*)\Z", re.S)
_PLAIN_NAMES = re.compile(r"(ETCD|ETCDCTL)_[A-Z0-9_]+\Z")
_SECRET_NAMES = re.compile(r"PASSW|PASSPHRASE|SECRET|CREDENTIAL|_USER\Z|TOKEN|_KEY\Z|_KEY_DATA\Z")
# These sound like secrets and are none: a name that all members share, and the paths of files.
_HARMLESS = ("ETCD_INITIAL_CLUSTER_TOKEN", "ETCDCTL_KEY", "ETCD_AUTH_TOKEN_TTL")


def mask(text: str) -> tuple[str, int]:
    """``text`` with ``***`` for every secret, and how many there were."""
    low = text.lower()
    count = 0
    if "private key-----" in low:
        text, count = _PRIVATE_KEY.subn(rf"\1{MASK}\2", text)
    if any(hint in low for hint in _HINTS):
        for pattern in _BY_HINT:
            text, found = _sub(pattern, text)
            count += found
    for pattern in (_BOOTSTRAP, _BASE64_LINE):
        text, found = _sub(pattern, text)
        count += found
    return text, count


def mask_env(text: str) -> tuple[str, int]:
    """An env file: values of etcd's own keys stay unless their name says secret; of any other key, and of lines that
    are no assignment, nothing stays but the name."""
    count = 0
    lines = []
    for line in text.split("\n"):
        shown, found = _env_line(line)
        lines.append(shown)
        count += found
    return "\n".join(lines), count


def struck(text: str, secrets: Iterable[str]) -> tuple[str, int]:
    """Without these very values, wherever they stand; ones of few letters would strike out half of the words there are."""
    count = 0
    for secret in secrets:
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


def _env_line(line: str) -> tuple[str, int]:
    if not line.strip():
        return line, 0
    if line.lstrip()[0] in "#;":
        return mask(line)
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
