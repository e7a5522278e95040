"""Why a login did not come about, in words a person can act on: asyncssh's errors and the system's."""

from __future__ import annotations

import re
import socket
from typing import TYPE_CHECKING

import asyncssh

from novatui.errors import AuthFailed, BastionUnreachable, RemoteError, SecretRefused, Unreachable
from novatui.model.sanitize import clean
from novatui.remote import hostkeys, known_hosts
from novatui.remote.route import Hop

if TYPE_CHECKING:
    from novatui.remote.client import Client


def words(hop: Hop, exc: Exception, client: Client, known: known_hosts.Known) -> RemoteError:
    """asyncssh's and the system's errors in our words."""
    said = clean(str(exc), cap=300)
    authorities = [line.place for line in known.marked("cert-authority")]
    match exc:
        case asyncssh.PermissionDenied():
            return _denied(hop, said, client)
        case asyncssh.DisconnectError() if re.search("too many auth", said, re.I):
            return AuthFailed(
                "the login was refused",
                f"{hop.where}: {said}",
                "too many keys were offered: name the right one in ssh.identity_files and set IdentitiesOnly in ssh_config",
            )
        case asyncssh.HostKeyNotVerifiable() if "revoked" in said:
            return hostkeys.revoked(hop, [line.place for line in known.marked("revoked")])
        case asyncssh.HostKeyNotVerifiable():
            return hostkeys.not_certified(hop, authorities, said)
        case asyncssh.KeyExchangeFailed() if "host key" in said.lower():
            own = [line.place for line in known.marked("")]
            if authorities and not own:
                return hostkeys.not_certified(hop, authorities, "it shows a bare key")
            return hostkeys.changed(hop, "", own)
    return _unreachable(hop, exc, said, client)


def _denied(hop: Hop, said: str, client: Client) -> AuthFailed:
    notes = "; ".join(client.all_notes)
    return (SecretRefused if client.asked_somebody else AuthFailed)(
        "the login was refused",
        f"{hop.where}: {said}" + (f" ({notes})" if notes else ""),
        f"check that `ssh {hop.where}` works; a key with a passphrase can also be in the ssh-agent (ssh-add)",
    )


def _unreachable(hop: Hop, exc: Exception, said: str, client: Client) -> RemoteError:
    where = f"[{hop.host}]:{hop.port}" if ":" in hop.host else f"{hop.host}:{hop.port}"
    match exc:
        case TimeoutError():
            return Unreachable(
                "no answer",
                f"{where} within {hop.timeout_s:g} s",
                "is the host up, is a firewall in between?",
            )
        case OSError() | asyncssh.ConnectionLost() if client.proxied is not None:
            return Unreachable(
                "the ProxyCommand ended before the login",
                f"{where}: {client.proxied.said or 'without a word'}",
                "check that ssh itself gets there with -o BatchMode=yes: the command can ask nobody",
            )
        case asyncssh.ChannelOpenError():
            return Unreachable(
                "the bastion does not get through",
                f"{where}: {said}",
                "is the host up, does the bastion allow it?",
            )
        case socket.gaierror():
            return Unreachable(
                "the host name is not known", f"{hop.host}: {said}", "check nodes.host, or name the address"
            )
        case ConnectionRefusedError():
            return Unreachable(
                "nobody listens", f"{where} refused the connection", "is sshd running, is the port right?"
            )
        case asyncssh.ConnectionLost() | ConnectionResetError() if client.reached:
            if client.blame:
                return BastionUnreachable("the bastion was lost", said)
            if client.asked_somebody:
                return Unreachable(
                    "the host closed the connection while a question was open",
                    f"{where}: {said}",
                    "its LoginGraceTime is over; trying again, what was answered meanwhile is used",
                )
            return Unreachable(
                "the host closed the connection before the login",
                f"{where}: {said}",
                "too many logins at once there (MaxStartups), or the host bans this address; trying again more slowly",
            )
        case OSError():
            return Unreachable("no way to the host", f"{where}: {said}", "check the network and nodes.host")
    return Unreachable("the connection was not made", f"{where}: {said}")
