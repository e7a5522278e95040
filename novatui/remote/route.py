"""The way to a master: what config.toml, ssh_config and ssh's defaults say together, hop by hop. No network here."""

from __future__ import annotations

import getpass
import os
import re
from pathlib import Path

import msgspec

from novatui.config import NodeConfig
from novatui.errors import RemoteError
from novatui.remote import proxy_command
from novatui.remote.ssh_config import Found, look_up

CONNECT_TIMEOUT_S = 8.0
JUMPS_MAX = 8
DEFAULT_KEYS = ("id_rsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519", "id_ed25519_sk", "id_dsa")
USER_KNOWN_HOSTS = ("~/.ssh/known_hosts", "~/.ssh/known_hosts2")
GLOBAL_KNOWN_HOSTS = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")
# A name that a shell or a proxy could take for something else is no host.
_HOST = re.compile(r"[A-Za-z0-9:_][A-Za-z0-9.:_%-]*\Z")


class Hop(msgspec.Struct, frozen=True, kw_only=True):
    """One login. Equal hops are one connection.

    ``identities``: key files in the order they are offered; ``chosen`` says that a person named them, so a missing one is
    an error. ``only``: the agent may offer nothing else. ``agent``: the agent's socket, empty = none.
    ``known_hosts``: the files to believe, the first takes new keys; ``revoked_by``: files believed only in what they
    revoke; ``revoked_keys``: a file of keys nobody may show. ``alias``: the name that known_hosts uses.
    """

    name: str
    host: str
    port: int
    user: str
    identities: tuple[str, ...]
    chosen: bool
    only: bool
    certificates: tuple[str, ...]
    agent: str
    known_hosts: tuple[str, ...]
    revoked_by: tuple[str, ...]
    revoked_keys: str
    hash_new: bool
    strict: bool  # StrictHostKeyChecking yes: nobody is asked about a key that is not known
    alias: str
    family: str  # any | inet | inet6
    timeout_s: float
    pubkey: bool
    password: bool
    interactive: bool
    prompts: int
    preferred: tuple[str, ...]
    command: str = ""  # ProxyCommand, ready for the shell: it makes the way, not we

    @property
    def where(self) -> str:
        """``user@host:port``, as a person writes it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.user}@{host}" + (f":{self.port}" if self.port != 22 else "")

    @property
    def known_as(self) -> str:
        """The host as a line of known_hosts names it."""
        if self.alias:
            return self.alias
        return self.host.lower() if self.port == 22 else f"[{self.host.lower()}]:{self.port}"


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """``jumps`` in the order they are gone through, then ``master``. ``notes``: what of ssh_config is not followed."""

    jumps: tuple[Hop, ...]
    master: Hop
    notes: tuple[str, ...]


def route(node: NodeConfig) -> Route:
    """Reads ssh_config now. Raises RemoteError when it cannot be followed."""
    ssh = node.ssh
    found = look_up(_bare(node.host), user=ssh.user, port=node.port, local_user=_local_user())
    master = _hop(node.name, found)
    master = msgspec.structs.replace(master, timeout_s=ssh.connect_timeout or master.timeout_s)
    if ssh.identity_files:
        master = msgspec.structs.replace(master, identities=ssh.identity_files, chosen=True)
    if ssh.known_hosts:  # a person named the file: that one alone is believed
        master = msgspec.structs.replace(
            master, known_hosts=(ssh.known_hosts,), revoked_by=master.known_hosts + master.revoked_by
        )
    notes = list(found.notes)
    if ssh.jump:  # said in the configuration: whatever ssh_config does to get there is not asked for
        master = msgspec.structs.replace(master, command="")
    jumps = _jumps(ssh.jump or found.first("proxyjump"), notes, (node.name,))
    if ssh.known_hosts:
        jumps = tuple(_also_believes(hop, ssh.known_hosts) for hop in jumps)
    if ssh.identity_files:
        jumps = tuple(_also_offers(hop, ssh.identity_files) for hop in jumps)
    return Route(jumps=jumps, master=master, notes=tuple(dict.fromkeys(notes)))


def _jumps(text: str, notes: list[str], seen: tuple[str, ...]) -> tuple[Hop, ...]:
    """``[user@]host[:port]``, several with commas. Only the first is looked up for a way of its own, as ssh does."""
    if not text or text.lower() == "none":
        return ()
    hops: list[Hop] = []
    for at, word in enumerate(text.split(",")):
        user, host, port = _place(word.strip())
        if word in seen or len(seen) > JUMPS_MAX:
            raise RemoteError(
                "the jump hosts go in a circle", " -> ".join((*seen, word)), "correct ProxyJump"
            )
        found = look_up(host, user=user, port=port, local_user=_local_user())
        notes += found.notes
        hop = _hop(host, found)
        if at == 0:
            hops += _jumps(found.first("proxyjump"), notes, (*seen, word))
        else:
            hop = msgspec.structs.replace(hop, command="")
        hops.append(hop)
    return tuple(hops)


def _hop(name: str, found: Found) -> Hop:
    host = found.hostname
    if not _HOST.match(host):
        raise RemoteError("ssh_config names no host", f"HostName {host!r} of {name}", "correct HostName")
    identities = tuple(
        found.expand(path) for path in found.values.get("identityfile", ()) if path.lower() != "none"
    )
    chosen = "identityfile" in found.values
    home = Path.home() / ".ssh"
    user_files = found.values.get("userknownhostsfile", list(USER_KNOWN_HOSTS))
    global_files = found.values.get("globalknownhostsfile", list(GLOBAL_KNOWN_HOSTS))
    files = [*user_files, *global_files]
    interactive = found.yes(
        "kbdinteractiveauthentication", found.yes("challengeresponseauthentication", True)
    )
    return Hop(
        name=name,
        host=host,
        port=int(found.first("port") or 22),
        user=found.user,
        identities=identities if chosen else tuple(str(home / key) for key in DEFAULT_KEYS),
        chosen=False,
        only=found.yes("identitiesonly"),
        certificates=tuple(found.expand(path) for path in found.values.get("certificatefile", ())),
        agent=_agent(found),
        known_hosts=tuple(found.expand(path) for path in files if path.lower() not in ("none", "/dev/null")),
        revoked_by=(),
        revoked_keys=found.expand(found.first("revokedhostkeys")),
        hash_new=found.yes("hashknownhosts"),
        strict=found.yes("stricthostkeychecking"),
        alias=found.first("hostkeyalias").lower(),
        family=found.first("addressfamily", "any").lower(),
        timeout_s=_seconds(found.first("connecttimeout")),
        pubkey=found.first("pubkeyauthentication", "yes").lower() != "no",
        password=found.yes("passwordauthentication", True),
        interactive=interactive,
        prompts=int(found.first("numberofpasswordprompts") or 3),
        preferred=tuple(found.first("preferredauthentications").split(",")),
        command=_command(found),
    )


def _command(found: Found) -> str:
    command = found.first("proxycommand")
    if command and found.yes("proxyusefdpass"):
        raise RemoteError(
            "ProxyUseFdpass of ssh_config is not followed",
            f"{found.host}: its ProxyCommand would hand over a socket",
            "let the command pass the data on, or use ProxyJump, or jump in the configuration",
        )
    return proxy_command.written(command, found.tokens)


def _agent(found: Found) -> str:
    """The socket's path: IdentityAgent, else the environment's."""
    said = found.values.get("identityagent", ["SSH_AUTH_SOCK"])[0]
    if said.lower() == "none":
        return ""
    if said == "SSH_AUTH_SOCK":
        return os.environ.get("SSH_AUTH_SOCK", "")
    if said.startswith("$") and not said.startswith("${"):
        return os.environ.get(said[1:], "")
    return found.expand(said)


def _place(word: str) -> tuple[str, str, int]:
    """``[user@]host[:port]``; an IPv6 address with a port is in brackets."""
    word = word.removeprefix("ssh://")
    user, _, place = word.rpartition("@")
    match = re.fullmatch(r"\[([^\]]+)\](?::(\d+))?|([^:]+)(?::(\d+))?|([0-9A-Fa-f:.%\w]+)", place)
    if match is None:
        raise RemoteError("a jump host cannot be understood", repr(word), "write user@host:port")
    host = match[1] or match[3] or match[5]
    return user, host, int(match[2] or match[4] or 0)


def _also_believes(hop: Hop, file: str) -> Hop:
    return msgspec.structs.replace(hop, known_hosts=(file, *(f for f in hop.known_hosts if f != file)))


def _also_offers(hop: Hop, files: tuple[str, ...]) -> Hop:
    extra = tuple(file for file in files if file not in hop.identities)
    return msgspec.structs.replace(hop, identities=hop.identities + extra)


def _bare(host: str) -> str:
    return host[1:-1] if host.startswith("[") and host.endswith("]") else host


def _seconds(text: str) -> float:
    return min(120.0, max(1.0, float(text))) if text.isdigit() and int(text) else CONNECT_TIMEOUT_S


def _local_user() -> str:
    """Who ssh would log in as when nobody says."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "root"
