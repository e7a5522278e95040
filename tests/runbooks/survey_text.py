"""Answers of the survey, built as the scripts print them: a cluster of three whose quorum is lost, to be bent by tests."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from novatui.config import ClusterConfig, EtcdConfig, NodeConfig
from novatui.remote.command import Outcome, Status
from novatui.runbooks.step import Answers

NODES = ("m1", "m2", "m3")
HOSTS = {"m1": "172.31.100.97", "m2": "172.31.100.105", "m3": "172.31.100.106"}
MEMBERS = {"m1": "etcd1", "m2": "etcd2", "m3": "etcd3"}
ARCHIVE = "/tmp/etcd_snapshot_nova-v5.1.2_k8s-v1.27.11_2024-06-14_081538.db.tar.gz"
MIB = 1 << 20
DAMAGED = [
    {"level": "info", "msg": "starting an etcd server"},
    {"level": "panic", "msg": "failed to open database", "path": "/var/lib/etcd/member/snap/db", "error": "invalid database"},
]  # fmt: skip
REMOVED = [
    {"level": "info", "msg": "starting an etcd server"},
    {
        "level": "warn",
        "msg": "server error",
        "error": "the member has been permanently removed from the cluster",
    },
]


def cluster() -> ClusterConfig:
    nodes = tuple(NodeConfig(name=node, host=HOSTS[node], etcd=EtcdConfig()) for node in NODES)
    return ClusterConfig(name="prod", nodes=nodes)


def env_of(node: str) -> dict[str, str]:
    url = HOSTS[node]
    return {
        "ETCD_NAME": MEMBERS[node],
        "ETCD_DATA_DIR": "/var/lib/etcd",
        "ETCD_INITIAL_CLUSTER": ",".join(f"{MEMBERS[one]}=https://{HOSTS[one]}:2380" for one in NODES),
        "ETCD_INITIAL_CLUSTER_TOKEN": "k8s_etcd",
        "ETCD_INITIAL_CLUSTER_STATE": "new",
        "ETCD_INITIAL_ADVERTISE_PEER_URLS": f"https://{url}:2380",
        "ETCD_LISTEN_PEER_URLS": f"https://{url}:2380",
        "ETCD_LISTEN_CLIENT_URLS": f"https://{url}:2379,https://127.0.0.1:2379",
        "ETCD_ADVERTISE_CLIENT_URLS": f"https://{url}:2379",
        "ETCD_PROXY": "off",
    }


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def status_json(member: int, revision: int) -> str:
    header = {"cluster_id": 985, "member_id": member, "revision": revision, "raft_term": 2}
    inner = {"header": header, "version": "3.5.10", "dbSize": 20 * MIB, "raftIndex": 9, "raftAppliedIndex": 9}
    return json.dumps([{"Endpoint": "x", "Status": inner}])


@dataclass
class Master:
    """One master's answers. ``host`` are survey.sh's pairs, ``env`` the file; ``archive`` None: there is none."""

    node: str
    env: dict[str, str] = field(default_factory=dict)
    env_text: str | None = None
    host: dict[str, str] = field(default_factory=dict)
    more: list[str] = field(default_factory=list)
    archive: dict[str, str] | None = field(default_factory=dict)
    journal: list[dict[str, str]] = field(default_factory=list)
    api: dict[str, str] = field(default_factory=lambda: {"manifest": "no"})
    ports: list[str] | None = None  # of ports.sh, "MEMBER HOST:PORT yes|no|unknown"; None: not asked
    silent: bool = False

    def __post_init__(self) -> None:
        self.env = self.env or env_of(self.node)
        exec_start = "{ path=/opt/etcd/etcd ; argv[]=/opt/etcd/etcd ; ignore_errors=no ; pid=0 }"
        self.host = {
            "boot_id": "b", "now": "1718400000", "zone": "+0300", "uid": "0:0",
            "unit.LoadState": "loaded", "unit.ActiveState": "activating", "unit.SubState": "auto-restart",
            "unit.MainPID": "0", "unit.ExecStart": exec_start,
            "unit.EnvironmentFiles": "/etc/etcd.env (ignore_errors=yes)", "unit.Environment": "",
            "unit.DropInPaths": "", "unit.User": "", "unit.TimeoutStopUSec": "1min 30s",
            "tool.etcd": "etcd Version: 3.5.10", "tool.etcdctl": "etcdctl version: 3.5.10",
            "tool.etcdutl": "etcdutl version: 3.5.10",
            "api_server": "no", "unit_dir_writable": "yes", "work_writable": "yes",
            "env_real": "/etc/etcd.env", "env_sha256": "e", "env_writable": "yes", "data_dir": "/var/lib/etcd",
            "data_kind": "dir", "data_wal": "2", "data_db": str(20 * MIB), "data_owner": "0:0", "data_mode": "700",
            "data_inode": "1:2", "member_inode": "1:3", "data_kib": "150000", "data_written": "1718399000",
            "parent_writable": "yes", "data_writable": "yes", "free_kib": str(10 << 20),
            "endpoint": "https://127.0.0.1:2379", "cacert": "/ca", "cert": "/c", "key": "/k",
        }  # fmt: skip
        self.archive = {
            "size": str(5 * MIB), "mtime": "1718342138", "member64": b64("opt/backup/x.db"),
            "db_size": str(20 * MIB + 32), "sha256": "aa" * 32, "trailer": "ok",
            "urls64": b64("\n".join(f'"peerURLs":["https://{HOSTS[one]}:2380"]' for one in NODES)),
            "status64": b64(json.dumps({"hash": 1, "revision": 376010, "totalKey": 5000, "totalSize": 1})),
        }  # fmt: skip
        if self.node != "m1":
            self.journal = [*DAMAGED, *DAMAGED]

    def answers(self) -> Mapping[str, Outcome]:
        if self.silent:
            lost = Outcome(status=Status.UNKNOWN, error="no route to host")
            return {"host": lost, "journal": lost, "archives": lost, "api": lost}
        text = self.env_text
        if text is None:
            text = "".join(f"{key}={value}\n" for key, value in self.env.items())
        pairs = {**self.host, "env64": b64(text)}
        lines = [*(f"nv:{key}={value}" for key, value in pairs.items()), *self.more, "nv:end=1"]
        found = ["Welcome to this master!"]
        if self.archive is not None:
            found.append(f"nv:archive64={b64(ARCHIVE)}")
            found += [f"nv:{key}={value}" for key, value in self.archive.items()]
        journal = [
            json.dumps({"__REALTIME_TIMESTAMP": str(1718399000000000 + at), "MESSAGE": json.dumps(line)})
            for at, line in enumerate(self.journal)
        ]
        api = [*(f"nv:{key}={value}" for key, value in self.api.items()), "nv:end=1"]
        answers = {
            "host": said(lines),
            "archives": said([*found, "nv:end=1"]),
            "journal": said(journal),
            "api": said(api),
        }
        if self.ports is not None:
            answers["ports"] = said([*(f"nv:port={one}" for one in self.ports), "nv:end=1"])
        return answers


def said(lines: list[str]) -> Outcome:
    return Outcome(status=Status.OK, exit=0, stdout=("\n".join(lines) + "\n").encode())


def masters() -> dict[str, Master]:
    """m1 is down with its data intact, the databases of m2 and m3 are damaged."""
    return {node: Master(node) for node in NODES}


def answers(found: Mapping[str, Master]) -> Answers:
    return {node: master.answers() for node, master in found.items()}
