"""Certificates, snapshots, logs, counters and hashes: the scripts on files of the test's own, and what is made of them."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from novatui.config import NodeConfig
from novatui.demo import certs
from novatui.demo.certs import Authority
from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import HASHED_MAX_BYTES, Disk, Endpoint, EtcdEnv, Held, Link, NodeSnapshot, Upkeep
from novatui.probes import keyhash, upkeep
from novatui.probes.agreement import askable
from novatui.probes.frames import Frame, Frames, Piece
from novatui.probes.metrics import Past, Pasts, counters
from novatui.probes.sight import Sight
from novatui.probes.watch import Watch, Watchable
from novatui.remote.command import Command, Outcome, Status, script_text
from tests.diagnosis.build import NOW as BUILT
from tests.diagnosis.build import cluster, down, node

NOW = 1_800_000_000_000
DAY = 86_400_000


def frame_of(script: str, *words: str, timeout_s: float = 20, fstab: Path | None = None) -> Frame:
    """What the script says, run here by sh."""
    text = script_text(script)
    done = subprocess.run(
        ["sh", "-s", "--", "NONCE", *words],
        input=(text if fstab is None else text.replace("/etc/fstab", str(fstab))).encode(),
        capture_output=True,
        timeout=timeout_s,
    )
    frames = Frames("NONCE")
    found = [frame for line in done.stdout.split(b"\n") if (frame := frames.feed(line)) is not None]
    assert len(found) == 1, done
    return found[0]


def looked_at(env: EtcdEnv, *directories: Path) -> Upkeep:
    names = [str(path) for path in directories]
    files = list(upkeep.files(env))
    frame = frame_of("upkeep", env.data_dir, str(len(files)), *files, *names)
    return upkeep.upkeep(frame, env, names, now_ms=NOW)


def issued(place: Path, days: float) -> Path:
    usual, certs.DAYS = certs.DAYS, days  # type: ignore[assignment]
    try:
        authority = Authority()
        authority.issue("m1", "10.0.0.1", place / f"member{days}")
        authority.write_certificate(place / f"ca{days}.pem")
    finally:
        certs.DAYS = usual
    return place / f"member{days}.pem"


def test_dates_are_read_from_the_files_the_env_file_names(tmp_path: Path) -> None:
    member = issued(tmp_path, 12)
    env = EtcdEnv(certificates=(("ETCD_CERT_FILE", str(member)), ("ETCD_PEER_CERT_FILE", str(member))))
    (one,) = looked_at(env).certificates
    assert one.keys == ("ETCD_CERT_FILE", "ETCD_PEER_CERT_FILE") and one.problem == ""
    assert one.ends_ms is not None and one.begins_ms is not None
    assert abs(one.ends_ms - (time.time() * 1000 + 12 * DAY)) < 60_000
    assert one.ends_ms - one.begins_ms == 13 * DAY


def test_of_a_bundle_of_authorities_the_last_to_end_counts(tmp_path: Path) -> None:
    issued(tmp_path, 3)
    issued(tmp_path, 300)
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes((tmp_path / "ca3.pem").read_bytes() + (tmp_path / "ca300.pem").read_bytes())
    env = EtcdEnv(certificates=(("ETCD_TRUSTED_CA_FILE", str(bundle)), ("ETCDCTL_CACERT", str(bundle))))
    (one,) = looked_at(env).certificates
    assert one.ends_ms is not None and one.ends_ms > time.time() * 1000 + 200 * DAY
    mixed = EtcdEnv(certificates=(("ETCD_CERT_FILE", str(bundle)),))
    (one,) = looked_at(mixed).certificates
    assert one.ends_ms is not None and one.ends_ms < time.time() * 1000 + 4 * DAY


def test_a_damaged_certificate_is_not_told_by_the_one_after_it(tmp_path: Path) -> None:
    """etcd shows the first of its own file, and wants all of a CA's: the second one's dates would be a lie."""
    whole = issued(tmp_path, 300).read_bytes()
    file = tmp_path / "both.pem"
    file.write_bytes(whole.replace(b"M", b"0", 40) + whole)
    env = EtcdEnv(certificates=(("ETCD_CERT_FILE", str(file)),))
    (one,) = looked_at(env).certificates
    assert (one.problem, one.ends_ms) == ("damaged", None)
    file.write_bytes(whole + whole.replace(b"M", b"0", 40))
    (one,) = looked_at(env).certificates
    assert one.problem == "" and one.ends_ms is not None
    (one,) = looked_at(EtcdEnv(certificates=(("ETCD_TRUSTED_CA_FILE", str(file)),))).certificates
    assert one.problem == "damaged"


@pytest.mark.invariant("INV-8")
def test_a_key_beside_a_certificate_stays_on_the_master(tmp_path: Path) -> None:
    member = issued(tmp_path, 12)
    both = tmp_path / "both.pem"
    both.write_bytes(member.with_name("member12-key.pem").read_bytes() + member.read_bytes())
    frame = frame_of("upkeep", "", "1", str(both))
    assert b"BEGIN CERTIFICATE" in frame["certificate-1"].body
    assert b"PRIVATE" not in b"".join(piece.body for piece in frame.values())


@pytest.mark.invariant("INV-9")
def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    """A pipe that nobody writes to would be waited for without end."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    junk = tmp_path / "junk.pem"
    junk.write_text("-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n")
    files = [pipe, tmp_path / "none.pem", junk, Path("/dev/null")]
    env = EtcdEnv(certificates=tuple((f"KEY{n}", str(path)) for n, path in enumerate(files)))
    began = time.monotonic()
    found = looked_at(env, pipe)
    assert [one.problem for one in found.certificates] == ["odd", "missing", "no certificate", "odd"]
    assert found.backups == () and time.monotonic() - began < 60


def test_an_env_file_that_is_a_pipe_is_told_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "etcd.env"
    os.mkfifo(pipe)
    sight = Sight(NodeConfig(name="m1", host="h"))
    sight.facts(frame_of("facts", "etcd", str(pipe)), str(pipe))
    assert sight.snapshot.env.problems == (f"{pipe}: is no regular file, so it was not opened",)
    poll = subprocess.Popen(
        [
            "sh",
            "-c",
            script_text("poll"),
            "sh",
            "NONCE",
            "1",
            "etcd",
            str(pipe),
            *[""] * 5,
            "etcdctl",
            "no",
            "/nowhere",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert poll.stdout is not None
        for line in poll.stdout:
            if line == b"NONCE end\n":
                break
        else:
            raise AssertionError("no frame")
    finally:
        poll.kill()
        poll.communicate()


def test_the_newest_snapshot_of_each_directory_is_found(tmp_path: Path) -> None:
    empty, full = tmp_path / "empty", tmp_path / "a b"
    for place in (empty, full):
        place.mkdir()
    for name, at in (
        ("etcd_snapshot_x.db.tar.gz", 1_700_000_000),
        ("new [x].db", 1_700_000_500),
        ("notes.txt", 1_800_000_000),
    ):
        (full / name).write_bytes(b"x" * 7)
        os.utime(full / name, (at, at))
    (full / "dir.db").mkdir()
    found = looked_at(EtcdEnv(), empty, full, tmp_path / "none").backups
    assert [(one.directory, one.path, one.at_ms, one.size) for one in found] == [
        (str(empty), "", None, None),
        (str(full), f"{full}/new [x].db", 1_700_000_500_000, 7),
    ]


def test_whether_there_is_a_log(tmp_path: Path) -> None:
    def log(path: Path) -> str:
        return looked_at(EtcdEnv(data_dir=str(path))).log

    assert log(tmp_path / "none") == "missing"
    assert log(tmp_path) == "no"
    (tmp_path / "member/wal").mkdir(parents=True)
    assert log(tmp_path) == "no"
    (tmp_path / "member/wal/0.wal").touch()
    assert log(tmp_path) == "yes"


@pytest.mark.invariant("INV-4")
@pytest.mark.skipif(not Path("/proc/self/mountinfo").exists(), reason="tells mounts by /proc")
@pytest.mark.parametrize("left", ["nothing", "empty", "a log"])
@pytest.mark.parametrize(
    ("line", "unmounted"),
    [
        ("/dev/vdb1 {data} ext4 defaults,nofail 0 2", True),
        ("nfs:/x {data}/ nfs rw 0 0", True),
        ("/dev/vdb1 {above} ext4 defaults 0 2", True),
        ("/dev/vdb1 {data}/member/wal ext4 defaults 0 2", True),
        ("proc /proc proc defaults 0 0\n/dev/vdb1 {data} ext4 defaults 0 2", True),
        ("/dev/vdb1 {data} ext4 noauto,nofail 0 2", False),
        ("#/dev/vdb1 {data} ext4 defaults 0 2", False),
        ("# /dev/vdb1 {data} ext4 defaults 0 2", False),
        ("/dev/vdb1 {data}-too ext4 defaults 0 2", False),
        ("/dev/vda1 / ext4 defaults 0 1\nproc /proc proc defaults 0 0\nswap none swap sw 0 0", False),
    ],
)
def test_data_that_is_only_not_mounted_is_not_called_gone(
    tmp_path: Path, left: str, line: str, unmounted: bool
) -> None:
    """Whatever lies on the mount point meanwhile, and however the path is written: as before a restore."""
    data = tmp_path / "a disk" / "etcd"
    data.parent.mkdir()
    if left != "nothing":
        (data / "member/wal").mkdir(parents=True)
    if left == "a log":
        (data / "member/wal/0.wal").touch()
    fstab = tmp_path / "fstab"
    places = {key: str(path).replace(" ", "\\040") for key, path in (("data", data), ("above", data.parent))}
    fstab.write_text(f"# <file system> <mount point>\n\n{line.format(**places)}\n")
    told = "unmounted" if unmounted else {"nothing": "missing", "empty": "no", "a log": "yes"}[left]
    for written in (str(data), f"{data}/"):
        assert frame_of("upkeep", written, "0", fstab=fstab)["log"].said() == told


ENV = b"ETCD_DATA_DIR=%b\nETCD_NAME=etcd1\n"


def facts(directory: bytes) -> Frame:
    return {"env": Piece(("0",), ENV % directory), "cksum": Piece(("0",), b"%d 9" % len(directory))}


def test_what_was_seen_by_another_env_file_is_not_told_of_this_one() -> None:
    sight = Sight(NodeConfig(name="m1", host="h"))
    sight.facts(facts(b"/var/lib/etdc"), "/etc/etcd.env")
    before = sight.snapshot.env

    def looked(env: EtcdEnv) -> Upkeep | None:
        sight.upkeep({"log": Piece(("0",), b"missing")}, env, (), NOW)
        return sight.snapshot.upkeep

    def read(directory: bytes) -> Upkeep | None:
        sight.facts(facts(directory), "/etc/etcd.env")
        return sight.snapshot.upkeep

    seen = looked(before)
    assert seen is not None and seen.log == "missing"
    assert read(b"/var/lib/etdc") == seen  # after a reconnect
    assert read(b"/var/lib/etcd/") is None
    assert looked(before) is None  # a look that was under way
    assert looked(sight.snapshot.env) == seen


async def test_a_new_loop_of_looks_has_all_looked_at_again() -> None:
    """The env file may be another one then: nobody waits a minute for what is in the directory that it names."""

    class Master:
        async def run(self, node: str, command: Command) -> Outcome:
            nonce = command.argv[0].encode()
            return Outcome(status=Status.OK, exit=0, stdout=nonce + b" env missing\n" + nonce + b" end\n")

    watch = Watch(NodeConfig(name="m1", host="h"), cast(Watchable, Master()), lambda: None, lambda _: None)
    assert not watch._stirred.is_set()
    await watch._facts()
    assert watch._stirred.is_set()


@pytest.mark.parametrize("log", ["no", "missing"])
def test_a_log_that_was_not_there_long_ago_is_not_known_to_be_gone(log: str) -> None:
    def judged(ago_ms: int) -> tuple[set[str], str]:
        ended = down(node(2))
        ended = replace(ended, upkeep=Upkeep(at_ms=(ended.at_ms or 0) - ago_ms, log=log))
        found = diagnose(cluster(node(1), ended, node(3)), {}, BUILT)
        return {one.id for one in found.findings}, found.recommend

    ids, recommend = judged(70_000)
    assert "no-log" in ids and recommend == "recover-member"
    ids, recommend = judged(7_200_000)
    assert "no-log" not in ids and recommend != "recover-member"


PIECES = st.sampled_from(
    [
        b"",
        b"yes",
        b"1 2 regular file|./x",
        b"99999999999999999999 1 regular file|./x",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----",
        b"\xff\xfe\x1b]52;c;x\x07",
    ]
)


@pytest.mark.invariant("INV-9")
@given(
    st.lists(
        st.tuples(st.sampled_from(["0", "1", "3", "9" * 30, "²", ""]), PIECES | st.binary(max_size=60)),
        max_size=4,
    )
)
def test_whatever_comes_back_is_borne(pieces: list[tuple[str, bytes]]) -> None:
    names = ["log", "certificate-1", "snapshots-2", "certificate-2"]
    frame = {name: Piece((exit,), body) for name, (exit, body) in zip(names, pieces, strict=False)}
    env = EtcdEnv(certificates=(("ETCD_CERT_FILE", "/a"),))
    found = upkeep.upkeep(frame, env, ["/tmp"], now_ms=NOW)
    assert all(one.path.isprintable() for one in found.backups)
    for _exit, body in pieces:
        keyhash.read(b"nv:hashkv64=" + base64.b64encode(body), 5, NOW)
        keyhash.read(body, 5, NOW)
        counters(Piece((), body))


# -- counters


def test_counters_are_read_and_nonsense_is_not() -> None:
    page = (
        b"# HELP x\netcd_server_proposals_pending 3\netcd_server_quota_backend_bytes 2.147483648e+09\n"
        b"etcd_server_leader_changes_seen_total NaN\netcd_server_x 1e999\netcd_server_y 1e+eee\n"
    )
    assert counters(Piece((), page)) == {"proposals_pending": 3, "quota_backend_bytes": 2**31}


def test_growth_is_counted_across_a_restart_and_forgotten_after_ten_minutes() -> None:
    past = Past()
    assert past.grown() is None
    for at, value in ((0, 3), (10_000, 5), (20_000, 0), (30_000, 1)):
        past.add(NOW + at, value)
    assert past.grown() == 3
    past.add(NOW + 700_000, 1)
    assert past.grown() is None


def test_a_pace_needs_minutes() -> None:
    pasts, free = Pasts(), 10_000_000
    seen = [
        pasts.disk(Disk(path="/", size=20_000_000, free=free - at), NOW + at * 1000).shrinks
        for at in (0, 100, 299, 300, 400)
    ]
    assert seen == [None, None, None, pytest.approx(1.0), pytest.approx(1.0)]


def test_what_a_page_does_not_say_is_not_known() -> None:
    before = Endpoint(quota=5, proposals_pending=7)
    after = Pasts().endpoint(before, {}, NOW)
    assert (after.quota, after.proposals_pending, after.leader_changes) == (None, None, None)


# -- hashes


def hashed(**answer: object) -> bytes:
    rows = [{"Endpoint": "https://127.0.0.1:2379", "HashKV": {"header": {"revision": 9}, **answer}}]
    return b"nv:status64=e30=\nnv:hashkv64=" + base64.b64encode(json.dumps(rows).encode()) + b"\nnv:end=1\n"


def test_a_hash_is_read_with_its_compaction() -> None:
    found = keyhash.read(hashed(hash=77, compact_revision=4), 8, NOW)
    assert found is not None and (found.revision, found.compacted, found.hash, found.at_ms) == (8, 4, 77, NOW)
    never = keyhash.read(hashed(hash=77, compact_revision=-1), 8, NOW)
    assert never is not None and never.compacted == 0
    assert keyhash.read(b"nv:end=1\n", 8, NOW) is None
    assert keyhash.read(hashed(hash="x"), 8, NOW) is None


@pytest.mark.parametrize(
    "change",
    [
        {"has_quorum": False},
        {"has_quorum": None},
        {"answers": False},
        {"is_learner": True},
        {"db_size": HASHED_MAX_BYTES + 1},
        {"fsync_p99_ms": 80.0},
        {"cluster_id": "beef"},
    ],
)
def test_only_those_that_can_bear_it_are_asked_for_a_hash(change: dict[str, object]) -> None:
    small = {"db_size": 1_000_000}
    nodes = [node(n, endpoint=replace(node(n).endpoint, **small)) for n in (1, 2, 3)]
    odd: NodeSnapshot = replace(nodes[1], endpoint=replace(nodes[1].endpoint, **{**small, **change}))
    assert [one.name for one in askable([nodes[0], odd, nodes[2]])] == ["m1", "m3"]
    assert askable([nodes[0], replace(odd, held=Held(run="7f3a")), nodes[2]]) == []
    assert askable([replace(one, link=Link.STALE) for one in nodes]) == []
