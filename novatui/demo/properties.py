"""A unit as ``systemctl show`` prints it: names and forms of systemd 252, in its order, whatever order was asked."""

from __future__ import annotations

import getpass
import os
import time
from datetime import UTC, datetime

from novatui.demo import unitfile
from novatui.demo.lifecycle import TIMEOUT_S
from novatui.demo.service import Service
from novatui.demo.unit_state import Stamp
from novatui.demo.unitfile import INFINITE
from novatui.demo.units import Units, full_name


def properties(service: Service, units: Units, *, stamps: str = "pretty") -> dict[str, str]:
    """Every property of a loaded unit. ``stamps``: pretty, unix or us."""
    return {
        **_process(service, stamps),
        **_commands(service, units),
        **_identity(service, units),
        **_times(service, stamps),
    }


def missing(name: str) -> dict[str, str]:
    """A unit that does not exist: systemd answers all the same, and looks well."""
    return {
        "Restart": "no",
        "NRestarts": "0",
        "Result": "success",
        "ExecMainPID": "0",
        "ExecMainCode": "0",
        "ExecMainStatus": "0",
        "MainPID": "0",
        "Id": full_name(name),
        "Names": full_name(name),
        "Description": full_name(name),
        "LoadState": "not-found",
        "ActiveState": "inactive",
        "SubState": "dead",
        "FragmentPath": "",
        "UnitFileState": "",
        "InvocationID": "",
        "NeedDaemonReload": "no",
    }


def _process(service: Service, stamps: str) -> dict[str, str]:
    main = service.main
    seconds = service.definition.seconds
    return {
        "Type": service.type,
        "Restart": service.definition.one("Service", "Restart", "no"),
        "NotifyAccess": service.definition.one("Service", "NotifyAccess", "none"),
        "RestartUSec": unitfile.span(seconds("RestartSec", 0.1)),
        "TimeoutStartUSec": unitfile.span(seconds("TimeoutStartSec", TIMEOUT_S)),
        "TimeoutStopUSec": unitfile.span(seconds("TimeoutStopSec", TIMEOUT_S)),
        "RuntimeMaxUSec": unitfile.span(seconds("RuntimeMaxSec", INFINITE)),
        "RemainAfterExit": service.definition.one("Service", "RemainAfterExit", "no"),
        "MainPID": str(service.main_pid),
        "ControlPID": "0",
        "StatusText": service.status_text,
        "Result": service.result,
        "UID": str(os.getuid()) if service.main_pid else "[not set]",
        "GID": str(os.getgid()) if service.main_pid else "[not set]",
        "NRestarts": str(service.restarts),
        **_stamp("ExecMainStart", main.started, stamps),
        **_stamp("ExecMainExit", main.ended, stamps),
        "ExecMainPID": str(main.pid),
        "ExecMainCode": str(main.code),
        "ExecMainStatus": str(main.status),
    }


def _commands(service: Service, units: Units) -> dict[str, str]:
    argv = service.argv()
    main = service.main
    pid = service.main_pid
    started = _pretty(main.started) or "n/a"
    command = (
        f"{{ path={argv[0]} ; argv[]={' '.join(argv)} ; ignore_errors=no ; start_time=[{started}] ; "
        f"stop_time=[n/a] ; pid={pid} ; code=(null) ; status=0/0 }}"
    )
    files = service.definition.all("Service", "EnvironmentFile")
    return {
        "ExecStart": command,
        "Slice": "system.slice",
        # A name no real hierarchy has: the demo's units have no cgroup of their own.
        "ControlGroup": f"/novatui-demo{units.machine.files.root}/{service.name}" if pid else "",
        "MemoryCurrent": "[not set]",
        "CPUUsageNSec": "[not set]",
        "TasksCurrent": "[not set]",
        "Environment": " ".join(service.definition.all("Service", "Environment")),
        "EnvironmentFiles": "\n".join(
            f"{path.removeprefix('-')} (ignore_errors={'yes' if path.startswith('-') else 'no'})"
            for path in files
        ),
        "LimitNOFILE": service.definition.one("Service", "LimitNOFILE", "524288"),
        "User": service.definition.one("Service", "User", "" if not service.transient else getpass.getuser()),
        "KillMode": "control-group",
        "KillSignal": "15",
    }


def _identity(service: Service, units: Units) -> dict[str, str]:
    definition = service.definition
    return {
        "Id": service.name,
        "Names": service.name,
        "Description": service.description,
        "LoadState": "loaded",
        "ActiveState": service.active,
        "FreezerState": "running",
        "SubState": service.sub,
        "FragmentPath": str(definition.fragment or f"/run/systemd/transient/{service.name}"),
        "DropInPaths": " ".join(str(path) for path in definition.drop_ins),
        "UnitFileState": "transient" if service.transient else ("enabled" if units.enabled else "disabled"),
        "NeedDaemonReload": "yes" if units.needs_reload(service) else "no",
        "Job": "1" if service.has_job else "",
        "ConditionResult": "yes" if service.stamps.asserted.realtime_us else "no",
        "AssertResult": "yes" if service.stamps.asserted.realtime_us and service.assert_result else "no",
        "InvocationID": service.invocation_id,
        "Transient": "yes" if service.transient else "no",
    }


def _times(service: Service, stamps: str) -> dict[str, str]:
    return {
        **_stamp("StateChange", service.stamps.changed, stamps),
        **_stamp("InactiveExit", service.stamps.inactive_exit, stamps),
        **_stamp("ActiveEnter", service.stamps.active_enter, stamps),
        **_stamp("ActiveExit", service.stamps.active_exit, stamps),
        **_stamp("InactiveEnter", service.stamps.inactive_enter, stamps),
        **_stamp("Assert", service.stamps.asserted, stamps),
    }


def _stamp(name: str, stamp: Stamp, form: str) -> dict[str, str]:
    micro = stamp.realtime_us
    shown = {"unix": f"@{micro // 1_000_000}", "us": f"@{micro}", "pretty": _pretty(stamp)}[form]
    return {
        f"{name}Timestamp": shown if micro else "",
        f"{name}TimestampMonotonic": str(stamp.monotonic_us),
    }


def _pretty(stamp: Stamp) -> str:
    if not stamp.realtime_us:
        return ""
    at = datetime.fromtimestamp(stamp.realtime_us // 1_000_000, UTC).astimezone()
    return at.strftime("%a %Y-%m-%d %H:%M:%S %Z")


def ago(stamp: Stamp) -> str:
    """``42s``, ``3min 4s``: how long since, as ``systemctl status`` says it."""
    return unitfile.span(max(0, (time.time_ns() // 1000 - stamp.realtime_us) // 1_000_000))
