"""Stops a run at a place of its own: a tool of a host does its work and then does not return."""

from __future__ import annotations

from pathlib import Path

from tests.lab.lab import Lab

# Where stand-ins are found before the system's own: sshd's and sudo's PATH begin with it.
BIN = "usr/local/bin"
# Renames of a run as ``mv``'s words: patterns of sh.
UNPACKED = "*/snapshot.db"
FIRST_RENAME = "*/etcd.novatui-old-*"
SECOND_RENAME = "*/var/lib/etcd"


class Stopping:
    """Where the tool's words match one of the patterns it stops, having done it, until ``remove`` or the host's power is
    cut. ``reached(n)``: whether words matched pattern ``n``. ``before``: it stops without having done it."""

    def __init__(self, lab: Lab, node: str, *patterns: str, tool: str = "mv", before: bool = False) -> None:
        self._lab, self._node, self._tool = lab, node, tool
        self._marks = Path("var/stopping")
        (lab.root(node) / self._marks).mkdir(exist_ok=True)
        path = lab.root(node) / BIN / tool
        assert not path.exists(), f"{tool} stops already"
        real = lab.run(node, ["sh", "-c", f"PATH=/usr/sbin:/usr/bin:/sbin:/bin command -v {tool}"]).strip()
        cases = "".join(
            f"{pattern}) : >/{self._mark(number)}; while [ -e /{self._mark('stops')} ]; do sleep 0.05; done ;;\n"
            for number, pattern in enumerate(patterns)
        )
        wait = f'case "$*" in\n{cases}esac\n'
        act = f'{real} "$@" || exit\n'
        (lab.root(node) / self._mark("stops")).touch()
        part = path.with_name(f".{tool}.part")
        part.write_text(f"#!/bin/sh\n{wait if before else act}{act if before else wait}exit 0\n")
        part.chmod(0o755)
        part.rename(path)

    def _mark(self, what: int | str) -> Path:
        return self._marks / f"{self._tool}-{what}"

    def reached(self, number: int = 0) -> bool:
        return (self._lab.root(self._node) / self._mark(number)).exists()

    def remove(self) -> None:
        """What stopped goes on, nothing stops any more."""
        (self._lab.root(self._node) / BIN / self._tool).unlink(missing_ok=True)
        for mark in (self._lab.root(self._node) / self._marks).glob(f"{self._tool}-*"):
            mark.unlink()
