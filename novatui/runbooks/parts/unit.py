"""The effective unit, as ``systemctl show`` tells it: what it runs, what it reads, how long a stop may take."""

from __future__ import annotations

import re
import shlex

import msgspec

from novatui.runbooks.parts.reading import Reading

HOLD_DROPIN = "00-novatui-hold.conf"
_EXEC = re.compile(r"\{ path=(?P<path>.*?) ; argv\[\]=(?P<argv>.*?) ; ignore_errors=")
_ENV_FILE = re.compile(r"(?P<path>.*?)(?: \(ignore_errors=(?:yes|no)\))?")
_SPAN = re.compile(r"(?P<number>\d+(?:\.\d+)?)(?P<unit>us|ms|s|min|h|d|w)?")
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
# What systemd waits by default, and what we allow for a unit that waits for ever.
DEFAULT_STOP_S = 90.0
LONGEST_STOP_S = 600.0


class Unit(msgspec.Struct, frozen=True, kw_only=True):
    """``flags``: words after the program. ``commands``: how many ExecStart lines. ``variables``: ETCD_* of Environment=.
    ``file_state``: UnitFileState, ``disabled`` where a boot does not start it."""

    load: str
    active: str
    sub: str
    file_state: str
    program: str
    flags: tuple[str, ...]
    commands: int
    env_files: tuple[str, ...]
    variables: tuple[str, ...]
    drop_ins: tuple[str, ...]
    user: str
    stop_s: float


def unit(reading: Reading) -> Unit:
    """From the ``unit.*`` lines of survey.sh; total."""
    found = [match for text in reading.all("unit.ExecStart") for match in _EXEC.finditer(text)]
    words = _words(found[0]["argv"]) if found else []
    files = [_ENV_FILE.fullmatch(text.strip()) for text in reading.all("unit.EnvironmentFiles")]
    return Unit(
        load=reading.unit("LoadState"),
        active=reading.unit("ActiveState"),
        sub=reading.unit("SubState"),
        file_state=reading.unit("UnitFileState"),
        program=found[0]["path"] if found else "",
        flags=tuple(words[1:]),
        commands=len(found),
        env_files=tuple(match["path"] for match in files if match and match["path"]),
        variables=tuple(
            word.partition("=")[0]
            for text in reading.all("unit.Environment")
            for word in _words(text)
            if word.startswith("ETCD_")
        ),
        drop_ins=tuple(
            path for path in reading.unit("DropInPaths").split() if path.rpartition("/")[2] != HOLD_DROPIN
        ),
        user=reading.unit("User"),
        stop_s=span(reading.unit("TimeoutStopUSec")),
    )


def span(text: str) -> float:
    """Seconds of ``1min 30s``, ``infinity`` or a bare count of microseconds; systemd's default when it is odd."""
    if text == "infinity":
        return LONGEST_STOP_S
    if text.isascii() and text.isdigit() and len(text) > 6:
        return min(int(text) / 1e6, LONGEST_STOP_S)
    found = [_SPAN.fullmatch(word) for word in text.split()]
    if not found or None in found:
        return DEFAULT_STOP_S
    total = sum(float(match["number"]) * _SECONDS[match["unit"] or ""] for match in found if match)
    return min(total, LONGEST_STOP_S) if total > 0 else LONGEST_STOP_S


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:
        return text.split()
