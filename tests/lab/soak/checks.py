"""What must hold after an iteration, told by the hosts and by the journal. Everything that does not is one line of words."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab import cluster
from tests.lab.files import DATA_DIR, ENV_FILE
from tests.lab.host import HostFailed
from tests.lab.invariants import WORK_DIR
from tests.lab.lab import Lab
from tests.lab.soak.hands import UNDONE
from tests.lab.soak.story import ARCHIVE, Story
from tests.lab.soak.watching import Line

# Acts that, done a second time on the same master in one run, would do harm.
ONCE = {"swap", "undo-swap", "archive", "remove", "add", "promote"}
# A release is two acts, and looks at what is left of both: it may do the first again, where there is nothing left to do.
MAY_REPEAT = {"release", "undo-release"}


@dataclass
class Found:
    """``wrong``: rules that were broken, in words. ``leaderless_s``, ``slowest_stop_s``: the longest time without a leader
    while it was watched, and that etcd took to stop on any master. ``refused``: plans, before one was made."""

    wrong: list[str] = field(default_factory=list)
    keys_lost: int = 0
    applied_twice: int = 0
    blank: int = 0
    leaderless_s: float = 0.0
    slowest_stop_s: float = 0.0
    refused: list[str] = field(default_factory=list)

    def aside(self) -> str:
        """What breaks no rule, and is told."""
        times = f"leaderless {self.leaderless_s:.1f} s, slowest stop {self.slowest_stop_s:.1f} s"
        return ", ".join([times, *(f"refused first: {why}" for why in self.refused)])


@dataclass(frozen=True)
class Was:
    """Before anything was broken: all keys; once it was: the data directories that are there, by inode, the env files and the
    member list."""

    keys: dict[str, str]
    archive: dict[str, str]
    inodes: dict[str, int]
    env: dict[str, bytes]
    members: frozenset[str]


def keys(lab: Lab, node: str, revision: int = 0) -> dict[str, str]:
    with lab.inside():
        line = Line(lab.files[node], timeout_s=10)
        try:
            return line.keys(revision)
        finally:
            line.close()


def was(lab: Lab, known: dict[str, str], archive: dict[str, str], members: frozenset[str]) -> Was:
    inodes = {
        node: (lab.root(node) / DATA_DIR).stat().st_ino
        for node in lab.nodes
        if (lab.root(node) / DATA_DIR).exists()
    }
    env = {node: (lab.root(node) / ENV_FILE).read_bytes() for node in lab.nodes}
    return Was(known, archive, inodes, env, members)


def check(lab: Lab, story: Story, was: Was, runs: list[Path], ended: str) -> Found:
    """``runs``: the directories of all runs of the iteration; ``ended``: how the last of them did."""
    found = Found()
    for path in runs:
        found.applied_twice += _journal(path / "journal.jsonl", found.wrong)
    found.wrong += _kept(lab, was)
    found.wrong += _free(lab, was, story, ended)
    if ended == UNDONE and not story.held:
        found.wrong += _as_broken(lab, was, story)
    else:
        found.keys_lost = _serves(lab, story, was, ended, found.wrong)
    if ended == UNDONE:
        found.wrong += [
            f"{node}: after the undo another directory is live"
            for node, inode in was.inodes.items()
            if (lab.root(node) / DATA_DIR).stat().st_ino != inode
        ]
    return found


def _journal(path: Path, wrong: list[str]) -> int:
    """Acts that were done twice. Each has an intent before it, and is tried again only after a look that said to."""
    lines = [json.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    intents = {line["seq"]: line for line in lines if line["kind"] == "intent"}
    done: Counter[tuple[str, str, int]] = Counter()
    looked: dict[tuple[str, str], str] = {}
    for line in lines:
        match line["kind"]:
            case "outcome":
                intent = intents.get(line["intent"])
                if intent is None or intent["seq"] >= line["seq"]:
                    wrong.append(f"{path.parent.name}: an outcome without an intent before it: {line['seq']}")
                elif line["status"] == "ok" and intent["effect"] != "cleanup":
                    done[intent["step"], intent["node"], intent["act"]] += 1
            case "probed":
                looked[line["step"], line["node"]] = line["state"]
            case "intent" if line["act"] == 0 and line["effect"] != "cleanup":
                key = (line["step"], line["node"])
                if looked.get(key) not in ("todo", "partial"):
                    wrong.append(
                        f"{path.parent.name}: {key} was begun after a look that said {looked.get(key)}"
                    )
    twice = {key: times for key, times in done.items() if times > 1 and key[0] in ONCE}
    wrong += [f"{path.parent.name}: {key} was done {times} times" for key, times in twice.items()]
    return len(twice)


def _kept(lab: Lab, was: Was) -> Iterator[str]:
    """The very data from before is there, live or put aside."""
    for node, inode in was.inodes.items():
        around = (lab.root(node) / DATA_DIR).parent.glob("etcd*")
        if inode not in {path.stat().st_ino for path in around if path.is_dir()}:
            yield f"{node}: the data from before is gone"


def _free(lab: Lab, was: Was, story: Story, ended: str) -> Iterator[str]:
    """No lease, no hold, no drop-in, nothing staged, no unit of ours; the env file as it was, but for a new member's."""
    for node in lab.nodes:
        root = lab.root(node)
        left = [root / WORK_DIR / "active", root / WORK_DIR / "hold"]
        left += (root / "etc/systemd/system").glob("etcd.service.d/*novatui*")
        left += (root / DATA_DIR).parent.glob(".novatui-*")
        left += [*(root / DATA_DIR).parent.glob("*.novatui-new-*")]
        yield from (f"{node}: left behind: {path.name}" for path in left if path.exists())
        if lab.run(node, "systemctl list-units --all --plain --no-legend 'novatui-*'"):
            yield f"{node}: units of ours are left"
        renewed = story.runbook == "recover-member" and ended != UNDONE and node in story.victims
        if not renewed and (root / ENV_FILE).read_bytes() != was.env[node]:
            yield f"{node}: the env file is not as it was"


def _serves(lab: Lab, story: Story, was: Was, ended: str, wrong: list[str]) -> int:
    """All answer with one content, that which was announced; how many keys are missing or older."""
    nodes = [node for node in lab.nodes if ended != UNDONE or node in story.held]
    hosts = [lab.hosts[node] for node in nodes]
    try:
        cluster.wait_healthy(hosts, 60)
    except AssertionError as why:
        wrong.append(str(why))
        return 0
    expected = was.archive if story.content == ARCHIVE and ended != UNDONE else was.keys
    cluster.until(lambda: len({cluster.hash_kv(host) for host in hosts}) == 1, "one hash on all")
    lost = 0
    for node in nodes:
        have = keys(lab, node)
        lost = max(lost, sum(have.get(key) != value for key, value in expected.items()))
        if more := have.keys() - expected.keys():
            wrong.append(f"{node}: {len(more)} keys that should not be there: {sorted(more)[:3]}")
    if lost:
        wrong.append(f"{lost} keys are lost")
    now = frozenset(cluster.members(hosts[0]))
    gone = len(was.members - now)
    if len(now) != len(was.members) or gone != (story.runbook == "recover-member" and ended != UNDONE):
        wrong.append(f"members {sorted(now)}, before {sorted(was.members)}")
    leaders = {one.leader for one in lab.standings().values() if one.leader}
    if len(leaders) != 1:
        wrong.append(f"leaders: {leaders}")
    return lost


def _as_broken(lab: Lab, was: Was, story: Story) -> Iterator[str]:
    """An undo in a cluster without quorum: who was well is started again, on data that still holds the last key written."""
    newest = was.keys[LAST].encode()
    for node in lab.nodes:
        if node in story.victims:
            continue
        try:
            cluster.until(lambda node=node: lab.unit(node)[2] != "0", f"{node}'s etcd to be started")  # type: ignore[misc]
        except (AssertionError, HostFailed) as why:
            yield str(why)
        files = (path for path in (lab.root(node) / DATA_DIR).rglob("*") if path.is_file())
        if not any(newest in path.read_bytes() for path in files):
            yield f"{node}: the last key written is not in its data"


# The key that an iteration writes last, before it breaks anything.
LAST = "/soak/last"
