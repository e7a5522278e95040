"""What the demo's etcd holds: keys like a small cluster's, a snapshot of them in the platform's form, and later writes."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tarfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from novatui.demo.gateway import Gateway
from novatui.demo.layout import MasterFiles

CANARY = "/registry/configmaps/default/novatui-canary"
CANARY_BEFORE = "written before the snapshot"
CANARY_AFTER = "written after the snapshot"
SNAPSHOT_AGE_S = 3 * 3600
PODS = 240
LATER_WRITES = 40
PLATFORM = "nova-v5.1.2_k8s-v1.27.11"


def before(files: Sequence[MasterFiles]) -> dict[str, str]:
    """Some 330 keys that the snapshot will hold."""
    keys = {CANARY: CANARY_BEFORE}
    for space in ("default", "kube-system", "nova-platform", "nova-monitoring", "shop"):
        keys[f"/registry/namespaces/{space}"] = _object("v1", "Namespace", space)
    for one in files:
        keys[f"/registry/minions/{one.node}"] = _object("v1", "Node", one.node, addresses=[one.host])
        keys[f"/registry/masterleases/{one.host}"] = _object("v1", "Endpoints", one.node)
    for number in range(PODS):
        space = ("default", "kube-system", "shop")[number % 3]
        name = f"app-{number % 12}-{hashlib.sha1(str(number).encode()).hexdigest()[:10]}"
        keys[f"/registry/pods/{space}/{name}"] = _object(
            "v1", "Pod", name, node=files[number % 3].node, pad="x" * 400
        )
    for number in range(80):
        name = f"settings-{number}"
        keys[f"/registry/configmaps/shop/{name}"] = _object("v1", "ConfigMap", name, pad="y" * 800)
    return keys


def after() -> list[dict[str, str]]:
    """Writes that the snapshot does not hold, one revision each."""
    rounds = [
        {f"/registry/events/shop/event-{number}": _object("v1", "Event", f"event-{number}")}
        for number in range(LATER_WRITES - 1)
    ]
    return [*rounds, {CANARY: CANARY_AFTER}]


def write_before(gateway: Gateway, files: Sequence[MasterFiles]) -> int:
    return gateway.put(before(files))


def write_after(gateway: Gateway) -> int:
    revision = 0
    for pairs in after():
        revision = gateway.put(pairs)
    return revision


def archive_name(at: float) -> str:
    stamp = datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d_%H%M%S")
    return f"etcd_snapshot_{PLATFORM}_{stamp}.db"


def pack(db: Path, files: Sequence[MasterFiles], at: float) -> dict[str, Any]:
    """Put ``<name>.tar.gz`` holding ``opt/backup/<name>`` into each master's tmp, dated ``at``; the db goes away."""
    name = archive_name(at)
    archive = files[0].tmp / f"{name}.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=1) as tar:
        member = tar.gettarinfo(db, arcname=f"opt/backup/{name}")
        member.mtime, member.uid, member.gid, member.uname, member.gname = int(at), 0, 0, "root", "root"
        with db.open("rb") as content:
            tar.addfile(member, content)
    facts = {"name": name, "db_sha256": _sha256(db), "db_size": db.stat().st_size, "at_ms": int(at * 1000)}
    db.unlink()
    paths = {}
    for one in files:
        target = one.tmp / archive.name
        if target != archive:
            shutil.copyfile(archive, target)
        target.chmod(0o600)
        os.utime(target, (at, at))
        paths[one.node] = str(target)
    return {**facts, "paths": paths}


def snapshot_time() -> float:
    return float(int(time.time()) - SNAPSHOT_AGE_S)


def _sha256(path: Path) -> str:
    with path.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def _object(version: str, kind: str, name: str, **spec: Any) -> str:
    return json.dumps({"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec})
