"""The typed break: a lease that its runner left behind is put aside on the masters, by a person's word, so that another run
may begin. Never while the runner lives, never while its hold keeps etcd down or it has an API server put aside: that is for
going on, undo, or by hand."""

from __future__ import annotations

import asyncio
import time

import msgspec

from novatui.config import ClusterConfig
from novatui.model.sanitize import clean
from novatui.remote.command import Command, Outcome, Status
from novatui.remote.transport import Transport
from novatui.runbooks.parts import api_server
from novatui.runner.lease import ALIVE_EXIT, BUSY_EXIT, OTHER_EXIT, field, operator, said

HOLDS_EXIT = 79  # lease.sh: the run holds etcd down
_WAIT_S = 20  # for a command that is still running there
_LEASE_S = 10.0


class Broken(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one master. ``kept``: where the lease lies now, empty when it was not broken; ``why`` then says why."""

    node: str
    kept: str = ""
    why: str = ""
    unknown: bool = False  # no answer came: it may have been broken


async def break_lease(
    cluster: ClusterConfig, run: str, nodes: tuple[str, ...], transport: Transport
) -> list[Broken]:
    """Break ``run``'s lease on ``nodes``, all at the same time. Each master decides for itself, under its act lock. Nowhere
    while the run has an API server's manifest put aside on any of them: nothing would bring that back any more."""
    asides = await asyncio.gather(*(_aside(cluster, run, node, transport) for node in nodes))
    if any(asides):
        return [
            Broken(node=node, why=why or "another of its masters may not be broken")
            for node, why in zip(nodes, asides, strict=True)
        ]
    by = {"by": operator(), "at": time.time_ns() // 1_000_000}
    text = msgspec.json.encode(by).decode()

    async def one(node: str) -> Broken:
        work_dir = cluster.node(node).etcd.work_dir
        argv = ("break", work_dir, run, str(_WAIT_S), text)
        outcome = await transport.run(node, Command(script="lease", argv=argv, timeout_s=_LEASE_S + _WAIT_S))
        return _read(node, outcome)

    return list(await asyncio.gather(*(one(node) for node in nodes)))


async def _aside(cluster: ClusterConfig, run: str, node: str, transport: Transport) -> str:
    """In words, that ``run`` has the manifest of this master's API server put aside, or that this is not known; else empty."""
    config = cluster.node(node)
    found = api_server.api_server(await transport.run(node, api_server.command(config)))
    if found is None:
        return "whether its API server is put aside could not be read"
    kept = next((path for path in found.left if f"/.novatui-{run}/" in path), "")
    if not kept:
        return ""
    place = f"{config.kubernetes.manifests.rstrip('/')}/{api_server.MANIFEST}"
    return f"its API server is put aside by this run; resume or undo bring it back, or by hand: mv {kept} {place}"


def _read(node: str, outcome: Outcome) -> Broken:
    if outcome.ok:
        return Broken(node=node, kept=clean(field(outcome, "kept")))
    whys = {
        ALIVE_EXIT: "its runner lives",
        BUSY_EXIT: "a command of it is still running there",
        HOLDS_EXIT: "it keeps etcd held down there",
        OTHER_EXIT: f"another run has it by now: {clean(field(outcome, 'owner'))}",
    }
    known = outcome.status is Status.FAILED
    return Broken(node=node, why=whys.get(outcome.exit or 0) or said(outcome), unknown=not known)
