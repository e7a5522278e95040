"""archive, survivor and stage scripts with a real etcd: good archives, every kind of bad one, and what a member still holds."""

from __future__ import annotations

import fcntl
import gzip
import hashlib
import io
import os
import shutil
import signal
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from novatui.remote.command import Outcome
from novatui.runbooks.parts.archives import Archive, archives
from novatui.runbooks.parts.reading import Reading
from novatui.runbooks.restore_cluster.prepare import read_snapshot, read_stage
from novatui.runbooks.restore_cluster.survivors import read_survivor
from novatui.runbooks.step import State
from novatui.runner.acting import why
from tests.runbooks.bench import SHELLS, Bench, Etcd, data_dir, etcd, tools, tree

pytestmark = pytest.mark.etcd
RUN = "7f3a00aa"
NAME = "etcd_snapshot_nova-v5.1.2_k8s-v1.27.11_2024-06-14_081538.db"


@dataclass(frozen=True)
class Saved:
    """A snapshot of a real member, and that member's own directory after a SIGKILL: its log holds one write more."""

    home: Path
    db: Path
    revision: int
    peer_url: str
    data: Path

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.db.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Saved:
    root = tmp_path_factory.mktemp("real")
    home = tools(root / "opt")
    with etcd(home, root / "data") as member:
        for number in range(5):
            member.ctl("put", f"key{number}", "value")
        member.ctl("snapshot", "save", str(root / NAME))
        member.ctl("put", "after", "the snapshot")
    return Saved(home, root / NAME, 6, member.peer_url, root / "data")


@pytest.fixture(params=SHELLS)
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Bench:
    bench = Bench(tmp_path / "a master", request.param)
    bench.env_file.write_text(f"ETCD_DATA_DIR={bench.data}\n")
    return bench


def pack(path: Path, *members: tuple[str, bytes | str]) -> Path:
    """A tar.gz; a str content is a link's target."""
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


def survey(bench: Bench, saved: Saved, wanted: str = "", *dirs: Path) -> tuple[Archive, ...]:
    argv = ["survey", bench.env_file, saved.home / "etcdctl", wanted, 5, *dirs]
    found = archives(bench.run("archive", *argv), "+0300")
    assert found is not None
    assert not list((bench.root / "lib").glob(".novatui-look-*")), "the scratch directory is gone"
    return found


def test_what_a_killed_look_left_the_next_one_takes_away(bench: Bench, saved: Saved) -> None:
    """Not what another look is using, nor what is not ours."""
    lib = bench.root / "lib"
    for name in ("dead", "alive", "nobodys"):
        (lib / f".novatui-look-{name}").mkdir()
    for name in ("dead", "alive"):
        (lib / f".novatui-look-{name}/look").touch()
    (lib / ".novatui-look-dead/db").write_bytes(b"half unpacked")
    (lib / ".novatui-look-link").symlink_to(lib / ".novatui-look-nobodys")
    with (lib / ".novatui-look-alive/look").open() as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        bench.run("archive", "survey", bench.env_file, saved.home / "etcdctl", "", 5, bench.root / "etc")
    left = sorted(path.name for path in lib.glob(".novatui-look-*"))
    assert left == [".novatui-look-alive", ".novatui-look-link", ".novatui-look-nobodys"]


@pytest.mark.parametrize(
    "ends",
    ["kill -9 $$", "echo 'tar: -: Cannot write: No space left on device' >&2; exit 2", "exit 1"],
    ids=["killed", "no space", "silent"],
)
def test_a_tool_that_was_ended_says_nothing_of_the_archive(bench: Bench, saved: Saved, ends: str) -> None:
    """It must not be called damaged: it is the last good copy, perhaps."""
    place = pack(bench.root / "etc" / f"{NAME}.tar.gz", (NAME, saved.db.read_bytes()))
    tool = bench.root / "bin/tar"
    tool.write_text(f"#!/bin/sh\n{ends}\n")
    tool.chmod(0o755)
    (found,) = survey(bench, saved, str(place))
    assert not found.problem and not found.verified
    assert found.unread.startswith("unpacking it ended with ")
    tried = prove(bench, saved, place, saved.sha256)
    assert tried.exit == 1 and b"damaged" not in tried.stdout + tried.stderr


def test_the_mark_of_a_stage_is_on_disk_before_anything_else_and_is_not_written_again(
    bench: Bench, saved: Saved
) -> None:
    """A power cut must not find other files beside an empty mark: the directory would be nobody's."""
    place = pack(bench.root / "etc" / f"{NAME}.tar.gz", (NAME, saved.db.read_bytes()))
    calls = bench.root / "synced"
    tool = bench.root / "bin/sync"
    tool.write_text(
        f'#!/bin/sh\nshift\nfor one in "$@"; do echo "${{one##*/}} $(ls "${{one%/*}}" | wc -l)"; done >>"{calls}"\n'
    )
    tool.chmod(0o755)
    assert prove(bench, saved, place, saved.sha256).ok
    assert calls.read_text().split()[:2] == ["run", "1"], "the mark alone is there when it is synced"
    mark = stage_dir(bench) / "run"
    before = mark.stat().st_mtime_ns
    assert prove(bench, saved, place, saved.sha256).ok
    assert mark.stat().st_mtime_ns == before


def stage_dir(bench: Bench) -> Path:
    return Path(f"{bench.data}.novatui-stage-{RUN}")


def prove(bench: Bench, saved: Saved, archive: Path, sha256: str) -> Outcome:
    return bench.run("archive", "prove", stage_dir(bench), archive, sha256, saved.home / "etcdctl", RUN)


def look(bench: Bench, sha256: str = "") -> tuple[State, dict[str, object]]:
    found = read_snapshot(bench.run("archive", "look", stage_dir(bench), RUN), sha256)
    return found.state, dict(found.facts)


@pytest.mark.parametrize("form", ["tar.gz", "db", "tar"])
def test_a_good_archive_tells_everything(bench: Bench, saved: Saved, form: str) -> None:
    """The platform's own form, a bare .db, and a plain tar; the date is by its name, in the master's zone."""
    place = bench.root / "etc" / (f"{NAME}.{form}" if form != "db" else NAME)
    if form == "tar.gz":
        pack(place, (f"opt/backup/{NAME}", saved.db.read_bytes()))
    elif form == "tar":
        with tarfile.open(place, "w") as tar:
            tar.add(saved.db, arcname=f"./opt/backup/{NAME}")
    else:
        shutil.copy(saved.db, place)
    found = survey(bench, saved, str(place))[0]
    assert found.verified
    assert (found.problem, found.unread, found.revision) == ("", "", saved.revision)
    assert found.sha256 == saved.sha256
    assert found.urls == (saved.peer_url,)
    assert found.dated == 1718342138000
    assert found.path == str(place)
    assert survey(bench, saved, place.name, bench.root, place.parent) == (found,)
    assert survey(bench, saved, "", place.parent) == (found,)
    assert survey(bench, saved, "none.db", place.parent) == ()
    assert look(bench)[0] is State.TODO
    assert prove(bench, saved, place, found.sha256).ok
    state, facts = look(bench, found.sha256)
    assert state is State.DONE
    assert (facts["revision"], facts["sha256"], facts["urls"]) == (
        saved.revision,
        saved.sha256,
        [saved.peer_url],
    )
    snapshot = stage_dir(bench) / "snapshot.db"
    assert snapshot.stat().st_mode & 0o777 == 0o600
    assert stage_dir(bench).stat().st_mode & 0o777 == 0o700
    with snapshot.open("r+b") as content:
        content.write(b"\xff")
    assert look(bench, found.sha256)[0] is State.PARTIAL, "what lies there is hashed anew each time"


def _flip(content: bytes, at: int) -> bytes:
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


Make = Callable[[Path, bytes], object]
BAD: dict[str, tuple[Make, str]] = {
    "truncated": (
        lambda path, db: path.write_bytes(pack(path, (f"opt/{NAME}", db)).read_bytes()[:-2000]),
        "truncated or damaged",
    ),
    "bit-flipped archive": (
        lambda path, db: path.write_bytes(_flip(pack(path, (f"opt/{NAME}", db)).read_bytes(), 600)),
        "damaged",
    ),
    "bit-flipped db": (
        lambda path, db: pack(path, (f"opt/{NAME}", _flip(db, len(db) // 2))),
        "does not match its content",
    ),
    "truncated db": (lambda path, db: pack(path, (f"opt/{NAME}", db[:-512])), "does not match"),
    "db without hash": (
        lambda path, db: pack(path, (f"opt/{NAME}", db[:-32])),
        "not a multiple of 512",
    ),
    "dots": (lambda path, db: pack(path, (f"../{NAME}", db)), ".. inside"),
    "dots within": (lambda path, db: pack(path, (f"opt/../../{NAME}", db)), ".. inside"),
    "absolute": (lambda path, db: pack(path, (f"/tmp/{NAME}", db)), "absolute name"),
    "link": (lambda path, db: pack(path, ("opt", "/etc"), (f"opt/{NAME}", db)), "symbolic link"),
    "two dbs": (lambda path, db: pack(path, (NAME, db), ("other.db", db)), "2 .db files"),
    "same name twice": (lambda path, db: pack(path, (NAME, db), (NAME, db)), "2 .db files"),
    "no db": (lambda path, db: pack(path, ("readme", db)), "no .db inside"),
    "odd name": (lambda path, db: pack(path, ("a\nb.db", db)), "odd file name"),
    "not gzip": (lambda path, db: path.write_bytes(b"hello"), "damaged"),
    "gzip of nothing": (lambda path, db: path.write_bytes(gzip.compress(b"")), ""),
    "empty": (lambda path, db: path.write_bytes(b""), "damaged"),
}


@pytest.mark.invariant("INV-4")
@pytest.mark.parametrize("what", BAD)
def test_a_bad_archive_is_refused_twice(bench: Bench, saved: Saved, what: str) -> None:
    """Once when it is looked at, once more when it would be unpacked; and nothing but our own stage is touched."""
    make, words = BAD[what]
    archive = bench.root / "etc" / f"{NAME}.tar.gz"
    make(archive, saved.db.read_bytes())
    data_dir(bench.data, "live")
    before = tree(bench.root)
    found = survey(bench, saved, str(archive))[0]
    assert not found.verified
    assert words in found.problem
    assert found.problem
    assert tree(bench.root) == before
    outcome = prove(bench, saved, archive, "-")
    assert outcome.exit == 3, outcome
    assert Reading(outcome.text()).text("why")
    assert look(bench)[0] is State.TODO
    after = {name: content for name, content in tree(bench.root).items() if ".novatui-stage-" not in name}
    assert after == before


def test_a_missing_archive(bench: Bench, saved: Saved) -> None:
    assert survey(bench, saved, "/nowhere/at/all.tar.gz") == ()
    assert prove(bench, saved, Path("/nowhere/at/all.tar.gz"), "-").exit == 3


@pytest.mark.invariant("INV-12")
def test_an_archive_that_changed_since_it_was_looked_at(bench: Bench, saved: Saved) -> None:
    archive = pack(bench.root / "etc" / f"{NAME}.tar.gz", (NAME, saved.db.read_bytes()))
    outcome = prove(bench, saved, archive, "0" * 64)
    assert outcome.exit == 3
    assert "not the snapshot that was looked at" in Reading(outcome.text()).text("why")


def test_sending_and_receiving(bench: Bench, saved: Saved, tmp_path: Path) -> None:
    """A login shell's greeting before the stream does no harm; a stream cut short is no snapshot."""
    shutil.copy(saved.db, bench.root / "etc" / NAME)
    assert prove(bench, saved, bench.root / "etc" / NAME, saved.sha256).ok
    sent = bench.run("archive", "send", stage_dir(bench)).stdout
    other = Bench(tmp_path / "another", bench.shell)
    argv = ["receive", stage_dir(other), saved.sha256, saved.home / "etcdctl", RUN]
    assert other.run("archive", *argv, stdin=sent[:-1]).exit == 3
    assert look(other)[0] is State.TODO
    assert other.run("archive", *argv, stdin=b"").exit == 3
    assert other.run("archive", *argv, stdin=_flip(sent, len(sent) // 2)).exit == 3
    assert other.run("archive", *argv, stdin=b"Welcome!\n" + sent).ok
    assert look(other, saved.sha256)[0] is State.DONE
    assert (stage_dir(other) / "snapshot.db").read_bytes() == saved.db.read_bytes()


# -- survivors --------------------------------------------------------------------------------------------------------


def survivor(bench: Bench, saved: Saved, endpoint: str = "http://127.0.0.1:1") -> Outcome:
    argv = ["do", stage_dir(bench), RUN, bench.data, endpoint, "", "", ""]
    return bench.run("survivor", *argv, saved.home / "etcd", saved.home / "etcdctl", 30)


def survived(bench: Bench) -> dict[str, object]:
    found = read_survivor(bench.run("survivor", "look", stage_dir(bench), RUN))
    assert found.state is State.DONE, found
    return dict(found.facts)


def test_a_stopped_member_is_read_with_its_log(bench: Bench, saved: Saved) -> None:
    """After a SIGKILL the last write is in the log alone: a bare copy of the db would lose it. The live data stays as it is."""
    shutil.copytree(saved.data, bench.data)
    before = tree(bench.data)
    assert survivor(bench, saved).ok
    facts = survived(bench)
    assert facts["survivor"] == "saved"
    assert (facts["how"], facts["revision"]) == ("copy", saved.revision + 1)
    assert tree(bench.data) == before
    assert not (stage_dir(bench) / "copy").exists()
    sha256 = str(facts["sha256"])
    assert bench.run("archive", "adopt", stage_dir(bench), sha256, saved.home / "etcdctl", RUN).ok
    assert look(bench, sha256)[0] is State.DONE


@pytest.fixture
def running(bench: Bench, saved: Saved) -> Iterator[Etcd]:
    with etcd(saved.home, bench.data) as member:
        member.ctl("put", "a", "b")
        yield member


def test_a_member_that_answers_is_asked(bench: Bench, saved: Saved, running: Etcd) -> None:
    assert survivor(bench, saved, running.endpoint).ok
    facts = survived(bench)
    assert (facts["survivor"], facts["how"], facts["revision"]) == ("saved", "live", 2)


def test_a_hung_member_is_copied_under_its_lock(bench: Bench, saved: Saved, running: Etcd) -> None:
    running.process.send_signal(signal.SIGSTOP)
    try:
        outcome = survivor(bench, saved, running.endpoint)
        assert outcome.ok, outcome
        facts = survived(bench)
        assert (facts["survivor"], facts["how"], facts["revision"]) == ("saved", "copy-of-running", 2)
    finally:
        running.process.send_signal(signal.SIGCONT)


def damage(data: Path) -> None:
    with (data / "member/snap/db").open("r+b") as db:
        db.write(b"\xff" * 8192)


@pytest.mark.parametrize("what", ["damaged", "no log", "no db", "nothing"])
def test_no_survivor_says_why(bench: Bench, saved: Saved, what: str) -> None:
    if what != "nothing":
        shutil.copytree(saved.data, bench.data)
    if what == "damaged":
        damage(bench.data)
    elif what == "no log":
        shutil.rmtree(bench.data / "member/wal")
    elif what == "no db":
        (bench.data / "member/snap/db").unlink()
    before = tree(bench.data)
    assert survivor(bench, saved).ok
    facts = survived(bench)
    assert facts["survivor"] == "none"
    words = {"damaged": "failed to open database", "no db": "no database"}.get(what, "no log")
    assert words in str(facts["why"])
    assert tree(bench.data) == before


@pytest.mark.invariant("INV-10")
def test_an_etcd_that_ends_for_another_reason_proves_nothing(bench: Bench, saved: Saved) -> None:
    """Killed for want of memory, or a flag it does not know: the data may be newer, and giving it up needs its word."""
    shutil.copytree(saved.data, bench.data)
    odd = bench.root / "bin/etcd"
    odd.write_text("#!/bin/sh\necho 'flag provided but not defined: -force-new-cluster'\nexit 2\n")
    odd.chmod(0o755)
    argv = [
        "do",
        stage_dir(bench),
        RUN,
        bench.data,
        "http://127.0.0.1:1",
        "",
        "",
        "",
        odd,
        saved.home / "etcdctl",
    ]
    assert bench.run("survivor", *argv, 30).ok
    facts = survived(bench)
    assert facts["survivor"] == "unread"
    assert "flag provided but not defined" in str(facts["why"])


def test_no_room_for_a_copy_is_said_with_the_figures(bench: Bench, saved: Saved, tmp_path: Path) -> None:
    shutil.copytree(saved.data, bench.data)
    (bench.root / "bin/df").write_text("#!/bin/sh\necho 'Filesystem 1024-blocks Used Available Capacity Mounted'\n"
                                       "echo 'x 9 9 1000 9% /'\n")  # fmt: skip
    (bench.root / "bin/df").chmod(0o755)
    assert survivor(bench, saved).ok
    facts = survived(bench)
    assert facts["survivor"] == "unread"
    assert "1000 KiB free" in str(facts["why"])


# -- staging ----------------------------------------------------------------------------------------------------------


def restore(
    bench: Bench, saved: Saved, *, tool: str = "etcdutl", inner: str = "", before: list[str] | None = None
) -> Outcome:
    staged = Path(f"{bench.data}.novatui-new-{RUN}")
    mark = ".novatui-run" if inner else "member/.novatui-run"
    argv = [
        "do",
        stage_dir(bench),
        saved.sha256,
        RUN,
        staged,
        inner,
        mark,
        f"{os.getuid()}:{os.getgid()}",
        "700",
        "--",
    ]
    command = before or [str(saved.home / tool), "snapshot", "restore"]
    if before is None:
        command += ["--name", "etcd1", "--initial-cluster", "etcd1=http://127.0.0.1:2380"]
        command += [
            "--initial-cluster-token",
            "k8s_etcd",
            "--initial-advertise-peer-urls",
            "http://127.0.0.1:2380",
        ]
    return bench.run("stage", *argv, *command)


def staged(bench: Bench, saved: Saved) -> State:
    argv = ["look", f"{bench.data}.novatui-new-{RUN}", "member/.novatui-run", RUN, bench.data]
    return read_stage(bench.run("stage", *argv), saved.sha256).state


@pytest.fixture
def proved(bench: Bench, saved: Saved) -> Bench:
    shutil.copy(saved.db, bench.root / "etc" / NAME)
    assert prove(bench, saved, bench.root / "etc" / NAME, saved.sha256).ok
    data_dir(bench.data, "live")
    return bench


@pytest.mark.invariant("INV-4", "INV-3")
@pytest.mark.parametrize("tool", ["etcdutl", "etcdctl"])
def test_staging_beside_the_live_data(proved: Bench, saved: Saved, tool: str) -> None:
    live = tree(proved.data)
    assert staged(proved, saved) is State.TODO
    left = Path(f"{proved.data}.novatui-new-{RUN}.part")
    data_dir(left, "half done")
    assert restore(proved, saved, tool=tool).ok
    assert staged(proved, saved) is State.DONE
    assert not left.exists()
    assert tree(proved.data) == live
    made = Path(f"{proved.data}.novatui-new-{RUN}")
    assert made.stat().st_mode & 0o777 == 0o700
    stamp = (made / "member/snap/db").stat().st_mtime_ns
    assert restore(proved, saved, tool=tool).ok
    assert (made / "member/snap/db").stat().st_mtime_ns == stamp, "what is whole is not done again"
    (made / "member/snap/db").write_bytes(b"")
    assert staged(proved, saved) is State.TODO
    assert restore(proved, saved, tool=tool).ok
    assert staged(proved, saved) is State.DONE


@pytest.mark.invariant("INV-3")
@pytest.mark.parametrize("code", [0, 1])
def test_a_tool_that_only_says_it_restored(proved: Bench, saved: Saved, code: int) -> None:
    """3.6's etcdctl has no restore and exits 0: only the files count."""
    assert not restore(proved, saved, before=["sh", "-c", f"exit {code}"]).ok
    assert staged(proved, saved) is State.TODO


@pytest.mark.invariant("INV-12")
def test_a_full_disk_is_the_last_word_with_file_system_and_need(proved: Bench, saved: Saved) -> None:
    """Whatever the tool says of it, or how it puts it; with room again nothing of that is said."""
    df = proved.root / "bin/df"
    df.write_text("#!/bin/sh\necho '/dev/vdb1 9 9 2048 99% /var/lib'\n")
    df.chmod(0o755)
    tool = ["sh", "-c", "echo 'write /x/db: no space left on device'; echo usage; exit 1", "restore"]
    said = why(restore(proved, saved, before=tool))
    assert "no space left on device /dev/vdb1, mounted on /var/lib: 2 MiB free, 129 MiB wanted" in said
    shutil.rmtree(stage_dir(proved))
    archive = pack(proved.root / "a.db.tar.gz", ("opt/backup/a.db", bytes(9 * 1024 * 1024)))
    tar = proved.root / "bin/tar"
    tar.write_text(
        "#!/bin/sh\ncase \"$*\" in *-xzOf*) echo 'tar: a.db: Cannot write' >&2; exit 2 ;; esac\n"
        f'exec {shutil.which("tar")} "$@"\n'
    )
    tar.chmod(0o755)
    said = why(prove(proved, saved, archive, ""))
    assert "no space left on device /dev/vdb1, mounted on /var/lib: 2 MiB free, 11 MiB wanted" in said
    df.unlink()
    assert "no space" not in why(prove(proved, saved, archive, ""))


def test_only_the_proved_snapshot_is_restored(proved: Bench, saved: Saved) -> None:
    with (stage_dir(proved) / "snapshot.db").open("r+b") as content:
        content.write(b"\xff")
    assert not restore(proved, saved).ok
    assert staged(proved, saved) is State.TODO


@pytest.mark.invariant("INV-4")
def test_a_strangers_directory_of_the_staged_name_is_left(proved: Bench, saved: Saved) -> None:
    stranger = data_dir(Path(f"{proved.data}.novatui-new-{RUN}"), "not ours")
    before = tree(stranger)
    assert staged(proved, saved) is State.FOREIGN
    assert not restore(proved, saved).ok
    assert tree(stranger) == before


def test_for_a_mount_point_member_alone_is_staged(proved: Bench, saved: Saved) -> None:
    assert restore(proved, saved, inner="member").ok
    made = Path(f"{proved.data}.novatui-new-{RUN}")
    assert (made / "snap/db").stat().st_size > 0
    assert (made / ".novatui-run").read_text() == f"{RUN}\n{saved.sha256}\n"
    assert not Path(f"{made}.part").exists()


def test_nothing_is_staged_twice_once_it_is_live(proved: Bench, saved: Saved) -> None:
    assert restore(proved, saved).ok
    shutil.rmtree(proved.data)
    Path(f"{proved.data}.novatui-new-{RUN}").rename(proved.data)
    assert staged(proved, saved) is State.DONE


def test_the_real_tools_are_there(saved: Saved) -> None:
    done = subprocess.run([str(saved.home / "etcd"), "--version"], capture_output=True, check=True)
    assert b"etcd Version" in done.stdout
