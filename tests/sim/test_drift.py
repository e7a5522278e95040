"""The models of the scripts cannot drift: each real script and its model, from the same tree, leave the same and say the same."""

from __future__ import annotations

import hashlib
import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from novatui.remote.command import Command
from tests.sim import etcd
from tests.sim.apiserver import MANIFEST
from tests.sim.bench import Bench, Seen
from tests.sim.scenario import archive

RUN = "0123abcd"
OTHER = "9999ffff"
ENV = b'# etcd\nETCD_NAME=etcd1\n  ETCD_INITIAL_CLUSTER_STATE="new"\nETCD_INITIAL_CLUSTER=a=b\n'
DROPIN = "units/etcd.service.d/00-novatui-hold.conf"

pytestmark = pytest.mark.invariant("INV-4", "INV-5", "INV-10")


@pytest.fixture
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="nv-drift-") as top:
        yield Bench(Path(top))


def test_fence(bench: Bench) -> None:
    """Through, another epoch, another run, no lease."""
    act = Command(script="unstage", argv=(RUN, bench.path("files/d.novatui-stage-x"), "x", "y"), changes=True)
    for tree, owner, exit_status in (
        ({"work/active/owner": f"{RUN}:3\n".encode()}, f"{RUN}:3", 64),
        ({"work/active/owner": f"{RUN}:4\n".encode()}, f"{RUN}:3", 75),
        ({"work/active/owner": f"{OTHER}:3\n".encode()}, f"{RUN}:3", 75),
        ({"work/active/": b""}, f"{RUN}:3", 75),
        ({"work/": b""}, f"{RUN}:3", 75),
    ):
        real, model = bench.both(act, tree, owner=owner)
        assert real.exit == exit_status, real
        assert model.exit == (0 if exit_status == 64 else exit_status)
        assert real.tree == model.tree


def test_lease(bench: Bench) -> None:
    """Every verb from every state of the lease."""
    holder = '{"run":"x"}'
    states: dict[str, dict[str, bytes]] = {
        "none": {},
        "empty": {"work/active/": b""},
        "ours": lease(RUN, 3, "p1"),
        "ours-later": lease(RUN, 7, "p2"),
        "theirs": lease(OTHER, 3, "p9"),
    }
    verbs = [
        ("acquire", bench.path("work"), RUN, "p1", "4", "1", holder),
        ("adopt", bench.path("work"), RUN, "p1", "9", "1", holder),
        ("adopt", bench.path("work"), RUN, "p3", "2", "1", holder),
        ("renew", bench.path("work"), f"{RUN}:3", "p1", "1"),
        ("release", bench.path("work"), f"{RUN}:3", "1"),
        ("show", bench.path("work")),
        ("break", bench.path("work"), RUN, "1", '{"by":"ann"}'),
    ]
    states["held"] = {**states["ours"], "work/hold": f"{RUN}\n".encode()}
    exits = set()
    for words, tree in itertools.product(verbs, states.values()):
        exits.add(bench.same(Command(script="lease", argv=words), tree).exit)
    assert exits == {0, 75, 76, 79}


def lease(run: str, epoch: int, by: str) -> dict[str, bytes]:
    found = {"owner": f"{run}:{epoch}\n", "by": f"{by}\n", "holder": "{}\n", "alive": "", "act.lock": ""}
    return {f"work/active/{name}": text.encode() for name, text in found.items()}


def test_mirror(bench: Bench) -> None:
    tree = lease(RUN, 3, "p1")
    for owner, sizes, stdin in (
        (f"{RUN}:3", ("plan.json", "4", "scripts/a.sh", "3"), b"planabc"),
        (f"{RUN}:2", ("plan.json", "4"), b"plan"),
        (f"{RUN}:3", ("plan.json", "4", "state.json", "9"), b"planshort"),
    ):
        bench.same(Command(script="mirror", argv=(bench.path("work"), owner, *sizes), stdin=stdin), tree)


def test_kept(bench: Bench) -> None:
    """All, some and none of it there."""
    whole = {f"work/{RUN}/state.json": b'{"a": 1}\n' * 30, f"work/{RUN}/plan.json": b"{}"}
    for tree in (whole, {f"work/{RUN}/plan.json": b"{}"}, {}):
        for names in (("state.json",), ("state.json", "plan.json")):
            bench.same(Command(script="kept", argv=(bench.path("work"), RUN, *names)), tree)


def hold_tree(bench: Bench, *, by: str = RUN) -> dict[str, bytes]:
    """As hold.sh leaves it."""
    held = ENV.replace(b'  ETCD_INITIAL_CLUSTER_STATE="new"', b"ETCD_INITIAL_CLUSTER_STATE=existing")
    dropin = f"# novatui run {by}\n[Unit]\nAssertPathExists=!{bench.path('work')}/hold\n"
    return {
        "work/hold": f"{by}\n".encode(),
        DROPIN: dropin.encode(),
        f"files/env.novatui-{by}": ENV,
        "files/env": held,
    }


@pytest.mark.parametrize("verb", ["do", "look"])
def test_hold(bench: Bench, verb: str) -> None:
    """From nothing, from each half of it, from another run's, and with every form of the state line."""
    whole = hold_tree(bench)
    argv = (verb, RUN, bench.path("work"), "etcd", bench.path("units"), bench.path("files/env"))
    command = Command(script="hold", argv=argv)
    halves = [{name: whole.get(name, ENV) for name in [*names, "files/env"]} for names in subsets(whole)]
    for half in halves:
        bench.same(command, half)
    bench.same(command, {**hold_tree(bench, by=OTHER)})
    for text in (
        b"A=1\n",
        b"A=1",
        b"ETCD_INITIAL_CLUSTER_STATE=existing",
        b"ETCD_INITIAL_CLUSTER_STATE='new'\n\n",
        b"\n",
    ):
        bench.same(command, {"files/env": text})


def subsets(whole: dict[str, bytes]) -> Iterator[tuple[str, ...]]:
    for count in range(len(whole) + 1):
        yield from itertools.combinations(whole, count)


@pytest.mark.parametrize("verb", ["do", "keep", "look"])
def test_release(bench: Bench, verb: str) -> None:
    whole = hold_tree(bench)
    argv = (verb, RUN, bench.path("work"), "etcd", bench.path("units"), bench.path("files/env"))
    more = (
        (bench.path("files/d.novatui-stage-x"), bench.path("files/d.novatui-new-x")) if verb == "look" else ()
    )
    command = Command(script="release", argv=(*argv, *more))
    for names in subsets(whole):
        bench.same(command, {name: whole.get(name, ENV) for name in [*names, "files/env"]})
    bench.same(command, {**hold_tree(bench, by=OTHER)})
    # Somebody edited the file meanwhile: only the state goes back.
    bench.same(command, {**whole, "files/env": whole["files/env"] + b"ETCD_NEW=1\n"})
    bench.same(command, {**whole, f"files/env.novatui-{RUN}": b"A=1\n"})
    bench.same(command, {**whole, "files/d.novatui-new-x.part/": b""})


@pytest.mark.invariant("INV-16")
@pytest.mark.parametrize("verb", ["look", "do", "undo"])
def test_token(bench: Bench, verb: str) -> None:
    """From each form of the token line, with and without the copy from before, given already and not."""
    command = Command(script="token", argv=(verb, RUN, bench.path("files/env"), "fresh"))
    forms = (b"A=1\n", b"ETCD_INITIAL_CLUSTER_TOKEN=fresh\nB=2\n", b" ETCD_INITIAL_CLUSTER_TOKEN='old'\nB=2")
    exits = set()
    for env, copy in itertools.product(
        (*forms, forms[1] + forms[2]), (None, *forms, forms[2] + b"\n" + forms[1])
    ):
        tree = {"files/env": env, **({f"files/env.novatui-{RUN}": copy} if copy is not None else {})}
        exits.add(bench.same(command, tree).exit)
    assert exits == ({0} if verb == "look" else {0, 3})


LIVE, STAGED, OLD, ASIDE = (
    "files/d",
    f"files/d.novatui-new-{RUN}",
    f"files/d.novatui-old-{RUN}",
    f"files/d.novatui-undone-{RUN}",
)
API = "files/kubernetes"
ASIDE_API = f"{API}/.novatui-{RUN}"


@pytest.mark.invariant("INV-14")
@pytest.mark.parametrize("verb", ["look", "do", "back", "survey"])
def test_api_fence(bench: Bench, verb: str) -> None:
    """Every state of the manifest, of what is kept, and of the directory it is kept in."""
    here, kept = f"{API}/manifests/kube-apiserver.yaml", f"{ASIDE_API}/kube-apiserver.yaml"
    whole = {
        here: MANIFEST,
        kept: MANIFEST,
        f"{ASIDE_API}/run": f"{RUN}\n".encode(),
        f"{ASIDE_API}/listeners": b"",
    }
    words = (RUN, bench.path(f"{API}/manifests"), bench.path(ASIDE_API), "127.0.0.9:1")
    command = Command(script="api-fence", argv=(verb, *(words if verb != "survey" else words[1:2])))
    exits = set()
    for names in subsets(whole):
        tree = {f"{API}/manifests/": b"", **{name: whole[name] for name in names}}
        exits.add(bench.same(command, tree).exit)
        if here in names and kept in names:
            bench.same(command, {**tree, here: b"another"})
        if f"{ASIDE_API}/run" in names:
            exits.add(bench.same(command, {**tree, f"{ASIDE_API}/run": f"{OTHER}\n".encode()}).exit)
    exits.add(bench.same(command, {f"{API}/manifests/": b"", f"{ASIDE_API}/": b""}).exit)
    assert exits == ({0, 3} if verb in ("do", "back") else {0})


MARKED = {"member/.novatui-run": f"{RUN}\nsha\n".encode(), "member/snap/db": b"new"}
PLAIN = {"member/snap/db": b"old"}


@pytest.mark.parametrize("had", ["yes", "no"])
@pytest.mark.parametrize("verb", ["look", "do", "undo-look", "undo"])
def test_swap(bench: Bench, verb: str, had: str) -> None:
    """Every state of the four directories: 3 x 3 x 2 x 2."""
    exits = set()
    for live, staged, old, aside in itertools.product(
        (None, PLAIN, MARKED), (None, PLAIN, MARKED), (False, True), (False, True)
    ):
        tree: dict[str, bytes] = {"work/hold": f"{RUN}\n".encode()}
        for name, inside in (
            (LIVE, live),
            (STAGED, staged),
            (OLD, PLAIN if old else None),
            (ASIDE, MARKED if aside else None),
        ):
            tree |= {f"{name}/{path}": content for path, content in (inside or {}).items()}
        exits.add(bench.same(swap(bench, verb, had), tree).exit)
    assert exits == ({0, 4} if verb in ("do", "undo") else {0})


def swap(bench: Bench, verb: str, had: str) -> Command:
    paths = (bench.path(name) for name in (LIVE, STAGED, OLD, ASIDE))
    argv = (verb, RUN, "etcd", *paths, "member/.novatui-run", had, bench.path("work/hold"))
    return Command(script="swap", argv=argv)


def test_swap_refuses_what_is_not_down(bench: Bench) -> None:
    whole = {f"{LIVE}/{path}": content for path, content in PLAIN.items()}
    whole |= {f"{STAGED}/{path}": content for path, content in MARKED.items()}
    assert bench.same(swap(bench, "do", "yes"), whole).exit == 3, "without a hold"
    held = {**whole, "work/hold": f"{RUN}\n".encode()}
    assert bench.same(swap(bench, "do", "yes"), held, active="active").exit == 3
    assert bench.same(swap(bench, "do", "yes"), {**whole, "work/hold": f"{OTHER}\n".encode()}).exit == 3
    assert bench.same(swap(bench, "do", "yes"), held, active="failed").exit == 0


@pytest.mark.parametrize("verb", ["look", "do"])
def test_start(bench: Bench, verb: str) -> None:
    """On restored and on old data, held by nobody, by this run, by another; only what is right lifts the hold."""
    wal = {"member/wal/0-0.wal": b"log"}
    datas: list[dict[str, bytes]] = [
        {},
        PLAIN,
        {**PLAIN, **wal},
        MARKED,
        {**MARKED, **wal},
        {**wal, ".novatui-run": f"{RUN}\n".encode()},
    ]
    exits = set()
    for data, held, mark, begin in itertools.product(
        datas, ("", RUN, OTHER), ("member/.novatui-run", "", "-"), ("yes", "no")
    ):
        tree = {f"files/d/{path}": content for path, content in data.items()} or {"files/d/": b""}
        tree |= {"work/hold": f"{held}\n".encode()} if held else {"work/": b""}
        argv = (verb, RUN, bench.path("work"), "etcd", bench.path("files/d"), mark, begin)
        exits.add(bench.same(Command(script="start", argv=argv), tree).exit)
    assert exits == ({0, 3} if verb == "do" else {0})


@pytest.mark.invariant("INV-12")
def test_start_on_another_env(bench: Bench) -> None:
    """The env file that was proved, with what the run wrote into it, starts; anything else does not, and the hold stays."""
    token, existing = b"ETCD_INITIAL_CLUSTER_TOKEN=t\n", b"ETCD_INITIAL_CLUSTER_STATE=existing\n"
    sha256 = hashlib.sha256(ENV).hexdigest()
    held = ENV.replace(b'  ETCD_INITIAL_CLUSTER_STATE="new"\n', existing)
    right = (held + token, held.replace(existing, b"") + token + existing, (held + token).rstrip(b"\n"))
    wrong = (
        ENV + token,
        held,
        held + token + token,
        held + token + b"ETCD_QUOTA_BACKEND_BYTES=1\n",
        held.replace(b"etcd1", b"etcd2") + token,
        held + b"ETCD_INITIAL_CLUSTER_TOKEN=other\n",
        held + token + b"  ETCD_INITIAL_CLUSTER_STATE=new\n",
        b"",
    )
    data = {"files/d/member/wal/0-0.wal": b"log", **{f"files/d/{path}": raw for path, raw in MARKED.items()}}
    env, mark = bench.path("files/env"), "member/.novatui-run"
    lines = ("ETCD_INITIAL_CLUSTER_STATE=existing", "ETCD_INITIAL_CLUSTER_TOKEN=t")

    def start(now: bytes, copy: bytes, begin: str = "yes") -> int:
        tree = {**data, "work/hold": f"{RUN}\n".encode(), "files/env": now}
        tree |= {f"files/env.novatui-{RUN}": copy} if copy else {}
        argv = (*("do", RUN, bench.path("work"), "etcd", bench.path("files/d"), mark, begin), env, sha256)
        done = bench.same(Command(script="start", argv=(*argv, *lines)), tree)
        assert ("work/hold" in done.tree) == (done.exit == 3)
        return done.exit

    assert {start(now, ENV) for now in right} == {0}
    assert {start(now, ENV) for now in wrong} == {3}
    assert start(right[0], b"") == start(right[0], ENV + b"A=1\n") == 3
    assert start(wrong[0], ENV, "no") == 0, "nothing is started"


def test_unstage(bench: Bench) -> None:
    stage, staged = f"files/d.novatui-stage-{RUN}", f"files/d.novatui-new-{RUN}"
    trees: list[dict[str, bytes]] = [
        {},
        {f"{stage}/run": f"{RUN}\n".encode(), f"{stage}/snapshot.db": b"x"},
        {f"{stage}/run": b""},
        {f"{stage}/": b""},
        {f"{stage}/run": f"{OTHER}\n".encode()},
        {f"{staged}/member/.novatui-run": f"{RUN}\nsha\n".encode(), f"{staged}.part/member/x": b""},
        {f"{staged}/member/.novatui-run": f"{OTHER}\n".encode()},
    ]
    argv = (RUN, bench.path(stage), bench.path(staged), "member/.novatui-run")
    for tree in trees:
        bench.same(Command(script="unstage", argv=argv), tree)


def test_stage(bench: Bench) -> None:
    """A fresh one, one that is there, a broken one, one without a marker, a wrong snapshot; and inside a mount point."""
    raw = archive(3, packed=False)
    sha = hashlib.sha256(raw).hexdigest()
    stage, staged, live = f"files/d.novatui-stage-{RUN}", f"files/d.novatui-new-{RUN}", "files/d"
    cluster = "etcd1=https://10.0.0.1:2380"
    restore = ("--name", "etcd1", "--initial-cluster", cluster, "--initial-cluster-token", "t", "--initial-advertise-peer-urls", "https://10.0.0.1:2380")  # fmt: skip
    words = (bench.path("bin/etcdutl"), "snapshot", "restore", *restore)
    (bench.top / "sys/restored").write_bytes(etcd.encode(etcd.restored(raw, words)))
    base = {
        f"{stage}/run": f"{RUN}\n".encode(),
        f"{stage}/snapshot.db": raw,
        f"{live}/member/snap/db": b"old",
    }
    for inner in ("", "member"):
        mark = ".novatui-run" if inner else "member/.novatui-run"
        below = staged if inner else f"{staged}/member"
        argv = (
            "do",
            bench.path(stage),
            sha,
            RUN,
            bench.path(staged),
            inner,
            mark,
            bench.owner,
            "700",
            "--",
            *words,
        )
        do = Command(script="stage", argv=argv)
        look = Command(script="stage", argv=("look", bench.path(staged), mark, RUN, bench.path(live)))
        marker = {f"{staged}/{mark}": f"{RUN}\n{sha}\n".encode()}
        whole = {**marker, f"{below}/snap/db": b"db", f"{below}/wal/0-0.wal": b"log"}
        trees = [base, {**base, **whole}, {**base, **marker}, {**base, f"{staged}/x": b""}]
        trees += [{**base, f"{stage}/run": f"{OTHER}\n".encode()}, {**base, f"{stage}/snapshot.db": b"other"}]
        trees += [
            {**base, f"{staged}.part/member/snap/db": b"half"},
            {**base, f"{live}/{mark}": f"{RUN}\n{sha}\n".encode()},
        ]
        for tree in trees:
            bench.same(do, tree)
            bench.same(look, tree)


@pytest.mark.parametrize("packed", [False, True], ids=["db", "tar.gz"])
def test_archive(bench: Bench, packed: bool) -> None:
    """prove and look: a good one, a truncated one, a flipped bit, not there, of another run; receive: whole and cut."""
    raw, plain = archive(3, packed=packed), archive(3, packed=False)
    sha, name = hashlib.sha256(plain).hexdigest(), "files/a.db.tar.gz" if packed else "files/a.db"
    stage = f"files/d.novatui-stage-{RUN}"
    tool = bench.path("bin/etcdctl")
    seen: list[Seen] = []
    for content, wanted in ((raw, sha), (raw, "0" * 64), (raw[:-40], sha), (None, sha)):
        tree = {"files/": b"", **({name: content} if content is not None else {})}
        argv = ("prove", bench.path(stage), bench.path(name), wanted, tool, RUN)
        real, model = bench.both(Command(script="archive", argv=argv), tree)
        # What tar and gzip said: below the stage until it goes.
        notes = {f"{stage}/list", f"{stage}/error"}
        left = [{path: held for path, held in one.tree.items() if path not in notes} for one in (real, model)]
        assert (real.exit, real.out) == (model.exit, model.out), (content is None, wanted)
        assert left[0] == left[1]
        seen.append(real)
        if real.exit == 0:
            look = Command(script="archive", argv=("look", bench.path(stage), RUN))
            kept = {path: content for path, content in real.tree.items() if content is not None}
            bench.same(look, kept)
            bench.same(look, {**kept, f"{stage}/run": f"{OTHER}\n".encode()})
            bench.same(look, {**kept, f"{stage}/snapshot.db": b"other"})
            sent = bench.same(Command(script="archive", argv=("send", bench.path(stage))), kept)
            assert sent.exit == 0
    assert [one.exit for one in seen] == [0, 3, 3, 3]
    for stdin in (
        b"hello\n\nnv-stream %d\n" % len(plain) + plain,
        b"\nnv-stream %d\n" % len(plain) + plain[:100],
        b"noise\n",
    ):
        words = ("receive", bench.path(stage), sha, tool, RUN)
        bench.same(Command(script="archive", argv=words, stdin=stdin), {"files/": b""})


def test_survivor(bench: Bench) -> None:
    """Where there is nothing to read, and what look says of what was saved."""
    stage = f"files/d.novatui-stage-{RUN}"
    argv = (
        "do",
        bench.path(stage),
        RUN,
        bench.path("files/d"),
        "",
        "",
        "",
        "",
        "/nowhere/etcd",
        "/nowhere/etcdctl",
        "5",
    )
    do = Command(script="survivor", argv=argv)
    look = Command(script="survivor", argv=("look", bench.path(stage), RUN))
    for tree in (
        {"files/": b""},
        {"files/d/member/wal/0-0.wal": b"log"},
        {f"{stage}/run": f"{OTHER}\n".encode()},
    ):
        seen = bench.same(do, tree)
        kept = {path: content for path, content in seen.tree.items() if content is not None}
        bench.same(look, kept)
    bench.same(
        look,
        {
            f"{stage}/run": f"{RUN}\n".encode(),
            f"{stage}/survivor.facts": b"nv:survivor=saved\n",
            f"{stage}/survivor.db": b"db",
        },
    )


def test_stop_looks(bench: Bench) -> None:
    argv = ("look", "etcd", bench.path("files/d"), "127.0.0.1:1")
    for active in ("inactive", "failed"):
        real, model = bench.both(
            Command(script="stop", argv=argv), {"files/d/member/snap/db": b"x"}, active=active
        )
        assert real.out == model.out


DATA = {"files/d/member/snap/db": b"x", "files/d/member/wal/0-0.wal": b"log"}


@pytest.mark.parametrize("active", ["inactive", "failed", "active"])
def test_begin(bench: Bench, active: str) -> None:
    """With all its data, half of it, empty files, none; free, held by this run, by another."""
    quiet(bench)
    words = (RUN, bench.path("work"), "etcd", bench.path("files/d"))
    do = Command(script="begin", argv=("do", *words))
    look = Command(
        script="begin", argv=("look", *words, "https://127.0.0.1:1", "", "", "", bench.path("bin/etcdctl"))
    )
    halves = [{"files/": b"", **{name: DATA[name] for name in names}} for names in subsets(DATA)]
    exits = set()
    for tree in [
        *halves,
        {**DATA, "files/d/member/snap/db": b""},
        {**DATA, "files/d/member/wal/0-0.wal": b""},
    ]:
        for held in ({}, {"work/hold": f"{RUN}\n".encode()}, {"work/hold": f"{OTHER}\n".encode()}):
            exits.add(bench.same(do, {**tree, **held}, active=active).exit)
            bench.same(look, {**tree, **held}, active=active)
    assert exits == {0, 3}


def test_evidence(bench: Bench) -> None:
    """The real one keeps more than its model; the facts are the same, and what is taken back."""
    quiet(bench)
    do, look, drop = (
        Command(script="evidence", argv=(verb, RUN, bench.path("work"), "etcd"))
        for verb in ("do", "look", "drop")
    )
    kept = f"work/{RUN}/evidence"
    bench.same(look, {"work/": b""})
    for tree in ({"files/": b""}, {"work/": b""}, {f"{kept}.part/facts": b"half"}):
        real, model = bench.both(do, tree)
        assert (real.exit, model.exit) == (0, 0)
        assert real.tree[f"{kept}/facts"] == model.tree[f"{kept}/facts"]
        assert set(model.tree) <= set(real.tree)
    whole = {f"{kept}/facts": b"nv:pid=0\n", f"{kept}/journal.json": b""}
    bench.same(look, whole)
    bench.same(drop, whole)
    bench.same(drop, {**whole, f"work/{RUN}/plan.json": b"{}"})
    bench.same(drop, {f"{kept}.part/facts": b"half"})


def quiet(bench: Bench) -> None:
    """A journal without a line, on any machine."""
    for name in ("journalctl", "dmesg"):
        tool = bench.top / "bin" / name
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
