"""The configuration: TOML in, frozen structs out; every unknown key is reported at once with its nearest name."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

Become = Literal["auto", "root", "sudo", "none"]


class SshConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How to get in. ``connect_timeout`` in seconds."""

    user: str = "root"
    identity_files: tuple[str, ...] = ()
    known_hosts: str = "~/.ssh/known_hosts"
    connect_timeout: float = 8.0
    jump: str = ""
    become: Become = "auto"


class EtcdConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where etcd and our own files are on a master."""

    unit: str = "etcd"
    env_file: str = "/etc/etcd.env"
    etcdctl: str = "/opt/etcd/etcdctl"
    snapshot_dirs: tuple[str, ...] = ("/tmp", "/opt/backup")
    work_dir: str = "/var/lib/novatui"
    unit_dir: str = "/etc/systemd/system"  # where the hold's drop-in goes

    @property
    def etcdutl(self) -> str:
        """Looked for beside etcdctl."""
        return str(Path(self.etcdctl).with_name("etcdutl"))


class KubernetesConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where Kubernetes' files are on a master."""

    kubectl: str = "kubectl"
    kubeconfig: str = "/etc/kubernetes/admin.conf"
    manifests: str = "/etc/kubernetes/manifests"


class NodeConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One master, its cluster's settings with its own laid over them."""

    name: str
    host: str
    port: int = 22
    ssh: SshConfig = SshConfig()
    etcd: EtcdConfig = EtcdConfig()
    kubernetes: KubernetesConfig = KubernetesConfig()


class ClusterConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One cluster, 1 to 7 masters, everything resolved."""

    name: str
    environment: str = ""
    nodes: tuple[NodeConfig, ...] = ()

    def node(self, name: str) -> NodeConfig:
        return next(node for node in self.nodes if node.name == name)


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file, resolved."""

    path: Path
    clusters: tuple[ClusterConfig, ...]
    default_cluster: str = ""
