"""The control socket of a demo: one JSON object a line in, one out (``{"ok": true, ..}`` or ``{"error": ..}``)."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from novatui.demo import faults, locking
from novatui.demo.bastion import Bastion
from novatui.demo.master import Master
from novatui.demo.wire import Wire
from novatui.errors import NovatuiError

Verb = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Control:
    """Serves the verbs until closed. ``stop`` sets ``stopped``, which the supervisor waits for."""

    def __init__(self, masters: list[Master], stopped: asyncio.Event) -> None:
        self._masters = {master.files.node: master for master in masters}
        self._stopped = stopped
        self._server: asyncio.Server | None = None
        self._jump: Bastion | None = None
        self.verbs: dict[str, Verb] = {
            "state": self._state,
            "kill-etcd": self._kill_etcd,
            "stop-signal": self._stop_signal,
            "cont-signal": self._cont_signal,
            "corrupt": self._corrupt,
            "fault": self._fault,
            "power-off": self._power_off,
            "power-on": self._power_on,
            "cut": self._cut,
            "uncut": self._uncut,
            "delay": self._delay,
            "reset": self._reset,
            "max-sessions": self._max_sessions,
            "change-host-key": self._change_host_key,
            "sudo-password": self._sudo_password,
            "encrypt-key": self._encrypt_key,
            "bastion": self._bastion,
            "log": self._log,
            "vacuum": self._vacuum,
            "stop": self._stop,
        }

    async def open(self, path: Path) -> None:
        self._server = await asyncio.start_unix_server(self._serve, path, limit=1 << 22)
        path.chmod(0o600)

    def close(self) -> None:
        if self._server:
            self._server.close()
        if self._jump:
            self._jump.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except (OSError, ValueError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            verb = self.verbs.get(request.get("verb"))
            if verb is None:
                known = ", ".join(sorted(self.verbs))
                raise NovatuiError(f"unknown verb {request.get('verb')!r}", f"known are {known}")
            return {"ok": True, **await verb(request)}
        except (NovatuiError, LookupError, ValueError, OSError) as why:
            return {"error": str(why)}

    def _master(self, request: dict[str, Any]) -> Master:
        name = request.get("node")
        if name not in self._masters:
            raise NovatuiError(f"no master {name!r}", f"there are {', '.join(self._masters)}")
        return self._masters[name]

    def _wire(self, request: dict[str, Any]) -> Wire:
        wire = self._master(request).wire
        if wire is None:
            raise NovatuiError("SSH is not up yet")
        return wire

    async def _state(self, request: dict[str, Any]) -> dict[str, Any]:
        nodes = {name: master.state() for name, master in self._masters.items()}
        return {"pid": os.getpid(), "nodes": nodes, "bastion": self._jump.state() if self._jump else None}

    async def _kill_etcd(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._signal(request, signal.SIGKILL)

    async def _stop_signal(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._signal(request, signal.SIGSTOP)

    async def _cont_signal(self, request: dict[str, Any]) -> dict[str, Any]:
        return self._signal(request, signal.SIGCONT)

    def _signal(self, request: dict[str, Any], number: signal.Signals) -> dict[str, Any]:
        pid = self._master(request).signal_etcd(number)
        if not pid:
            raise NovatuiError(f"etcd does not run on {request['node']}")
        return {"pid": pid}

    async def _corrupt(self, request: dict[str, Any]) -> dict[str, Any]:
        """Damage one master's database; etcd ends up in the restart loop."""
        master = self._master(request)
        await faults.corrupt(master)
        return {}

    async def _fault(self, request: dict[str, Any]) -> dict[str, Any]:
        await faults.FAULTS[request["name"]](list(self._masters.values()))
        return {}

    async def _power_off(self, request: dict[str, Any]) -> dict[str, Any]:
        self._master(request).cut_power()
        return {}

    async def _power_on(self, request: dict[str, Any]) -> dict[str, Any]:
        master = self._master(request)
        if "enabled" in request:
            master.units.enabled = bool(request["enabled"])
        master.boot()
        return {"boot_id": master.journal.boot_id}

    async def _cut(self, request: dict[str, Any]) -> dict[str, Any]:
        self._wire(request).silence()
        return {}

    async def _uncut(self, request: dict[str, Any]) -> dict[str, Any]:
        self._wire(request).restore()
        return {}

    async def _delay(self, request: dict[str, Any]) -> dict[str, Any]:
        """``ms`` added to each piece in each direction; 0 takes it away."""
        self._wire(request).delay_s = float(request["ms"]) / 1000
        return {}

    async def _reset(self, request: dict[str, Any]) -> dict[str, Any]:
        self._wire(request).reset()
        return {}

    async def _max_sessions(self, request: dict[str, Any]) -> dict[str, Any]:
        door = self._master(request).door
        if door is not None:
            door.max_sessions = int(request["count"])
        return {}

    async def _change_host_key(self, request: dict[str, Any]) -> dict[str, Any]:
        """New connections meet another host key than known_hosts says; open ones are reset."""
        door = self._master(request).door
        if door is not None:
            door.change_host_key()
        self._wire(request).reset()
        return {}

    async def _sudo_password(self, request: dict[str, Any]) -> dict[str, Any]:
        """From now on sudo wants ``password`` (on one ``node``, or on all), and a login is not root; empty: as before."""
        masters = [self._master(request)] if "node" in request else list(self._masters.values())
        password = str(request.get("password", ""))
        for master in masters:
            locking.sudo(master.files, password)
            self._reset_link(master)
        return {}

    async def _encrypt_key(self, request: dict[str, Any]) -> dict[str, Any]:
        """The key that the demo's configuration names gets ``passphrase``."""
        await asyncio.to_thread(
            locking.encrypt_key, self._place / "ssh/id_ed25519", str(request["passphrase"])
        )
        return {}

    async def _bastion(self, request: dict[str, Any]) -> dict[str, Any]:
        """A host that forwards to the masters and to nothing else; the configuration goes through it from now on."""
        if self._jump is None:
            wires = [master.wire for master in self._masters.values() if master.wire]
            self._jump = await Bastion.open(self._place, {(wire.host, wire.port) for wire in wires})
        return {"jump": self._jump.where}

    @property
    def _place(self) -> Path:
        return next(iter(self._masters.values())).files.root.parent

    def _reset_link(self, master: Master) -> None:
        if master.wire is not None:
            master.wire.reset()

    async def _log(self, request: dict[str, Any]) -> dict[str, Any]:
        """A line in the unit's journal: ``raw`` (base64) or ``text``; ``count`` times."""
        raw = base64.b64decode(request["raw"]) if "raw" in request else str(request.get("text", "")).encode()
        etcd = self._master(request).etcd
        for _ in range(int(request.get("count", 1))):
            etcd.print_line(raw)
        return {}

    async def _vacuum(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"gone": self._master(request).journal.vacuum(int(request.get("keep", 0)))}

    async def _stop(self, request: dict[str, Any]) -> dict[str, Any]:
        self._stopped.set()
        return {}
