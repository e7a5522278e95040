"""begin.sh, evidence.sh and systemctl: one that is started on the data that is there, what is kept before, and the stop."""

from __future__ import annotations

from tests.sim.process import Running, Script
from tests.sim.scripts.looks import SHOWN, members_json, say_unit, serving, status_json


def begin(run: Running) -> Script:
    verb, _, work, _, data, *_ = run.command.argv
    disk = run.disk
    yield 0.01
    held_by = disk.line(f"{work}/hold")
    wal = f"{data}/member/wal"
    lacks = [] if disk.read(f"{data}/member/snap/db") else ["member/snap/db"]
    if not any(disk.read(f"{wal}/{name}") for name in disk.names(wal) if name.endswith(".wal")):
        lacks.insert(0, "member/wal")
    if verb == "do":
        if held_by:
            run.complain(f"not started: this master is held by run {held_by}")
            return 3
        if lacks:
            run.complain(f"not started: no {' and '.join(lacks)} in {data}")
            return 3
        run.master.unit.reset_failed()
        yield 0.01
        return 0 if run.master.unit.start(why="begin.sh") else 1
    say_unit(run, SHOWN)
    run.say("held_by", held_by)
    run.say64("lacks", " and ".join(lacks))
    daemon = serving(run)
    if daemon is not None:
        run.say64("status", status_json(run, daemon))
        if run.master.fleet.has_quorum(run.master):
            run.say("quorum", "yes")
            run.say64("members", members_json(daemon))
        else:
            run.say("quorum", "no")
    else:
        yield 0.1
        run.say64("journal", run.master.log)
    run.say("end", 1)
    return 0


def evidence(run: Running) -> Script:
    verb, this, work, _ = run.command.argv
    disk, shown = run.disk, run.master.unit.show()
    top, kept = f"{work}/{this}", f"{work}/{this}/evidence"
    yield 0.01
    if verb == "look":
        facts = disk.read(f"{kept}/facts")
        run.say("kept", "no" if facts is None else "yes")
        if facts is not None:
            run.say64("path", kept)
            for name in disk.names(kept):
                run.say("file", f"{name} {len(disk.read(f'{kept}/{name}') or b'')}")
            run.out += facts
        run.say("end", 1)
        return 0
    if verb == "drop":
        for path in (kept, f"{kept}.part"):
            if disk.there(path):
                disk.remove(path)
        if disk.there(top) and not disk.names(top):
            disk.remove(top)
        return 0
    part = f"{kept}.part"
    if disk.there(part):
        disk.remove(part)
    disk.mkdir(work, 0o700)
    disk.mkdir(part, 0o700)
    yield 0.05
    disk.write(f"{part}/journal.json", run.master.log)
    yield 0.05
    told = {
        "invocation": shown["InvocationID"],
        "pid": shown["MainPID"],
        "active": shown["ActiveState"],
        "sub": shown["SubState"],
    }
    disk.write(f"{part}/facts", "".join(f"nv:{key}={value}\n" for key, value in told.items()).encode())
    yield 0.01
    disk.sync()
    disk.rename(part, kept)
    yield 0.01
    disk.sync()
    return 0


def systemctl(run: Running) -> Script:
    """Only ``systemctl stop --no-block UNIT``."""
    assert run.command.argv[1:3] == ("stop", "--no-block"), run.command.argv
    yield 0.02
    run.master.unit.stop()
    yield 0.01
    return 0
