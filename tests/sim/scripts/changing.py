"""hold.sh, stop.sh, swap.sh, start.sh and release.sh: what is done after the gate."""

from __future__ import annotations

import hashlib

from tests.sim.disk import Disk
from tests.sim.process import Exit, Running, Script
from tests.sim.scripts.looks import SHOWN, say_unit

STATE = "ETCD_INITIAL_CLUSTER_STATE="
DOWN = ("inactive", "failed")


def dropin_text(this: str, work: str) -> str:
    return f"# novatui run {this}\n[Unit]\nAssertPathExists=!{work}/hold\n"


def _is_state(line: str) -> bool:
    return line.lstrip(" \t").startswith(STATE)


def held_env(text: str) -> str:
    lines = text.split("\n")
    if lines[-1] == "":
        lines.pop()
    held = [f"{STATE}existing" if _is_state(line) else line for line in lines]
    if not any(_is_state(line) for line in lines):
        held.append(f"{STATE}existing")
    return "".join(f"{line}\n" for line in held)


def state_line(text: str) -> str:
    return next((line for line in text.split("\n") if _is_state(line)), "")


def _copy(disk: Disk, source: str, target: str, content: bytes | None = None) -> None:
    """``cp -p``, perhaps with another content."""
    found = disk.file(source)
    assert found is not None
    made = disk.write(target, found.content if content is None else content, found.mode)
    made.mtime, made.owner = found.mtime, found.owner


def hold(run: Running) -> Script:
    verb, this, work, unit, unit_dir, env_file = run.command.argv
    disk, systemd = run.disk, run.master.unit
    where = f"{unit_dir}/{unit}.service.d"
    dropin, copy = f"{where}/00-novatui-hold.conf", f"{env_file}.novatui-{this}"
    held_by = disk.line(f"{work}/hold")
    yield 0.01
    if held_by and held_by != this:
        run.say("hold", "other")
        run.say("by", held_by)
        run.say("end", 1)
        run.complain(f"this master is held by run {held_by}")
        return 0 if verb == "look" else 3
    env = disk.text(env_file) or ""
    if verb == "look":
        shown = systemd.show()
        run.say("hold", "yes" if held_by == this else "no")
        run.say("dropin", "yes" if disk.text(dropin) == dropin_text(this, work) else "no")
        run.say("env", "yes" if held_env(env).rstrip("\n") == env.rstrip("\n") else "no")
        run.say("copy", "yes" if disk.file(copy) else "no")
        run.say("reload", shown["NeedDaemonReload"])
        run.say("dropins", shown["DropInPaths"])
        run.say("end", 1)
        return 0
    disk.mkdir(work, 0o700)
    disk.write(f"{work}/.hold.{this}", f"{this}\n".encode())
    yield 0.01
    disk.sync()
    disk.rename(f"{work}/.hold.{this}", f"{work}/hold")
    yield 0.01
    disk.sync()
    disk.mkdir(where)
    disk.write(f"{where}/.novatui-hold.{this}", dropin_text(this, work).encode(), 0o644)
    yield 0.01
    disk.sync()
    disk.rename(f"{where}/.novatui-hold.{this}", dropin)
    yield 0.01
    disk.sync()
    yield 0.1
    systemd.reload()
    yield 0.01
    if not disk.file(copy):
        _copy(disk, env_file, f"{copy}.part")
        yield 0.01
        disk.sync()
        disk.rename(f"{copy}.part", copy)
        yield 0.01
    if held_env(env).rstrip("\n") != env.rstrip("\n"):
        _copy(disk, env_file, f"{env_file}.novatui-{this}.next", held_env(env).encode())
        yield 0.01
        disk.sync()
        disk.rename(f"{env_file}.novatui-{this}.next", env_file)
        yield 0.01
    disk.sync()
    return 0


def wait_until_down(run: Running) -> Script:
    """``systemctl stop``: the job goes on whatever becomes of who asked for it."""
    down = run.master.unit.stop()
    while not down:
        yield 0.2
        down = run.master.unit.active in DOWN
    yield 0.01
    return 0


def stop(run: Running) -> Script:
    verb, _, *rest = run.command.argv
    if verb == "do":
        return (yield from wait_until_down(run))
    data, *places = rest
    yield 0.02
    daemon = run.master.unit.daemon
    say_unit(
        run, ("LoadState", "ActiveState", "SubState", "MainPID", "Result", "ExecMainStatus", "InvocationID")
    )
    run.say("cgroup", 1 if daemon else 0)
    db = run.disk.file(f"{data}/member/snap/db")
    run.say("lock", "held" if db is not None and (db.exclusive is not None or db.shared) else "free")
    inner = run.disk.find(f"{data}/member")
    run.say("data", inner.inode if inner is not None else "")
    run.say("written", written(run.disk, data))
    if daemon is not None and daemon.up:
        for place in places:
            run.say("listening", place)
    run.say("end", 1)
    return 0


def written(disk: Disk, live: str) -> int:
    """When a log or the database of ``live``, a data directory or its "member", was written last."""
    found = [
        file
        for top in (f"{live}/member", live)
        for path in (*(f"{top}/wal/{name}" for name in disk.names(f"{top}/wal")), f"{top}/snap/db")
        if (path.endswith((".wal", "/db"))) and (file := disk.file(path)) is not None
    ]
    return max((int(file.mtime) for file in found), default=0)


class Exchange:
    """The directories of one exchange, and where it stands."""

    def __init__(self, run: Running) -> None:
        self.run, self.disk = run, run.disk
        _, self.this, _, self.live, self.staged, self.old, self.aside, self.mark, self.had, *hold = (
            run.command.argv
        )
        self.hold = hold[0] if hold else ""
        name = self.old.rpartition("/")[2].replace("novatui-old-", "novatui-foreign-")
        self.foreign = f"{self.live.rpartition('/')[0]}/{name}"

    def marked(self, path: str) -> bool:
        return self.disk.line(f"{path}/{self.mark}") == self.this

    def state(self) -> str:
        there, live = self.disk.there, self.live
        if there(live) and self.marked(live):
            if there(self.staged):
                return "odd"
            return "done" if self.had == "no" or there(self.old) else "lost"
        if not there(self.staged) or not self.marked(self.staged):
            return "lost" if there(self.old) else "missing"
        if there(live):
            return "foreign" if there(self.old) or self.had == "no" else "todo"
        if there(self.old):
            return "partial"
        return "todo" if self.had == "no" else "lost"

    def undo_state(self) -> str:
        there = self.disk.there
        if there(self.live) and self.marked(self.live):
            if there(self.aside):
                return "odd"
            return "todo" if there(self.old) or self.had == "no" else "lost"
        if there(self.live):
            return "foreign" if there(self.old) else "done"
        if there(self.old):
            return "partial"
        return "done" if self.had == "no" else "lost"

    def say(self, state: str) -> None:
        run = self.run
        run.say("state", state)
        for name in ("live", "staged", "old", "aside", "foreign"):
            path = getattr(self, name)
            found = self.disk.find(path)
            if found is not None:
                run.say(name, f"1:{found.inode}")
                if self.marked(path):
                    run.say(f"{name}.marked", "yes")
        run.say("written", written(self.disk, self.live))
        run.say("end", 1)

    def must_be_down(self) -> None:
        run = self.run
        if self.hold and self.disk.line(self.hold) != self.this:
            run.complain(f"{self.hold} does not hold this master for this run")
            raise Exit(3)
        if run.master.unit.active not in DOWN:
            run.complain(f"{run.master.unit.name} is '{run.master.unit.active}', not down")
            raise Exit(3)
        for path in (f"{self.live}/member/snap/db", f"{self.live}/snap/db"):
            db = self.disk.file(path)
            if db is not None and (db.exclusive is not None or db.shared):
                run.complain(f"a process still holds {path}")
                raise Exit(3)

    def move(self, source: str, target: str) -> Script:
        if self.disk.there(target):
            self.run.complain(f"{target} is there already")
            raise Exit(4)
        self.disk.rename(source, target)
        yield 0.01
        self.disk.sync()
        self.run.print(f"renamed {source} to {target}")
        yield 0.01
        return 0

    def set_aside_foreign(self) -> Script:
        yield from wait_until_down(self.run)
        self.must_be_down()
        to, number = self.foreign, 2
        while self.disk.there(to):
            to, number = f"{self.foreign}.{number}", number + 1
        yield from self.move(self.live, to)
        return 0


def swap(run: Running) -> Script:
    verb, one = run.command.argv[0], Exchange(run)
    yield 0.01
    if verb == "look":
        one.say(one.state())
        return 0
    if verb == "undo-look":
        one.say(one.undo_state())
        return 0
    found = one.state() if verb == "do" else one.undo_state()
    if found == "done":
        return 0
    if found not in ("todo", "partial", "foreign"):
        what = "exchange the data" if verb == "do" else "put the data back"
        run.complain(f"cannot {what}, the directories are '{found}'")
        return 4
    if found == "foreign":
        yield from one.set_aside_foreign()
    one.must_be_down()
    if verb == "do":
        if found == "todo" and one.had == "yes":
            yield from one.move(one.live, one.old)
        yield from one.move(one.staged, one.live)
        return 0
    if found == "todo":
        yield from one.move(one.live, one.aside)
    if one.disk.there(one.old):
        yield from one.move(one.old, one.live)
    return 0


def start(run: Running) -> Script:
    verb, this, work, _, data, mark, begin, *env = run.command.argv
    disk = run.disk
    yield 0.01
    held_by = disk.line(f"{work}/hold")
    restored = any(disk.line(f"{data}/{name}") == this for name in (".novatui-run", "member/.novatui-run"))
    wal = f"{data}/member/wal"
    logs = [name for name in disk.names(wal) if name.endswith(".wal")]
    nothing = not mark and not restored and not any(disk.read(f"{wal}/{name}") for name in logs)
    if verb == "look":
        say_unit(run, SHOWN)
        run.say("restored", "yes" if restored else "no")
        run.say("held_by", held_by)
        if not mark:
            run.say("nothing", "yes" if nothing else "no")
        run.say("end", 1)
        return 0

    def refuse(why: str) -> int:
        run.complain(f"not started: {why}")
        return 3

    if env and begin == "yes" and (why := _not_proved(disk, this, env)):
        return refuse(why)
    if held_by and held_by != this:
        return refuse(f"this master is held by run {held_by}")
    if mark == "-":
        if held_by and logs:
            return refuse(f"{data} has a log: a new member begins with nothing")
    elif mark:
        if disk.line(f"{data}/{mark}") != this:
            return refuse(f"{data} does not carry this run's marker")
        if not disk.read(f"{data}/member/snap/db"):
            return refuse(f"no {data}/member/snap/db")
        if not any(disk.read(f"{wal}/{name}") for name in logs):
            return refuse(f"no log in {wal}")
    elif restored:
        return refuse(f"{data} is still the restored data of this run")
    elif nothing:
        return 0
    if held_by:
        disk.remove(f"{work}/hold")
        yield 0.01
        disk.sync()
    if begin != "yes":
        return 0
    yield 0.01
    run.master.unit.reset_failed()
    return 0 if run.master.unit.start(why="start.sh") else 1


def _not_proved(disk: Disk, this: str, words: list[str]) -> str:
    """Why the env file is not the one that was proved, with what the run wrote into it; empty: it is."""
    env_file, sha256, *pairs = words
    copy = f"{env_file}.novatui-{this}"
    raw, text = disk.read(copy), disk.text(env_file)
    if raw is None:
        return f"there is no copy of the env file that was proved: {copy}"
    if hashlib.sha256(raw).hexdigest() != sha256:
        return f"{copy} is not the env file that was proved"
    if text is None:
        return f"{env_file} cannot be read"
    keys = tuple(f"{pair.partition('=')[0]}=" for pair in pairs)

    def rest(of: str) -> list[str]:
        return [line for line in of.rstrip("\n").split("\n") if not line.lstrip(" \t").startswith(keys)]

    changed = f"{env_file} was changed since it was proved"
    if rest(text) != rest(raw.decode()):
        return f"{changed}: see diff {copy} {env_file}"
    for key, pair in zip(keys, pairs, strict=True):
        if [line for line in text.split("\n") if line.lstrip(" \t").startswith(key)] != [pair]:
            return f"{changed}: it must have the one line {pair}"
    return ""


def release(run: Running) -> Script:
    verb, this, work, unit, unit_dir, env_file, *more = run.command.argv
    disk, systemd = run.disk, run.master.unit
    where = f"{unit_dir}/{unit}.service.d"
    dropin, copy = f"{where}/00-novatui-hold.conf", f"{env_file}.novatui-{this}"
    yield 0.01
    held_by = disk.line(f"{work}/hold")
    ours = disk.line(dropin) == f"# novatui run {this}"
    env, before = disk.text(env_file) or "", disk.text(copy)
    differs = before is not None and state_line(env) != state_line(before)
    if verb == "look":
        stage, staged = more
        run.say("hold", ("yes" if held_by == this else "other") if held_by else "no")
        run.say("dropin", "yes" if ours else "no")
        run.say("env", "no" if differs else "yes")
        left = any(disk.there(path) for path in (stage, staged, f"{staged}.part"))
        run.say("staged", "yes" if left else "no")
        run.say("copy", copy)
        run.say("end", 1)
        return 0
    if verb == "do" and differs and before is not None:
        following = f"{env_file}.novatui-{this}.next"
        content = before
        if _without_state(env) != _without_state(before):
            content = env_back(env, state_line(before))
        _copy(disk, copy, following, content.encode())
        yield 0.01
        disk.sync()
        disk.rename(following, env_file)
        yield 0.01
        disk.sync()
    if ours:
        disk.remove(dropin)
        yield 0.01
        if not disk.names(where):
            disk.remove(where)
        yield 0.05
        systemd.reload()
        yield 0.01
    if held_by == this:
        disk.remove(f"{work}/hold")
        yield 0.01
    return 0


def _without_state(text: str) -> list[str]:
    return [line for line in text.split("\n") if not _is_state(line)]


def env_back(env: str, before: str) -> str:
    lines = env.split("\n")
    if lines[-1] == "":
        lines.pop()
    back = []
    for line in lines:
        if not _is_state(line):
            back.append(line)
        elif before:
            back.append(before)
    return "".join(f"{line}\n" for line in back)
