"""One script twice: the real file under the system's ``sh`` in a directory, and its model on a disk with the same tree."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from novatui.config import ClusterConfig, EtcdConfig, NodeConfig
from novatui.remote.command import Command, Fence, script_text
from tests.sim.disk import Dir
from tests.sim.fleet import Fleet
from tests.sim.loop import SimLoop
from tests.sim.process import Running

# Stands where systemctl would: what it says and does is what unit.py's model says and does.
SYSTEMCTL = r"""#!/bin/sh
top=__TOP__
echo "$*" >>"$top/sys/calls"
dropins() { for f in "$top"/units/etcd.service.d/*.conf; do [ ! -e "$f" ] || cat "$f"; done; }
case $1 in
    show)
        case $* in
            *NeedDaemonReload*) [ "$(dropins)" = "$(cat "$top/sys/loaded")" ] && echo no || echo yes ;;
            *DropInPaths*) cat "$top/sys/paths" ;;
            *-p\ *--value*) sed -n "s/^$4=//p" "$top/sys/show" ;;
            *) for key in $(echo "$4" | tr , ' '); do grep "^$key=" "$top/sys/show"; done ;;
        esac ;;
    daemon-reload) dropins >"$top/sys/loaded"; ls "$top"/units/etcd.service.d/*.conf >"$top/sys/paths" 2>/dev/null ;;
    stop) sed -i 's/^ActiveState=.*/ActiveState=inactive/' "$top/sys/show" ;;
    reset-failed|start) : ;;
esac
exit 0
"""
# Restores what it finds prepared, as the model's etcd would; reads a snapshot's revision off its first line.
ETCDUTL = r"""#!/bin/sh
top=__TOP__
case "$1 $2" in
    'snapshot status')
        revision=$(head -n 1 "$3" | sed -n 's/.*"revision": \([0-9]*\),.*/\1/p')
        [ -n "$revision" ] || exit 1
        printf '{"hash": 1, "revision": %s, "totalKey": 300, "totalSize": 20480}' "$revision" ;;
    'snapshot restore')
        while [ "$1" != --data-dir ]; do shift; done
        mkdir -p "$2/member/snap" "$2/member/wal"
        cp "$top/sys/restored" "$2/member/snap/db"
        printf log >"$2/member/wal/0000000000000000-0000000000000000.wal" ;;
    *) exit 1 ;;
esac
"""
INODE = re.compile(r"^(nv:(?:live|staged|old|aside|foreign))=\d+:\d+$", re.MULTILINE)


@dataclass(frozen=True)
class Seen:
    """What a script left: its exit, its words, the tree (path -> content, None for a directory)."""

    exit: int
    out: str
    tree: Mapping[str, bytes | None]


class Bench:
    """A tree is given as path -> content; a path that ends in ``/`` is an empty directory. All below ``top``."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.owner = f"{os.getuid()}:{os.getgid()}"
        (top / "bin").mkdir(parents=True)
        (top / "sys").mkdir()
        for name, text in (("bin/systemctl", SYSTEMCTL), ("bin/etcdutl", ETCDUTL), ("bin/etcdctl", ETCDUTL)):
            (top / name).write_text(text.replace("__TOP__", str(top)))
            (top / name).chmod(0o755)
        boot_id = "#!/bin/sh\necho 00000001-m1\n"
        (top / "bin/systemd-id128").write_text(boot_id)
        (top / "bin/systemd-id128").chmod(0o755)

    def path(self, name: str) -> str:
        return f"{self.top}/{name}"

    def both(
        self,
        command: Command,
        tree: Mapping[str, bytes],
        *,
        active: str = "inactive",
        owner: str = "",
        between: Callable[[Fleet], None] = lambda fleet: None,
    ) -> tuple[Seen, Seen]:
        """The real one, the model."""
        real = self._real(command, tree, active, owner)
        return real, self._model(command, tree, active, owner, between)

    def same(
        self, command: Command, tree: Mapping[str, bytes], *, active: str = "inactive", owner: str = ""
    ) -> Seen:
        """Fails with the difference; returns what both did."""
        real, model = self.both(command, tree, active=active, owner=owner)
        where = f"{command.shown_line()}\nfrom {sorted(tree)}"
        assert real.tree == model.tree, where
        assert (real.exit, real.out) == (model.exit, model.out), where
        return real

    def _real(self, command: Command, tree: Mapping[str, bytes], active: str, owner: str) -> Seen:
        for name in ("files", "units", "work"):
            shutil.rmtree(self.top / name, ignore_errors=True)
        (self.top / "units").mkdir()
        (self.top / "files").mkdir()
        for name, content in tree.items():
            place = self.top / name
            if name.endswith("/"):
                place.mkdir(parents=True, exist_ok=True)
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
        for name in ("loaded", "paths"):
            (self.top / "sys" / name).write_text("")
        (self.top / "sys/show").write_text(
            f"LoadState=loaded\nActiveState={active}\nSubState=dead\nMainPID=0\nResult=success\nExecMainStatus=0\n"
            "NRestarts=0\nInvocationID=\nNeedDaemonReload=no\nDropInPaths=\nControlGroup=\n"
        )
        words = ["sh", "-c", script_text(command.script), f"novatui-{command.script}", *command.argv]
        if owner:
            words = ["sh", "-c", script_text("fence"), "novatui-fence", self.path("work"), owner, "1", *words]
        env = {"PATH": f"{self.top}/bin:{os.environ['PATH']}", "HOME": str(self.top)}
        done = subprocess.run(
            words, input=command.stdin, capture_output=True, env=env, check=False, timeout=120
        )
        found: dict[str, bytes | None] = {}
        for name in ("files", "units", "work"):
            for place in sorted((self.top / name).rglob("*")):
                found[str(place.relative_to(self.top))] = None if place.is_dir() else place.read_bytes()
        return Seen(done.returncode, _plain(done.stdout.decode("utf-8", "backslashreplace")), found)

    def _model(
        self,
        command: Command,
        tree: Mapping[str, bytes],
        active: str,
        owner: str,
        between: Callable[[Fleet], None],
    ) -> Seen:
        etcd = EtcdConfig(
            work_dir=self.path("work"), unit_dir=self.path("units"), env_file=self.path("files/env")
        )
        cluster = ClusterConfig(name="one", nodes=(NodeConfig(name="m1", host="127.0.0.1", etcd=etcd),))
        loop = SimLoop(3600, 100_000)
        fleet = Fleet(loop, cluster, 0)
        master = fleet.masters["m1"]
        disk = master.disk
        for name in ("files", "units"):
            disk.mkdir(self.path(name))
        for name, content in tree.items():
            if name.endswith("/"):
                disk.mkdir(self.path(name.rstrip("/")))
            else:
                disk.mkdir(self.path(name).rpartition("/")[0])
                disk.write(self.path(name), content)
        master.unit.active = active
        fence = None
        if owner:
            run, _, epoch = owner.partition(":")
            fence = Fence(work_dir=self.path("work"), run=run, epoch=int(epoch), wait_s=1)
        between(fleet)
        ended: list[Running] = []
        running = Running(master, command, fence, "by", command.stdin, ended.append)
        if not owner:
            running.fence = None
        with contextlib.closing(loop):
            loop.call_soon(running.begin)
            loop.run_until_complete(_until(ended))
        found = {
            path.removeprefix(f"{self.top}/"): None if isinstance(node, Dir) else node.content
            for path, node in disk.walk(str(self.top))
        }
        tops = ("files", "units", "work")
        assert running.exit is not None
        return Seen(
            running.exit,
            _plain(running.out.decode("utf-8", "backslashreplace")),
            {path: content for path, content in found.items() if path not in tops},
        )


async def _until(ended: list[Running]) -> None:
    import asyncio

    while not ended:  # noqa: ASYNC110 - virtual time
        await asyncio.sleep(0.1)


def _plain(text: str) -> str:
    """Without what is different at each run: inodes, times, the run's own process number."""
    text = INODE.sub(r"\1=INODE", text)
    text = re.sub(r"^(nv:(?:since|kubelet|written|data))=.*$", r"\1", text, flags=re.MULTILINE)
    return re.sub(r"^since .*$", "since", text, flags=re.MULTILINE)
