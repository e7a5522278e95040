"""The scripts of recover-member: trial.sh, hash.sh, steady.sh, save.sh, roster.sh, aside.sh, join.sh."""

from __future__ import annotations

import hashlib
import json

from tests.sim import etcd, roster
from tests.sim.disk import Dir
from tests.sim.process import Exit, Lines, Running, Script
from tests.sim.scripts.changing import DOWN
from tests.sim.scripts.looks import FREE_KIB, hash_json, serving, status_json


def trial(run: Running) -> Script:
    verb, stage, this, *more = run.command.argv
    disk = run.disk
    yield 0.01
    if verb == "look":
        tried = disk.read(f"{stage}/tried") if disk.line(f"{stage}/run") == this else None
        run.say("tried", "no" if tried is None else "yes")
        run.out += tried or b""
        run.say("end", 1)
        return 0
    env_file, need = more
    disk.mkdir(stage, 0o700)
    disk.write(f"{stage}/run", f"{this}\n".encode())
    yield 0.01
    for left in ("try", "tried"):
        if disk.there(f"{stage}.{left}"):
            disk.remove(f"{stage}.{left}")
    disk.mkdir(f"{stage}.try", 0o700)
    yield 0.01
    disk.rename(f"{stage}.try", f"{stage}.tried")
    yield 0.01
    disk.sync()
    disk.remove(f"{stage}.tried")
    copy = f"{env_file}.novatui-{this}.try"
    for left in (copy, f"{copy}.2"):
        if disk.there(left):
            disk.remove(left)
    if disk.read(env_file) is None:
        run.complain(f"no file beside the env file can be written and renamed: {copy}")
        return 1
    disk.write(copy, disk.read(env_file) or b"")
    yield 0.01
    disk.rename(copy, f"{copy}.2")
    yield 0.01
    disk.remove(f"{copy}.2")
    if int(need) > FREE_KIB:
        run.complain("no room for new data beside the old")
        return 1
    disk.write(f"{stage}/tried", f"nv:free_kib={FREE_KIB}\n".encode())
    yield 0.01
    disk.sync()
    return 0


def hash_(run: Running) -> Script:
    revision = run.command.argv[5]
    yield 0.05
    daemon = serving(run)
    if daemon is not None:
        run.say64("status", status_json(run, daemon))
        if not revision.isdigit() or int(revision) > daemon.data.revision:
            run.say("hashed", "newest")
        run.say64("hashkv", hash_json(daemon.data))
    run.say("end", 1)
    return 0


def steady(run: Running) -> Script:
    seconds = int(run.command.argv[5])
    yield 0.05
    daemon = serving(run)
    run.say64("status1", status_json(run, daemon) if daemon else "")
    held, reads = True, 0
    for _ in range(seconds * 2):
        held = serving(run) is not None and run.master.fleet.has_quorum(run.master)
        if not held:
            break
        reads += 1
        yield 0.5
    run.say("steady", "yes" if held else "no")
    run.say("reads", reads)
    daemon = serving(run)
    run.say64("status2", status_json(run, daemon) if daemon else "")
    run.say("end", 1)
    return 0


def save(run: Running) -> Script:
    verb, file, this = run.command.argv[:3]
    disk = run.disk
    yield 0.01
    if verb == "look":
        facts, raw = disk.read(f"{file}.facts"), disk.read(file)
        if facts is None or raw is None:
            run.say("saved", "no")
        else:
            run.out += facts
            run.say("size_now", len(raw))
        run.say("end", 1)
        return 0
    disk.mkdir(file.rpartition("/")[0], 0o700)
    for left in (f"{file}.facts", f"{file}.part"):
        if disk.there(left):
            disk.remove(left)
    daemon = serving(run)
    if daemon is None:
        run.complain("no snapshot was given")
        return 1
    raw = etcd.snapshot(daemon.data.content, daemon.data.revision, [one[2] for one in daemon.data.members])
    disk.write(f"{file}.part", raw[: len(raw) // 2])
    yield 0.3
    disk.write(f"{file}.part", raw)
    yield 0.1
    told = Lines()
    told.say("saved", "yes")
    told.say("run", this)
    told.say("size", len(raw))
    told.say("sha256", hashlib.sha256(raw).hexdigest())
    read = {"hash": 1, "revision": daemon.data.revision, "totalKey": 300, "totalSize": 20480}
    told.say64("status", json.dumps(read))
    disk.write(f"{file}.facts.part", bytes(told.out))
    yield 0.01
    disk.sync()
    disk.rename(f"{file}.part", file)
    yield 0.01
    disk.rename(f"{file}.facts.part", f"{file}.facts")
    yield 0.01
    disk.sync()
    return 0


# -- the member list ------------------------------------------------------------------------------------------------


def roster_(run: Running) -> Script:
    verb, *more = run.command.argv
    words = more[5:]
    yield 0.05
    if verb == "peers":
        for one in words:
            name, _, url = one.partition("=")
            run.say("up" if _answers(run, url) else "down", name)
        run.say("end", 1)
        return 0
    wait_s = float(words.pop(0))
    waited = 0.0
    while not (granted := _granted(run, verb, words)):
        if waited >= wait_s:
            run.complain("etcd refuses: etcdserver: unhealthy cluster")
            return 3
        waited += 1.0
        yield 1.0
    if granted == "now":
        _change(run, verb, words)
    yield 0.05
    return 0


def _answers(run: Running, url: str) -> bool:
    return any(
        master.on
        and master.unit.daemon is not None
        and master.unit.daemon.ready
        and not master.unit.daemon.hung
        and any(
            one[0] == master.unit.daemon.data.member and one[2] == url
            for one in master.unit.daemon.data.members
        )
        for master in run.master.fleet.masters.values()
    )


def _granted(run: Running, verb: str, words: list[str]) -> str:
    """``now``, ``already``, or empty: not now."""
    daemon, fleet = serving(run), run.master.fleet
    if daemon is None or not fleet.has_quorum(run.master):
        return ""
    found = roster.of(fleet, daemon.data.cluster, daemon.data.members)
    up = {one.unit.daemon.data.member for one in fleet.members_up(daemon.data.cluster) if one.unit.daemon}
    if verb == "remove":
        if words[0] not in found.members:
            return "already"
        rest = [one for one in found.members if one != words[0]]
        return "now" if len(up & set(rest)) >= len(rest) // 2 + 1 else ""
    if verb == "add":
        if any(url == words[1] for _, _, url in found.members.values()):
            return "already"
        return "now" if set(found.members) <= up else ""
    raise Exit(64)


def _change(run: Running, verb: str, words: list[str]) -> None:
    daemon, fleet = serving(run), run.master.fleet
    assert daemon is not None
    cluster = daemon.data.cluster
    found = roster.of(fleet, cluster, daemon.data.members)
    fleet.checks.members_change(run.master, verb, words)
    if verb == "remove":
        roster.remove(fleet, cluster, found, words[0])
    else:
        roster.add(fleet, cluster, found, words[1])


# -- the old data, the env file -------------------------------------------------------------------------------------


class Aside:
    """The state of aside.sh, and its moves."""

    def __init__(self, run: Running) -> None:
        self.run, self.disk = run, run.disk
        _, _, self.live, self.old, self.this, self.hold, self.owner, self.mode, self.make = run.command.argv

    def has_data(self) -> bool:
        for top in (f"{self.live}/member", self.live):
            if any(name.endswith(".wal") for name in self.disk.names(f"{top}/wal")):
                return True
            if self.disk.there(f"{top}/snap/db"):
                return True
        return False

    def ready(self) -> bool:
        return self.make != "make" or isinstance(self.disk.find(self.live), Dir)

    def state(self) -> str:
        if self.has_data():
            return "foreign" if self.disk.there(self.old) else "todo"
        if not self.disk.there(self.old) and self.disk.names(self.live):
            return "todo"
        return "blank" if self.ready() else "partial"

    def must_be_down(self) -> None:
        if self.disk.line(self.hold) != self.this:
            self.run.complain(f"{self.hold} does not hold this master for this run")
            raise Exit(3)
        unit = self.run.master.unit
        held = any(
            (db := self.disk.file(f"{self.live}/{path}")) is not None and db.exclusive is not None
            for path in ("member/snap/db", "snap/db")
        )
        if unit.active not in DOWN or held:
            self.run.complain(f"etcd is '{unit.active}', not down")
            raise Exit(3)

    def move(self, to: str) -> Script:
        self.disk.rename(self.live, to)
        yield 0.01
        self.disk.sync()
        self.run.print(f"renamed {self.live} to {to}")
        return 0


def aside(run: Running) -> Script:
    verb = run.command.argv[0]
    one, disk = Aside(run), run.disk
    yield 0.01
    found = one.state()
    if verb == "look":
        run.say("state", found)
        for name, path in (("live", one.live), ("old", one.old)):
            node = disk.find(path)
            if node is not None:
                run.say(name, f"1:{node.inode}")
        run.say("end", 1)
        return 0
    if found == "blank":
        return 0
    one.must_be_down()
    if found == "todo":
        yield from one.move(one.old)
    elif found == "foreign":
        top, _, name = one.old.rpartition("/")
        to, number = f"{top}/{name.replace('novatui-old-', 'novatui-foreign-')}", 2
        first = to
        while disk.there(to):
            to, number = f"{first}.{number}", number + 1
        yield from one.move(to)
    if one.make == "make" and not disk.there(one.live):
        blank = f"{one.old}.blank"
        if disk.there(blank):
            disk.remove(blank)
        made = disk.mkdir(blank, 0o700)
        yield 0.01
        assert made is not None
        disk.chmod(blank, mode=int(one.mode, 8), owner=one.owner)
        yield 0.01
        disk.rename(blank, one.live)
        yield 0.01
        disk.sync()
        run.print(f"made an empty {one.live}")
    return 0


def join(run: Running) -> Script:
    verb, this, env_file, initial = run.command.argv
    disk = run.disk
    copy = f"{env_file}.novatui-{this}"
    yield 0.01
    env = disk.text(env_file) or ""
    if verb == "look":
        run.say("joins", "yes" if joining(env, initial).rstrip("\n") == env.rstrip("\n") else "no")
        if disk.there(copy):
            run.say("copy", copy)
        run.say("end", 1)
        return 0
    if not disk.there(copy):
        run.complain(f"no copy of {env_file} is kept for this run")
        return 3
    following = f"{env_file}.novatui-{this}.next"
    found = disk.file(env_file)
    assert found is not None
    made = disk.write(following, joining(env, initial).encode(), found.mode)
    made.owner = found.owner
    yield 0.01
    disk.sync()
    disk.rename(following, env_file)
    yield 0.01
    disk.sync()
    return 0


def joining(text: str, initial: str) -> str:
    """The env file of a member that joins."""
    wanted = {"ETCD_INITIAL_CLUSTER_STATE=": "existing", "ETCD_INITIAL_CLUSTER=": initial}
    lines, seen = text.split("\n"), set()
    if lines[-1] == "":
        lines.pop()
    for number, line in enumerate(lines):
        for key, value in wanted.items():
            if line.lstrip(" \t").startswith(key):
                lines[number] = f"{key}{value}"
                seen.add(key)
    lines += [f"{key}{value}" for key, value in wanted.items() if key not in seen]
    return "".join(f"{line}\n" for line in lines)
