"""The ``systemctl`` stand-in: what novatui asks of it, with systemd 252's words and exit codes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

from novatui.demo import properties
from novatui.demo.journalctl import short
from novatui.demo.reply import NotHere, Reply, Words
from novatui.demo.service import Service
from novatui.demo.units import Units, full_name

VERSION = "systemd 252 (252-novatui-demo)\n+PAM +AUDIT -SELINUX default-hierarchy=unified\n"
NOT_ACTIVE = 3
NO_SUCH_UNIT = 4
NOT_LOADED = 5


@dataclass
class Call:
    """One parsed call."""

    units: Units
    reply: Reply
    verb: str = ""
    names: list[str] = field(default_factory=list)
    wanted: list[str] = field(default_factory=list)
    value_only: bool = False
    no_block: bool = False
    quiet: bool = False
    all: bool = False
    legend: bool = True
    lines: int = 10
    signal: int = signal.SIGTERM
    stamps: str = "pretty"
    version: bool = False


async def run(units: Units, words: list[str], reply: Reply) -> int:
    """Returns the exit status. Raises NotHere for what the stand-in does not have."""
    call = _parse(Call(units, reply), Words("systemctl", words))
    if call.version:
        await reply.out(VERSION)
        return 0
    verb = VERBS.get(call.verb)
    if verb is None:
        raise NotHere(f"systemctl: {call.verb or 'no verb'}: the demo's stand-in does not know this")
    return await verb(call)


def _parse(call: Call, words: Words) -> Call:
    while words:
        word, is_option = words.take()
        if word == "--":
            call.names += words.rest()
        elif not is_option:
            if call.verb:
                call.names.append(word)
            else:
                call.verb = word
        elif word in ("-p", "--property"):
            call.wanted += [name for name in words.value().split(",") if name]
        elif word in ("-s", "--signal"):
            call.signal = _signal_number(words.value())
        elif word in ("-n", "--lines"):
            call.lines = int(words.value())
        elif word in ("--kill-who", "--kill-whom", "-t", "--type"):
            if (value := words.value()) not in ("main", "all", "service"):
                raise words.unknown(f"{word}={value}")
        elif word == "--timestamp":
            call.stamps = words.value()
            if call.stamps not in ("pretty", "unix", "us"):
                raise words.unknown(f"--timestamp={call.stamps}")
        else:
            words.flag()
            _flag(call, word, words)
    return call


def _flag(call: Call, word: str, words: Words) -> None:
    if word == "--value":
        call.value_only = True
    elif word == "--no-block":
        call.no_block = True
    elif word in ("-q", "--quiet"):
        call.quiet = True
    elif word in ("-a", "--all"):
        call.all = True
    elif word == "--no-legend":
        call.legend = False
    elif word == "--version":
        call.version = True
    elif word not in ("--no-pager", "--system", "--no-ask-password", "--plain", "--full", "-l"):
        raise words.unknown(word)


def _signal_number(text: str) -> int:
    if text.isdecimal():
        return int(text)
    name = text if text.startswith("SIG") else f"SIG{text}"
    try:
        return int(signal.Signals[name])
    except KeyError:
        raise NotHere(f"systemctl: unknown signal {text}") from None


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


async def _start(call: Call) -> int:
    return await _jobs(call, Service.start)


async def _stop(call: Call) -> int:
    return await _jobs(call, Service.stop)


async def _restart(call: Call) -> int:
    return await _jobs(call, Service.restart)


async def _jobs(call: Call, act: Callable[[Service], asyncio.Future[str]]) -> int:
    jobs: list[tuple[Service, asyncio.Future[str]]] = []
    code = 0
    for name in call.names:
        service = call.units.find(name)
        if service is None:
            await call.reply.err(
                f"Failed to {call.verb} {full_name(name)}: Unit {full_name(name)} not found.\n"
            )
            code = NOT_LOADED
        else:
            jobs.append((service, act(service)))
    if call.no_block:
        return code
    for service, job in jobs:
        result = await job
        if result != "done":
            code = 1
            if not call.quiet:
                await call.reply.err(_why(service, result))
    return code


def _why(service: Service, result: str) -> str:
    name = service.name
    if result == "assert":
        return f"Assertion failed on job for {name}.\n"
    if result == "canceled":
        return f"Job for {name} canceled.\n"
    reasons = {
        "exit-code": "the control process exited with error code",
        "signal": "a fatal signal was delivered to the control process",
        "core-dump": "a fatal signal was delivered causing the control process to dump core",
        "timeout": "a timeout was exceeded",
        "protocol": "the service did not take the steps required by its unit configuration",
        "resources": "of unavailable resources or another system error",
        "start-limit-hit": "start of the service was attempted too often",
    }
    why = reasons.get(service.result, "the control process exited with error code")
    return (
        f"Job for {name} failed because {why}.\n"
        f'See "systemctl status {name}" and "journalctl -xeu {name}" for details.\n'
    )


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


async def _daemon_reload(call: Call) -> int:
    call.units.reload()
    return 0


async def _reset_failed(call: Call) -> int:
    code = 0
    for name in call.names or [unit.name for unit in call.units.matching([])]:
        service = call.units.find(name)
        if service is None:
            name = full_name(name)
            await call.reply.err(f"Failed to reset failed state of unit {name}: Unit {name} not loaded.\n")
            code = 1
        else:
            service.reset_failed()
    return code


async def _kill(call: Call) -> int:
    for name in call.names:
        service = call.units.find(name)
        if service is None:
            await call.reply.err(
                f"Failed to kill unit {full_name(name)}: Unit {full_name(name)} not loaded.\n"
            )
            return 1
        service.kill_on_request(call.signal)
    return 0


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
                 f"{properties.ago(service.changed)} ago")  # fmt: skip
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


VERBS: dict[str, Callable[[Call], Awaitable[int]]] = {
    "show": _show,
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "status": _status,
    "is-active": _is_active,
    "is-failed": _is_failed,
    "is-enabled": _is_enabled,
    "daemon-reload": _daemon_reload,
    "reset-failed": _reset_failed,
    "kill": _kill,
    "cat": _cat,
    "list-units": _list_units,
}
