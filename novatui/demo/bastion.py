"""A bastion before the demo's masters: an SSH server that forwards to them, runs nothing, and counts its connections."""

from __future__ import annotations

import getpass
import tomllib
from pathlib import Path
from typing import Any

import asyncssh

from novatui.demo.layout import write_configuration

HOST = "127.0.0.1"
Address = tuple[str, int]


class _Gatekeeper(asyncssh.SSHServer):
    """One connection: public key only, direct-tcpip to a master only."""

    def __init__(self, bastion: Bastion) -> None:
        self._bastion = bastion

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._bastion.accepted += 1

    def connection_requested(self, dest_host: str, dest_port: int, orig_host: str, orig_port: int) -> bool:
        allowed = (dest_host, dest_port) in self._bastion.masters
        self._bastion.forwarded += allowed
        return allowed


class Bastion:
    """``accepted``: connections so far; ``forwarded``: channels to masters so far."""

    def __init__(self, masters: set[Address]) -> None:
        self.masters = masters
        self.accepted = 0
        self.forwarded = 0
        self.where = ""
        self._server: asyncssh.SSHAcceptor | None = None

    @classmethod
    async def open(cls, place: Path, masters: set[Address]) -> Bastion:
        """Listen, become known to the demo's known_hosts, and be named as ``jump`` of its configuration."""
        bastion = cls(masters)
        host_key = asyncssh.generate_private_key("ssh-ed25519")
        config = place / "config.toml"
        content: dict[str, Any] = tomllib.loads(config.read_text())
        ssh = content["clusters"]["demo"]["ssh"]
        allowed = _public(Path(ssh["identity_files"][0]))
        bastion._server = await asyncssh.listen(
            HOST,
            0,
            server_factory=lambda: _Gatekeeper(bastion),
            server_host_keys=[host_key],
            authorized_client_keys=allowed,
            password_auth=False,
            kbdint_auth=False,
            agent_forwarding=False,
        )
        port = bastion._server.get_port()
        with (place / "ssh/known_hosts").open("a") as known:
            known.write(f"[{HOST}]:{port} {host_key.export_public_key().decode().strip()}\n")
        bastion.where = ssh["jump"] = f"{getpass.getuser()}@{HOST}:{port}"
        write_configuration(config, content)
        return bastion

    def state(self) -> dict[str, int]:
        return {"accepted": self.accepted, "forwarded": self.forwarded}

    def close(self) -> None:
        if self._server is not None:
            self._server.close()


def _public(identity: Path) -> asyncssh.SSHAuthorizedKeys:
    """The demo's own client key; its public half is readable without the passphrase."""
    return asyncssh.import_authorized_keys(identity.with_name(f"{identity.name}.pub").read_text())
