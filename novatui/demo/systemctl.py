"""The ``systemctl`` stand-in: what novatui asks of it, with systemd 252's words and exit codes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from novatui.demo.reply import NotHere, Reply, Words
from novatui.demo.service import Service
from novatui.demo.systemctl_call import Call, parse
from novatui.demo.systemctl_looks import LOOKS
from novatui.demo.units import Units, full_name

VERSION = "systemd 252 (252-novatui-demo)\n+PAM +AUDIT -SELINUX default-hierarchy=unified\n"
NOT_LOADED = 5


async def run(units: Units, words: list[str], reply: Reply) -> int:
    """Returns the exit status. Raises NotHere for what the stand-in does not have."""
    call = parse(units, Words("systemctl", words), reply)
    if call.version:
        await reply.out(VERSION)
        return 0
    verb = VERBS.get(call.verb)
    if verb is None:
        raise NotHere(f"systemctl: {call.verb or 'no verb'}: the demo's stand-in does not know this")
    return await verb(call)


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


VERBS: dict[str, Callable[[Call], Awaitable[int]]] = {
    **LOOKS,
    "start": _start,
    "stop": _stop,
    "restart": _restart,
    "daemon-reload": _daemon_reload,
    "reset-failed": _reset_failed,
    "kill": _kill,
}
