"""The configuration: TOML in, frozen structs out; every unknown key is reported at once with its nearest name."""

from __future__ import annotations

import os
import stat
import tomllib
from collections import Counter
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from novatui.config_words import (
    Become,
    Host,
    Jump,
    Label,
    LocalPath,
    Login,
    MasterPath,
    Name,
    Port,
    Seconds,
    Tool,
    Unit,
)
from novatui.errors import ConfigError, UsageError
from novatui.strict import dotted, problems


class SshConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to get in. What is set here wins over ssh_config, ssh_config over ssh's own defaults; empty or 0 = not set.

    ``connect_timeout`` in seconds (8 unless set). Paths are of this machine, ``~`` expanded by ``load``. ``jump``:
    ``none`` overrides a ProxyJump of ssh_config.
    """

    user: Login = ""
    identity_files: tuple[LocalPath, ...] = ()
    known_hosts: LocalPath = ""
    connect_timeout: Seconds = 0.0
    jump: Jump = ""
    become: Become = "auto"


class EtcdConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where etcd and our own files are on a master."""

    unit: Unit = "etcd"
    env_file: MasterPath = "/etc/etcd.env"
    etcdctl: MasterPath = "/opt/etcd/etcdctl"
    snapshot_dirs: tuple[MasterPath, ...] = ("/tmp", "/opt/backup")
    work_dir: MasterPath = "/var/lib/novatui"
    unit_dir: MasterPath = "/etc/systemd/system"  # where the hold's drop-in goes

    @property
    def etcdutl(self) -> str:
        """Looked for beside etcdctl."""
        return str(Path(self.etcdctl).with_name("etcdutl"))


class KubernetesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where Kubernetes' files are on a master."""

    kubectl: Tool = "kubectl"
    kubeconfig: MasterPath = "/etc/kubernetes/admin.conf"
    manifests: MasterPath = "/etc/kubernetes/manifests"


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One master, its cluster's settings with its own laid over them."""

    name: str
    host: str
    port: int = 0  # 0: what ssh_config says, else 22
    ssh: SshConfig = SshConfig()
    etcd: EtcdConfig = EtcdConfig()
    kubernetes: KubernetesConfig = KubernetesConfig()


class ClusterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster, 1 to 7 masters, everything resolved. ``path`` is the file it was read from."""

    name: str
    environment: str = ""
    nodes: tuple[NodeConfig, ...] = ()
    path: Path = Path()

    def node(self, name: str) -> NodeConfig:
        return next(node for node in self.nodes if node.name == name)


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file, resolved."""

    path: Path
    clusters: tuple[ClusterConfig, ...]
    default_cluster: str = ""

    def names_none(self, name: str | None) -> bool:
        """Whether a person has to be asked which one is meant."""
        return not name and not self.default_cluster and len(self.clusters) > 1

    def pick(self, name: str | None) -> ClusterConfig:
        """The named cluster; without a name the default, or the only one. Raises UsageError."""
        names = [cluster.name for cluster in self.clusters]
        wanted = name or self.default_cluster or (names[0] if len(names) == 1 else "")
        for cluster in self.clusters:
            if cluster.name == wanted:
                return cluster
        known = f"{self.path} names: {', '.join(names)}"
        if not wanted:
            raise UsageError(
                "which cluster?", known, "say --cluster NAME, or set default_cluster in the file"
            )
        close = get_close_matches(wanted, names, n=1)
        raise UsageError(f"no cluster '{wanted}'", known, f"did you mean {close[0]}?" if close else "")


class NodeTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[clusters.X.nodes]]``: ``ssh``, ``etcd`` and ``kubernetes`` hold only the keys that differ for this node."""

    name: Name
    host: Host
    port: Port = 0
    ssh: SshConfig = SshConfig()
    etcd: EtcdConfig = EtcdConfig()
    kubernetes: KubernetesConfig = KubernetesConfig()


class ClusterTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[clusters.X]``."""

    nodes: Annotated[tuple[NodeTable, ...], Meta(min_length=1, max_length=7, description="1 to 7 nodes")]
    environment: Label = ""
    ssh: SshConfig = SshConfig()
    etcd: EtcdConfig = EtcdConfig()
    kubernetes: KubernetesConfig = KubernetesConfig()


class FileTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole file as written."""

    clusters: dict[Name, ClusterTable]
    default_cluster: str = ""


def load(path: Path) -> Config:
    """Read, check and resolve ``path``. Raises ConfigError that lists every problem at once."""
    path = path.expanduser().absolute()  # it is handed to processes that run elsewhere
    raw = _parse(path, _read(path))
    found = problems(raw, FileTable)
    found += _across(raw)
    if found:
        count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
        raise ConfigError(f"{path}: {count}", "\n".join(f"  {problem}" for problem in found))
    clusters = tuple(_cluster(path, name, table) for name, table in raw["clusters"].items())
    return Config(path=path, clusters=clusters, default_cluster=raw.get("default_cluster", ""))


def to_toml(config: Config) -> str:
    """The text that ``load`` reads back as the same clusters; what all nodes share is said once, at the cluster."""
    import tomli_w

    document: dict[str, Any] = {"default_cluster": config.default_cluster} if config.default_cluster else {}
    document["clusters"] = {cluster.name: _cluster_table(cluster) for cluster in config.clusters}
    return tomli_w.dumps(document)


def _cluster_table(cluster: ClusterConfig) -> dict[str, Any]:
    table: dict[str, Any] = {"environment": cluster.environment} if cluster.environment else {}
    nodes: list[dict[str, Any]] = [
        {"name": node.name, "host": node.host} | ({"port": node.port} if node.port else {})
        for node in cluster.nodes
    ]
    for section in ("ssh", "etcd", "kubernetes"):
        values = [_set(msgspec.to_builtins(getattr(node, section))) for node in cluster.nodes]
        shared = {key: value for key, value in values[0].items() if all(v.get(key) == value for v in values)}
        table[section] = shared
        for node, own in zip(nodes, values, strict=True):
            differing = {key: value for key, value in own.items() if key not in shared}
            if differing:
                node[section] = differing
    return table | {"nodes": nodes}


def _set(table: dict[str, Any]) -> dict[str, Any]:
    """Without what is not set."""
    return {key: value for key, value in table.items() if value not in ("", 0)}


def _read(path: Path) -> bytes:
    """The bytes of a file nobody else could have written: it says which commands run as root, and where."""
    try:
        with path.open("rb") as file:
            info = os.fstat(file.fileno())
            data = file.read()
    except FileNotFoundError:
        raise ConfigError(
            f"no configuration at {path}",
            "nothing was read and no master was asked",
            "look around with `novatui demo`, or copy config.example.toml there and fill it in "
            "(`novatui init` will ask for it in a later version)",
        ) from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read", error.strerror or str(error)) from None
    if info.st_uid not in (0, os.getuid()):
        raise ConfigError(
            f"{path} belongs to somebody else",
            f"owner uid {info.st_uid}, you are {os.getuid()}: whoever owns it decides what runs on the masters",
            "read it, then make a copy of your own and name it with -c",
        )
    # Others may read it, for it holds no secret: a cluster's file is often one for all of a team.
    if info.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise ConfigError(
            f"{path} can be written by others",
            f"mode {stat.S_IMODE(info.st_mode):04o}: whoever writes it decides what runs on the masters",
            f"read it, then: chmod go-w {path}",
        )
    return data


def _parse(path: Path, data: bytes) -> dict[str, Any]:
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{path} is not UTF-8", f"a byte that is not text in line {line}") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path} is not valid TOML", str(error)) from None


def _across(raw: dict[str, Any]) -> Iterator[str]:
    """What no single value shows; parts of the wrong type are skipped, ``problems`` has named them."""
    clusters = raw.get("clusters")
    if not isinstance(clusters, dict):
        return
    if not clusters:
        yield "clusters: names no cluster"
    default = raw.get("default_cluster", "")
    if isinstance(default, str) and default and default not in clusters:
        close = get_close_matches(default, clusters, n=1)
        yield f"default_cluster: no cluster of that name{f', did you mean {close[0]}?' if close else ''}"
    for name, cluster in clusters.items():
        if isinstance(cluster, dict):
            path = dotted("clusters", name)
            nodes = cluster.get("nodes")
            tables = {
                f"{path}.nodes[{index}]": node
                for index, node in enumerate(nodes if isinstance(nodes, list) else [])
                if isinstance(node, dict)
            }
            yield from _twins(f"{path}.nodes", list(tables.values()))
            for where, table in [(path, cluster), *tables.items()]:
                if isinstance(table.get("ssh"), dict):
                    yield from _homes(f"{where}.ssh", table["ssh"])


def _twins(path: str, nodes: list[dict[str, Any]]) -> Iterator[str]:
    names = Counter(str(node.get("name")).lower() for node in nodes if "name" in node)
    places = Counter(
        (str(node["host"]).lower(), str(node.get("port", 22))) for node in nodes if "host" in node
    )
    yield from (f"{path}: {n} nodes are named {name}" for name, n in names.items() if n > 1)
    yield from (f"{path}: {n} nodes are at {host}:{port}" for (host, port), n in places.items() if n > 1)


def _homes(path: str, ssh: dict[str, Any]) -> Iterator[str]:
    files = ssh.get("identity_files", [])
    for key, value in [
        ("known_hosts", ssh.get("known_hosts")),
        *((f"identity_files[{i}]", file) for i, file in enumerate(files if isinstance(files, list) else [])),
    ]:
        if isinstance(value, str) and value.startswith("~"):
            try:
                Path(value).expanduser()
            except RuntimeError:
                yield f"{path}.{key}: whose home is {value.split('/')[0]}?"


def _cluster(path: Path, name: str, raw: dict[str, Any]) -> ClusterConfig:
    nodes = tuple(
        NodeConfig(
            name=node["name"],
            host=node["host"],
            port=node.get("port", 0),
            ssh=_expanded(msgspec.convert(raw.get("ssh", {}) | node.get("ssh", {}), SshConfig)),
            etcd=msgspec.convert(raw.get("etcd", {}) | node.get("etcd", {}), EtcdConfig),
            kubernetes=msgspec.convert(
                raw.get("kubernetes", {}) | node.get("kubernetes", {}), KubernetesConfig
            ),
        )
        for node in raw["nodes"]
    )
    return ClusterConfig(name=name, environment=raw.get("environment", ""), nodes=nodes, path=path)


def _expanded(ssh: SshConfig) -> SshConfig:
    return msgspec.structs.replace(
        ssh,
        identity_files=tuple(str(Path(file).expanduser()) for file in ssh.identity_files),
        known_hosts=str(Path(ssh.known_hosts).expanduser()) if ssh.known_hosts else "",
    )
