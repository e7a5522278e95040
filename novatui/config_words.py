"""What each kind of word of the configuration may be, and how the reader of a wrong file is told."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

Become = Literal["auto", "root", "sudo", "none"]

Name = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,62}\Z",
        description="letters, digits, . _ - (at most 63, the first a letter or digit): it names files and is typed",
    ),
]
Host = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9:_\[][A-Za-z0-9.:_%\[\]-]{0,252}\Z", description="an address or a host's name"
    ),
]
Port = Annotated[int, Meta(ge=1, le=65535, description="a port, 1 to 65535")]
MasterPath = Annotated[
    str,
    Meta(
        pattern=r"\A(?!.*/\.\.?(/|\Z))(/[^/\x00-\x1f\x7f]+)+\Z",
        description="an absolute path on the masters, without . .. or a / at its end",
    ),
]
LocalPath = Annotated[
    str,
    Meta(pattern=r"\A[/~][^\x00-\x1f\x7f]*\Z", description="a path of this machine that begins with / or ~"),
]
Login = Annotated[
    str,
    Meta(pattern=r"\A[A-Za-z0-9_][A-Za-z0-9_.@\\$-]{0,127}\Z", description="a user's name"),
]
Jump = Annotated[
    str,
    Meta(
        pattern=r"\A([A-Za-z0-9_\[][A-Za-z0-9_.@:%\[\]\\-]{0,252})?\Z",
        description="a host of ssh_config or user@host:port, or empty",
    ),
]
Unit = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9_][A-Za-z0-9_.:@\\-]{0,200}\Z", description="a systemd unit's name, e.g. etcd"
    ),
]
Tool = Annotated[
    str,
    Meta(
        pattern=r"\A(/(?!.*/\.\.?(/|\Z))[^\x00-\x1f\x7f]*[^/\x00-\x1f\x7f]|[A-Za-z0-9_][A-Za-z0-9_.-]*)\Z",
        description="a command's name or its absolute path",
    ),
]
Seconds = Annotated[float, Meta(ge=0.5, le=120, description="seconds, 0.5 to 120")]
Label = Annotated[
    str, Meta(pattern=r"\A[^\x00-\x1f\x7f]{0,24}\Z", description="one short line, at most 24 characters")
]
