"""Addresses of their own in 127.0.0.0/8, so that members keep the standard ports and several demos run at once."""

from __future__ import annotations

import secrets
import socket

from novatui.errors import NovatuiError

# The last octets of the vendor's example.
LAST_OCTETS = (97, 105, 106)
CLIENT_PORT = 2379
PEER_PORT = 2380
SSH_PORT = 2222  # 22 needs root


def choose() -> tuple[str, ...]:
    """Three loopback addresses on which the client, peer and SSH ports are free."""
    for _ in range(50):
        second, third = 1 + secrets.randbelow(254), 1 + secrets.randbelow(254)
        hosts = tuple(f"127.{second}.{third}.{last}" for last in LAST_OCTETS)
        if all(_free(host, port) for host in hosts for port in (CLIENT_PORT, PEER_PORT, SSH_PORT)):
            return hosts
    raise NovatuiError(
        "no free loopback addresses for the demo",
        "50 random groups of 127.x.y.z all had port 2379, 2380 or 2222 taken, or this system has only 127.0.0.1",
        "the demo needs Linux, where all of 127.0.0.0/8 is loopback",
    )


def _free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
