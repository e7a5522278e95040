"""The models of recover-member's scripts cannot drift: each real one and its model, from the same tree, leave and say the same.

Of what asks etcd (roster.sh, hash.sh, steady.sh, the saving of save.sh) the real ones are held against real etcd by
``tests/runbooks/test_recover_scripts.py``.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from novatui.remote.command import Command
from tests.sim.bench import Bench

RUN = "0123abcd"
LIVE, OLD = "files/d", f"files/d.novatui-old-{RUN}"
STAGE = f"files/d.novatui-stage-{RUN}"
INITIAL = "etcd1=https://10.0.0.1:2380,etcd2=https://10.0.0.2:2380"

pytestmark = pytest.mark.invariant("INV-4", "INV-11", "INV-13", "INV-15")


@pytest.fixture
def bench() -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="nv-drift-") as top:
        yield Bench(Path(top))


@pytest.mark.parametrize("make", ["make", "leave"])
@pytest.mark.parametrize("verb", ["look", "do"])
def test_aside(bench: Bench, verb: str, make: str) -> None:
    """Every state of the two directories, under this run's hold and another's."""
    top, inner = (LIVE, "member/") if make == "make" else (f"{LIVE}/member", "")
    old = OLD if make == "make" else f"{LIVE}/.novatui-old-{RUN}"
    lives: list[dict[str, bytes]] = [
        {"files/x": b""},
        {f"{top}/": b""},
        {f"{top}/{inner}snap/db": b"data"},
        {f"{top}/{inner}wal/0.wal": b"log", f"{top}/{inner}snap/db": b"data"},
        {f"{top}/lost+found/": b""},
    ]
    olds: list[dict[str, bytes]] = [{}, {f"{old}/{inner}snap/db": b"old"}]
    foreign = old.replace("novatui-old-", "novatui-foreign-")
    exits = set()
    for live, kept, left, held in itertools.product(lives, olds, (False, True), (RUN, "9999ffff")):
        tree = {**live, **kept, "work/hold": f"{held}\n".encode()}
        if left:
            tree[f"{foreign}/x"] = b"earlier"
        argv = (
            verb,
            "etcd",
            bench.path(top),
            bench.path(old),
            RUN,
            bench.path("work/hold"),
            bench.owner,
            "750",
            make,
        )
        exits.add(bench.same(Command(script="aside", argv=argv), tree).exit)
    assert exits == ({0} if verb == "look" else {0, 3})


def test_aside_refuses_what_is_not_down(bench: Bench) -> None:
    tree = {f"{LIVE}/member/wal/0.wal": b"log", "work/hold": f"{RUN}\n".encode()}
    argv = (
        "do",
        "etcd",
        bench.path(LIVE),
        bench.path(OLD),
        RUN,
        bench.path("work/hold"),
        bench.owner,
        "700",
        "make",
    )
    command = Command(script="aside", argv=argv)
    assert bench.same(command, tree, active="active").exit == 3
    assert bench.same(command, {f"{LIVE}/member/wal/0.wal": b"log", "work/": b""}).exit == 3


@pytest.mark.parametrize("verb", ["look", "do"])
def test_join(bench: Bench, verb: str) -> None:
    """Whatever the two lines were, quoted, doubled or not there; with the hold's copy and without."""
    states = (
        "",
        "ETCD_INITIAL_CLUSTER_STATE=new\n",
        '  ETCD_INITIAL_CLUSTER_STATE="existing"\n',
        "ETCD_INITIAL_CLUSTER_STATE=existing\n",
    )
    members = (
        "",
        f"ETCD_INITIAL_CLUSTER={INITIAL}\n",
        "ETCD_INITIAL_CLUSTER='x=y'\nETCD_INITIAL_CLUSTER=z\n",
    )
    command = Command(script="join", argv=(verb, RUN, bench.path("files/env"), INITIAL))
    exits = set()
    for state, cluster, copy, end in itertools.product(states, members, (False, True), ("", "\n", "A=1")):
        env = f"# etcd\nETCD_INITIAL_CLUSTER_TOKEN=t\n{state}{cluster}B=2\n{end}".encode()
        tree = {"files/env": env, **({f"files/env.novatui-{RUN}": b"before"} if copy else {})}
        exits.add(bench.same(command, tree).exit)
    assert exits == ({0} if verb == "look" else {0, 3})


def test_trial(bench: Bench) -> None:
    """From nothing, and from what an interrupted one left; the room is the machine's own, so its figure is not compared."""
    left = {
        f"{STAGE}.try/": b"",
        f"{STAGE}.tried/": b"",
        f"{STAGE}/run": f"{RUN}\n".encode(),
        f"files/env.novatui-{RUN}.try": b"half",
        f"files/env.novatui-{RUN}.try.2": b"half",
    }
    exits = set()
    for count in range(len(left) + 1):
        for names in itertools.combinations(left, count):
            tree = {"files/env": b"A=1\n", f"{LIVE}/": b"", **{name: left[name] for name in names}}
            for need, env in (("1", True), ("1", False), (str(1 << 40), True)):
                words = ("do", bench.path(STAGE), RUN, bench.path("files/env"), need)
                given = tree if env else {name: raw for name, raw in tree.items() if name != "files/env"}
                real, model = bench.both(Command(script="trial", argv=words), given)
                assert real.exit == model.exit, (names, need, real)
                assert _figureless(real.tree) == _figureless(model.tree), (names, need)
                exits.add(real.exit)
    assert exits == {0, 1}


def _figureless(tree: object) -> dict[str, bytes | None]:
    assert isinstance(tree, dict)
    return {name: b"" if name.endswith("/tried") else raw for name, raw in tree.items()}


def test_what_a_trial_and_a_snapshot_left_is_read_alike(bench: Bench) -> None:
    for tree in (
        {},
        {f"{STAGE}/run": f"{RUN}\n".encode(), f"{STAGE}/tried": b"nv:free_kib=9\n"},
        {f"{STAGE}/run": b"9999ffff\n", f"{STAGE}/tried": b"nv:free_kib=9\n"},
        {f"{STAGE}/run": f"{RUN}\n".encode()},
    ):
        bench.same(Command(script="trial", argv=("look", bench.path(STAGE), RUN)), tree)
    file = f"work/{RUN}/safety.db"
    for tree in (
        {"work/": b""},
        {file: b"x"},
        {f"{file}.facts": b"nv:saved=yes\n"},
        {file: b"xyz", f"{file}.facts": b"nv:saved=yes\nnv:size=3\n"},
    ):
        bench.same(Command(script="save", argv=("look", bench.path(file), RUN)), tree)
        words = (
            "do",
            bench.path(file),
            RUN,
            "http://127.0.0.1:1",
            "",
            "",
            "",
            bench.path("bin/etcdctl"),
            "1",
            "5",
        )
        refused = bench.same(Command(script="save", argv=words), tree)
        assert refused.exit == 1, "nobody answers here"
