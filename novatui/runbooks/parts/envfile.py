"""The etcd env file, read as systemd reads an ``EnvironmentFile=`` (src/basic/env-file.c); never sourced."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import msgspec

_LINE = re.compile(r"[ \t]*(?P<key>[A-Za-z_][A-Za-z0-9_]*)=(?P<value>.*)")
_SHOWN = 60  # characters of a comment, in a refusal
_MISREAD = re.compile(r"[ \t]*(?P<export>export[ \t]+)?(?P<key>[A-Za-z_][A-Za-z0-9_]*)[ \t]*=.*")


class EnvFile(msgspec.Struct, frozen=True, kw_only=True):
    """``values``: the last of each key, unquoted. ``repeated``: keys that are set twice with different values.
    ``odd``: keys whose quoting or continuation is more than this program reads as systemd would. ``misread``: keys of lines
    that are no ``KEY=value`` to it, each with why. ``runs_on``: what goes on on the next line, so that whose that line is
    cannot be told: a key, or a comment in its own words."""

    values: dict[str, str]
    repeated: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    misread: dict[str, str] = {}
    runs_on: tuple[str, ...] = ()
    carriage_returns: bool = False

    def get(self, key: str) -> str:
        return self.values.get(key, "")

    def urls(self, key: str) -> tuple[str, ...]:
        return tuple(url.strip() for url in self.get(key).split(",") if url.strip())

    def initial_cluster(self) -> dict[str, tuple[str, ...]]:
        """Name -> its peer URLs, sorted; a name may come several times, once a URL."""
        found: dict[str, list[str]] = {}
        for pair in self.urls("ETCD_INITIAL_CLUSTER"):
            name, _, url = pair.partition("=")
            found.setdefault(name.strip(), []).append(url.strip())
        return {name: tuple(sorted(urls)) for name, urls in found.items()}


def parse(text: str) -> EnvFile:
    """Comments and blank lines are skipped, a CR ends a line, one pair of quotes around a value is dropped."""
    values: dict[str, str] = {}
    repeated: list[str] = []
    odd: list[str] = []
    misread: dict[str, str] = {}
    runs_on: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if not line.strip():
            continue
        if line.lstrip()[0] in "#;":
            if _runs_on(f"#{line}"):  # before systemd 254 the next line belongs to it
                runs_on.append(line.strip()[:_SHOWN])
            continue
        found = _LINE.fullmatch(line)
        if found is None:
            if near := _MISREAD.fullmatch(line):
                misread[near["key"]] = (
                    "is exported: systemd passes over that line"
                    if near["export"]
                    else "has a blank before its ="
                )
            continue
        key, raw = found["key"], found["value"].strip(" \t")
        value = _unquoted(raw)
        if value is None:
            odd.append(key)
            if _runs_on(found["value"]):
                runs_on.append(key)
            value = raw
        if values.get(key, value) != value:
            repeated.append(key)
        values[key] = value
    return EnvFile(
        values=values,
        repeated=tuple(repeated),
        odd=tuple(odd),
        misread=misread,
        runs_on=tuple(runs_on),
        carriage_returns="\r" in text,
    )


def is_url(text: str) -> bool:
    """Whether etcd takes it for a URL to listen on or to be reached at (client/pkg/types/urls.go): scheme, host, port, no path."""
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https", "unix", "unixs")
            and bool(parts.hostname)
            and parts.port is not None
            and not (parts.path or parts.query or parts.fragment)
        )
    except ValueError:  # a port that is no number, or over 65535
        return False


def _runs_on(value: str) -> bool:
    """Whether it takes the next line in: a quote that is still open, or a backslash at its end. A quote opens only where a
    value, or a further piece of it, begins."""
    begins, quote, escaped = True, "", False
    for char in value:
        if escaped:
            escaped = False
        elif char == "\\" and quote != "'":
            escaped, begins = True, False
        elif quote:
            begins = char == quote
            quote = "" if begins else quote
        elif begins and char in "\"'":
            quote = char
        elif char not in " \t":
            begins = False
    return escaped or bool(quote)


def _unquoted(raw: str) -> str | None:
    """None for what systemd might read otherwise: escapes, a quote that is not closed, pieces run together."""
    if "\\" in raw:
        return None
    if len(raw) >= 2 and raw[0] == raw[-1] and raw[0] in "\"'":
        inner = raw[1:-1]
        return None if raw[0] in inner else inner
    return None if '"' in raw or "'" in raw else raw
