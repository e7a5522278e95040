"""recover-member as a person runs it, on real etcd over real SSH: a broken member, half-done tries by hand, every refusal."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from novatui.model import records as rec
from novatui.runner import client, places
from novatui.runner.journal import read
from tests.runbooks.hands import (
    CANARY,
    LIVE,
    corrupted,
    ctl,
    data,
    differing,
    env,
    listed,
    novatui,
    own,
    state,
    systemctl,
)

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def broken(demo: Callable[..., Any]) -> Any:
    """Its second member panics over its database at each start; the others have quorum."""
    return demo("corrupt-member")


@pytest.fixture(scope="module")
def lost(demo: Callable[..., Any]) -> Any:
    return demo("quorum-lost")


def recover(demo: Any, *more: str, node: str = "") -> Any:
    """Recovers the second master; it must end verified. The journal's run."""
    node = node or demo.nodes[1]
    done = novatui(demo, "run", "recover-member", "--node", node, "--yes", node, *more)
    assert done.returncode == 0, done.stdout + done.stderr
    return client.runs()[0].run


def world(demo: Any) -> dict[str, Any]:
    """All that a refused run must leave as it is."""
    found: dict[str, Any] = {}
    for node in demo.nodes:
        root = demo.root(node)
        files = [
            root / "etc/etcd.env",
            *sorted((root / "etc/systemd/system").rglob("*")),
            *root.glob("etc/*novatui*"),
        ]
        found[node] = {
            "files": {str(path): path.read_bytes() if path.is_file() else None for path in files},
            "lib": sorted(path.name for path in (root / "var/lib").iterdir() if path.name != "novatui"),
            "held": (root / "var/lib/novatui/hold").exists(),
            "inode": data(demo, node).stat().st_ino,
        }
    return found


def all_alike(demo: Any) -> None:
    """Every member serves the same keys, the canary among them, and no run holds anything."""
    hashes = set()
    for node in demo.nodes:
        assert ctl(demo, node, "get", CANARY, "--print-value-only").strip() == LIVE
        hashes.add(json.loads(ctl(demo, node, "endpoint", "hashkv", "-w", "json"))[0]["HashKV"]["hash"])
        root = demo.root(node)
        assert not (root / "var/lib/novatui/hold").exists()
        assert not (root / "var/lib/novatui/active").exists()
        assert not (root / "etc/systemd/system/etcd.service.d").exists()
        assert not list((root / "var/lib").glob("*.novatui-stage-*"))
    assert len(hashes) == 1
    assert all(one["name"] for one in listed(demo, demo.nodes[0]).values())


def kept(demo: Any, run: str, node: str = "") -> Path:
    path: Path = demo.root(node or demo.nodes[1]) / f"var/lib/etcd.novatui-old-{run}"
    return path


@pytest.mark.invariant("INV-15")
def test_one_that_serves_is_not_recovered(broken: Any) -> None:
    first, second, _ = broken.nodes
    before = world(broken)
    refused = novatui(broken, "run", "recover-member", "--node", first, "--yes", first)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert f"{first}: there is nothing to recover: it answers, has quorum" in refused.stderr
    wrong = novatui(broken, "run", "recover-member", "--node", second, "--yes", "demo")
    assert wrong.returncode == 2 and f"'{second}'" in wrong.stderr
    for words in ((), ("--node", "nobody"), ("--node", second, "--snapshot", "/tmp/x")):
        usage = novatui(broken, "plan", "recover-member", *words)
        assert usage.returncode == 64, usage.stdout + usage.stderr
    assert world(broken) == before


@pytest.mark.invariant("INV-13", "INV-15", "INV-3")
def test_a_member_with_a_damaged_database_comes_back(broken: Any) -> None:
    """The list goes through ``unstarted`` to ``started``, under an ID that nobody could know before."""
    first, second, _ = broken.nodes
    old, before = own(broken, second, first), world(broken)
    run = recover(broken)
    all_alike(broken)
    new = own(broken, second, first)
    assert new["name"] == old["name"] and new["id"] != old["id"]
    assert kept(broken, run).stat().st_ino == before[second]["inode"], "the very directory that was live"
    records = read(places.find(run).journal)
    bound = [one.value for one in records if isinstance(one, rec.Bound)]
    assert bound == [new["id"]]
    added = next(one for one in records if isinstance(one, rec.Verified) and one.step == "add")
    assert added.evidence["status"] == "unstarted"
    _env_as_it_must_be(broken, second, run, before)
    _snapshot_kept(broken, run)
    _no_way_back(broken, run)


def _env_as_it_must_be(demo: Any, node: str, run: str, before: dict[str, Any]) -> None:
    now = env(demo, node)
    assert now["ETCD_INITIAL_CLUSTER_STATE"] == "existing"
    pairs = {f"{one['name']}={url}" for url, one in listed(demo, node).items()}
    assert set(now["ETCD_INITIAL_CLUSTER"].split(",")) == pairs
    path = demo.root(node) / "etc/etcd.env"
    assert path.with_name(f"etcd.env.novatui-{run}").read_bytes() == before[node]["files"][str(path)]


def _snapshot_kept(demo: Any, run: str) -> None:
    params = client.load(run)[0].params
    path = demo.root(params["via"]) / f"var/lib/novatui/{run}/safety.db"
    assert path.stat().st_size % 512 == 32 and path.stat().st_mode & 0o777 == 0o600
    assert LIVE.encode() in path.read_bytes()


def _no_way_back(demo: Any, run: str) -> None:
    before = world(demo)
    undo = novatui(demo, "undo", run, "--yes", demo.nodes[1])
    assert undo.returncode == 2, undo.stdout + undo.stderr
    assert "past its point of no return" in undo.stderr
    assert world(demo) == before
    text = (demo.root(demo.nodes[1]) / f"var/lib/novatui/{run}/UNDO.txt").read_text()
    assert "past its point of no return" in text and "hold.sh" not in text
    assert client.load(run)[1].result == "verified"


def test_removed_by_hand_and_not_added(broken: Any) -> None:
    first, second, _ = broken.nodes
    corrupted(broken, second)
    ctl(broken, first, "member", "remove", own(broken, second, first)["id"])
    planned = novatui(broken, "plan", "recover-member", "--node", second)
    assert "member remove" not in planned.stdout and "roster.sh remove" not in planned.stdout
    run = recover(broken)
    all_alike(broken)
    assert kept(broken, run).exists()
    assert "add" in client.load(run)[1].steps and "remove" not in client.load(run)[1].steps


def test_added_by_hand_and_never_started(broken: Any) -> None:
    """The seed followed half way; the ID it was given then is the one it joins under."""
    first, second, _ = broken.nodes
    corrupted(broken, second)
    old = own(broken, second, first)
    url = next(url for url, one in listed(broken, first).items() if one == old)
    ctl(broken, first, "member", "remove", old["id"])
    ctl(broken, first, "member", "add", old["name"], f"--peer-urls={url}")
    given = own(broken, second, first)
    run = recover(broken)
    all_alike(broken)
    assert own(broken, second, first) == {"id": given["id"], "name": old["name"]}
    assert kept(broken, run).exists()
    assert not {"remove", "add"} & set(client.load(run)[1].steps)


def test_the_seed_followed_until_its_data_was_deleted(broken: Any) -> None:
    """Removed, added, stopped, its data gone, its env file quoted and still ``new``."""
    first, second, _ = broken.nodes
    old = own(broken, second, first)
    url = next(url for url, one in listed(broken, first).items() if one == old)
    systemctl(broken, second, "stop", "etcd")
    ctl(broken, first, "member", "remove", old["id"])
    ctl(broken, first, "member", "add", old["name"], f"--peer-urls={url}")
    shutil.rmtree(data(broken, second))
    path = broken.root(second) / "etc/etcd.env"
    text = path.read_text().replace(
        "ETCD_INITIAL_CLUSTER_STATE=existing", '  ETCD_INITIAL_CLUSTER_STATE="new"'
    )
    path.write_text(text)
    run = recover(broken)
    all_alike(broken)
    assert env(broken, second)["ETCD_INITIAL_CLUSTER_STATE"] == "existing"
    assert not kept(broken, run).exists(), "there was nothing to keep"


def test_wiped_and_not_removed(broken: Any) -> None:
    """``rm -rf`` alone: the list still has it, started."""
    first, second, _ = broken.nodes
    old = own(broken, second, first)
    systemctl(broken, second, "stop", "etcd")
    shutil.rmtree(data(broken, second) / "member")
    recover(broken)
    all_alike(broken)
    assert own(broken, second, first)["id"] != old["id"]


def test_down_is_not_lost(broken: Any) -> None:
    """A member that is stopped on good data is started, not replaced; a typed word replaces it all the same."""
    second = broken.nodes[1]
    systemctl(broken, second, "stop", "etcd")
    before = world(broken)
    refused = novatui(broken, "run", "recover-member", "--node", second, "--yes", second)
    assert refused.returncode == 2
    assert "--overrule data-intact" in refused.stderr and f"restart-member --node {second}" in refused.stderr
    assert world(broken) == before
    run = recover(broken, "--overrule", "data-intact")
    all_alike(broken)
    assert kept(broken, run).exists()


@pytest.mark.invariant("INV-15")
def test_keys_that_differ_and_a_corrupt_alarm(broken: Any) -> None:
    """It serves, and what it serves is not what the others have: the one case in which a serving member is replaced."""
    first, second, third = broken.nodes
    differing(broken, second)
    alarm = {
        "action": "ACTIVATE",
        "memberID": str(int(own(broken, second, first)["id"], 16)),
        "alarm": "CORRUPT",
    }
    _gateway(broken, first, "/v3/maintenance/alarm", alarm)
    assert "CORRUPT" in ctl(broken, first, "alarm", "list")
    wrong = novatui(broken, "run", "recover-member", "--node", third, "--yes", third)
    assert wrong.returncode == 2 and f"recover-member --node {second}" in wrong.stderr
    ctl(broken, second, "move-leader", own(broken, second, first)["id"], check=False)
    run = recover(broken)
    all_alike(broken)
    assert not ctl(broken, first, "alarm", "list").strip()
    assert LIVE.upper().encode() in (kept(broken, run) / "member/snap/db").read_bytes(), (
        "the odd data is kept"
    )
    assert client.load(run)[1].passed("disarm")


def _gateway(demo: Any, node: str, path: str, body: dict[str, Any]) -> None:
    from types import SimpleNamespace
    from typing import cast

    from novatui.demo.gateway import Gateway
    from novatui.demo.layout import MasterFiles

    files = SimpleNamespace(
        host=demo.info["nodes"][node]["host"], tls=demo.root(node) / "etc/ssl/etcd/ssl", node=node
    )
    Gateway(cast(MasterFiles, files)).call(path, body)


def test_a_master_that_cannot_be_asked_is_left_out(broken: Any) -> None:
    """Its etcd answers through the network that etcd uses: quorum is proved without its SSH."""
    second, third = broken.nodes[1:]
    corrupted(broken, second)
    broken.tell("cut", third)
    try:
        planned = novatui(broken, "plan", "recover-member", "--node", second, "--json")
        assert planned.returncode == 0, planned.stderr
        plan = json.loads(planned.stdout)
        assert plan["nodes"] == [broken.nodes[0], second]
        assert any(f"{third} takes no part" in note for note in plan["params"]["notes"])
        recover(broken)
    finally:
        broken.tell("uncut", third)
    all_alike(broken)


@pytest.mark.invariant("INV-15")
def test_without_quorum_none_is_replaced(lost: Any) -> None:
    before = world(lost)
    for node in lost.nodes[1:]:
        refused = novatui(lost, "run", "recover-member", "--node", node, "--yes", node)
        assert refused.returncode == 2
        assert "no other member has quorum" in refused.stderr and "restore-cluster" in refused.stderr
    assert world(lost) == before
    assert state(lost, lost.nodes[0]).get("active") in ("active", "activating")
