"""What must hold after every fault, told by the hosts themselves: files, processes, etcd's own tool. Nothing of novatui judges here."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from novatui.runner import places
from tests.lab import cluster
from tests.lab.files import DATA_DIR, ENV_FILE
from tests.lab.lab import Lab

WORK_DIR = "var/lib/novatui"
# Steps that change data, of any runbook: done once a master in a run, whatever happened meanwhile.
ONCE = {"swap"}


class Before:
    """The cluster as it stood before a run: which directories are the data, and what is in them."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self.inodes = {node: _inode(lab.root(node) / DATA_DIR) for node in lab.nodes}
        self.env = {node: (lab.root(node) / ENV_FILE).read_bytes() for node in lab.nodes}

    def assert_restored(self, run: str) -> float:
        """The archive's content on every member, the old data kept, nothing held; returns how long etcd was down (s)."""
        lab = self._lab
        hosts = list(lab.hosts.values())
        cluster.wait_healthy(hosts)
        found = lab.standings()
        assert set(found) == set(lab.nodes)
        assert {one.revision for one in found.values()} == {lab.snapshot.revision}
        assert len({one.leader for one in found.values()}) == 1
        assert len({cluster.hash_kv(host) for host in hosts}) == 1
        assert {lab.canary(node) for node in lab.nodes} == {cluster.CANARY_SAVED}
        for node in lab.nodes:
            kept = lab.root(node) / f"{DATA_DIR}.novatui-old-{run}"
            assert _inode(kept) == self.inodes[node], f"{node}: the very data from before is kept"
            assert _inode(lab.root(node) / DATA_DIR) != self.inodes[node]
            marker = lab.root(node) / DATA_DIR / "member/.novatui-run"
            assert marker.read_text().startswith(run)
        self.assert_free()
        self.assert_journal(run)
        return max(self._down_s(node) for node in lab.nodes)

    def assert_as_before(self) -> None:
        """The very same data directories are live again."""
        for node in self._lab.nodes:
            assert _inode(self._lab.root(node) / DATA_DIR) == self.inodes[node], node
        self.assert_free()

    def assert_kept(self) -> None:
        """Wherever a run stopped: the data from before is on every master, live or put aside."""
        for node in self._lab.nodes:
            around = [
                path for path in (self._lab.root(node) / DATA_DIR).parent.glob("etcd*") if path.is_dir()
            ]
            assert self.inodes[node] in {_inode(path) for path in around}, f"{node}: {around}"

    def assert_free(self) -> None:
        """No hold, no lease, no drop-in, nothing staged, and the env file as it was."""
        for node in self._lab.nodes:
            root = self._lab.root(node)
            assert not (root / WORK_DIR / "active").exists(), node
            assert not (root / WORK_DIR / "hold").exists(), node
            assert not list((root / "etc/systemd/system").glob("etcd.service.d/*novatui*")), node
            assert not list((root / DATA_DIR).parent.glob(".novatui-*")), node
            assert (root / ENV_FILE).read_bytes() == self.env[node], node
            left = self._lab.run(node, "systemctl list-units --all --plain --no-legend 'novatui-*'")
            assert left == "", (node, left)

    def assert_journal(self, run: str) -> None:
        """Each act has an intent before it, and none that changes data succeeded twice on a master."""
        lines = [json.loads(line) for line in _journal(run).read_bytes().splitlines()]
        intents = {line["seq"]: line for line in lines if line["kind"] == "intent"}
        done: Counter[tuple[str, str]] = Counter()
        for line in lines:
            if line["kind"] == "outcome":
                intent = intents[line["intent"]]
                assert intent["seq"] < line["seq"]
                if line["status"] == "ok":
                    done[intent["step"], intent["node"]] += 1
        twice = {key: times for key, times in done.items() if times > 1 and key[0] in ONCE}
        assert not twice, twice

    def _down_s(self, node: str) -> float:
        names = "InactiveEnterTimestampMonotonic,ActiveEnterTimestampMonotonic"
        said = self._lab.run(node, ["systemctl", "show", "etcd", "-p", names])
        found = dict(line.split("=", 1) for line in said.splitlines())
        stopped, started = (int(found[name]) for name in names.split(","))
        return (started - stopped) / 1e6 if stopped else 0.0


def _journal(run: str) -> Path:
    return next(place.journal for place in places.every() if place.run == run)


def _inode(path: Path) -> int:
    return path.stat().st_ino
