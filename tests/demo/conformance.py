"""What the demo's stand-ins and a real systemd host must both do.

Every ``check_*`` takes a ``Host``: a way to run command lines on one master as root (or as the demo's user) and the
place of unit files. They make units of their own and leave none behind. ``test_conformance.py`` runs them against the
demo, the lab's ``test_conformance.py`` against real systemds.
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

LIMIT_S = 60.0


@dataclass(frozen=True)
class Result:
    exit: int | None
    out: bytes
    err: bytes

    @property
    def text(self) -> str:
        return self.out.decode("utf-8", "replace")


@dataclass(frozen=True)
class Host:
    """``run(line, stdin)`` runs one shell command line to its end."""

    run: Callable[..., Awaitable[Result]]
    unit_dir: str

    async def ok(self, line: str, stdin: bytes = b"") -> str:
        result = await self.run(line, stdin)
        assert result.exit == 0, (line, result)
        return result.text

    async def show(self, unit: str, *names: str) -> dict[str, str]:
        text = await self.ok(f"systemctl show {unit} -p {','.join(names)}")
        return dict(line.split("=", 1) for line in text.splitlines())

    async def until(self, unit: str, **wanted: str) -> dict[str, str]:
        """Wait until the unit's properties are as wanted."""
        found: dict[str, str] = {}
        try:
            async with asyncio.timeout(LIMIT_S):
                while True:
                    found = await self.show(unit, *wanted)
                    if found == wanted:
                        return found
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise AssertionError(f"{unit}: {found} is not {wanted} after {LIMIT_S} s") from None

    @asynccontextmanager
    async def unit(
        self, service: str, unit: str = "", files: Sequence[tuple[str, str]] = ()
    ) -> AsyncIterator[str]:
        """A service unit of the given lines; stopped and removed afterwards."""
        name = f"nvconf-{secrets.token_hex(3)}"
        await self.write(
            f"{self.unit_dir}/{name}.service", f"[Unit]\nDescription={name}\n{unit}\n[Service]\n{service}\n"
        )
        # Referred to by a target, as an enabled unit is: else systemd forgets all about it once it is down.
        wants = f"{self.unit_dir}/multi-user.target.wants"
        await self.ok(f"mkdir -p {wants} && ln -s ../{name}.service {wants}/ && systemctl daemon-reload")
        try:
            yield name
        finally:
            await self.run(f"systemctl stop {name}; systemctl reset-failed {name}")
            await self.ok(
                f"rm -rf {wants}/{name}.service {self.unit_dir}/{name}.service {self.unit_dir}/{name}.service.d"
            )
            await self.ok("systemctl daemon-reload")

    async def write(self, path: str, text: str) -> None:
        await self.ok(f'mkdir -p "$(dirname {path})" && cat >{path}', text.encode())

    async def messages(self, unit: str, options: str = "--all") -> list[Any]:
        return [entry["MESSAGE"] for entry in await self.entries(unit, options)]

    async def entries(self, unit: str, options: str = "--all") -> list[dict[str, Any]]:
        text = await self.ok(f"journalctl -u {unit} -o json --no-pager {options}")
        return [json.loads(line) for line in text.splitlines()]

    async def until_said(self, unit: str, words: str) -> list[Any]:
        """The journal is written by another process than the unit: wait for a line in it."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                said = await self.messages(unit)
                if any(words in str(message) for message in said):
                    return said
                await asyncio.sleep(0.1)

    async def until_in(self, path: str, word: str) -> None:
        """A start is told at the fork: until the exec is over, /proc has nothing or the starter's own to show."""
        async with asyncio.timeout(LIMIT_S):
            while word not in await self.ok(f"tr '\\0' ' ' <{path}"):  # noqa: ASYNC110
                await asyncio.sleep(0.1)

    async def settled(self, unit: str) -> list[dict[str, Any]]:
        """All its entries: systemd's own words about an end may come a moment after the unit's last."""
        before, found = None, await self.entries(unit)
        while found != before:
            await asyncio.sleep(0.7)
            before, found = found, await self.entries(unit)
        return found


LOOP = "Restart=always\nRestartSec=1s\nExecStart=/bin/sh -c 'echo trying; exit 3'"
SLOW_LOOP = LOOP.replace("RestartSec=1s", "RestartSec=5s")  # each of its states stands long enough to be seen
SLEEPER = "ExecStart=/bin/sleep 1000"


async def check_a_missing_unit_looks_well(host: Host) -> None:
    found = await host.show("nvconf-none", "LoadState", "ActiveState", "SubState", "Result", "ExecMainStatus")
    assert found == {
        "LoadState": "not-found",
        "ActiveState": "inactive",
        "SubState": "dead",
        "Result": "success",
        "ExecMainStatus": "0",
    }
    assert (await host.run("systemctl start nvconf-none")).exit == 5
    assert (await host.run("systemctl status nvconf-none")).exit == 4
    active = await host.run("systemctl is-active nvconf-none")
    assert active.text == "inactive\n"
    assert active.exit in (3, 4)  # systemd 252 says 3, 257 says 4


async def check_forms_of_show(host: Host) -> None:
    async with host.unit(SLEEPER) as unit:
        await host.ok(f"systemctl start {unit}")
        pair = await host.ok(f"systemctl show {unit} -p ActiveState,SubState")
        assert sorted(pair.split()) == ["ActiveState=active", "SubState=running"]
        assert await host.ok(f"systemctl show -p ActiveState -p SubState {unit}.service") == pair
        assert await host.ok(f"systemctl show {unit} --property=ActiveState --value") == "active\n"
        assert await host.ok(f"systemctl show {unit} -p NoSuchProperty") == ""
        assert await host.ok(f"systemctl show {unit} -p ActiveState --no-pager --value") == "active\n"
        everything = dict(
            line.split("=", 1) for line in (await host.ok(f"systemctl show {unit}")).splitlines()
        )
        assert everything["Id"] == f"{unit}.service"
        assert everything["FragmentPath"] == f"{host.unit_dir}/{unit}.service"
        assert "path=/bin/sleep ; argv[]=/bin/sleep 1000 ; ignore_errors=no" in everything["ExecStart"]


async def check_restart_loop(host: Host) -> None:
    async with host.unit(SLOW_LOOP) as unit:
        await host.run(f"systemctl start {unit}")
        # In one look: it is tried again soon.
        await host.until(
            unit,
            ActiveState="activating",
            SubState="auto-restart",
            NRestarts="1",
            Result="exit-code",
            ExecMainStatus="3",
            ExecMainCode="1",
            MainPID="0",
        )
        active = await host.run(f"systemctl is-active {unit}")
        assert (active.exit, active.text) == (3, "activating\n")
        await host.until(unit, SubState="auto-restart", NRestarts="2")
        said = await host.until_said(unit, "restart counter is at 2.")
        assert "trying" in said
        assert f"{unit}.service: Main process exited, code=exited, status=3/NOTIMPLEMENTED" in said
        assert f"{unit}.service: Failed with result 'exit-code'." in said
        assert f"{unit}.service: Scheduled restart job, restart counter is at 1." in said
        await host.ok(f"systemctl stop {unit}")
        await host.until(unit, ActiveState="inactive", SubState="dead")


async def _hold(host: Host, unit: str) -> str:
    """Put the hold on; returns the file whose absence lifts it."""
    hold = f"{host.unit_dir}/{unit}.service.d/hold"
    drop_in = f"{host.unit_dir}/{unit}.service.d/00-hold.conf"
    await host.write(drop_in, f"[Unit]\nAssertPathExists=!{hold}\n")
    await host.ok(f"touch {hold} && systemctl daemon-reload")
    assert (await host.show(unit, "DropInPaths"))["DropInPaths"] == drop_in
    return hold


async def check_hold_then_stop(host: Host) -> None:
    """The hold: after a stop a start fails at once, in either form, without a loop; lifting it is enough."""
    async with host.unit(LOOP) as unit:
        await host.run(f"systemctl start {unit}")
        await host.until(unit, SubState="auto-restart")
        hold = await _hold(host, unit)
        await host.ok(f"systemctl stop {unit}")
        before = await host.show(unit, "ActiveState", "SubState", "NRestarts")
        # "failed": the stop met the process just as it ended by itself.
        assert before["ActiveState"] in ("inactive", "failed")
        refused = await host.run(f"systemctl start {unit}")
        assert refused.exit == 1
        assert b"Assertion failed" in refused.err
        assert (await host.run(f"systemctl start --no-block {unit}")).exit == 0
        await asyncio.sleep(1.5)  # longer than RestartSec: nothing may come of it
        assert await host.show(unit, "ActiveState", "SubState", "NRestarts") == before
        assert (await host.show(unit, "AssertResult"))["AssertResult"] == "no"
        await host.ok(f"rm {hold}")
        await host.run(f"systemctl start {unit}")
        await host.until(unit, SubState="auto-restart")


async def check_hold_and_a_pending_restart(host: Host) -> None:
    """Up to systemd 253 an automatic restart asks the assertions too and ends there. From 254 on it does not: the loop
    goes on under the hold until the unit is stopped (seen on 257). Who holds must always stop."""
    version = int((await host.ok("systemctl --version")).split()[1])
    async with host.unit(SLOW_LOOP) as unit:
        await host.run(f"systemctl start {unit}")
        await host.until(unit, SubState="auto-restart")
        await _hold(host, unit)
        before = int((await host.show(unit, "NRestarts"))["NRestarts"])
        if version < 254:
            await host.until(
                unit,
                ActiveState="inactive",
                SubState="dead",
                NRestarts=str(before + 1),
                AssertResult="no",
                Result="exit-code",
            )
            said = await host.until_said(unit, "Assertion failed for")
            assert f"{unit}.service: Starting requested but asserts failed." in said
        else:
            async with asyncio.timeout(LIMIT_S):
                while int((await host.show(unit, "NRestarts"))["NRestarts"]) <= before + 1:  # noqa: ASYNC110
                    await asyncio.sleep(0.2)


async def check_reload_is_needed_and_done(host: Host) -> None:
    """A drop-in counts from daemon-reload on. That one is needed is said for a changed file by all; for a new drop-in
    directory by 257, not by 252."""
    async with host.unit(SLEEPER) as unit:
        await host.ok(f"systemctl start {unit}")
        names = ("NeedDaemonReload", "DropInPaths", "Environment", "ActiveState")
        assert (await host.show(unit, *names))["NeedDaemonReload"] == "no"
        drop_in = f"{host.unit_dir}/{unit}.service.d/10-x.conf"
        await host.write(drop_in, "[Service]\nEnvironment=A=b\n")
        found = await host.show(unit, *names)
        assert (found["DropInPaths"], found["Environment"]) == ("", "")
        await host.ok("systemctl daemon-reload")
        wanted = {
            "NeedDaemonReload": "no",
            "DropInPaths": drop_in,
            "Environment": "A=b",
            "ActiveState": "active",
        }
        assert await host.show(unit, *names) == wanted
        await host.ok(f"sleep 1.1; echo >>{host.unit_dir}/{unit}.service")
        assert (await host.show(unit, *names))["NeedDaemonReload"] == "yes"


async def check_killed_and_reset(host: Host) -> None:
    async with host.unit(SLEEPER) as unit:
        await host.ok(f"systemctl start {unit}")
        pid = (await host.show(unit, "MainPID"))["MainPID"]
        await host.until_in(f"/proc/{pid}/cmdline", "sleep")
        await host.ok(f"systemctl kill -s KILL {unit}")
        await host.until(unit, ActiveState="failed", SubState="failed", Result="signal")
        found = await host.show(unit, "ExecMainCode", "ExecMainStatus", "ExecMainPID", "MainPID")
        assert found == {"ExecMainCode": "2", "ExecMainStatus": "9", "ExecMainPID": pid, "MainPID": "0"}
        assert f"{unit}.service: Main process exited, code=killed, status=9/KILL" in await host.until_said(
            unit, "status=9/KILL"
        )
        assert (await host.run(f"systemctl status {unit}")).exit == 3
        await host.ok(f"systemctl reset-failed {unit}")
        await host.until(unit, ActiveState="inactive", SubState="dead")


async def check_stop_wakes_a_stopped_process(host: Host) -> None:
    """systemd sends SIGCONT after SIGTERM: a hung (SIGSTOPped) service stops in no time."""
    async with host.unit(SLEEPER) as unit:
        await host.ok(f"systemctl start {unit}")
        await host.ok(f"systemctl kill -s STOP {unit}")
        async with asyncio.timeout(25):
            await host.ok(f"systemctl stop {unit}")
        found = await host.show(unit, "ActiveState", "Result", "ExecMainCode", "ExecMainStatus")
        assert found == {
            "ActiveState": "inactive",
            "Result": "success",
            "ExecMainCode": "2",
            "ExecMainStatus": "15",
        }
        said = await host.until_said(unit, "Stopped")
        assert any("Sent signal SIGSTOP to main process" in message for message in said)


async def check_stop_times_out(host: Host) -> None:
    deaf = "TimeoutStopSec=1s\nExecStart=/bin/sh -c 'trap \"\" TERM; echo deaf; while :; do sleep 0.2; done'"
    async with host.unit(deaf) as unit:
        await host.ok(f"systemctl start {unit}")
        await host.until_said(unit, "deaf")
        await host.ok(f"systemctl stop {unit}")
        await host.until(unit, ActiveState="failed", Result="timeout")
        assert any("timed out. Killing." in message for message in await host.until_said(unit, "Killing."))


async def check_start_limit(host: Host) -> None:
    """Five starts in ten seconds; the sixth is not even tried."""
    async with host.unit("Type=oneshot\nExecStart=/bin/sh -c 'echo tried; exit 1'") as unit:
        for _ in range(6):
            assert (await host.run(f"systemctl start {unit}")).exit == 1
        found = await host.show(unit, "Result", "ActiveState")
        assert found == {"Result": "exit-code", "ActiveState": "failed"}
        said = await host.until_said(unit, "Start request repeated too quickly.")
        assert said.count("tried") == 5
        await host.ok(f"systemctl reset-failed {unit}")
        await host.run(f"systemctl start {unit}")
        async with asyncio.timeout(60):
            while (await host.messages(unit)).count("tried") < 6:  # noqa: ASYNC110
                await asyncio.sleep(0.1)


async def check_stop_of_a_failed_unit(host: Host) -> None:
    async with host.unit("ExecStart=/bin/sh -c 'exit 4'") as unit:
        await host.run(f"systemctl start {unit}")
        await host.until(unit, ActiveState="failed")
        await host.ok(f"systemctl stop {unit}")
        assert await host.show(unit, "ActiveState", "Result") == {
            "ActiveState": "failed",
            "Result": "exit-code",
        }


async def check_start_waits_for_ready(host: Host) -> None:
    """Type=notify, as etcd: no READY, no end of the start job; a stop cancels it."""
    async with host.unit("Type=notify\nExecStart=/bin/sleep 1000") as unit:
        starting = asyncio.ensure_future(host.run(f"systemctl start {unit}"))
        await host.until(unit, ActiveState="activating", SubState="start")
        pid = (await host.show(unit, "MainPID"))["MainPID"]
        await host.until_in(f"/proc/{pid}/environ", "NOTIFY_SOCKET=")
        assert (await host.run(f"systemctl start --no-block {unit}")).exit == 0
        assert not starting.done()
        await host.ok(f"systemctl stop {unit}")
        async with asyncio.timeout(60):
            result = await starting
        assert result.exit == 1
        assert b"canceled" in result.err
        await host.until(unit, ActiveState="inactive", Result="success")


async def check_start_without_ready_fails(host: Host) -> None:
    async with host.unit("Type=notify\nExecStart=/bin/true") as unit:
        assert (await host.run(f"systemctl start {unit}")).exit == 1
        await host.until(unit, ActiveState="failed", Result="protocol")
    async with host.unit("Type=notify\nTimeoutStartSec=1s\nExecStart=/bin/sleep 1000") as unit:
        assert (await host.run(f"systemctl start {unit}")).exit == 1
        await host.until(unit, ActiveState="failed", Result="timeout")
        said = await host.until_said(unit, "timed out. Terminating.")
        assert f"{unit}.service: Failed with result 'timeout'." in said


async def check_restart_cuts_a_restart_loop_short(host: Host) -> None:
    """``restart`` does not wait for RestartSec; ``stop`` ends the loop."""
    loop = LOOP.replace("RestartSec=1s", "RestartSec=60s")
    async with host.unit(loop) as unit:
        await host.run(f"systemctl start {unit}")
        await host.until(unit, SubState="auto-restart")
        async with asyncio.timeout(60):
            await host.run(f"systemctl restart {unit}")
        await host.until(unit, SubState="auto-restart")
        async with asyncio.timeout(60):
            while (await host.messages(unit)).count("trying") < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        await host.ok(f"systemctl stop {unit}")
        found = await host.show(unit, "ActiveState", "SubState", "Result")
        assert found == {"ActiveState": "inactive", "SubState": "dead", "Result": "exit-code"}


async def check_restart_is_a_new_invocation(host: Host) -> None:
    async with host.unit(SLEEPER) as unit:
        await host.ok(f"systemctl start {unit}")
        names = ("InvocationID", "MainPID", "ActiveEnterTimestampMonotonic")
        before = await host.show(unit, *names)
        await host.ok(f"systemctl start {unit}")
        assert await host.show(unit, *names) == before
        await host.ok(f"systemctl restart {unit}")
        after = await host.show(unit, *names)
        assert not set(before.values()) & set(after.values())
        uptime = float((await host.ok("cut -d' ' -f1 /proc/uptime")).strip())
        since = uptime - int(after["ActiveEnterTimestampMonotonic"]) / 1e6
        assert -1 < since < 30
        exit_names = (
            "InactiveExitTimestampMonotonic",
            "StateChangeTimestampMonotonic",
            "ActiveExitTimestampMonotonic",
        )
        stamps = await host.show(unit, *exit_names)
        assert all(int(stamp) > 0 for stamp in stamps.values())


async def check_environment_file(host: Host) -> None:
    text = "\n".join(
        [
            "# a comment",
            "; another",
            "PLAIN=a b  ",
            "  SPACED = x=y",
            'DOUBLE="quoted \\"word\\""',
            "SINGLE='as $it is'",
            "ESCAPED=a\\ b",
            "CRLF=ends\r",
            "EMPTY=",
            "TWICE=1",
            "TWICE=2",
            "no equals sign",
            "",
        ]
    )
    path = f"{host.unit_dir}/nvconf-{secrets.token_hex(3)}"
    names = "PLAIN SPACED DOUBLE SINGLE ESCAPED CRLF EMPTY TWICE"
    await host.write(f"{path}.env", text)
    await host.write(f"{path}.sh", f'for name in {names}; do eval "echo \\"$name=\\$$name,\\""; done\n')
    try:
        lines = f"EnvironmentFile={path}.env\nType=oneshot\nExecStart=/bin/sh {path}.sh"
        async with host.unit(lines) as unit:
            await host.ok(f"systemctl start {unit}")
            said = await host.until_said(unit, "TWICE=")
    finally:
        await host.ok(f"rm {path}.env {path}.sh")
    found = [message for message in said if isinstance(message, str) and message.endswith(",")]
    assert sorted(found) == [
        "CRLF=ends,",
        'DOUBLE=quoted "word",',
        "EMPTY=,",
        "ESCAPED=a b,",
        "PLAIN=a b,",
        "SINGLE=as $it is,",
        "SPACED=x=y,",
        "TWICE=2,",
    ]


async def check_missing_environment_file(host: Host) -> None:
    async with host.unit(f"EnvironmentFile={host.unit_dir}/nvconf-none.env\nExecStart=/bin/true") as unit:
        assert (await host.run(f"systemctl start {unit}")).exit == 1
        await host.until(unit, ActiveState="failed", Result="resources")
        assert (await host.show(unit, "EnvironmentFiles"))["EnvironmentFiles"].endswith("(ignore_errors=no)")


async def check_journal_forms_of_a_message(host: Host) -> None:
    lines = "printf 'plain \\303\\251\\n'; printf 'esc \\033[1m\\n'; printf 'raw \\377\\n'; printf 'tab\\there\\n'"
    long = "head -c 5000 /dev/zero | tr '\\\\0' x; echo; head -c 60000 /dev/zero | tr '\\\\0' y; echo"
    script = f"{lines}; {long}; echo end".replace("\\", "\\\\").replace("\\\\\\\\", "\\\\")
    path = f"{host.unit_dir}/nvconf-{secrets.token_hex(3)}.sh"
    await host.write(path, script.replace("\\\\", "\\"))
    try:
        async with host.unit(f"Type=oneshot\nExecStart=/bin/sh {path}") as unit:
            await host.ok(f"systemctl start {unit}")
            said = await host.until_said(unit, "end")
            assert "plain é" in said
            assert "tab\there" in said
            assert list(b"esc \x1b[1m") in said
            assert list(b"raw \xff") in said
            assert "x" * 5000 in said
            pieces = [message for message in said if isinstance(message, str) and message.startswith("yyy")]
            assert [len(piece) for piece in pieces] == [48 * 1024, 60000 - 48 * 1024]
            assert None in await host.messages(unit, "")
            short = await host.ok(f"journalctl -u {unit} --no-pager")
            assert "B blob data]" in short
    finally:
        await host.ok(f"rm {path}")


async def check_journal_entries(host: Host) -> None:
    async with host.unit("Type=oneshot\nExecStart=/bin/sh -c 'echo one; echo two >&2'") as unit:
        await host.ok(f"systemctl start {unit}")
        await host.until_said(unit, "two")
        entries = await host.entries(unit)
        own = [entry for entry in entries if entry["MESSAGE"] in ("one", "two")]
        assert len(own) == 2
        boot = (await host.ok("systemd-id128 boot-id")).strip()
        for entry in own:
            assert entry["_SYSTEMD_UNIT"] == f"{unit}.service"
            assert entry["SYSLOG_IDENTIFIER"] == "sh"
            assert entry["PRIORITY"] == "6"
            assert entry["_BOOT_ID"] == boot
            assert int(entry["__REALTIME_TIMESTAMP"]) > 1_600_000_000_000_000
            assert int(entry["_PID"]) > 1
        manager = [entry for entry in entries if entry["SYSLOG_IDENTIFIER"] == "systemd"]
        assert manager
        for entry in manager:
            assert entry["UNIT"] == f"{unit}.service"
            assert entry["_PID"] == "1"
        assert any(entry["MESSAGE"].startswith(f"Starting {unit}") for entry in manager)
        few = await host.entries(unit, "--output-fields=MESSAGE,PRIORITY -n 1")
        assert set(few[0]) == {"MESSAGE", "PRIORITY", "__CURSOR", "__REALTIME_TIMESTAMP", "__MONOTONIC_TIMESTAMP", "_BOOT_ID"} | (
            set(few[0]) & {"__SEQNUM", "__SEQNUM_ID"}
        )  # fmt: skip


async def check_journal_cursors(host: Host) -> None:
    lines = "; ".join(f"echo line-{number}" for number in range(5))
    async with host.unit(f"Type=oneshot\nExecStart=/bin/sh -c '{lines}'") as unit:
        await host.ok(f"systemctl start {unit}")
        await host.until_said(unit, "line-4")
        entries = await host.settled(unit)
        at = next(index for index, entry in enumerate(entries) if entry["MESSAGE"] == "line-2")
        cursor = entries[at]["__CURSOR"]
        since = [entry["__CURSOR"] for entry in await host.entries(unit, f"--all --cursor='{cursor}'")]
        assert since == [entry["__CURSOR"] for entry in entries[at:]]
        after = [entry["__CURSOR"] for entry in await host.entries(unit, f"--all --after-cursor='{cursor}'")]
        assert after == since[1:]
        tail = await host.messages(unit, "-n 2")
        assert tail == [entry["MESSAGE"] for entry in entries[-2:]]
        second = int(entries[at]["__REALTIME_TIMESTAMP"]) / 1e6
        assert await host.messages(unit, f"--since=@{second + 3600:.0f}") == []
        assert "line-2" in await host.messages(unit, f"--since @{second - 5:.0f} -b")
        assert (await host.run(f"journalctl -u {unit} --cursor=nonsense -o json")).exit == 1
        first = await host.entries(unit, f"--all -n 1 --cursor='{cursor}'")
        assert [entry["__CURSOR"] for entry in first] == [cursor], "so many from there, not the newest"
        back = await host.entries(unit, f"--all --reverse -n 2 --cursor='{since[-1]}'")
        assert [entry["__CURSOR"] for entry in back] == since[-2:][::-1], (
            "its own record first, then back in time"
        )


async def check_journal_follows(host: Host) -> None:
    """Two phases without a gap: from a cursor with --no-tail, then what comes."""
    async with host.unit("ExecStart=/bin/sh -c 'echo first; sleep 1000'") as unit:
        await host.ok(f"systemctl start {unit}")
        await host.until_said(unit, "first")
        cursor = next(one["__CURSOR"] for one in await host.entries(unit) if one["MESSAGE"] == "first")
        following = asyncio.ensure_future(
            host.run(
                f"timeout 20 journalctl -u {unit} -o json --all --no-pager -f --no-tail --cursor='{cursor}'"
                f" | while read -r line; do echo \"$line\"; case $line in *'Stopped {unit}'*) exit 0;; esac; done"
            )
        )
        await asyncio.sleep(0.5)
        await host.ok(f"systemctl stop {unit}")
        async with asyncio.timeout(15):
            result = await following
        messages = [json.loads(line)["MESSAGE"] for line in result.text.splitlines()]
        assert messages[0] == "first"
        assert any(message.startswith(f"Stopped {unit}") for message in messages)


async def check_transient_units(host: Host) -> None:
    name = f"nvconf-{secrets.token_hex(3)}"
    try:
        await host.ok(f"systemd-run --unit={name} -r sh -c 'echo hi; exit 0'")
        await host.until(name, SubState="exited")
        found = await host.show(name, "LoadState", "ActiveState", "SubState", "Result", "ExecMainStatus")
        assert found == {
            "LoadState": "loaded",
            "ActiveState": "active",
            "SubState": "exited",
            "Result": "success",
            "ExecMainStatus": "0",
        }
        assert "hi" in await host.until_said(name, "hi")
        again = await host.run(f"systemd-run --unit={name} -r true")
        assert again.exit == 1
        listed = await host.ok("systemctl list-units --all --plain --no-legend 'nvconf-*'")
        assert f"{name}.service loaded active exited" in listed
        await host.ok(f"systemctl stop {name}")
        assert (await host.show(name, "LoadState"))["LoadState"] == "not-found"
        assert (await host.run(f"systemd-run --unit={name} --wait sh -c 'exit 7'")).exit == 7
        assert (await host.show(name, "ActiveState", "ExecMainStatus")) == {
            "ActiveState": "failed",
            "ExecMainStatus": "7",
        }
        await host.ok(f"systemctl reset-failed {name}")
        assert (await host.show(name, "LoadState"))["LoadState"] == "not-found"
    finally:
        await host.run(f"systemctl stop {name}; systemctl reset-failed {name}")


async def check_transient_limits_and_pipes(host: Host) -> None:
    name = f"nvconf-{secrets.token_hex(3)}"
    try:
        await host.ok(f"systemd-run --unit={name} -r -p RuntimeMaxSec=1 sleep 100")
        await host.until(name, ActiveState="failed", Result="timeout")
        piped = await host.run("systemd-run --pipe --quiet --wait tr a-z A-Z", b"through the unit\n")
        assert (piped.exit, piped.out) == (0, b"THROUGH THE UNIT\n")
    finally:
        await host.run(f"systemctl stop {name}; systemctl reset-failed {name}")


async def check_a_transient_unit_outlives_its_session(host: Host) -> None:
    name = f"nvconf-{secrets.token_hex(3)}"
    try:
        await host.ok(f"systemd-run --unit={name} -r sleep 1000")
        pid = (await host.show(name, "MainPID"))["MainPID"]
        await host.ok(f"kill -0 {pid}")
        assert (await host.show(name, "ActiveState"))["ActiveState"] == "active"
    finally:
        await host.run(f"systemctl stop {name}; systemctl reset-failed {name}")


async def check_the_unknown_is_refused(host: Host) -> None:
    for line in ("systemctl frobnicate etcd", "systemctl --frobnicate show etcd", "journalctl --frobnicate"):
        result = await host.run(line)
        assert result.exit not in (0, None), line
        assert result.err, line


CHECKS = {name: value for name, value in list(globals().items()) if name.startswith("check_")}
