"""The connection to one master: had, lost, had again. Backs off with jitter, in the background, by itself."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from novatui.config import NodeConfig
from novatui.errors import (
    AuthFailed,
    HostKeyChanged,
    HostKeyUnknown,
    NoPrivilege,
    RemoteError,
    SecretRefused,
    Unreachable,
)
from novatui.model.cluster import Link, NodeError
from novatui.model.sanitize import clean
from novatui.remote.channel import Exec
from novatui.remote.sudo import Privilege

BACKOFF_FIRST_S = 0.5
BACKOFF_MAX_S = 15.0
# A connection that held this long makes the next back-off start small again.
HELD_S = 10.0
# Even somebody who cannot wait does not try more often.
HURRY_S = 0.5


class Connection(Protocol):
    """One live connection. ``lost`` is done, with the reason, when it is gone."""

    lost: asyncio.Future[str]

    @property
    def rooted(self) -> bool:
        """Nothing is run here but as root."""
        ...

    @property
    def privilege(self) -> Privilege: ...
    def look_again(self) -> None:
        """Find out anew whether we may become root, beside what goes on."""
        ...

    def loss(self) -> Unreachable:
        """Why it was lost, whose fault it was."""
        ...

    async def probe_privilege(self) -> None: ...
    def sudo_refused(self, error: NoPrivilege) -> None:
        """The password that was right is so no longer: it is not sent again."""
        ...

    async def start(self, line: str, session: Exec) -> None:
        """Send the exec request; raises RemoteError. Bounded; a late channel is closed before anything runs on it."""
        ...

    def abort(self) -> None: ...


Connect = Callable[[NodeConfig, Callable[[str], None]], Awaitable[Connection]]


def said(exc: RemoteError) -> str:
    """Title and detail in one line, safe to show."""
    return clean(f"{exc.title}: {exc.detail}" if exc.detail else exc.title, cap=400)


def node_error(exc: RemoteError) -> NodeError:
    """The error as the snapshot carries it."""
    return NodeError(exc.code, said(exc), clean(exc.hint, cap=400))


class MasterLink:
    """One task holds the connection; everybody else asks for it with ``connection``."""

    def __init__(
        self, node: NodeConfig, connect: Connect, changed: Callable[[str], None], *, delay_s: float = 0.0
    ) -> None:
        self.node = node
        self._connect = connect
        self._changed = changed
        self._delay_s = delay_s
        self._task: asyncio.Task[None] | None = None
        self._kick = asyncio.Event()
        self._attempt: asyncio.Future[Connection] | None = None
        self._conn: Connection | None = None
        self._was_live = False
        self._tried_at = 0.0
        self.state = Link.CONNECTING
        self.error: RemoteError | None = None
        self.doing = ""

    def seen(self) -> tuple[Link, NodeError | None, str]:
        """For the snapshot: state, why not better, the step it is at."""
        error = self.error
        if error is None and self._conn is not None:
            error = self._conn.privilege.error
        return self.state, node_error(error) if error else None, self.doing

    def start(self) -> None:
        if self._task is None:
            self._attempt = asyncio.get_running_loop().create_future()
            self._task = asyncio.create_task(self._hold(), name=f"link {self.node.name}")

    def retry(self) -> None:
        """Try now, also after a refusal: a person says that the cause is gone."""
        self._kick.set()

    def anew(self) -> None:
        """Give a live connection up and make it again."""
        if self._conn is not None:
            self._conn.abort()

    def look_again(self) -> None:
        """Of a live connection that is not root: a person says that the cause is gone."""
        if self._conn is not None:
            self._conn.look_again()

    async def connection(self, *, hurry: bool = False) -> Connection:
        """The live connection, or the result of the next attempt. ``hurry`` does not wait for the back-off.

        Raises RemoteError: what the attempt ran into.
        """
        self.start()
        while self._conn is not None and self._conn.lost.done():  # noqa: ASYNC110
            await asyncio.sleep(0)  # the task that holds it is about to hear of it
        if self._conn is not None:
            return self._conn
        if self.state is Link.REFUSED and self.error is not None:
            raise self.error
        if hurry:
            self._kick.set()
        assert self._attempt is not None
        return await asyncio.shield(self._attempt)

    async def close(self) -> None:
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait({task}, timeout=2.0)
        if self._attempt is not None and not self._attempt.done():
            self._attempt.cancel()

    async def _hold(self) -> None:
        await asyncio.sleep(self._delay_s)
        backoff = BACKOFF_FIRST_S
        while True:
            self._tried_at = time.monotonic()
            try:
                conn = await self._connected()
            except RemoteError as exc:
                refused = self._is_refusal(exc)
                self._resolve(exc, Link.REFUSED if refused else Link.LOST)
            else:
                held_from = time.monotonic()
                refused = False
                self._resolve(await self._until_lost(conn), Link.LOST)
                if time.monotonic() - held_from > HELD_S:
                    backoff = BACKOFF_FIRST_S
            if refused:
                await self._kick.wait()
            else:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(backoff * random.uniform(0.5, 1.0)):
                        await self._kick.wait()
                backoff = min(backoff * 2, BACKOFF_MAX_S)
            await asyncio.sleep(max(0.0, self._tried_at + HURRY_S - time.monotonic()))

    async def _connected(self) -> Connection:
        """Connect and learn the privilege. Raises RemoteError, also for what nobody expected."""
        self._say("connecting")
        try:
            conn = await self._connect(self.node, self._say)
            self._say("asking for privilege")
            try:
                await conn.probe_privilege()
            except BaseException:
                conn.abort()
                raise
        except RemoteError:
            raise
        except Exception as exc:
            raise Unreachable(
                "the connection failed", clean(f"{type(exc).__name__}: {exc}", cap=400)
            ) from exc
        return conn

    async def _until_lost(self, conn: Connection) -> Unreachable:
        self._conn = conn
        self._was_live = True
        self.state, self.error, self.doing = Link.LIVE, None, ""
        assert self._attempt is not None
        if not self._attempt.done():
            self._attempt.set_result(conn)
        self._changed(self.node.name)
        try:
            await asyncio.shield(conn.lost)
        finally:
            self._conn = None
            conn.abort()
        return conn.loss()

    def _resolve(self, exc: RemoteError, state: Link) -> None:
        """Tell those who wait, then be ready for the next attempt."""
        self.state, self.error, self.doing = state, exc, ""
        self._kick.clear()  # asked for during the attempt: this was its answer
        waited = self._attempt
        self._attempt = asyncio.get_running_loop().create_future()
        if waited is not None and not waited.done():
            waited.set_exception(exc)
            waited.exception()  # nobody has to have waited
        self._changed(self.node.name)

    def _is_refusal(self, exc: RemoteError) -> bool:
        """Host keys and what is not supported always; a login only if it never worked: a booting master turns away for a
        while whom it let in before."""
        if isinstance(exc, AuthFailed):
            return not self._was_live or isinstance(exc, SecretRefused)
        return isinstance(exc, HostKeyUnknown | HostKeyChanged) or type(exc) is RemoteError

    def _say(self, doing: str) -> None:
        if self.state is Link.LIVE:  # a further connection is being made: the first is still there
            return
        self.doing = doing
        self._changed(self.node.name)
