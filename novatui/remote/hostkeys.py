"""Host keys are strict: an unknown one and a changed one are refused, each in its own words."""

from __future__ import annotations

from pathlib import Path

from novatui.config import NodeConfig
from novatui.errors import HostKeyChanged, HostKeyUnknown


def known_hosts_path(node: NodeConfig) -> Path:
    return Path(node.ssh.known_hosts).expanduser()


def known_hosts_text(node: NodeConfig) -> str:
    """The file's text; a missing file knows nobody. Raises HostKeyUnknown when it cannot be read."""
    path = known_hosts_path(node)
    try:
        return path.read_text("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as exc:
        raise HostKeyUnknown(
            f"{path} cannot be read", exc.strerror or str(exc), f"check who owns {path}"
        ) from exc


def known_hosts_name(node: NodeConfig) -> str:
    """The host as a known_hosts line names it."""
    return node.host if node.port == 22 else f"[{node.host}]:{node.port}"


def unknown(node: NodeConfig, fingerprint: str) -> HostKeyUnknown:
    path = known_hosts_path(node)
    return HostKeyUnknown(
        "the host key is not known",
        f"{known_hosts_name(node)} shows {fingerprint}; {path} has no entry for it",
        f"compare the fingerprint on the host's console, then let ssh write it down:"
        f" ssh -o UserKnownHostsFile={path} -p {node.port} {node.ssh.user}@{node.host} true",
    )


def changed(node: NodeConfig, fingerprint: str) -> HostKeyChanged:
    path = known_hosts_path(node)
    return HostKeyChanged(
        "the host key has changed",
        f"{known_hosts_name(node)} shows {fingerprint or 'a key of another type'}; {path} names another: a reinstalled"
        " host, or somebody in between",
        "find out which; only when the host was really reinstalled:"
        f" ssh-keygen -f {path} -R '{known_hosts_name(node)}'",
    )


def revoked(node: NodeConfig) -> HostKeyChanged:
    return HostKeyChanged(
        "the host key is revoked",
        f"{known_hosts_path(node)} marks the key of {known_hosts_name(node)} as revoked",
        "the host needs a new key before anybody logs in there",
    )
