"""Everything a cluster could be restored from, for the wizard: archives and survivors, the best first."""

from __future__ import annotations

from collections.abc import Iterator

from novatui.config import ClusterConfig
from novatui.diagnosis.data import Usability
from novatui.model.sources import Silent, Source, Sources, Trust
from novatui.runbooks.parts.archives import Archive
from novatui.runbooks.parts.host import Host, peer_urls
from novatui.runbooks.parts.seen import Seen, see
from novatui.runbooks.restore_cluster.source_checks import is_ours
from novatui.runbooks.step import Answers

_ORDER = {Trust.VERIFIED: 0, Trust.LIVE: 0, Trust.UNREAD: 1, Trust.FOREIGN: 2, Trust.BAD: 3}


def sources(cluster: ClusterConfig, answers: Answers) -> Sources:
    """From the answers to a survey that names neither archive nor survivor. Total."""
    seen = see(cluster, answers)
    found = [*_survivors(seen), *_archives(seen)]
    found.sort(key=lambda one: (_ORDER[one.trust], -(one.revision or -1), -(one.taken_ms or 0)))
    return Sources(
        sources=tuple(found),
        silent=tuple(_silent(seen)),
        looked_in={node.name: node.etcd.snapshot_dirs for node in cluster.nodes},
        nodes=tuple(node.name for node in cluster.nodes),
    )


def _silent(seen: Seen) -> Iterator[Silent]:
    for node, why in seen.silent.items():
        yield Silent(node=node, why=why)
    for node, archives in seen.archives.items():
        if archives is None:
            yield Silent(node=node, why="looking through its archives did not come to an end")


def _archives(seen: Seen) -> Iterator[Source]:
    """One row a content: of the same file in other directories the plain name is told, which each master looks for."""
    rows: dict[tuple[str, str], list[tuple[str, Archive]]] = {}
    for node, archives in seen.archives.items():
        for archive in archives or ():
            name = archive.path.rpartition("/")[2]
            whole = archive.sha256 if archive.verified else f"{archive.path}:{archive.size}"
            content = f"{whole}:{archive.problem}:{archive.unread}"
            rows.setdefault((name, content), []).append((node, archive))
    ours = peer_urls(seen.hosts)
    for (name, _content), having in rows.items():
        archive = having[0][1]
        trust, why = _trust(archive, ours)
        paths = {one.path for _, one in having}
        yield Source(
            kind="archive",
            trust=trust,
            nodes=tuple(dict.fromkeys(node for node, _ in having)),
            path=archive.path if len(paths) == 1 else name,
            size=archive.size,
            taken_ms=archive.taken_ms,
            dated_by="name" if archive.dated is not None else "mtime",
            revision=archive.revision,
            keys=archive.keys,
            sha256=archive.sha256,
            why=why,
        )


def _trust(archive: Archive, ours: frozenset[str]) -> tuple[Trust, str]:
    if archive.problem:
        return Trust.BAD, archive.problem
    if not archive.verified:
        return Trust.UNREAD, archive.unread or "it was not read to its end"
    if not is_ours(archive.urls, ours):
        inside = ", ".join(archive.urls[:3]) or "none"
        return Trust.FOREIGN, f"peer URLs inside: {inside}"
    return Trust.VERIFIED, ""


def _survivors(seen: Seen) -> Iterator[Source]:
    for node, host in seen.hosts.items():
        if host.status is not None:
            yield Source(
                kind="survivor",
                trust=Trust.LIVE,
                nodes=(node,),
                size=host.status.db_size,
                taken_ms=None if host.now is None else host.now * 1000,
                dated_by="now",
                revision=host.status.revision,
            )
        elif host.data.complete:
            yield _stopped(seen, node, host)


def _stopped(seen: Seen, node: str, host: Host) -> Source:
    """Its revision is not told before the run: the log may hold more than the database."""
    bad = seen.data[node].state is Usability.UNUSABLE
    return Source(
        kind="survivor",
        trust=Trust.BAD if bad else Trust.UNREAD,
        nodes=(node,),
        size=host.data.db_size,
        taken_ms=None if host.data.written is None else host.data.written * 1000,
        dated_by="written",
        why=seen.data[node].why if bad else "it is down: its data is read in the run, from a copy",
    )
