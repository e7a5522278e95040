"""The words for a host key that is not believed: unknown, changed, revoked. Each names where to look."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from novatui.errors import HostKeyChanged, HostKeyUnknown
from novatui.remote.route import Hop


def unknown(hop: Hop, fingerprint: str) -> HostKeyUnknown:
    """``fingerprint``: ``TYPE SHA256:..``, or empty when the host showed nothing that could be compared."""
    path = hop.known_hosts[0] if hop.known_hosts else "known_hosts"
    option = f" -o UserKnownHostsFile={shlex.quote(path)}" if hop.known_hosts else ""
    wanted = "; ssh_config wants it to be (StrictHostKeyChecking yes)" if hop.strict else ""
    option += " -o StrictHostKeyChecking=ask" if hop.strict else ""
    return HostKeyUnknown(
        "the host key is not known",
        f"{hop.known_as} shows {fingerprint}; {', '.join(hop.known_hosts) or 'no file'} has no entry for it{wanted}",
        "compare the fingerprint on the host's console, then let ssh write it down:"
        f" ssh{option} -p {hop.port} {shlex.quote(f'{hop.user}@{hop.host}')} true",
    )


def changed(hop: Hop, fingerprint: str, places: Sequence[str]) -> HostKeyChanged:
    """``places``: ``file:line`` of what known_hosts has instead."""
    path = places[0].rpartition(":")[0] if places else (*hop.known_hosts, "known_hosts")[0]
    return HostKeyChanged(
        "the host key has changed",
        f"{hop.known_as} shows {fingerprint or 'a key of another type'}; {', '.join(places) or path} names another: a"
        " reinstalled host, or somebody in between",
        f"find out which; only when the host was really reinstalled: ssh-keygen -f {shlex.quote(path)}"
        f" -R {shlex.quote(hop.known_as)}",
    )


def revoked(hop: Hop, places: Sequence[str]) -> HostKeyChanged:
    return HostKeyChanged(
        "the host key is revoked",
        f"{', '.join(places) or 'known_hosts'} marks the key of {hop.known_as} as revoked",
        "the host needs a new key before anybody logs in there",
    )


def not_certified(hop: Hop, places: Sequence[str], why: str) -> HostKeyUnknown:
    """``places``: the @cert-authority lines."""
    return HostKeyUnknown(
        "the host shows no certificate that is believed",
        f"{hop.known_as}: {why}; {', '.join(places) or 'known_hosts'} asks for one of that authority",
        "let the authority sign the host's key, or write the key itself into known_hosts",
    )


def declined(hop: Hop, fingerprint: str) -> HostKeyUnknown:
    return HostKeyUnknown(
        "the host key was not accepted",
        f"{hop.known_as} shows {fingerprint}; nothing was written",
        "compare the fingerprint on the host's console, then try again",
    )
