"""One command on its way: written, sent, its output gathered, its end judged."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable

import msgspec

from novatui.errors import NoPrivilege
from novatui.model.cluster import NodeError
from novatui.remote.channel import Exec
from novatui.remote.command import Command, Fence, Outcome, Status, classify, shell_line
from novatui.remote.link import Connection, node_error, said
from novatui.remote.sudo import Gate, through

# The most that one command may say; the longest honest answer is a few hundred KiB.
OUTPUT_MAX = 32 * 1024 * 1024
# Linux takes no longer word on a command line than 128 KiB; the login shell gets ours as one.
LINE_MAX = 120 * 1024
STDERR_TAIL = 8 * 1024


class NotRun(Exception):
    """Nothing was sent, and asking again will not help."""


class Call:
    """The session of one command and what it said so far. ``on_output`` gets pieces of stdout and stderr as they come."""

    def __init__(self, command: Command, on_output: Callable[[bytes], None] | None = None) -> None:
        self.command = command
        self._on_output = on_output
        self._began = time.monotonic()
        self._nonce = f"nv-{secrets.token_hex(8)}"
        self._out, self._err = bytearray(), bytearray()
        self.on_stdout: Callable[[bytes], None] = self._keep_stdout  # a relay or a stream puts its own here
        self.on_stderr: Callable[[bytes], None] = self._keep_stderr
        self._gate: Gate | None = None  # sudo, while it asks for its password
        self._unprivileged: NodeError | None = None
        self.session = Exec(self._nonce, lambda data: self.on_stdout(data), self._from_stderr)

    async def start(self, conn: Connection, fence: Fence | None, *, unlimited: bool = False) -> None:
        """Raises RemoteError, or NotRun when the command may not or cannot be sent."""
        if conn.privilege.error is not None:
            if self.command.changes or conn.rooted:
                await conn.probe_privilege()  # sudo may have been mended, or only have been slow
            elif conn.privilege.unsure:
                conn.look_again()
        if (lacking := conn.privilege.error) is not None:
            self._unprivileged = node_error(lacking)
            if self.command.changes:
                raise NotRun(said(lacking))
            if conn.rooted:  # what is root's looks absent to others: no answer is better than a wrong one
                raise lacking
        command = msgspec.structs.replace(self.command, timeout_s=0.0) if unlimited else self.command
        privilege = conn.privilege
        asking = self._nonce if privilege.password is not None else ""
        line = shell_line(command, sudo=privilege.sudo, asking=asking, fence=fence)
        if len(line.encode()) > LINE_MAX:
            raise NotRun(f"the command line is longer than {LINE_MAX} bytes")
        # What the login shell's own files print comes before the nonce and is dropped.
        if privilege.password is not None:
            self._gate = Gate(self._nonce, privilege.password, self.session.write)
        await conn.start(f"echo {self._nonce}; echo {self._nonce} >&2; exec {line}", self.session)
        if (
            self._gate is not None
        ):  # nobody writes to the command before it runs: sudo would take it for the password
            await self._pass(self._gate, conn)

    async def _pass(self, gate: Gate, conn: Connection) -> None:
        try:
            await through(gate, self.session)
        except NoPrivilege as exc:
            conn.sudo_refused(exc)
            raise NotRun(said(exc)) from exc
        if not gate.open:  # sudo ended without it: its words are all there is
            self._err += gate.said.encode()

    def _from_stderr(self, data: bytes) -> None:
        rest = self._gate.feed(data) if self._gate is not None else data
        if rest:
            self.on_stderr(rest)

    def outcome(self, status: Status | None = None, error: str = "") -> Outcome:
        """What is known now; without ``status`` the session's own end is judged."""
        session = self.session
        if status is None:
            status, error = self._judged()
        return Outcome(
            status=status,
            exit=session.exit,
            signal=session.signal,
            ms=(time.monotonic() - self._began) * 1000,
            stdout=bytes(self._out),
            stderr=bytes(self._err),
            error=error,
            unprivileged=self._unprivileged,
        )

    def _judged(self) -> tuple[Status, str]:
        session = self.session
        status = classify(session.exit, session.signal, changes=self.command.changes)
        if status is Status.UNKNOWN:
            by = f"ended by signal {session.signal}" if session.signal else "the connection was lost"
            return status, session.failure or by
        if status is Status.OK and session.cut:
            return Status.UNKNOWN, session.failure
        if session.over and not session.whole:
            return Status.UNKNOWN, "the connection was lost before all of the output came"
        if status is Status.OK and not session.began:
            return Status.UNKNOWN, "the login shell did not run the command"
        return status, ""

    def keep_stderr_tail(self, data: bytes) -> None:
        """For a command that may run for days."""
        self._err += data
        del self._err[:-STDERR_TAIL]

    def _keep_stdout(self, data: bytes) -> None:
        self._keep(self._out, data)

    def _keep_stderr(self, data: bytes) -> None:
        self._keep(self._err, data)

    def _keep(self, kept: bytearray, data: bytes) -> None:
        kept += data
        if len(kept) > OUTPUT_MAX:
            raise OverflowError(f"more than {OUTPUT_MAX >> 20} MiB of output")
        if self._on_output is not None:
            self._on_output(data)
