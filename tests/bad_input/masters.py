"""The masters that bad input is tried on: a demo whose second member is stopped; spoilt by one row, then put back.

In that state every runbook's plan is drawn where nothing is wrong (two of them with a word that overrules a guard), so
that what a row is refused for is the row.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from novatui.config import ClusterConfig, load
from novatui.errors import NovatuiError
from novatui.model.plan import Plan, Request
from novatui.remote.arrival import arrived
from novatui.remote.command import Command
from novatui.remote.ssh import SshTransport
from novatui.runbooks import recover_member, restore_cluster
from novatui.runbooks.registry import RUNBOOKS
from novatui.runbooks.step import Answers
from novatui.runner import survey
from tests.runbooks.hands import ctl, state, systemctl, until

UNIT = "etcd.service"
EVERY = tuple(RUNBOOKS)
# What a person says for each of them while the second member is stopped and the others serve.
OVERRULED = {"recover-member": ("data-intact",), "restore-cluster": ("quorum-stands",)}


class Masters:
    """``m1`` and ``m3`` serve, ``m2`` is stopped with its data whole. Whatever a row spoils is undone by ``spoilt``'s end."""

    def __init__(self, demo: Any) -> None:
        self.demo = demo
        self.m1, self.m2, self.m3 = demo.nodes
        self._loop = asyncio.Runner()
        self._undo = ExitStack()
        self._kept = 0
        self._reloaded = False
        self._touched = set[str]()
        # The plain name of the platform's archive; each master has it in its tmp.
        self.archive = next(self.at("tmp", self.m1).glob("*.db.tar.gz")).name
        self._good: dict[Request, Answers] = {}
        self.cluster: ClusterConfig = load(demo.config_path).pick(None)
        self._transport = self._loop.run(self._connect())
        systemctl(demo, self.m2, "stop", "etcd")
        until(lambda: state(demo, self.m2)["active"] == "inactive", "it is stopped")
        self.pristine = self.world()

    async def _connect(self) -> SshTransport:
        transport = SshTransport(self.cluster)
        await arrived(transport, list(self.demo.nodes), lambda: False, 15)
        return transport

    def close(self) -> None:
        self._loop.run(self._transport.close())
        self._loop.close()

    # -- places -----------------------------------------------------------------------------------------------------

    def at(self, path: str, node: str = "") -> Path:
        """``path`` as the master (the second, unless another is named) has it."""
        root: Path = self.demo.root(node or self.m2)
        return root / path.lstrip("/")

    def words(self) -> dict[str, str]:
        """What ``{..}`` in a row's words stands for."""
        return {
            "m1": self.m1,
            "m2": self.m2,
            "m3": self.m3,
            "env": str(self.at("etc/etcd.env")),
            "root": str(self.at("")),
            "archive": self.archive,
        }

    # -- spoiling ---------------------------------------------------------------------------------------------------

    @contextmanager
    def spoilt(self, spoil: Callable[[Masters], None]) -> Iterator[None]:
        try:
            self._touched = set()
            with self._undo:
                spoil(self)
                yield
        finally:
            if self._reloaded:
                systemctl(self.demo, self.m2, "daemon-reload")
                self._reloaded = False

    def undo(self, by: Callable[[], object]) -> None:
        """Called when the row is over."""
        self._undo.callback(by)

    def away(self, path: Path) -> None:
        """It is not there; whatever the row puts there goes too."""
        self._kept += 1
        self._touched |= {node for node in self.demo.nodes if path.is_relative_to(self.demo.root(node))}
        kept = Path(self.demo.dir) / f"kept-{self._kept}"
        if path.is_symlink() or path.exists():
            path.rename(kept)
            self.undo(lambda: kept.rename(path))
        self.undo(lambda: _remove(path))

    def touch(self, *nodes: str) -> None:
        """These answer otherwise than before, though no file of theirs was changed."""
        self._touched |= set(nodes)

    def write(self, path: Path, content: bytes, mode: int = 0o600) -> None:
        above = next((one for one in reversed(path.parents) if not one.exists()), None)
        if above is not None:
            self.away(above)  # the directories that this makes
        self.away(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(mode)

    def edit(self, text: Callable[[str], str], *nodes: str) -> None:
        """The env files of ``nodes`` (the second's), by their text."""
        for node in nodes or (self.m2,):
            path = self.at("etc/etcd.env", node)
            self.write(path, text(path.read_text()).encode("utf-8", "surrogateescape"))

    def drop_in(self, text: str) -> None:
        """For the second master's unit; systemd has read it."""
        directory = self.at(f"etc/systemd/system/{UNIT}.d")
        self.away(directory)
        directory.mkdir()
        (directory / "50-local.conf").write_text(text)
        self.reload()

    def reload(self) -> None:
        """systemd reads the units now; and again when they are as they were."""
        systemctl(self.demo, self.m2, "daemon-reload")
        self._reloaded = True

    # -- asking -----------------------------------------------------------------------------------------------------

    def request(self, book: str, **more: Any) -> Request:
        wanted: dict[str, Any] = {"runbook": book, "overrule": OVERRULED.get(book, ())}
        if book in ("restart-member", "recover-member"):
            wanted["node"] = self.m2
        if book == "restore-cluster" and not {"survivor", "snapshot", "upload"} & set(more):
            wanted["snapshot"] = self.archive
        return msgspec.convert({**wanted, **more}, Request, strict=False)

    def plans(self, books: tuple[str, ...], **more: Any) -> dict[str, Plan | NovatuiError]:
        """What each runbook makes of one survey of the masters as they are now."""
        return self._loop.run(self._plans(books, more))

    async def _plans(self, books: tuple[str, ...], more: dict[str, Any]) -> dict[str, Plan | NovatuiError]:
        request = self.request("restore-cluster", **more)
        asks = replace(RUNBOOKS["restore-cluster"], survey=_everything)
        good = self._good.get(request, {})  # of masters that are as they were then
        nodes = [node for node in self.demo.nodes if node in self._touched or node not in good]
        told = await survey.ask(self.cluster, request, asks, self._transport, nodes=nodes)
        answers = {
            node: told.get(node) or good[node] for node in self.demo.nodes if node in told or node in good
        }
        if not self._touched:
            self._good[request] = answers
        return {
            book: self._draft(book, answers, **(more if book == "restore-cluster" else {})) for book in books
        }

    def _draft(self, book: str, answers: Answers, **more: Any) -> Plan | NovatuiError:
        try:
            return RUNBOOKS[book].draft(self.cluster, self.request(book, **more), "7f3a00aa", answers)
        except NovatuiError as error:
            return error

    # -- looking ----------------------------------------------------------------------------------------------------

    def world(self) -> dict[str, Any]:
        """All that must stay: every file of every master by hash, its units' states, who is a member."""
        told = self.demo.tell("state")["nodes"]
        return {
            "members": self._members(),
            "files": {node: self._tree(node) for node in self.demo.nodes},
            "units": {
                node: [told[node][key] for key in ("boot_id", "active", "sub", "pid", "restarts")]
                for node in self.demo.nodes
            },
        }

    def _members(self) -> Any:
        """None when nobody tells it, on two tries: a term ends on a busy machine, or a user is wanted."""
        for _ in range(2):
            told = ctl(self.demo, self.m1, "member", "list", "-w", "json", check=False)
            if told.startswith("{"):
                return json.loads(told)["members"]
        return None

    def _tree(self, node: str) -> dict[str, tuple[Any, ...]]:
        root: Path = self.demo.root(node)
        found = {}
        for top in ("etc", "var", "tmp", "opt"):
            for here, directories, files in os.walk(root / top):
                for name in [*directories, *files]:
                    path = Path(here) / name
                    if not _next_log(path):
                        found[str(path.relative_to(root))] = _seen(path, live=node != self.m2)
        return found


def _everything(cluster: ClusterConfig, request: Request) -> Mapping[str, Mapping[str, Command]]:
    """A restore's questions, with those of a recovery."""
    more = recover_member.survey(
        cluster,
        msgspec.structs.replace(request, node=cluster.nodes[0].name, snapshot="", from_node="", survivor=""),
    )
    found = restore_cluster.survey(cluster, request)
    return {node: {**asked, "host": more[node]["host"]} for node, asked in found.items()}


def _next_log(path: Path) -> bool:
    """An etcd that runs makes its next log file beforehand, at a moment of its own."""
    return path.suffix == ".tmp" and path.parent.name == "wal"


def _seen(path: Path, *, live: bool) -> tuple[Any, ...]:
    """Mode, inode; a file's hash (of a tool: its times), a link's goal. The log and database of an etcd that runs are its own."""
    facts = path.lstat()
    seen = (oct(facts.st_mode), facts.st_ino)
    if stat.S_ISLNK(facts.st_mode):
        return (*seen, str(path.readlink()))
    if not stat.S_ISREG(facts.st_mode) or (live and "etcd/member" in str(path)):
        return seen
    if facts.st_mode & stat.S_IXUSR:
        return (*seen, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns)
    return (*seen, facts.st_mtime_ns, hashlib.sha256(path.read_bytes()).hexdigest())


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
