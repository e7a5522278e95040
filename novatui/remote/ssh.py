"""SSH to the masters: connections with their channels, the bastion before them, root on them. asyncssh's measured traps
are met here and in login, client, bastion, tunnel, identities and known_hosts, and nowhere else."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, cast

import asyncssh

from novatui.config import ClusterConfig, NodeConfig
from novatui.errors import BastionUnreachable, NoPrivilege, Unreachable
from novatui.model.sanitize import clean
from novatui.remote import sudo
from novatui.remote.bastion import Bastions
from novatui.remote.channel import Abandoned, Exec
from novatui.remote.fleet import Fleet
from novatui.remote.login import Entered, Login
from novatui.remote.route import route
from novatui.remote.secrets import Keeper, NewHostKeys, Remembered

OPEN_TIMEOUT_S = 8.0
# A master that refuses a session while we hold some has a small MaxSessions: after this long a further connection is made.
FULL_S = 1.5
FULL_FOR_S = 60.0  # then what it allows is found out anew
CONNECTIONS_MAX = 5  # to one master

_log = logging.getLogger(__name__)


class SshTransport(Fleet):
    """The masters of one cluster over SSH; see ``remote/transport.py`` for what it promises.

    ``keeper`` is asked for what only a person knows (each thing once), ``new_host_keys`` about hosts never seen; without
    them such masters are refused. ``notes(node)``: what of ssh_config is not followed, and where a master is short of
    something; also logged. ``rooted``: nothing is run but as root; where that cannot be, nothing is known.
    """

    def __init__(
        self,
        cluster: ClusterConfig,
        keeper: Keeper | None = None,
        new_host_keys: NewHostKeys | None = None,
        *,
        rooted: bool = False,
    ) -> None:
        super().__init__(cluster, self._connect)
        self._rooted = rooted
        if keeper is not None and not isinstance(keeper, Remembered):
            keeper = Remembered(keeper)
        self._keeper = keeper
        self._login = Login(keeper, new_host_keys)
        self._bastions = Bastions(self._login)
        self._notes: dict[str, list[str]] = {}
        self._sudo = {node.name: sudo.Asker(keeper, node.name) for node in cluster.nodes}

    def notes(self, node: str) -> tuple[str, ...]:
        return tuple(self._notes.get(node, ()))

    def retry(self, node: str | None = None) -> None:
        """Also asks again for a sudo password that was declined or wrong, by a connection made anew, and whether root may be
        had where it could not."""
        for name in [node] if node else self._links:
            if self._sudo[name].shut:
                self._sudo[name].reopen()
                self._links[name].anew()
            else:
                self._links[name].look_again()
        super().retry(node)

    async def close(self) -> None:
        await super().close()
        await self._bastions.close()
        await self._login.close()

    async def _connect(self, node: NodeConfig, say: Callable[[str], None]) -> SshConnection:
        way = await asyncio.to_thread(route, node)
        for note in way.notes:
            self._note(node.name, note)

        async def enter() -> Entered:
            through = await self._bastions.to(way.jumps, say)
            return await self._login.enter(way.master, through, say)

        asker = self._sudo[node.name]
        asker.say = say
        noted = partial(self._note, node.name)
        return SshConnection(node, await enter(), enter, asker, noted, rooted=self._rooted)

    def _note(self, node: str, text: str) -> None:
        known = self._notes.setdefault(node, [])
        if text not in known:
            known.append(text)
            _log.warning("%s: %s", node, text)


class SshConnection:
    """One master; all channels share its connection, or the few that it takes when the master allows few sessions each."""

    def __init__(
        self,
        node: NodeConfig,
        entered: Entered,
        enter: Callable[[], Awaitable[Entered]],
        asker: sudo.Asker,
        note: Callable[[str], None],
        *,
        rooted: bool = False,
    ) -> None:
        self._node = node
        self._entered = entered
        self._enter = enter
        self._asker = asker
        self._note = note
        self._lines = [_Line(entered)]
        self._making: asyncio.Task[None] | None = None
        self._finding: asyncio.Task[None] | None = None
        self.lost: asyncio.Future[str] = entered.lost
        self.rooted = rooted
        self.privilege = sudo.Privilege()

    async def probe_privilege(self) -> None:
        nonce = f"nv-{secrets.token_hex(8)}"
        self.privilege = await sudo.find(
            self, self._entered.hop.user, self._node.ssh.become, self._asker, nonce
        )

    def look_again(self) -> None:
        if self.privilege.error is None or (self._finding is not None and not self._finding.done()):
            return
        self._finding = asyncio.ensure_future(self.probe_privilege())
        self._finding.add_done_callback(lambda found: found.cancelled() or found.exception())

    def sudo_refused(self, error: NoPrivilege) -> None:
        self._asker.wrong(error)
        self.privilege = sudo.Privilege(error=error)

    def loss(self) -> Unreachable:
        """Why it is gone, told as the bastion's when it was that."""
        reason = self.lost.result() if self.lost.done() else ""
        if self._entered.blame:
            return BastionUnreachable("the bastion was lost", reason, "trying again by itself")
        return Unreachable("the connection was lost", reason, "trying again by itself")

    async def start(self, line: str, session: Exec) -> None:
        """Open a channel and send the exec request. The opening is shielded: a late channel is closed, nothing runs."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        refused: asyncssh.ChannelOpenError | None = None
        while not self.lost.done():
            for each in [each for each in self._lines if each.has_room()]:
                try:
                    return await self._open(each, line, session, began + OPEN_TIMEOUT_S)
                except asyncssh.ChannelOpenError as exc:
                    # The master's MaxSessions: nothing was sent, so asking again is safe.
                    refused = exc
                    each.full()
            if loop.time() + 0.3 > began + OPEN_TIMEOUT_S:
                break
            if not await self._widen(loop.time() - began):
                await asyncio.sleep(0.3)
        if self.lost.done():
            raise self.loss()
        raise Unreachable(
            "the master opens no further session", clean(refused.reason) if refused else "all are in use"
        )

    async def _widen(self, waited_s: float) -> bool:
        """A further connection, when we ourselves fill those that there are. Shared by all who wait for it."""
        self._lines = [each for each in self._lines if not each.entered.lost.done()]
        held = min((each.sessions for each in self._lines), default=0)
        few = len(self._lines) > 1 or waited_s >= FULL_S
        if not held or not few or len(self._lines) >= CONNECTIONS_MAX:
            return False
        # As many as were had at once: of those that the master counts still, some have ended here already.
        held = max(each.most for each in self._lines)
        self._note(
            f"{self._node.name} gives {held} session{'s' if held > 1 else ''} a connection (MaxSessions of its"
            " sshd_config): further connections are made, and it is slower"
        )
        if self._making is None or self._making.done():
            self._making = asyncio.ensure_future(self._make())
            self._making.add_done_callback(lambda made: made.cancelled() or made.exception())
        making = self._making
        await asyncio.wait({making})
        if making.cancelled():  # the first was given up, and no caller of this: ``start`` tells it
            return False
        making.result()
        return True

    async def _make(self) -> None:
        """Kept also when those who waited for it have gone."""
        entered = await self._enter()
        self._lines.append(_Line(entered))  # to the list of now: it was made anew meanwhile

    async def _open(self, each: _Line, line: str, session: Exec, deadline: float) -> None:
        opening: asyncio.Task[Any] = asyncio.ensure_future(
            each.entered.conn.create_session(
                cast(Callable[[], asyncssh.SSHClientSession[bytes]], lambda: session), line, encoding=None
            )
        )
        try:
            await asyncio.wait({opening}, timeout=max(0.0, deadline - asyncio.get_running_loop().time()))
        finally:
            if not opening.done():
                session.abandoned = True
                opening.add_done_callback(lambda task: _drop(task, session))
        if not opening.done():
            raise Unreachable("the master opened no channel", f"within {OPEN_TIMEOUT_S:g} s")
        try:
            opening.result()
        except asyncssh.ChannelOpenError:
            raise
        except (OSError, asyncssh.Error) as exc:
            raise Unreachable("the connection was lost", clean(str(exc))) from exc
        each.sessions += 1
        each.most = max(each.most, each.sessions)
        session.on_over = each.freed
        if session.over:
            each.freed()

    def abort(self) -> None:
        for task in (self._making, self._finding):
            if task is not None:
                task.cancel()
        for each in self._lines:
            each.entered.conn.abort()


class _Line:
    """One connection, how many sessions it has, and after a refusal how many it may have.

    The refusal holds for a while only: commands that hung on the master keep their sessions there after we let them go.
    """

    def __init__(self, entered: Entered) -> None:
        self.entered = entered
        self.sessions = self.most = 0
        self._limit = 0  # 0: not known
        self._refused_at = 0.0

    def full(self) -> None:
        self._limit = self.sessions
        self._refused_at = asyncio.get_running_loop().time()

    def has_room(self) -> bool:
        if self._limit and asyncio.get_running_loop().time() - self._refused_at > FULL_FOR_S:
            self._limit = 0
        return not self.entered.lost.done() and (not self._limit or self.sessions < self._limit)

    def freed(self) -> None:
        self.sessions -= 1


def _drop(opening: asyncio.Task[Any], session: Exec) -> None:
    """A channel that came after its caller had gone."""
    if not opening.cancelled() and not isinstance(opening.exception(), Abandoned):
        session.stop()
