"""Unit files and drop-ins as systemd reads them: sections, repeated keys, resets, time spans, path assertions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

# Seconds a unit of a time span stands for.
_SPANS = {
    **dict.fromkeys(("us", "usec"), 1e-6),
    **dict.fromkeys(("ms", "msec"), 1e-3),
    **dict.fromkeys(("", "s", "sec", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hour", "hours"), 3600.0),
}
INFINITE = float("inf")


@dataclass(frozen=True)
class Definition:
    """One unit as it was last loaded. ``settings[section][key]`` lists the values in order."""

    name: str
    settings: dict[str, dict[str, list[str]]]
    fragment: Path | None = None
    drop_ins: tuple[Path, ...] = ()
    seen: tuple[tuple[str, int], ...] = ()  # files and mtimes as loaded: NeedDaemonReload

    def all(self, section: str, key: str) -> list[str]:
        return self.settings.get(section, {}).get(key, [])

    def one(self, section: str, key: str, default: str = "") -> str:
        values = self.all(section, key)
        return values[-1] if values else default

    def seconds(self, key: str, default: float) -> float:
        text = self.one("Service", key)
        return seconds(text) if text else default


def load(name: str, unit_dir: Path) -> Definition | None:
    """The unit's file with its drop-ins laid over it, or None when there is no such file."""
    fragment = unit_dir / name
    if not fragment.is_file():
        return None
    drop_ins = find_drop_ins(name, unit_dir)
    settings: dict[str, dict[str, list[str]]] = {}
    for path in (fragment, *drop_ins):
        parse(path.read_text("utf-8", "replace"), settings)
    return Definition(name, settings, fragment, drop_ins, stamps(fragment, drop_ins))


def find_drop_ins(name: str, unit_dir: Path) -> tuple[Path, ...]:
    directory = unit_dir / f"{name}.d"
    return tuple(sorted(directory.glob("*.conf"))) if directory.is_dir() else ()


def stamps(fragment: Path, drop_ins: tuple[Path, ...]) -> tuple[tuple[str, int], ...]:
    return tuple((str(path), path.stat().st_mtime_ns) for path in (fragment, *drop_ins) if path.exists())


def parse(text: str, settings: dict[str, dict[str, list[str]]]) -> None:
    """Add ``text`` to ``settings``; an empty assignment resets the key."""
    section = ""
    for line in text.replace("\\\n", " ").splitlines():
        line = line.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
            continue
        key, equals, value = line.partition("=")
        if not equals:
            continue
        values = settings.setdefault(section, {}).setdefault(key.strip(), [])
        if value.strip():
            values.append(value.strip())
        else:
            values.clear()


def seconds(text: str) -> float:
    """``10s``, ``1min 30s``, ``500ms``, ``3`` or ``infinity``. Raises ValueError."""
    if text.strip() == "infinity":
        return INFINITE
    pieces = re.findall(r"([0-9.]+)\s*([a-z]*)", text)
    if not pieces or any(unit not in _SPANS for _, unit in pieces):
        raise ValueError(f"not a time span: {text!r}")
    return sum(float(number) * _SPANS[unit] for number, unit in pieces)


def span(value: float) -> str:
    """As ``systemctl show`` prints a span: ``2s``, ``1min 30s``, ``infinity``."""
    if value == INFINITE:
        return "infinity"
    micro = round(value * 1e6)
    pieces = []
    for unit, size in (("h", 3_600_000_000), ("min", 60_000_000), ("s", 1_000_000), ("ms", 1000), ("us", 1)):
        count, micro = divmod(micro, size)
        if count:
            pieces.append(f"{count}{unit}")
    return " ".join(pieces) or "0"


def failed_assertions(definition: Definition) -> list[str]:
    """The ``AssertPathExists=`` lines that do not hold; ``!`` negates, ``|`` (any of) is not known here."""
    return [
        value
        for value in definition.all("Unit", "AssertPathExists")
        if Path(value.lstrip("!").strip()).exists() == value.startswith("!")
    ]
