"""archive.sh, survivor.sh, stage.sh and unstage.sh: what is put beside the live data before the gate."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import re
import tarfile
import zlib
from collections.abc import Sequence
from functools import lru_cache

from tests.sim import etcd
from tests.sim.disk import Disk
from tests.sim.process import Exit, Lines, Running, Script
from tests.sim.scripts.changing import written
from tests.sim.scripts.guard import word

WAL = "0000000000000000-0000000000000000.wal"


def archive(run: Running) -> Script:
    verb, *words = run.command.argv
    verbs = {
        "survey": _survey,
        "prove": _prove,
        "adopt": _adopt,
        "send": _send,
        "receive": _receive,
        "look": _look,
    }
    return (yield from verbs[verb](run, words))


@lru_cache(maxsize=64)
def unpacked(name: str, raw: bytes) -> tuple[str, str, bytes]:
    """Of an archive: why it is refused, the member's name, its content. Raises tarfile.TarError for damage."""
    if not name.endswith((".tar.gz", ".tgz", ".tar")):
        return "", "", raw
    try:
        plain = raw if name.endswith(".tar") else gzip.decompress(raw)
        with tarfile.open(fileobj=io.BytesIO(plain)) as tar:
            dbs = []
            for member in tar.getmembers():
                if member.issym() or member.islnk():
                    return f"a {'symbolic' if member.issym() else 'hard'} link inside: {member.name}", "", b""
                if member.name.startswith("/"):
                    return f"an absolute name inside: {member.name}", "", b""
                if ".." in member.name.split("/"):
                    return f"a name with .. inside: {member.name}", "", b""
                if member.isfile() and member.name.endswith(".db"):
                    dbs.append(member)
            if len(dbs) != 1:
                words = f"{len(dbs)} .db files inside, there must be one" if dbs else "no .db inside"
                return words, "", b""
            inner = tar.extractfile(dbs[0])
            assert inner is not None
            return "", dbs[0].name, inner.read()
    except (EOFError, OSError, zlib.error) as error:
        raise tarfile.TarError(str(error)) from error


def _inspect(raw: bytes) -> tuple[str, bytes]:
    """``trailer``, and the lines that inspect() prints."""
    lines = Lines()
    lines.say("db_size", len(raw))
    lines.say("sha256", hashlib.sha256(raw).hexdigest())
    trailer = "none" if len(raw) % 512 != 32 else ("ok" if etcd.whole_snapshot(raw) else "bad")
    lines.say("trailer", trailer)
    found = sorted(set(re.findall(rb'"peerURLs":\["[^]]*\]', raw)))
    lines.say64("urls", b"".join(one + b"\n" for one in found))
    if (inner := etcd.read_snapshot(raw)) is not None:
        lines.say64("status", status_json(inner["revision"]))
    return trailer, bytes(lines.out)


def status_json(revision: object) -> str:
    return json.dumps({"hash": 1, "revision": revision, "totalKey": 300, "totalSize": 20480})


def _survey(run: Running, words: Sequence[str]) -> Script:
    _, _, wanted, *_ = words
    yield 0.1
    raw = run.disk.read(wanted) if wanted else None
    if raw is not None:
        run.say64("archive", wanted)
        run.say("size", len(raw))
        file = run.disk.file(wanted)
        run.say("mtime", file.mtime if file else 0)
        try:
            refused, member, inner = unpacked(wanted, raw)
        except tarfile.TarError:
            run.say64("damaged", "tar: Unexpected EOF in archive")
        else:
            if refused:
                run.say64("refused", refused)
            else:
                if member:
                    run.say64("member", member)
                run.out += _inspect(inner)[1]
    run.say("end", 1)
    return 0


def _bad(run: Running, stage: str, why: str) -> Exit:
    run.disk.remove(f"{stage}/snapshot.db.part")
    run.say64("why", why)
    run.complain(why)
    run.say("end", 1)
    return Exit(3)


def make_stage(run: Running, stage: str, this: str) -> None:
    disk = run.disk
    if disk.there(stage) and word(disk, f"{stage}/run") != this and disk.names(stage):
        run.complain(f"{stage} is not of this run")
        raise Exit(1)
    disk.mkdir(stage, 0o700)
    disk.write(f"{stage}/run", f"{this}\n".encode())


def _accept(run: Running, stage: str, wanted: str, part: bytes) -> Script:
    disk = run.disk
    trailer, facts = _inspect(part)
    disk.write(f"{stage}/snapshot.facts.part", facts)
    yield 0.02
    if trailer == "none":
        raise _bad(
            run,
            stage,
            "not a whole etcd snapshot: its size is not a multiple of 512 plus the 32 bytes of its hash",
        )
    if trailer == "bad":
        raise _bad(run, stage, "the hash at its end does not match its content")
    if b"nv:status64=" not in facts:
        raise _bad(run, stage, "the tool cannot read its revision")
    found = hashlib.sha256(part).hexdigest()
    if wanted not in ("", "-", found):
        raise _bad(run, stage, f"not the snapshot that was looked at: sha256 {found}")
    disk.sync()
    disk.rename(f"{stage}/snapshot.facts.part", f"{stage}/snapshot.facts")
    yield 0.005
    disk.rename(f"{stage}/snapshot.db.part", f"{stage}/snapshot.db")
    yield 0.005
    disk.sync()
    run.out += facts
    run.say("end", 1)
    return 0


def _prove(run: Running, words: Sequence[str]) -> Script:
    stage, path, wanted, _, this = words
    make_stage(run, stage, this)
    yield 0.05
    raw = run.disk.read(path)
    if raw is None:
        raise _bad(run, stage, f"missing: {path}")
    try:
        refused, member, inner = unpacked(path, raw)
    except tarfile.TarError:
        raise _bad(run, stage, f"cannot be listed, truncated or damaged: {path}") from None
    if member:
        run.disk.write(f"{stage}/list", b"")
    if refused:
        raise _bad(run, stage, refused)
    run.disk.write(f"{stage}/snapshot.db.part", inner[: len(inner) // 2])
    yield 0.1
    run.disk.write(f"{stage}/snapshot.db.part", inner)
    yield 0.02
    return (yield from _accept(run, stage, wanted, inner))


def _adopt(run: Running, words: Sequence[str]) -> Script:
    stage, wanted, _, this = words
    make_stage(run, stage, this)
    raw = run.disk.read(f"{stage}/survivor.db")
    if raw is None:
        raise _bad(run, stage, "no snapshot was taken from this member")
    yield 0.02
    run.disk.write(f"{stage}/snapshot.db.part", raw)
    yield 0.02
    return (yield from _accept(run, stage, wanted, raw))


def _send(run: Running, words: Sequence[str]) -> Script:
    raw = run.disk.read(f"{words[0]}/snapshot.db")
    yield 0.05
    if raw is None:
        return 1
    run.out += f"\nnv-stream {len(raw)}\n".encode() + raw
    return 0


def _receive(run: Running, words: Sequence[str]) -> Script:
    stage, wanted, _, this = words
    make_stage(run, stage, this)
    yield 0.2
    run.stdin_whole = True  # all of it came
    line, _, rest = run.stdin.partition(b"nv-stream ")[2].partition(b"\n")
    if not line.isdigit():
        raise _bad(run, stage, "nothing came")
    part = rest[: int(line)]
    run.disk.write(f"{stage}/snapshot.db.part", part)
    yield 0.02
    if len(part) != int(line):
        raise _bad(run, stage, f"only a part came, of {int(line)} bytes")
    return (yield from _accept(run, stage, wanted, part))


def _look(run: Running, words: Sequence[str]) -> Script:
    stage, this = words
    yield 0.02
    disk = run.disk
    raw, facts = disk.read(f"{stage}/snapshot.db"), disk.read(f"{stage}/snapshot.facts")
    if word(disk, f"{stage}/run") == this and raw is not None and facts is not None:
        run.say("present", "yes")
        run.out += facts
        run.say("sha256_now", hashlib.sha256(raw).hexdigest())
    else:
        run.say("present", "no")
    run.say("end", 1)
    return 0


def survivor(run: Running) -> Script:
    verb, stage, this, *words = run.command.argv
    disk = run.disk
    if verb == "look":
        yield 0.01
        facts = disk.read(f"{stage}/survivor.facts")
        if word(disk, f"{stage}/run") == this and facts is not None:
            run.out += facts
            if (saved := disk.read(f"{stage}/survivor.db")) is not None:
                run.say("size_now", len(saved))
        else:
            run.say("survivor", "todo")
        run.say("end", 1)
        return 0
    data_dir = words[0]
    make_stage(run, stage, this)
    for name in ("copy", "survivor.db", "survivor.db.part", "survivor.facts"):
        disk.remove(f"{stage}/{name}")
    yield 0.02
    daemon = run.master.unit.daemon
    lines = Lines()
    if daemon is not None and daemon.ready:
        yield 0.2
        yield from _saved(run, stage, daemon.data, "live", lines)
    elif not any(disk.read(f"{data_dir}/member/wal/{name}") for name in disk.names(f"{data_dir}/member/wal")):
        _none(lines, f"no log (member/wal) in {data_dir}")
    elif not disk.read(f"{data_dir}/member/snap/db"):
        _none(lines, f"no database (member/snap/db) in {data_dir}")
    else:
        disk.mkdir(f"{stage}/copy/member", 0o700)
        yield 0.3
        found = etcd.data_at(disk, data_dir)
        if daemon is not None and daemon.db is not None:
            lines.say("survivor", "unread")
            lines.say64("why", "a process that does not answer holds its database: end it, then plan again")
        elif found is None:
            _none(lines, "its data cannot be opened, etcd on a copy ended: panic")
        else:
            yield from _saved(run, stage, found, "copy", lines)
        disk.remove(f"{stage}/copy")
    disk.write(f"{stage}/survivor.facts.part", bytes(lines.out))
    disk.sync()
    disk.rename(f"{stage}/survivor.facts.part", f"{stage}/survivor.facts")
    yield 0.005
    disk.sync()
    run.out += lines.out
    run.say("end", 1)
    return 0


def _none(lines: Lines, why: str) -> None:
    lines.say("survivor", "none")
    lines.say64("why", why)


def _saved(run: Running, stage: str, data: etcd.Data, how: str, lines: Lines) -> Script:
    raw = etcd.snapshot(data.content, data.revision, [url for _, _, url in data.members], by=run.master.name)
    disk = run.disk
    disk.write(f"{stage}/survivor.db.part", raw[:512])
    yield 0.1
    disk.write(f"{stage}/survivor.db.part", raw)
    disk.sync()
    disk.rename(f"{stage}/survivor.db.part", f"{stage}/survivor.db")
    yield 0.01
    lines.say("survivor", "saved")
    lines.say64("why", "")
    lines.say("how", how)
    lines.say("written", run.master.now() if how == "live" else written(disk, run.command.argv[3]))
    lines.say("size", len(raw))
    lines.say("sha256", hashlib.sha256(raw).hexdigest())
    lines.say64("status", status_json(data.revision))
    return 0


def _whole(disk: Disk, top: str) -> bool:
    """``top`` is the directory that holds snap and wal."""
    wal = f"{top}/wal"
    return bool(disk.read(f"{top}/snap/db")) and any(
        disk.read(f"{wal}/{name}") for name in disk.names(wal) if name.endswith(".wal")
    )


def _second(disk: Disk, path: str) -> str:
    lines = (disk.text(path) or "").split("\n")
    return lines[1] if len(lines) > 1 else ""


def stage(run: Running) -> Script:
    verb, *words = run.command.argv
    if verb == "look":
        return (yield from _stage_look(run, words))
    stage, sha256, this, staged, inner, mark, owner, mode, _, *restore = words
    disk = run.disk
    below = f"{staged}/member" if mark.startswith("member/") else staged
    if word(disk, f"{stage}/run") != this:
        run.complain(f"{stage} is not of this run")
        return 1
    if disk.there(staged):
        if disk.line(f"{staged}/{mark}") != this:
            run.complain(f"{staged} is there and does not carry this run's marker")
            return 1
        if _whole(disk, below) and _second(disk, f"{staged}/{mark}") == sha256:
            return 0
        disk.remove(staged)
        yield 0.01
    raw = disk.read(f"{stage}/snapshot.db")
    if raw is None or hashlib.sha256(raw).hexdigest() != sha256:
        run.complain(f"{stage}/snapshot.db is not the snapshot that was proved")
        return 1
    part = f"{staged}.part"
    disk.remove(part)
    yield 0.01
    try:
        data = etcd.restored(raw, restore)
    except (ValueError, KeyError) as error:
        run.print(f"Error: {error}")
        run.complain("the restore ended with 1")
        return 1
    disk.mkdir(f"{part}/member/snap", 0o700)
    yield 0.1
    disk.mkdir(f"{part}/member/wal", 0o700)
    disk.write(f"{part}/member/snap/db", etcd.encode(data))
    yield 0.2
    disk.write(f"{part}/member/wal/{WAL}", b"log")
    yield 0.02
    top = f"{part}/{inner}" if inner else part
    disk.write(f"{top}/{mark}", f"{this}\n{sha256}\n".encode())
    disk.chmod(top, mode=int(mode, 8))
    disk.chmod(part, owner=owner)
    yield 0.01
    disk.sync()
    disk.rename(top, staged)
    yield 0.005
    if inner:
        disk.remove(part)
    disk.sync()
    return 0


def _stage_look(run: Running, words: Sequence[str]) -> Script:
    staged, mark, this, live = words
    disk = run.disk
    yield 0.01
    below = f"{staged}/member" if mark.startswith("member/") else staged
    if disk.line(f"{live}/{mark}") == this:
        run.say("staged", "live")
        run.say("sha256", _second(disk, f"{live}/{mark}"))
    elif not disk.there(staged):
        run.say("staged", "no")
    elif disk.line(f"{staged}/{mark}") != this:
        run.say("staged", "foreign")
    elif _whole(disk, below):
        run.say("staged", "yes")
        run.say("sha256", _second(disk, f"{staged}/{mark}"))
        run.say("db_size", len(disk.read(f"{below}/snap/db") or b""))
    else:
        run.say("staged", "broken")
    run.say("end", 1)
    return 0


def unstage(run: Running) -> Script:
    this, stage, staged, mark = run.command.argv
    disk = run.disk
    if disk.line(f"{stage}/run") == this:
        disk.remove(stage)
    elif disk.there(stage) and not disk.read(f"{stage}/run"):
        disk.remove(f"{stage}/run")
        if not disk.names(stage):
            disk.remove(stage)
    yield 0.01
    if disk.line(f"{staged}/{mark}") == this:
        disk.remove(staged)
    yield 0.01
    disk.remove(f"{staged}.part")
    return 0
