"""The API server of one master as api-fence.sh saw it, and the reasons why it cannot be fenced."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from novatui.config import NodeConfig
from novatui.model.findings import Finding
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts.host import Host
from novatui.runbooks.parts.reading import read
from novatui.runbooks.parts.refusal import reason

MANIFEST = "kube-apiserver.yaml"
_NAMED = re.compile(r"k8s-v(\d+\.\d+\.\d+)")
# What an API server does to etcd that went back in time under it; told wherever none is fenced.
RISK = (
    "they write while etcd goes back in time, and serve from watch caches of the future: "
    "controllers may act on objects that are not there any more"
)


class ApiServer(msgspec.Struct, frozen=True, kw_only=True):
    """``there``: its manifest is. ``place``: where it listens, ``[IPv4:]PORT``. ``one_fs``: it can be put aside by a rename.
    ``version``: Kubernetes' own, by the manifest's image. ``left``: manifests that earlier runs put aside and nobody put back."""

    there: bool
    place: str = ""
    version: str = ""
    one_fs: bool = True
    readonly: tuple[str, ...] = ()
    left: tuple[str, ...] = ()


def command(config: NodeConfig) -> Command:
    """The question, for a survey."""
    return Command(script="api-fence", argv=("survey", config.kubernetes.manifests), timeout_s=15)


def api_server(outcome: Outcome | None) -> ApiServer | None:
    """None when the answer did not come, or not whole."""
    reading = read(outcome)
    if not reading.whole:
        return None
    return ApiServer(
        there=reading.get("manifest") == "yes",
        place=reading.get("place"),
        version=reading.get("version"),
        one_fs=reading.get("one_fs") != "no",
        readonly=tuple(reading.texts("readonly")),
        left=tuple(reading.texts("left")),
    )


def other_version(archive: str, found: Iterable[ApiServer | None]) -> str:
    """In words, when the archive's name says another Kubernetes than the masters run; empty when nothing is known."""
    named = _NAMED.search(archive)
    running = sorted({one.version for one in found if one is not None and one.version})
    if named is None or not running or running == [named[1]]:
        return ""
    return f"by its name the archive is of Kubernetes {named[1]}; the masters run {', '.join(running)}"


def checks(config: NodeConfig, host: Host, found: ApiServer | None, *, fenced: bool) -> Iterator[Finding]:
    """Reasons of this master. ``fenced``: API servers are to be fenced."""
    manifests = config.kubernetes.manifests
    if found is None:
        yield reason("api-server", f"whether {manifests} has {MANIFEST} could not be read", node=config.name)
        return
    at_work = {host.held_by, host.lease.partition(":")[0]}
    for path in found.left:
        run = path.rpartition("/")[0].rpartition(".novatui-")[2]
        if run not in at_work:
            yield reason(
                "api-server-aside",
                f"{path}: run {run} put it aside, and it was never put back",
                f"novatui resume {run}, or novatui undo {run}; by hand: mv {path} {manifests}/{MANIFEST}",
                node=config.name,
            )
    if not found.there or not fenced:
        return
    by_hand = (
        f"by hand, on every master: move {MANIFEST} out of {manifests}, wait until port {found.place.rpartition(':')[2]} "
        "is closed, plan again; or --no-fence"
    )
    if not found.one_fs:
        yield reason(
            "api-server-fence",
            f"{manifests} and the directory above it are on two file systems: {MANIFEST} cannot be put aside by one rename",
            by_hand,
            node=config.name,
        )
    for place in found.readonly:
        yield reason(
            "no-privilege",
            f"{place} cannot be written: {MANIFEST} cannot be put aside",
            "the SSH user needs root, or sudo (ssh.become in the configuration)",
            node=config.name,
        )
