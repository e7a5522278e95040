"""The snapshot that is asked for: where it is, whether it can be trusted, whose it is, and whether there is room for it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from novatui.config import ClusterConfig
from novatui.model.findings import Finding
from novatui.model.plan import Request, Upload
from novatui.runbooks.parts.archives import Archive
from novatui.runbooks.parts.host import GIB, MIB, WAL_BYTES, Host, peer_urls
from novatui.runbooks.parts.params import Source
from novatui.runbooks.parts.refusal import FOREIGN_SNAPSHOT, reason

Found = Mapping[str, tuple[Archive, ...] | None]


def choose(
    cluster: ClusterConfig, request: Request, hosts: Mapping[str, Host], found: Found
) -> tuple[Source | None, list[Finding]]:
    """The source, None when there is none to speak of, and every reason against it."""
    asked = [bool(request.snapshot), bool(request.survivor), request.upload is not None]
    if sum(asked) != 1:
        return None, [
            reason(
                "no-source",
                "no snapshot was chosen"
                if not any(asked)
                else "--snapshot, --survivor and --upload exclude each other",
                "say --snapshot PATH (an archive on the masters), --survivor NODE (its own data) or --upload FILE",
            )
        ]
    if request.upload is not None:
        return _uploaded(cluster, request.upload, hosts)
    if request.survivor:
        return _survivor(cluster, request, hosts)
    return _archive(cluster, request, hosts, found)


def is_ours(urls: Sequence[str], ours: frozenset[str]) -> bool:
    """One peer URL of this cluster inside is enough: members come and go."""
    return bool(ours.intersection(urls))


def strangers(urls: Sequence[str], ours: frozenset[str]) -> list[str]:
    """Peer URLs inside of members that none of ours is: not one of ours under another scheme, nor one nobody else could reach."""
    places = {_place(url) for url in ours}
    return [
        url
        for url in urls
        if _place(url) not in places
        and not url.startswith("unix:")
        and not _place(url).startswith("localhost:")
    ]


def _place(url: str) -> str:
    return url.partition("://")[2].rstrip("/")


def foreign(urls: Sequence[str], ours: frozenset[str], what: str, node: str = "") -> Finding:
    inside = ", ".join(urls[:6]) if urls else "none at all"
    return reason(
        "foreign-snapshot",
        f"{what} is not of this cluster: the peer URLs inside are {inside}; this cluster has {', '.join(sorted(ours))}",
        "choose another; or, if the masters' addresses were changed since, overrule it",
        node=node,
        guard=FOREIGN_SNAPSHOT,
    )


def _survivor(
    cluster: ClusterConfig, request: Request, hosts: Mapping[str, Host]
) -> tuple[Source | None, list[Finding]]:
    node = request.survivor
    known = [one.name for one in cluster.nodes]
    if node not in known:
        return None, [
            reason(
                "unknown-node", f"--survivor {node}: there is no such master", f"known: {', '.join(known)}"
            )
        ]
    host = hosts.get(node)
    if host is None:
        return None, []
    if host.status is None and not host.data.complete:
        return None, [
            reason(
                "no-survivor",
                f"it does not answer, and {host.data.path or 'its data directory'} has no log and database to read",
                "choose an archive, or another master",
                node=node,
            )
        ]
    size = host.status.db_size if host.status else host.data.db_size
    return Source(kind="survivor", nodes=(node,), db_size=size), []


def _uploaded(
    cluster: ClusterConfig, upload: Upload, hosts: Mapping[str, Host]
) -> tuple[Source | None, list[Finding]]:
    """It was read and proved where it lies; its revision is told by the masters' tools, in the run."""
    source = Source(
        kind="archive",
        name=upload.path.rpartition("/")[2],
        nodes=tuple(node.name for node in cluster.nodes),
        sha256=upload.sha256,
        db_size=upload.size,
        taken_ms=upload.taken_ms,
        dated_by=upload.dated_by,
        upload=upload.path,
    )
    ours = peer_urls(hosts)
    return source, [] if is_ours(upload.urls, ours) else [foreign(upload.urls, ours, upload.path)]


def _archive(
    cluster: ClusterConfig, request: Request, hosts: Mapping[str, Host], found: Found
) -> tuple[Source | None, list[Finding]]:
    reasons: list[Finding] = []
    known = [one.name for one in cluster.nodes]
    if request.from_node and request.from_node not in known:
        said = f"--from {request.from_node}: there is no such master"
        return None, [reason("unknown-node", said, f"known: {', '.join(known)}")]
    if "/" in request.snapshot and not request.snapshot.startswith("/"):
        said = f"--snapshot {request.snapshot}: neither an absolute path on the masters nor a plain file name"
        hint = "a plain name is looked for in the snapshot_dirs of each master"
        return None, [reason("archive", said, hint)]
    wanted = [request.from_node] if request.from_node else known
    having: dict[str, Archive] = {}
    for node in wanted:
        if node not in hosts:
            continue
        archives = found.get(node)
        if archives is None:
            reasons.append(
                reason("archive", f"{request.snapshot}: reading it did not come to an end", node=node)
            )
        elif not archives:
            reasons.append(_missing(request, node, found))
        else:
            having[node] = archives[0]
    ours = peer_urls(hosts)
    for node, archive in having.items():
        if archive.problem or archive.unread:
            what = archive.problem or f"it could not be read: {archive.unread}"
            reasons.append(reason("archive", f"{archive.path}: {what}", "choose another", node=node))
        elif not archive.verified:
            reasons.append(reason("archive", f"{archive.path}: it could not be verified", node=node))
        elif not is_ours(archive.urls, ours):
            reasons.append(foreign(archive.urls, ours, archive.path, node))
    hashes = {node: archive.sha256 for node, archive in having.items() if archive.verified}
    if len(set(hashes.values())) > 1:
        said = "; ".join(f"{node}: sha256 {sha[:16]}" for node, sha in hashes.items())
        reasons.append(
            reason(
                "archive-differs",
                f"{request.snapshot} is not the same snapshot on all masters: {said}",
                "say --from NODE: it is then copied from there to all",
            )
        )
    if not having:
        return None, reasons
    first = next(iter(having.values()))
    return (
        Source(
            kind="archive",
            name=request.snapshot,
            nodes=tuple(having),
            paths={node: archive.path for node, archive in having.items()},
            sha256=first.sha256,
            revision=first.revision,
            db_size=first.db_size or 0,
            taken_ms=first.taken_ms,
            dated_by="name" if first.dated is not None else "mtime",
        ),
        reasons,
    )


def _missing(request: Request, node: str, found: Found) -> Finding:
    holders = [name for name, archives in found.items() if archives]
    hint = (
        f"--from {holders[0]} copies it from there"
        if holders
        else "it is on none of the masters that answered"
    )
    return reason("archive", f"{request.snapshot} is missing", hint, node=node)


def space(hosts: Mapping[str, Host], source: Source) -> Iterator[Finding]:
    """Room for what its own member still has, the unpacked db, the new data directory and 1 GiB on the file system of the
    data, with the figures: an etcd that still runs there must never be the one that finds the disk full."""
    for node, host in hosts.items():
        own = host.status.db_size if host.status else host.data.db_size
        need = own + 2 * source.db_size + WAL_BYTES + GIB
        if host.data.free is None:
            yield reason("space", f"the room beside {host.data.path} could not be read", node=node)
        elif host.data.free < need:
            yield reason(
                "space",
                f"not enough room beside {host.data.path}: {_mib(host.data.free)} free, {_mib(need)} needed "
                f"(its own data {_mib(own)}, snapshot {_mib(source.db_size)}, new data {_mib(source.db_size + WAL_BYTES)}, and 1024 MiB to spare)",
                "make room there; nothing of novatui is deleted by itself",
                node=node,
            )


def _mib(size: int) -> str:
    return f"{-(-size // MIB)} MiB"
