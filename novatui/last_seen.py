"""The last verdict that this machine saw of each cluster, in a file a cluster: what a picker may say without asking anybody."""

from __future__ import annotations

import hashlib
import logging
from pathlib import Path

import msgspec

from novatui import paths
from novatui.config import ClusterConfig
from novatui.errors import NovatuiError
from novatui.model.findings import Verdict

log = logging.getLogger(__name__)


class LastSeen(msgspec.Struct, frozen=True, kw_only=True):
    """``at_ms``: UTC, when it was judged."""

    at_ms: int
    verdict: Verdict
    healthy: int
    total: int


def remember(cluster: ClusterConfig, seen: LastSeen) -> None:
    """A disk that is full, or a home that is not writable, is no reason to show less."""
    try:
        path = _path(cluster)
        fresh = path.with_suffix(".new")
        fresh.write_bytes(msgspec.json.encode(seen))
        fresh.chmod(0o600)
        fresh.replace(path)
    except (OSError, NovatuiError) as error:
        log.info("the verdict on %s is not kept: %s", cluster.name, error)


def recall(cluster: ClusterConfig) -> LastSeen | None:
    """None: never seen from here, or what is there cannot be read."""
    try:
        return msgspec.json.decode(_path(cluster).read_bytes(), type=LastSeen)
    except (OSError, NovatuiError, msgspec.MsgspecError):
        return None


def _path(cluster: ClusterConfig) -> Path:
    """Clusters of two configurations may have one name."""
    of = hashlib.sha256(str(cluster.path).encode()).hexdigest()[:12]
    return paths.private_dir(paths.state_dir() / "seen") / f"{cluster.name}-{of}.json"
