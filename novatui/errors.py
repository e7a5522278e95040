"""What can go wrong, in words a person can act on: a title, a detail and a hint."""

from __future__ import annotations

from typing import ClassVar


class NovatuiError(Exception):
    """An expected failure. ``title`` says what, ``detail`` says where and why, ``hint`` says what to do next.

    ``code`` is a stable machine word (``status --json``), ``exit_code`` what a command ends with.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1

    def __init__(self, title: str, detail: str = "", hint: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.hint = hint

    def __str__(self) -> str:
        return "\n".join(part for part in (self.title, self.detail, self.hint) if part)


class UsageError(NovatuiError):
    """The words of the command line are off."""

    code = "usage"
    exit_code = 64


class ConfigError(NovatuiError):
    """The configuration cannot be used; ``detail`` lists every error at once."""

    code = "config"
    exit_code = 78


class Refused(NovatuiError):
    """A guard said no; nothing was changed. ``guard`` is the id that ``--overrule`` takes, or empty."""

    code = "refused"
    exit_code = 2

    def __init__(self, title: str, detail: str = "", hint: str = "", guard: str = "") -> None:
        super().__init__(title, detail, hint)
        self.guard = guard


class HeldByAnother(NovatuiError):
    """Another run holds the lease on a master."""

    code = "held"
    exit_code = 4


class RemoteError(NovatuiError):
    """A master could not be asked. Nothing was sent unless the subclass says otherwise."""

    code = "remote"


class Unreachable(RemoteError):
    """No connection: refused, no route, timed out, name not found."""

    code = "unreachable"


class BastionUnreachable(Unreachable):
    """The way to the masters is broken before it reaches them; of the masters nothing is known."""

    code = "bastion-unreachable"


class AuthFailed(RemoteError):
    """The server answered and would not let us in."""

    code = "auth-failed"


class SecretRefused(AuthFailed):
    """A person was asked and the login failed all the same: never repeated by itself, which would nag or lock an account."""


class HostKeyUnknown(RemoteError):
    """No entry of known_hosts names this host."""

    code = "host-key-unknown"


class HostKeyChanged(RemoteError):
    """known_hosts names another key for this host: never to be accepted by a button."""

    code = "host-key-changed"


class NoPrivilege(RemoteError):
    """We are in, but neither root nor able to become it."""

    code = "no-privilege"


class SudoPasswordWrong(NoPrivilege):
    """The sudo password that was given is not it; it was tried once."""

    code = "sudo-password-wrong"
