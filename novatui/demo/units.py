"""All units of one master: the file-backed etcd.service and the transient ones of ``systemd-run``."""

from __future__ import annotations

from fnmatch import fnmatchcase

from novatui.demo import unitfile
from novatui.demo.machine import Machine
from novatui.demo.main_process import Transient
from novatui.demo.service import Service
from novatui.demo.unit_state import DOWN
from novatui.demo.unitfile import Definition

WANTED_BY_BOOT = "WantedBy=multi-user.target"


class UnitExists(Exception):
    """A transient unit of that name is loaded already."""


def full_name(name: str) -> str:
    return name if "." in name else f"{name}.service"


class Units:
    """What systemd's manager is to its units. Definitions are cached until ``reload``, as systemd's are."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.enabled = True
        self._services: dict[str, Service] = {}

    def find(self, name: str) -> Service | None:
        """The unit by its name (``.service`` is understood), loaded from disk on first use."""
        name = full_name(name)
        if name not in self._services:
            definition = unitfile.load(name, self.machine.files.unit_dir)
            if definition is None:
                return None
            self._services[name] = Service(definition, self.machine)
        return self._services[name]

    def matching(self, patterns: list[str]) -> list[Service]:
        patterns = [full_name(pattern) if "*" not in pattern else pattern for pattern in patterns]
        for name in patterns:
            if "*" not in name:
                self.find(name)
        found = sorted(self._services.items())
        return [
            unit for name, unit in found if not patterns or any(fnmatchcase(name, one) for one in patterns)
        ]

    def reload(self) -> None:
        """``daemon-reload``: definitions anew, states kept."""
        for name, service in list(self._services.items()):
            if service.transient:
                continue
            definition = unitfile.load(name, self.machine.files.unit_dir)
            if definition is not None:
                service.definition = definition
            elif service.active in DOWN:
                del self._services[name]

    def needs_reload(self, service: Service) -> bool:
        definition = service.definition
        if definition.fragment is None:
            return False
        drop_ins = unitfile.find_drop_ins(definition.name, self.machine.files.unit_dir)
        return unitfile.stamps(definition.fragment, drop_ins) != definition.seen

    def run_transient(self, definition: Definition, transient: Transient) -> Service:
        """Add a unit and start it. Raises UnitExists: a name in use, also by one that failed or remains after exit."""
        if self.find(definition.name) is not None:
            raise UnitExists(definition.name)
        service = Service(definition, self.machine, transient=transient, on_gone=self._forget)
        self._services[definition.name] = service
        service.start()
        return service

    def boot(self) -> None:
        """What multi-user.target does: start what is enabled."""
        etcd = self.find("etcd")
        if etcd is not None and self.enabled:
            etcd.start()

    def vanish(self) -> None:
        """The power went: transient units are lost, the others know nothing of before."""
        for service in self._services.values():
            service.vanish()
        self._services.clear()

    def _forget(self, service: Service) -> None:
        if self._services.get(service.name) is service:
            del self._services[service.name]
