"""ssh_config as OpenSSH reads it: Host, Match, Include, tokens. First value wins. Knows no network and no SSH library.

Read by ourselves: the SSH library takes no comment at the end of a line, stops at a condition that it does not know,
and drops what it cannot do without a word. Source: ssh_config(5) of OpenSSH 9.2.
"""

from __future__ import annotations

import fnmatch
import os
import re
import socket
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from novatui.errors import RemoteError
from novatui.model.sanitize import clean
from novatui.remote import ssh_config_notes

SYSTEM_FILE = Path("/etc/ssh/ssh_config")
INCLUDE_DEPTH = 16
EXEC_LIMIT_S = 5.0
# Keywords that collect all their values instead of keeping the first.
COLLECT = ("identityfile", "certificatefile")
# Of these the first that is met counts.
WAYS = ("proxyjump", "proxycommand")
_WORD = re.compile(r'"([^"]*)"|([^\s"]+)')
_LINE = re.compile(r"\s*([A-Za-z0-9]+)(?:\s*=\s*|\s+)(.*?)\s*\Z")


@dataclass
class Found:
    """What holds for one host: keyword in lower case -> its arguments; ``notes``: what was met and is not followed."""

    host: str
    local_user: str
    values: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def first(self, keyword: str, default: str = "") -> str:
        """The value; ``none`` is the absence of one."""
        value = self.values.get(keyword, [default])
        return "" if not value or value[0].lower() == "none" else value[0]

    def yes(self, keyword: str, default: bool = False) -> bool:
        return self.first(keyword, "yes" if default else "no").lower() in ("yes", "true")

    @property
    def hostname(self) -> str:
        return re.sub(
            r"%([%h])", lambda m: {"%": "%", "h": self.host}[m[1]], self.first("hostname") or self.host
        ).lower()

    @property
    def user(self) -> str:
        return self.first("user") or self.local_user

    @property
    def tokens(self) -> dict[str, str]:
        """What stands for ``%h`` and the like."""
        return {
            "%": "%",
            "h": self.hostname,
            "n": self.host,
            "p": self.first("port") or "22",
            "r": self.user,
            "u": self.local_user,
            "d": str(Path.home()),
            "i": str(os.getuid()),
            "l": socket.gethostname(),
            "L": socket.gethostname().split(".")[0],
            "k": self.first("hostkeyalias") or self.host,
        }

    def expand(self, text: str) -> str:
        """Tokens, ``${NAME}`` and ``~``. Raises RemoteError for what is not there."""
        tokens = self.tokens
        try:
            text = re.sub(r"%(.)", lambda match: tokens[match[1]], text)
            text = re.sub(r"\$\{(\w+)\}", lambda match: os.environ[match[1]], text)
        except KeyError as exc:
            raise RemoteError(
                "ssh_config cannot be followed",
                clean(f"{text}: there is no {exc.args[0]}"),
                "correct that line of ssh_config",
            ) from None
        return os.path.expanduser(text)  # noqa: PTH111 - it may be no path


def look_up(
    host: str,
    *,
    user: str = "",
    port: int = 0,
    local_user: str,
    files: Sequence[tuple[Path, bool]] | None = None,
) -> Found:
    """All files for one host. ``user`` and ``port`` are set before the files, as words of the command line are.

    ``files``: each with whether it is the person's own; the usual two unless given.
    """
    found = Found(host, local_user)
    if user:
        found.values["user"] = [user]
    if port:
        found.values["port"] = [str(port)]
    if files is None:
        files = [(Path.home() / ".ssh/config", True), (SYSTEM_FILE, False)]
    if _Reader(found, final=False).read_all(files):
        _Reader(found, final=True).read_all(files)
    return found


class _Reader:
    """One pass over the files. ``wants_final``: a ``Match final`` was met, so a second pass is due."""

    def __init__(self, found: Found, *, final: bool) -> None:
        self.found = found
        self.final = final
        self.wants_final = False

    def read_all(self, files: Sequence[tuple[Path, bool]]) -> bool:
        for path, own in files:
            if os.access(path, os.R_OK):
                self.read(path, own=own, active=True, depth=0)
        return self.wants_final

    def read(self, path: Path, *, own: bool, active: bool, depth: int) -> None:
        """``own``: the user's own file, which nobody else may be able to write, as ssh demands."""
        if depth > INCLUDE_DEPTH:
            raise _bad(path, 0, "Include goes too deep")
        text = _text(path, own)
        outer = active
        for number, line in enumerate(text.splitlines(), 1):
            keyword, args = _split(line)
            if not keyword:
                continue
            if not args:
                raise _bad(path, number, f"{keyword} has no value")
            if keyword == "host":
                active = outer and patterns_match(args, self.found.host, fold=False)
            elif keyword == "match":
                active = self._match(path, number, args) and outer
            elif keyword == "include":
                for included in _included(args, self.found, own):
                    self.read(included, own=own, active=active, depth=depth + 1)
            elif active:
                self._take(path, number, keyword, args, own)

    def _take(self, path: Path, number: int, keyword: str, args: list[str], own: bool) -> None:
        values = self.found.values
        if keyword in COLLECT:
            known = values.setdefault(keyword, [])
            if args[0] not in known:
                known.append(args[0])
            return
        if keyword in values or (keyword in WAYS and any(way in values for way in WAYS)):
            return
        if keyword == "port" and not (args[0].isdigit() and 0 < int(args[0]) < 65536):
            raise _bad(path, number, f"{args[0]} is no port")
        values[keyword] = args
        note = ssh_config_notes.note(keyword, args, own=own)
        if note:
            self.found.notes.append(clean(f"{path}:{number}: {note}"))

    def _match(self, path: Path, number: int, args: list[str]) -> bool:
        """All conditions hold. One that is not known here does not hold, and is named."""
        words = iter(args)
        holds = True
        for word in words:
            negated, name = word.startswith("!"), word.lstrip("!").lower()
            name, equals, value = name.partition("=")
            if name in ("all", "canonical", "final"):
                self.wants_final |= name == "final"
                result = name == "all" or (name == "final" and self.final)
            else:
                argument = value if equals else next(words, "")
                if not argument:
                    raise _bad(path, number, f"Match {name} has no value")
                known = self._condition(name, argument, holds)
                if known is None:
                    self.found.notes.append(clean(f"{path}:{number}: Match {name} is not understood here"))
                    return False
                result = known
            holds = holds and result is not negated
        return holds

    def _condition(self, name: str, argument: str, so_far: bool) -> bool | None:
        found = self.found
        subject = {
            "host": found.hostname,
            "originalhost": found.host,
            "user": found.user,
            "localuser": found.local_user,
            "tagged": found.first("tag"),
        }
        if name in subject:
            return patterns_match([argument], subject[name], fold="host" in name)
        if name == "exec":
            return so_far and _runs(found.expand(argument))
        return None


def patterns_match(patterns: Sequence[str], subject: str, *, fold: bool = True) -> bool:
    """``*`` and ``?``, commas; a pattern with ``!`` that matches makes the whole list fail. ``fold``: case does not count;
    it does after Host."""
    hit = False
    for pattern in ",".join(patterns).split(","):
        plain = pattern.lstrip("!").replace("[", "[[]")
        if pattern and fnmatch.fnmatchcase(*((subject.lower(), plain.lower()) if fold else (subject, plain))):
            if pattern.startswith("!"):
                return False
            hit = True
    return hit


def _split(line: str) -> tuple[str, list[str]]:
    """Keyword in lower case and its arguments; a ``#`` that begins a word ends the line."""
    if line.lstrip().startswith("#"):
        return "", []
    match = _LINE.match(line)
    if match is None:
        return line.strip().lower(), []
    if match[1].lower() == "proxycommand":  # the rest of the line belongs to a shell
        return "proxycommand", [match[2]] if match[2] else []
    args = []
    for word in _WORD.finditer(match[2]):
        if (word[2] or "").startswith("#"):
            break
        args.append(word[1] if word[2] is None else word[2])
    return match[1].lower(), args


def _included(args: Sequence[str], found: Found, own: bool) -> Iterator[Path]:
    """In the order of names, as ssh does. A relative name is of ~/.ssh, in the system's file of /etc/ssh."""
    for arg in args:
        path = Path(found.expand(arg) if "${" in arg else os.path.expanduser(arg))  # noqa: PTH111
        if not path.is_absolute():
            path = (Path.home() / ".ssh" if own else SYSTEM_FILE.parent) / path
        root = Path(path.anchor)
        yield from sorted(p for p in root.glob(str(path.relative_to(root))) if p.is_file())


def _text(path: Path, own: bool) -> str:
    try:
        with path.open("rb") as file:
            info = os.fstat(file.fileno())
            if own and (info.st_uid not in (0, os.getuid()) or info.st_mode & 0o022):
                raise RemoteError(
                    "ssh_config could be written by others",
                    f"{path}: it decides where we log in, so ssh refuses it too",
                    f"read it, then: chmod go-w {path}",
                )
            return file.read().decode("utf-8", "replace")
    except OSError as exc:
        raise RemoteError(f"{path} cannot be read", exc.strerror or str(exc), "check who owns it") from exc


def _runs(command: str) -> bool:
    """``Match exec``: the person's own file says so, as for ssh. Bounded."""
    try:
        done = subprocess.run(
            ["/bin/sh", "-c", command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=EXEC_LIMIT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _bad(path: Path, number: int, what: str) -> RemoteError:
    return RemoteError(
        "ssh_config cannot be understood", clean(f"{path} line {number}: {what}"), "correct that line"
    )
