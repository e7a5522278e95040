"""What a unit leaves in the journal: its process's lines, and systemd's own about it."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from novatui.demo.journal import Journal
from novatui.demo.unit_state import MainProcess

EXIT_NAMES = {
    0: "SUCCESS",
    1: "FAILURE",
    2: "INVALIDARGUMENT",
    3: "NOTIMPLEMENTED",
    4: "NOPERMISSION",
    5: "NOTINSTALLED",
    6: "NOTCONFIGURED",
    7: "NOTRUNNING",
    200: "CHDIR",
    203: "EXEC",
}


class UnitLog:
    """``invocation_id`` is that of the present start; empty before the first."""

    def __init__(self, journal: Journal, unit: str) -> None:
        self._journal = journal
        self._unit = unit
        self.invocation_id = ""

    def printed(self, pid: int, program: str, line: bytes) -> None:
        """A line of the unit's process, a syslog priority in front understood."""
        priority = 6
        if len(line) > 2 and line[:1] == b"<" and line[2:3] == b">" and line[1:2] in b"01234567":
            priority, line = int(line[1:2]), line[3:]
        self._journal.write(
            line,
            PRIORITY=str(priority),
            SYSLOG_IDENTIFIER=Path(program).name,
            _TRANSPORT="stdout",
            _PID=str(pid),
            _UID=str(os.getuid()),
            _COMM=Path(program).name[:15],
            _SYSTEMD_UNIT=self._unit,
            _SYSTEMD_INVOCATION_ID=self.invocation_id,
        )

    def exited(self, main: MainProcess) -> None:
        if main.code == 1:
            words = f"code=exited, status={main.status}/{EXIT_NAMES.get(main.status, 'n/a')}"
        else:
            how = "dumped" if main.code == 3 else "killed"
            words = f"code={how}, status={main.status}/{signal.Signals(main.status).name.removeprefix('SIG')}"
        self.of_unit(5 if main.code == 1 else 4, f"Main process exited, {words}")

    def of_unit(self, priority: int, words: str) -> None:
        """``etcd.service: words``."""
        self.say(priority, f"{self._unit}: {words}")

    def say(self, priority: int, words: str) -> None:
        """systemd's own line about this unit."""
        self._journal.write(
            words.encode(),
            PRIORITY=str(priority),
            SYSLOG_IDENTIFIER="systemd",
            _TRANSPORT="journal",
            _PID="1",
            _UID="0",
            _COMM="systemd",
            _SYSTEMD_UNIT="init.scope",
            UNIT=self._unit,
            INVOCATION_ID=self.invocation_id,
        )
