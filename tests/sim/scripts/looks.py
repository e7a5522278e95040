"""survey.sh, reach.sh, member.sh, last-gate.sh and journalctl: what only looks."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from tests.sim import etcd
from tests.sim.disk import Dir
from tests.sim.process import Running, Script
from tests.sim.unit import Daemon, environment

FREE_KIB = 50_000_000
VERSION = "3.5.10"
READ_S = 5.0  # how long a linearizable read is waited for
SURVEYED = (
    *("LoadState", "ActiveState", "SubState", "MainPID", "FragmentPath", "DropInPaths", "ExecStart"),
    *("EnvironmentFiles", "Environment", "User", "TimeoutStopUSec", "UnitFileState"),
)
SHOWN = ("LoadState", "ActiveState", "SubState", "MainPID", "Result", "ExecMainStatus", "NRestarts")


def say_unit(run: Running, keys: tuple[str, ...]) -> None:
    shown = run.master.unit.show()
    for key in keys:
        run.say(f"unit.{key}", shown[key])


def serving(run: Running) -> Daemon | None:
    """This master's etcd, when it answers."""
    daemon = run.master.unit.daemon
    return daemon if daemon is not None and daemon.ready and not daemon.hung else None


def status_json(run: Running, daemon: Daemon) -> str:
    data = daemon.data
    leader = run.master.fleet.leader(data.cluster)
    inner = {
        "header": _header(data),
        "version": VERSION,
        "dbSize": 20480,
        "leader": int(leader or "0", 16),
        "raftIndex": data.revision + 10,
        "raftTerm": 2,
        "raftAppliedIndex": data.revision + 10,
    }
    return json.dumps([{"Endpoint": "https://127.0.0.1:2379", "Status": inner}])


def members_json(daemon: Daemon) -> str:
    listed = [
        {"ID": int(number, 16), "name": name, "peerURLs": [url], "clientURLs": [url]}
        for number, name, url in daemon.data.members
    ]
    return json.dumps({"header": _header(daemon.data), "members": listed})


def _header(data: etcd.Data) -> dict[str, Any]:
    return {
        "cluster_id": int(data.cluster, 16),
        "member_id": int(data.member, 16),
        "revision": data.revision,
        "raft_term": 2,
    }


def hash_json(data: etcd.Data) -> str:
    inner = {"header": _header(data), "hash": data.hash, "compact_revision": 0}
    return json.dumps([{"Endpoint": "", "HashKV": inner}])


def member(run: Running) -> Script:
    yield 0.03
    say_unit(run, SHOWN)
    if (daemon := serving(run)) is not None:
        run.say64("status", status_json(run, daemon))
        members = members_json(daemon)
        quorum = yield from linearizable(run)
        run.say64("members", members if quorum else "")
        run.say("quorum", "yes" if quorum else "no")
    run.say("end", 1)
    return 0


def linearizable(run: Running) -> Script:
    """Whether a read came back: 1, or 0 after its limit."""
    waited = 0.0
    while not run.master.fleet.has_quorum(run.master):
        if waited >= READ_S:
            return 0
        waited += 0.5
        yield 0.5
    return 1


def last_gate(run: Running) -> Script:
    revision, *files = run.command.argv[5:]
    yield 0.05
    daemon = serving(run)
    run.say64("status1", status_json(run, daemon) if daemon else "")
    hashed = ""
    if daemon is not None and revision.isdigit() and int(revision) <= daemon.data.revision:
        hashed = hash_json(daemon.data)
    run.say64("hashkv", hashed)
    if daemon is not None and run.master.fleet.has_quorum(run.master):
        run.say("write", "yes")
    else:
        run.say64("write_error", "context deadline exceeded")
    fenced = _fenced(run, files)
    yield 1.0
    daemon = serving(run)
    run.say64("status2", status_json(run, daemon) if daemon else "")
    if files:
        run.say("fenced", "yes" if fenced and _fenced(run, files) else "no")
    run.say("end", 1)
    return 0


def _fenced(run: Running, files: list[str]) -> bool:
    return bool(files) and not run.disk.there(files[0]) and run.disk.there(files[1])


def reach(run: Running) -> Script:
    this, work = run.command.argv[:2]
    yield 0.05
    held = run.disk.line(f"{work}/hold")
    run.say("ours", "yes" if held == this else "")
    run.say("held_by", held)
    run.say("boot_id", run.master.boot_id)
    run.say("now", run.master.now())
    say_unit(run, ("LoadState", "ActiveState", "SubState"))
    if (daemon := serving(run)) is not None:
        run.say64("status", status_json(run, daemon))
    run.say("end", 1)
    return 0


def journalctl(run: Running) -> Script:
    yield 0.02
    run.out += run.master.log
    return 0


def kept(run: Running) -> Script:
    work, of, *names = run.command.argv
    yield 0.01
    for name in names:
        raw = run.disk.read(f"{work}/{of}/{name}")
        if raw is None:
            run.say("lacks", name)
        else:
            run.say64(name, raw)
    run.say("end", 1)
    return 0


def survey(run: Running) -> Script:
    env_file, unit, _, work, unit_dir, manifests, *more = run.command.argv
    disk, master = run.disk, run.master
    yield 0.1
    run.say("boot_id", master.boot_id)
    run.say("now", master.now())
    run.say("zone", "+0000")
    run.say("uid", "0:0")
    say_unit(run, SURVEYED)
    run.say("tool.etcd", f"etcd Version: {VERSION}")
    run.say("tool.etcdctl", f"etcdctl version: {VERSION}")
    run.say("tool.etcdutl", f"etcdutl version: {VERSION}")
    run.say("api_server", "yes" if disk.there(f"{manifests}/kube-apiserver.yaml") else "no")
    run.say("unit_dir_writable", "yes")
    run.say("work_writable", "yes")
    if disk.there(f"{work}/hold"):
        run.say64("hold", disk.read(f"{work}/hold") or b"")
    if disk.there(f"{unit_dir}/{unit}.service.d/00-novatui-hold.conf"):
        run.say("hold_dropin", "yes")
    if disk.there(f"{work}/active/owner"):
        run.say64("lease", disk.read(f"{work}/active/owner") or b"")
    raw = disk.read(env_file)
    if raw is not None:
        env = environment(raw.decode())
        run.say("env_real", env_file)
        run.say("env_sha256", hashlib.sha256(raw).hexdigest())
        run.say("env_writable", "yes")
        run.say64("env", raw)
        run.say("data_dir", env["ETCD_DATA_DIR"])
        _data_facts(run, env["ETCD_DATA_DIR"])
        yield from _endpoint_facts(run, env)
        if more == ["roster"]:
            _roster_facts(run, env["ETCD_DATA_DIR"])
    run.say("end", 1)
    return 0


def _data_facts(run: Running, data: str) -> None:
    disk = run.disk
    found = disk.find(data)
    run.say(
        "data_kind",
        ("mount" if data in run.master.mounts else "dir") if isinstance(found, Dir) else "missing",
    )
    wals = [name for name in disk.names(f"{data}/member/wal") if name.endswith(".wal")]
    run.say("data_wal", len(wals))
    run.say("data_db", len(disk.read(f"{data}/member/snap/db") or b""))
    if isinstance(found, Dir):
        run.say("data_owner", found.owner)
        run.say("data_mode", f"{found.mode:o}")
        run.say("data_inode", f"1:{found.inode}")
        inner = disk.find(f"{data}/member")
        if isinstance(inner, Dir):
            run.say("member_inode", f"1:{inner.inode}")
        run.say("data_kib", 64000)
        db = disk.file(f"{data}/member/snap/db")
        if db is not None:
            run.say("data_written", db.mtime)
    run.say("parent_writable", "yes")
    run.say("data_writable", "yes")
    run.say("free_kib", FREE_KIB)
    parent, _, name = data.rpartition("/")
    for left in disk.names(parent):
        if left.startswith(f"{name}.novatui-"):
            run.say64("leftover", f"{parent}/{left}")
    for left in disk.names(data):
        if left.startswith(".novatui-"):
            run.say64("leftover", f"{data}/{left}")


def _endpoint_facts(run: Running, env: dict[str, str]) -> Script:
    run.say("endpoint", "https://127.0.0.1:2379")
    for key, name in (("cacert", "ETCDCTL_CACERT"), ("cert", "ETCDCTL_CERT"), ("key", "ETCDCTL_KEY")):
        run.say(key, env.get(name, ""))
    if (daemon := serving(run)) is not None:
        run.say64("status", status_json(run, daemon))
        run.say64("local_read", "")
        if (yield from linearizable(run)):
            run.say64("members", members_json(daemon))
            run.say("quorum", "yes")
        else:
            run.say("quorum", "no")
    return 0


def _roster_facts(run: Running, data: str) -> None:
    """Beside the list, which is said anyway."""
    if (daemon := serving(run)) is not None:
        run.say64("hashkv", hash_json(daemon.data))
    wal = f"{data}/member/wal"
    for name in run.disk.names(wal)[:1]:
        run.say64("wal", run.disk.read(f"{wal}/{name}") or b"")
