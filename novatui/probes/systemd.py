"""``systemctl show`` of the etcd unit -> UnitState. Every property is optional; plain timestamps are localised, so the
``*Monotonic`` ones are read."""

from __future__ import annotations

from collections.abc import Mapping

from novatui.model.cluster import UnitState
from novatui.model.sanitize import clean
from novatui.probes.numbers import date_ms, whole

# Which timestamp says when the present ActiveState was entered.
_ENTERED = {
    "active": "ActiveEnterTimestampMonotonic",
    "reloading": "ActiveEnterTimestampMonotonic",
    "deactivating": "ActiveExitTimestampMonotonic",
    "activating": "InactiveExitTimestampMonotonic",
    "inactive": "InactiveEnterTimestampMonotonic",
    "failed": "InactiveEnterTimestampMonotonic",
}
# What follows the end of an active unit within this is about that end; a later start may have failed since.
_AT_ONCE_US = 1_000_000
# ExecMainCode: CLD_KILLED and CLD_DUMPED of waitid(2).
_BY_SIGNAL = ("2", "3")


def properties(text: bytes) -> dict[str, str]:
    """``KEY=value`` lines; the first of a repeated key (ExecStart may repeat) with the others appended after a newline."""
    found: dict[str, str] = {}
    for line in text.decode("utf-8", "replace").splitlines():
        key, equals, value = line.partition("=")
        if equals and key.isidentifier():
            found[key] = f"{found[key]}\n{value}" if key in found else value
    return found


def unit_state(text: bytes, *, now_ms: int, uptime_s: float | None) -> UnitState:
    """``now_ms`` and ``uptime_s`` are the master's clocks at the same moment.

    A missing unit says ``Result=success`` and exit 0 as well: without LoadState=loaded these mean nothing and are left out.
    """
    shown = properties(text)
    load = _word(shown, "LoadState")
    if load != "loaded":
        return UnitState(load=load, active=_word(shown, "ActiveState"), sub=_word(shown, "SubState"))
    active = _word(shown, "ActiveState")
    main_pid = _number(shown, "MainPID") or None
    ended = main_pid is None and shown.get("ExecMainCode", "0") != "0"
    return UnitState(
        load=load,
        active=active,
        sub=_word(shown, "SubState"),
        since_ms=_wall_ms(_number(shown, _ENTERED.get(active or "", "")), now_ms, uptime_s),
        restarts=_number(shown, "NRestarts"),
        ran_ms=_ran_ms(shown),
        exit_status=_number(shown, "ExecMainStatus") if ended else None,
        exit_signal=ended and shown.get("ExecMainCode") in _BY_SIGNAL,
        result=_word(shown, "Result"),
        main_pid=main_pid,
        invocation_id=_word(shown, "InvocationID"),
    )


def _ran_ms(shown: Mapping[str, str]) -> int | None:
    """None also where its last start did not come so far."""
    entered, left = (_number(shown, f"Active{word}TimestampMonotonic") for word in ("Enter", "Exit"))
    waits = (
        _number(shown, "InactiveExitTimestampMonotonic") if shown.get("SubState") == "auto-restart" else None
    )
    if not entered or not left or not waits or left < entered or abs(waits - left) > _AT_ONCE_US:
        return None
    return (left - entered) // 1000


def env_file_problems(text: bytes, env_file: str) -> tuple[str, ...]:
    """What makes the env file less than the whole configuration of the unit, in words."""
    shown = properties(text)
    if shown.get("LoadState") != "loaded":
        return ()
    problems = []
    files = [line.split(" (")[0] for line in shown.get("EnvironmentFiles", "").splitlines() if line.strip()]
    if env_file not in files:
        problems.append(
            f"{env_file}: the unit does not read it (EnvironmentFiles: {', '.join(files) or 'none'})"
        )
    problems += [f"{other}: the unit reads it as well" for other in files if other != env_file]
    problems += [
        f"unit: Environment sets {word.partition('=')[0]}"
        for word in shown.get("Environment", "").split()
        if word.startswith("ETCD_")
    ]
    return tuple(clean(problem, cap=300) for problem in problems)


def _wall_ms(monotonic_us: int | None, now_ms: int, uptime_s: float | None) -> int | None:
    if not monotonic_us or uptime_s is None:
        return None
    return date_ms(now_ms - uptime_s * 1000 + monotonic_us / 1000)


def _word(shown: Mapping[str, str], key: str) -> str | None:
    return clean(shown.get(key, ""), cap=80) or None


def _number(shown: Mapping[str, str], key: str) -> int | None:
    """None for what is missing or ``[not set]``."""
    return whole(shown.get(key))
