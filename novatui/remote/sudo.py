"""Becoming root: found, not assumed; a password goes to sudo's own prompt, once, and to nothing else.

Protocol: sudo is told a prompt that nobody can guess, and the command begins by saying that it runs. The password is sent
when the prompt shows, the command's input only after it runs. A second prompt says that the password was wrong: the
channel is closed, so that no account is locked out.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Callable
from typing import Protocol

from novatui.errors import NoPrivilege, SudoPasswordWrong, Unreachable
from novatui.model.sanitize import clean
from novatui.remote.channel import Exec
from novatui.remote.command import sudo_passed, sudo_prompt, sudo_words
from novatui.remote.secrets import Keeper, SecretAsk, SecretKind

GATE_TIMEOUT_S = 20.0
CHATTER_MAX = 16 * 1024
SUDO_S = 6.0  # for `sudo -n true`
ANSWER_S = 8.0  # for that, and what is before it
_TIMED_OUT = (124, 137)  # what `timeout` ends with


class Privilege:
    """``sudo``: prefix commands with it. ``password``: what it asks for, None = it does not ask. ``error``: we are neither
    root nor can become it. ``unsure``: or may be; it did not answer in time."""

    def __init__(
        self,
        sudo: bool = False,
        error: NoPrivilege | None = None,
        *,
        password: str | None = None,
        unsure: bool = False,
    ) -> None:
        self.sudo = sudo
        self.error = error
        self.password = password
        self.unsure = unsure

    def __repr__(self) -> str:
        return f"<Privilege sudo={self.sudo} error={self.error}>"


class Gate:
    """Stands in stderr until the command runs. ``settled`` is set when it does, or when it never will."""

    def __init__(self, nonce: str, password: str, send: Callable[[bytes], None]) -> None:
        self._prompt = sudo_prompt(nonce).encode()
        self._ready = f"{sudo_passed(nonce)}\n".encode()
        self._password = password
        self._send = send
        self._chatter = bytearray()
        self._prompts = 0
        self.settled = asyncio.Event()
        self.open = False
        self.wrong = False

    def __repr__(self) -> str:
        return f"<Gate open={self.open} wrong={self.wrong}>"

    @property
    def said(self) -> str:
        """What sudo said besides its prompt."""
        return clean(bytes(self._chatter).strip(), cap=300)

    def feed(self, data: bytes) -> bytes:
        """What is the command's own of ``data``."""
        if self.open:
            return data
        self._chatter += data
        at = self._chatter.find(self._ready)
        asked = self._chatter.find(self._prompt)
        if asked >= 0 and not 0 <= at < asked:
            del self._chatter[asked : asked + len(self._prompt)]
            self._prompts += 1
            if self._prompts == 1:
                self._send(self._password.encode() + b"\n")
                return self.feed(b"")
            self.wrong = True
            self.settled.set()
            return b""
        if at >= 0:
            rest = bytes(self._chatter[at + len(self._ready) :])
            self._chatter.clear()
            self.open = True
            self.settled.set()
            return rest
        if len(self._chatter) > CHATTER_MAX:
            del self._chatter[:-1024]
        return b""


async def through(gate: Gate, session: Exec) -> None:
    """Until the command runs or the channel ended. Raises NoPrivilege for a wrong password (nothing ran), Unreachable when
    sudo does not answer."""
    ended = asyncio.ensure_future(session.wait())
    settled = asyncio.ensure_future(gate.settled.wait())
    try:
        await asyncio.wait({ended, settled}, timeout=GATE_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        ended.cancel()
        settled.cancel()
    if gate.wrong:
        session.stop()
        raise SudoPasswordWrong(
            "the sudo password was wrong",
            gate.said,
            "it was tried once; give another, or let sudo ask for none",
        )
    if not gate.open and not session.over and session.exit is None:
        session.stop()
        raise Unreachable("sudo did not let the command begin", gate.said or f"within {GATE_TIMEOUT_S:g} s")


class Runs(Protocol):
    """What is used of a connection."""

    lost: asyncio.Future[str]

    async def start(self, line: str, session: Exec) -> None: ...


class Asker:
    """One master's sudo password. After a wrong or a declined one it is ``shut``: not asked again by itself, so that
    reconnecting neither nags nor locks an account; ``reopen`` when the person wants to try again."""

    def __init__(self, keeper: Keeper | None, node: str) -> None:
        self._keeper = keeper
        self._node = node
        self._tries = 1
        self.say: Callable[[str], None] = lambda _doing: None
        self.shut: NoPrivilege | None = None

    @property
    def can(self) -> bool:
        return self._keeper is not None

    async def ask(self, user: str) -> str | None:
        assert self._keeper is not None
        self.say("waiting for the sudo password")
        return await self._keeper.ask(SecretAsk(SecretKind.SUDO, self._node, user, attempt=self._tries))

    def wrong(self, error: NoPrivilege) -> None:
        self._tries += 1
        self.shut = error

    def right(self) -> None:
        self._tries = 1

    def reopen(self) -> None:
        self.shut = None


async def find(conn: Runs, user: str, become: str, asker: Asker, nonce: str) -> Privilege:
    """Root already, or by sudo without a password, or with one, or neither; asked once a connection.

    Raises Unreachable when the connection goes away meanwhile.
    """
    if become == "none":
        return Privilege(
            error=NoPrivilege(
                f"{user} is not made root",
                "ssh.become = none",
                'novatui only looks. To recover: ssh.become = "auto" in the configuration, and '
                + _granted(user),
            )
        )
    by_sudo = f"LC_ALL=C timeout -k 1 {SUDO_S:g} sudo -n true; echo {nonce} sudo $?"
    other = f"echo {nonce} none" if become == "root" else by_sudo
    line = f'if [ "$(id -u)" = 0 ]; then echo {nonce} root; else {other}; fi'
    said, err, ended = await _said(conn, shlex.join(["sh", "-c", line]))
    if f"{nonce} root".encode() in said:
        return Privilege(sudo=become == "sudo")
    if f"{nonce} sudo 0\n".encode() in said:
        return Privilege(sudo=True)
    if not ended:
        return _unsure(user, f"the master did not answer within {ANSWER_S:g} s")
    if any(f"{nonce} sudo {code}\n".encode() in said for code in _TIMED_OUT):
        return _unsure(user, f"sudo did not answer within {SUDO_S:g} s")
    why = clean(err, cap=300) or f"become = {become}"
    hint = _granted(user)
    if become == "root":
        hint = 'log in as root, or set ssh.become = "auto" in the configuration, and ' + hint
    if b"No such file" in err:
        why, hint = "sudo is not installed there", "log in as root, or install sudo, and " + hint
    if become != "root" and b"password is required" in err:
        if not asker.can:
            hint = (
                "nobody is here to be asked for it: run novatui on a terminal, "
                "or let sudo ask for none (NOPASSWD in its sudoers line)"
            )
        else:
            return await _with_password(conn, user, asker, nonce)
    return Privilege(error=NoPrivilege(f"{user} is neither root nor may become it", why, hint))


def _unsure(user: str, why: str) -> Privilege:
    hint = "it is looked again by itself; r looks at once. A sudo that is slow often waits for DNS or a directory service"
    error = NoPrivilege(f"whether {user} may become root is not known", why, hint)
    return Privilege(error=error, unsure=True)


def _refusal(said: str) -> str:
    """sudo's words; shorter, and the same on every master, where they quote our command and the host's name."""
    if "is not allowed to execute" in said:
        return "sudo lets this user run certain commands only, and a recovery runs /bin/sh"
    return "sudoers gives this user nothing" if "may not run sudo" in said else said


def _granted(user: str) -> str:
    """What to do on the master, without wildcards that would only seem to be less than root."""
    return f"let {user} run sudo there (visudo: {user} ALL=(root) ALL; that is full root, and a recovery needs it)"


async def _with_password(conn: Runs, user: str, asker: Asker, nonce: str) -> Privilege:
    if asker.shut is not None:
        return Privilege(error=asker.shut)
    password = await asker.ask(user)
    if password is None:
        asker.shut = NoPrivilege(
            f"sudo wants the password of {user}",
            "none was given",
            "r asks for it again (without a screen: the same command at a terminal); a sudoers line with NOPASSWD "
            "needs none. Without root novatui only looks",
        )
        return Privilege(error=asker.shut)
    gate: Gate
    session = Exec("", lambda _data: None, lambda data: _into(gate, data))
    gate = Gate(nonce, password, session.write)
    await conn.start(shlex.join(["env", "LC_ALL=C", *sudo_words(nonce), "true"]), session)
    try:
        await through(gate, session)
    except NoPrivilege as exc:
        asker.wrong(exc)
        return Privilege(error=exc)
    except Unreachable:
        if conn.lost.done():
            raise
        # It asks in words of its own (a second factor, say): what to answer is not known here.
        asker.shut = NoPrivilege(
            f"sudo does not take the password of {user}",
            gate.said or f"it neither asked for it nor began within {GATE_TIMEOUT_S:g} s",
            "let sudo ask for the password alone, or for none, or log in as root",
        )
        return Privilege(error=asker.shut)
    if gate.open:
        asker.right()
        session.stop()
        return Privilege(sudo=True, password=password)
    if session.exit is None:
        raise Unreachable("the connection was lost", conn.lost.result() if conn.lost.done() else "")
    return Privilege(
        error=NoPrivilege(
            f"{user} may not become root", _refusal(gate.said), "log in as root, or " + _granted(user)
        )
    )


def _into(gate: Gate, data: bytes) -> None:
    gate.feed(data)


async def _said(conn: Runs, line: str) -> tuple[bytes, bytes, bool]:
    out, err = bytearray(), bytearray()
    session = Exec("", out.extend, err.extend)
    await conn.start(line, session)
    try:
        async with asyncio.timeout(ANSWER_S):
            await session.wait()
    except TimeoutError:
        session.stop()
    if session.exit is None and conn.lost.done():
        raise Unreachable("the connection was lost", conn.lost.result())
    return bytes(out), bytes(err), session.exit is not None
