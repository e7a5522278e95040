"""The verbs of the ``systemctl`` stand-in that only look, with systemd 252's words and exit codes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from novatui.demo import properties
from novatui.demo.journalctl import short
from novatui.demo.reply import NotHere
from novatui.demo.service import Service
from novatui.demo.systemctl_call import Call
from novatui.demo.units import full_name

NOT_ACTIVE = 3
NO_SUCH_UNIT = 4


async def _show(call: Call) -> int:
    blocks = []
    for name in call.names or [""]:
        service = call.units.find(name) if name else None
        if service is None and not name:
            raise NotHere("systemctl: show without a unit: the demo's stand-in does not know this")
        found = (
            properties.properties(service, call.units, stamps=call.stamps)
            if service
            else properties.missing(name)
        )
        if call.wanted:
            found = {key: value for key, value in found.items() if key in call.wanted}
        elif not call.all:
            found = {key: value for key, value in found.items() if value}
        lines = []
        for key, value in found.items():
            if key == "EnvironmentFiles" and not call.value_only:  # one line a file, as systemctl does
                lines += [f"{key}={line}" for line in value.splitlines()]
            else:
                lines.append(value if call.value_only else f"{key}={value}")
        blocks.append("".join(f"{line}\n" for line in lines))
    await call.reply.out("\n".join(blocks))
    return 0


async def _is_active(call: Call) -> int:
    return await _is(call, ("active",), NOT_ACTIVE)


async def _is_failed(call: Call) -> int:
    return await _is(call, ("failed",), 1)


async def _is(call: Call, good: tuple[str, ...], otherwise: int) -> int:
    code = otherwise
    for name in call.names:
        service = call.units.find(name)
        state = service.active if service else "inactive"
        if not call.quiet:
            await call.reply.out(f"{state}\n")
        if state in good:
            code = 0
    return code


async def _is_enabled(call: Call) -> int:
    enabled = True
    for name in call.names:
        service = call.units.find(name)
        if service is None:
            await call.reply.err(
                f"Failed to get unit file state for {full_name(name)}: No such file or directory\n"
            )
            return 1
        state = properties.properties(service, call.units)["UnitFileState"]
        enabled &= state == "enabled"
        await call.reply.out(f"{state}\n")
    return 0 if enabled else 1


async def _cat(call: Call) -> int:
    for name in call.names:
        service = call.units.find(name)
        if service is None:
            await call.reply.err(f"No files found for {full_name(name)}.\n")
            return 1
        paths = [service.definition.fragment, *service.definition.drop_ins]
        blocks = [f"# {path}\n{Path(path).read_text('utf-8', 'replace')}" for path in paths if path]
        await call.reply.out("\n".join(blocks))
    return 0


async def _list_units(call: Call) -> int:
    units = [unit for unit in call.units.matching(call.names) if call.all or unit.active != "inactive"]
    rows = [f"{unit.name} loaded {unit.active} {unit.sub} {unit.description}\n" for unit in units]
    if call.legend:
        rows = ["UNIT LOAD ACTIVE SUB DESCRIPTION\n", *rows, f"\n{len(units)} loaded units listed.\n"]
    await call.reply.out("".join(rows))
    return 0


async def _status(call: Call) -> int:
    code = 0
    for name in call.names:
        service = call.units.find(name)
        if service is None:
            await call.reply.err(f"Unit {full_name(name)} could not be found.\n")
            return NO_SUCH_UNIT
        await call.reply.out(_status_text(service, call))
        if service.active != "active":
            code = NOT_ACTIVE
    return code


def _status_text(service: Service, call: Call) -> str:
    dot = {"active": "●", "failed": "×", "activating": "●", "deactivating": "●"}.get(service.active, "○")
    shown = properties.properties(service, call.units)
    lines = [
        f"{dot} {service.name} - {service.description}",
        f"     Loaded: loaded ({shown['FragmentPath']}; {shown['UnitFileState']}; preset: enabled)",
    ]
    if shown["DropInPaths"]:
        lines.append(f"    Drop-In: {shown['DropInPaths']}")
    reason = f" (Result: {service.result})" if service.result != "success" else ""
    lines.append(f"     Active: {service.active} ({service.sub}){reason} since {shown['StateChangeTimestamp']}; "
                 f"{properties.ago(service.stamps.changed)} ago")  # fmt: skip
    main = service.main
    if service.main_pid:
        lines.append(f"   Main PID: {service.main_pid} ({service.argv()[0].rpartition('/')[2]})")
    elif main.pid:
        how = {0: "exited", 1: "exited", 2: "killed", 3: "dumped"}[main.code]
        lines.append(
            f"    Process: {main.pid} ExecStart={' '.join(service.argv())} (code={how}, status={main.status})"
        )
    journal = call.units.machine.journal
    entries = [
        entry
        for entry in journal.after(0)
        if service.name in (entry.text("UNIT"), entry.text("_SYSTEMD_UNIT"))
    ]
    tail = [short(entry) for entry in entries[-call.lines :]] if call.lines else []
    return "\n".join(lines) + "\n\n" + "".join(tail)


LOOKS: dict[str, Callable[[Call], Awaitable[int]]] = {
    "show": _show,
    "status": _status,
    "is-active": _is_active,
    "is-failed": _is_failed,
    "is-enabled": _is_enabled,
    "cat": _cat,
    "list-units": _list_units,
}
