"""One command for one master: what is run, with which limits, and how it is written and shown.

Nothing from a node, a configuration or a person reaches a shell unquoted: every word goes through ``shlex.quote``.
"""

from __future__ import annotations

import shlex
from enum import StrEnum
from functools import cache
from importlib import resources

import msgspec

from novatui.model.cluster import NodeError

# What ``timeout -k`` waits between TERM and KILL, seconds.
KILL_AFTER_S = 5


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """``argv``, or the file ``remote/scripts/<script>.sh`` with ``argv`` as its arguments.

    ``timeout_s`` is enforced on the master, inside sudo. ``changes`` puts the command behind the fence: it runs only
    while the master's lease names this run and epoch, and holds the master's act lock while it runs.
    ``mask`` are values that are never shown nor journalled. ``stdin`` is bytes, sent whole, then closed.
    """

    argv: tuple[str, ...]
    script: str = ""
    stdin: bytes = b""
    mask: tuple[str, ...] = ()
    timeout_s: float = 30.0
    changes: bool = False

    def shown(self) -> tuple[str, ...]:
        """The words a person sees and the journal keeps: secrets masked, a script by its file name."""
        words = (f"{self.script}.sh", *self.argv) if self.script else self.argv
        return tuple(_masked(word, self.mask) for word in words)

    def shown_line(self) -> str:
        return shlex.join(self.shown())


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """What the wrapper of a changing command checks on the master before it acts."""

    work_dir: str
    run: str
    epoch: int
    wait_s: int = 60  # for an earlier command of the same master to end


class Status(StrEnum):
    """How a command ended. Only OK is success; TIMEOUT and UNKNOWN say nothing about what was done."""

    OK = "ok"
    FAILED = "failed"
    TIMEOUT = "timeout"  # 124 or 137 from the remote limit, or our own bound
    UNKNOWN = "unknown"  # the connection went away, or never came
    FENCED = "fenced"  # exit 75 of the fence: another epoch owns this master; nothing was run


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came back. ``exit`` and ``signal`` are None when nothing is known."""

    status: Status
    exit: int | None = None
    signal: str | None = None
    ms: float = 0.0
    stdout: bytes = b""
    stderr: bytes = b""
    error: str = ""  # for UNKNOWN and TIMEOUT: what happened to the connection
    unprivileged: NodeError | None = None  # why it was not run as root, when it was not

    @property
    def ok(self) -> bool:
        return self.status is Status.OK

    def text(self) -> str:
        return self.stdout.decode("utf-8", "replace")


FENCED_EXIT = 75


def sudo_prompt(nonce: str) -> str:
    """What sudo asks with: nobody else can guess it."""
    return f"[{nonce}]"


def sudo_passed(nonce: str) -> str:
    """The line of stderr that says: sudo let the command begin."""
    return f"{nonce}-ok"


def sudo_words(nonce: str) -> tuple[str, ...]:
    """What goes before a command when sudo asks for a password."""
    begin = f'echo {sudo_passed(nonce)} >&2; exec "$@"'
    return ("sudo", "-S", "-p", sudo_prompt(nonce), "--", "/bin/sh", "-c", begin, "novatui-sudo")


@cache
def script_text(name: str) -> str:
    """The POSIX-sh source of ``remote/scripts/<name>.sh``."""
    return resources.files("novatui.remote").joinpath("scripts", f"{name}.sh").read_text("utf-8")


def shell_line(command: Command, *, sudo: bool = False, asking: str = "", fence: Fence | None = None) -> str:
    """The one line that SSH's exec request carries: sudo, then the fence, then the limit, then the command.

    ``asking``: sudo asks for a password with this nonce in its prompt, and the command begins by saying that it runs.
    """
    words: list[str] = []
    if sudo:
        words = list(sudo_words(asking)) if asking else ["sudo", "-n", "--"]
    if command.changes:
        if fence is None:
            raise ValueError(f"{command.shown_line()}: a changing command without a fence")
        words += ["sh", "-c", script_text("fence"), "novatui-fence"]
        words += [fence.work_dir, f"{fence.run}:{fence.epoch}", str(fence.wait_s)]
    words += ["timeout", "-k", str(KILL_AFTER_S), f"{command.timeout_s:g}"]
    if command.script:
        words += ["sh", "-c", script_text(command.script), f"novatui-{command.script}"]
    return shlex.join([*words, *command.argv])


def classify(exit_status: int | None, signal: str | None, *, changes: bool) -> Status:
    """The status of an ended command. Neither exit nor signal = the link broke: asyncssh reports that as a clean end."""
    if exit_status is None:
        return Status.UNKNOWN
    if exit_status == 0:
        return Status.OK
    if exit_status in (124, 137):
        return Status.TIMEOUT
    if exit_status == FENCED_EXIT and changes:
        return Status.FENCED
    return Status.FAILED


def _masked(word: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        if secret:
            word = word.replace(secret, "***")
    return word
