"""Where a schedule begins: the masters, what is broken on them, and what the person asked for."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from novatui.config import ClusterConfig, EtcdConfig, NodeConfig
from novatui.model.plan import Request
from novatui.runbooks.restore_cluster.bump import BUMP
from tests.sim import apiserver, etcd, roster
from tests.sim.fleet import Fleet
from tests.sim.loop import EPOCH_MS
from tests.sim.master import Master

TOKEN = "k8s_etcd"
DATA_DIR = "/var/lib/etcd"
NAMED = "etcd_snapshot_nova-v5.1.2_k8s-v1.27.11_2024-06-13_020000.db"
ARCHIVE = f"/tmp/{NAMED}.tar.gz"
PLAIN = "/opt/backup/before.db"
TAKEN = 120  # the archive's revision
NOW = 128  # the revision of the data that stands
CONTENT = "keys"
WARM_S = 20.0  # what was broken has settled before anybody looks


@dataclass(frozen=True)
class Scenario:
    """``break_it`` is done to masters that were all well; ``expected``: the revision that a verified run serves."""

    name: str
    request: Request
    nodes: int = 3
    archive_on: tuple[int, ...] = (1, 2, 3, 4, 5)
    packed: bool = True
    mounts: tuple[int, ...] = ()
    api_on: tuple[int, ...] = ()
    expected: int = TAKEN
    break_it: Callable[[Fleet], None] = lambda fleet: None

    @property
    def cluster(self) -> ClusterConfig:
        return cluster(self.nodes)

    def build(self, fleet: Fleet) -> None:
        """Files and units; the masters boot when the loop runs."""
        for number, master in enumerate(fleet.masters.values(), 1):
            _furnish(self, number, master)
        self.break_it(fleet)
        for master in fleet.masters.values():
            master.disk.sync()
            if not master.stopped:
                master.unit.boot()
            master.api.boot()


@cache
def cluster(nodes: int) -> ClusterConfig:
    return ClusterConfig(
        name="sim",
        nodes=tuple(
            NodeConfig(name=f"m{number}", host=f"10.0.0.{number}", etcd=EtcdConfig())
            for number in range(1, nodes + 1)
        ),
    )


def _peers(nodes: int) -> str:
    return ",".join(f"etcd{one}=https://10.0.0.{one}:2380" for one in range(1, nodes + 1))


def _env(number: int, nodes: int, state: str) -> str:
    return (
        f"# etcd\nETCD_NAME=etcd{number}\nETCD_DATA_DIR={DATA_DIR}\n"
        f"ETCD_LISTEN_PEER_URLS=https://10.0.0.{number}:2380\n"
        f"ETCD_LISTEN_CLIENT_URLS=https://10.0.0.{number}:2379,https://127.0.0.1:2379\n"
        f"ETCD_ADVERTISE_CLIENT_URLS=https://10.0.0.{number}:2379\n"
        f"ETCD_INITIAL_ADVERTISE_PEER_URLS=https://10.0.0.{number}:2380\n"
        f"ETCD_INITIAL_CLUSTER={_peers(nodes)}\nETCD_INITIAL_CLUSTER_STATE={state}\n"
        f"ETCD_INITIAL_CLUSTER_TOKEN={TOKEN}\nETCDCTL_CACERT=/etc/ssl/etcd/ca.pem\n"
    )


@cache
def archive(nodes: int, *, packed: bool) -> bytes:
    urls = [f"https://10.0.0.{one}:2380" for one in range(1, nodes + 1)]
    raw = etcd.snapshot(CONTENT, TAKEN, urls)
    if not packed:
        return raw
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w:gz", compresslevel=1) as tar:
        inside = tarfile.TarInfo(f"opt/backup/{NAMED}")
        inside.size = len(raw)
        tar.addfile(inside, io.BytesIO(raw))
    # gzip writes the time of its making into its header.
    whole = into.getvalue()
    return whole[:4] + b"\0\0\0\0" + whole[8:]


def _furnish(scenario: Scenario, number: int, master: Master) -> None:
    disk, config = master.disk, master.config
    for path in (
        "/etc",
        "/tmp",
        "/opt/backup",
        "/var/lib",
        config.etcd.unit_dir,
        config.kubernetes.manifests,
        "/opt/etcd",
    ):
        disk.mkdir(path)
    disk.write(
        config.etcd.env_file, _env(number, scenario.nodes, '"new"' if number == 1 else "new").encode(), 0o640
    )
    data = etcd.bootstrapped(
        f"etcd{number}", _peers(scenario.nodes), TOKEN, raft="before", content=CONTENT, revision=NOW
    )
    etcd.put(disk, DATA_DIR, data, owner="998:998")
    if number in scenario.api_on:
        master.api.wanted = True
        disk.write(master.api.manifest, apiserver.MANIFEST)
    if number in scenario.mounts:
        master.mounts = (DATA_DIR,)
    if number in scenario.archive_on:
        path = ARCHIVE if scenario.packed else PLAIN
        disk.write(path, archive(scenario.nodes, packed=scenario.packed))


def _corrupt(fleet: Fleet, *names: str) -> None:
    for name in names:
        master = fleet.masters[name]
        master.disk.write(f"{DATA_DIR}/member/snap/db", b"\0damaged")
        zap = {"level": "fatal", "msg": "failed to open database", "error": "invalid database"}
        lines = []
        for second in (-60, 10):
            at = EPOCH_MS + second * 1000
            lines.append({"__REALTIME_TIMESTAMP": str(at * 1000), "MESSAGE": json.dumps(zap)})
        master.log = "".join(json.dumps(line) + "\n" for line in lines).encode()


def _no_data(fleet: Fleet, name: str) -> None:
    """Its directory is gone, its unit stopped; nothing would make it bootstrap by itself."""
    master = fleet.masters[name]
    master.disk.remove(DATA_DIR)
    env = (master.disk.text(master.config.etcd.env_file) or "").replace("STATE=new", "STATE='existing'")
    master.disk.write(master.config.etcd.env_file, env.encode(), 0o640)
    master.stopped = True


def _lost(fleet: Fleet) -> None:
    _corrupt(fleet, "m2", "m3")


def _one_left(fleet: Fleet) -> None:
    fleet.masters["m1"].stopped = True
    _no_data(fleet, "m2")
    _corrupt(fleet, "m3")


def _one_gone(fleet: Fleet) -> None:
    """The third has lost its power: when it comes back it has the data from before."""
    _corrupt(fleet, "m2")
    fleet.loop.after(1.0, fleet.masters["m3"].power_off)


def _three_of_five(fleet: Fleet) -> None:
    _corrupt(fleet, "m2", "m4", "m5")


def _hang(fleet: Fleet) -> None:
    """After it served for a while."""

    def hang() -> None:
        daemon = fleet.masters["m2"].unit.daemon
        assert daemon is not None
        daemon.hung = True

    fleet.loop.after(WARM_S / 2, hang)


def _stop(*names: str) -> Callable[[Fleet], None]:
    def stop(fleet: Fleet) -> None:
        for name in names:
            fleet.masters[name].stopped = True

    return stop


def _dark_and_one_blank(fleet: Fleet) -> None:
    _stop("m1", "m2")(fleet)
    _no_data(fleet, "m3")


def _damaged(fleet: Fleet) -> None:
    _corrupt(fleet, "m2")


def _damaged_of_five(fleet: Fleet) -> None:
    _corrupt(fleet, "m4")


def _wiped(fleet: Fleet) -> None:
    _no_data(fleet, "m3")


def _removed(fleet: Fleet) -> None:
    """By hand, while it was down; it is not added."""
    _corrupt(fleet, "m2")
    fleet.loop.after(WARM_S / 2, lambda: _by_hand(fleet, "m2", add=False))


def _added(fleet: Fleet) -> None:
    """By hand too: removed, added, its data gone."""
    _no_data(fleet, "m2")
    fleet.loop.after(WARM_S / 2, lambda: _by_hand(fleet, "m2", add=True))


def _by_hand(fleet: Fleet, name: str, *, add: bool) -> None:
    daemon = fleet.masters["m1"].unit.daemon
    assert daemon is not None
    cluster = daemon.data.cluster
    found = roster.of(fleet, cluster, daemon.data.members)
    number, _, url = next(one for one in daemon.data.members if one[1] == name.replace("m", "etcd"))
    roster.remove(fleet, cluster, found, number)
    if add:
        roster.add(fleet, cluster, found, url)


_RESTORE = "restore-cluster"
SCENARIOS = {
    one.name: one
    for one in (
        Scenario("quorum-lost", Request(runbook=_RESTORE, snapshot=ARCHIVE), break_it=_lost),
        Scenario("survivor", Request(runbook=_RESTORE, survivor="m1"), expected=NOW, break_it=_one_left),
        Scenario(
            "live",
            Request(runbook=_RESTORE, snapshot=PLAIN, overrule=("quorum-stands", "data-intact")),
            packed=False,
        ),
        Scenario(
            "api-servers",
            Request(runbook=_RESTORE, snapshot=PLAIN, overrule=("quorum-stands", "data-intact")),
            packed=False,
            api_on=(1, 3),
        ),
        Scenario(
            "left-out",
            Request(runbook=_RESTORE, snapshot=PLAIN, without=("m3",)),
            packed=False,
            break_it=_one_gone,
        ),
        Scenario(
            "from-one",
            Request(runbook=_RESTORE, snapshot=PLAIN, from_node="m2"),
            packed=False,
            archive_on=(2,),
            break_it=_lost,
        ),
        Scenario(
            "mount", Request(runbook=_RESTORE, snapshot=PLAIN), packed=False, mounts=(1, 2), break_it=_lost
        ),
        Scenario(
            "five",
            Request(runbook=_RESTORE, snapshot=PLAIN, bump_revision=True),
            nodes=5,
            packed=False,
            expected=TAKEN + BUMP,
            break_it=_three_of_five,
        ),
    )
}
# Those that only start etcd on the data that is there.
STARTS = {
    one.name: one
    for one in (
        Scenario("hung", Request(runbook="restart-member", node="m2"), expected=NOW, break_it=_hang),
        Scenario(
            "member-down", Request(runbook="restart-member", node="m2"), expected=NOW, break_it=_stop("m2")
        ),
        Scenario(
            "power-cut", Request(runbook="start-cluster"), expected=NOW, break_it=_stop("m1", "m2", "m3")
        ),
        Scenario("one-blank", Request(runbook="start-cluster"), expected=NOW, break_it=_dark_and_one_blank),
        Scenario(
            "two-of-five",
            Request(runbook="start-cluster"),
            nodes=5,
            expected=NOW,
            break_it=_stop("m1", "m2", "m4"),
        ),
    )
}
RECOVERIES = {
    one.name: one
    for one in (
        Scenario(
            "one-damaged", Request(runbook="recover-member", node="m2"), expected=NOW, break_it=_damaged
        ),
        Scenario(
            "one-damaged-mount",
            Request(runbook="recover-member", node="m2"),
            mounts=(2,),
            expected=NOW,
            break_it=_damaged,
        ),
        Scenario("one-wiped", Request(runbook="recover-member", node="m3"), expected=NOW, break_it=_wiped),
        Scenario(
            "one-of-five",
            Request(runbook="recover-member", node="m4"),
            nodes=5,
            expected=NOW,
            break_it=_damaged_of_five,
        ),
        Scenario("removed", Request(runbook="recover-member", node="m2"), expected=NOW, break_it=_removed),
        Scenario("added", Request(runbook="recover-member", node="m2"), expected=NOW, break_it=_added),
    )
}
ALL = {**SCENARIOS, **STARTS, **RECOVERIES}
