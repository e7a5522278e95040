"""Asks every master for its pieces, side by side; a master that is gone costs nobody else anything."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

import msgspec

from novatui.bundle.keeping import kept
from novatui.bundle.pieces import END, NOT_THERE, Piece, pieces
from novatui.config import ClusterConfig, NodeConfig
from novatui.model.cluster import ClusterSnapshot, Link, NodeSnapshot
from novatui.model.masking import mask, struck
from novatui.model.sanitize import clean
from novatui.probes.envfile import values
from novatui.remote.command import Command, Outcome, Status
from novatui.remote.fleet import Fleet

# Of the env file: whose certificates have dates that matter.
_CERT_KEYS = (
    *("ETCD_CERT_FILE", "ETCD_TRUSTED_CA_FILE", "ETCD_PEER_CERT_FILE", "ETCD_PEER_TRUSTED_CA_FILE"),
    *("ETCDCTL_CERT", "ETCDCTL_CACERT", "ETCDCTL_CERT_FILE", "ETCDCTL_CA_FILE"),
)
_ENV_MAX = 262_144
_log = logging.getLogger(__name__)

# node, how many of its pieces are done, of how many, and what is asked now
OnProgress = Callable[[str, int, int, str], None]


class Item(msgspec.Struct, frozen=True):
    """One file of the archive. ``node`` is empty for what was made here."""

    node: str
    file: str
    what: str
    text: str
    masked: int = 0

    @property
    def size(self) -> int:
        return len(self.text.encode())


class Missing(msgspec.Struct, frozen=True):
    """What is not in the archive, and why; without ``file`` said of a master as a whole."""

    node: str
    file: str
    why: str


class Gathered(msgspec.Struct, frozen=True):
    items: tuple[Item, ...]
    missing: tuple[Missing, ...]


async def gather(
    cluster: ClusterConfig,
    fleet: Fleet,
    snapshot: ClusterSnapshot,
    since_s: int,
    secrets: Sequence[str],
    progress: OnProgress,
) -> Gathered:
    """``since_s``: where the journals' window begins, by our clock, seconds; each master's own skew is added to it.
    ``secrets``: what was typed to get in."""
    masters = [
        _Master(node, fleet, snapshot.node(node.name), since_s, secrets, progress) for node in cluster.nodes
    ]
    await asyncio.gather(*(master.ask() for master in masters))
    return Gathered(
        tuple(item for master in masters for item in master.items),
        tuple(one for master in masters for one in master.missing),
    )


class _Master:
    def __init__(
        self,
        node: NodeConfig,
        fleet: Fleet,
        seen: NodeSnapshot,
        since_s: int,
        secrets: Sequence[str],
        progress: OnProgress,
    ) -> None:
        self._node, self._fleet, self._seen = node, fleet, seen
        self._since_s = since_s + (seen.clock_skew_ms or 0) // 1000
        self._secrets, self._progress = secrets, progress
        self.items: list[Item] = []
        self.missing: list[Missing] = []
        self._is_lesser = False  # not root there, and it was said

    async def ask(self) -> None:
        name = self._node.name
        if self._gone():
            self.missing.append(Missing(name, "", self._why()))
            return
        wanted = pieces(self._node, self._seen.env, await self._certificates(), self._since_s)
        for done, piece in enumerate(wanted):
            self._progress(name, done, len(wanted), piece.what)
            if self._gone():
                self.missing.append(Missing(name, "", f"from {piece.file} on: {self._why()}"))
                break
            await self._one(piece)
        self._progress(name, len(wanted), len(wanted), "")

    async def _one(self, piece: Piece) -> None:
        outcome = await self._run(piece.command)
        if outcome.status is Status.FAILED and outcome.exit == NOT_THERE:
            if not piece.if_there:
                self.missing.append(Missing(self._node.name, piece.file, "there is no such thing there"))
            return
        came = outcome.stdout.removesuffix(END)
        if why := self._lacking(outcome):
            self.missing.append(Missing(self._node.name, piece.file, why))
            if not came:
                return
        try:
            text, masked = await asyncio.to_thread(kept, came, piece.kind, self._secrets)
        except Exception as error:  # what a master says must not cost the others theirs
            _log.exception("%s: %s", self._node.name, piece.file)
            why = f"a bug of novatui ({type(error).__name__}): left out, for it could not be masked"
            self.missing.append(Missing(self._node.name, piece.file, why))
            return
        self.items.append(Item(self._node.name, piece.file, piece.what, text, masked))

    def _lacking(self, outcome: Outcome) -> str:
        """Why this is not all there is; nothing where it is."""
        if outcome.ok:
            return "" if outcome.stdout.endswith(END) else "cut off: its end did not come"
        said = outcome.error or clean(outcome.stderr[-300:].strip(), cap=200) or f"exit {outcome.exit}"
        return mask(struck(f"{outcome.status}: {said}", self._secrets)[0])[0]

    async def _run(self, command: Command) -> Outcome:
        outcome = await self._fleet.run(self._node.name, command)
        if (lacks := outcome.unprivileged) and not self._is_lesser:
            self._is_lesser = True
            why = f"not root there: {lacks.title}; what only root may read is not in it"
            self.missing.append(Missing(self._node.name, "", why))
        return outcome

    async def _certificates(self) -> tuple[str, ...]:
        """The paths that the env file names; the file itself is a piece of its own."""
        argv = ("head", "-c", str(_ENV_MAX), "--", self._node.etcd.env_file)
        outcome = await self._run(Command(argv=argv, timeout_s=10))
        found, _problems = values(outcome.stdout)
        paths = (found.get(key, "") for key in _CERT_KEYS)
        return tuple(dict.fromkeys(path for path in paths if path.startswith("/") and len(path) < 1024))

    def _gone(self) -> bool:
        return self._fleet.link(self._node.name)[0] in (Link.LOST, Link.REFUSED, Link.CONNECTING)

    def _why(self) -> str:
        _link, error, doing = self._fleet.link(self._node.name)
        return f"not asked: {error.title}" if error else f"not asked: no connection ({doing or 'connecting'})"
