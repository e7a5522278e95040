"""Real OpenSSH on loopback: several sshd with configurations of their own, users of their own. Needs root.

Nothing outlives the tests: sshd and ssh-agent end with the process that started them, and what a killed one left (users,
their processes, sudoers, files) is taken away by the next start; a lock on its directory tells the dead from the living.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pwd
import re
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from novatui.config import ClusterConfig, NodeConfig, SshConfig
from novatui.remote.secrets import SecretAsk

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
# Ends the process when the thread that started it does; kill -9 included.
WITH_US = ("setpriv", "--pdeathsig", "KILL", "--")
PLACE = "nvo-"
_USER = re.compile(r"nvt[0-9a-f]{6}\Z")
SUDOERS = Path("/etc/sudoers.d")


def why_not() -> str:
    """Why these tests cannot run here, or empty."""
    if os.getuid() != 0:
        return "needs root: sshd logs other users in, and the users are made for it"
    tools = (SSHD, "sudo", "ssh-agent", "ssh-keygen", "useradd", "userdel", "chpasswd", "setpriv", "pkill")
    missing = [tool for tool in tools if not shutil.which(tool)]
    if not SUDOERS.is_dir():
        missing.append(str(SUDOERS))
    return f"not installed: {', '.join(missing)}" if missing else ""


def no_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return True
    return False


def run(*words: str, stdin: str = "", check: bool = True) -> str:
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, timeout=30, check=False)
    if check and done.returncode:
        raise RuntimeError(f"{words}: {done.stderr}")
    return done.stdout


@dataclass
class Server:
    """One sshd."""

    directory: Path
    port: int
    options: list[str]
    address: str = "127.0.0.1"
    process: subprocess.Popen[bytes] | None = None

    @property
    def host_key(self) -> str:
        return " ".join((self.directory / "host.pub").read_text().split()[:2])

    @property
    def fingerprint(self) -> str:
        return run("ssh-keygen", "-lf", str(self.directory / "host.pub")).split()[1]

    @property
    def log(self) -> str:
        return (self.directory / "log").read_text("utf-8", "replace")

    def new_key(self) -> None:
        for name in ("host", "host.pub"):
            (self.directory / name).unlink(missing_ok=True)
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.directory / "host"))

    def start(self) -> None:
        config = self.directory / "sshd_config"
        config.write_text("\n".join([*self.options, *self._common()]) + "\n")
        log = (self.directory / "log").open("ab")
        self.process = subprocess.Popen(
            [*WITH_US, SSHD, "-D", "-e", "-f", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        log.close()
        limit = time.monotonic() + 10
        while time.monotonic() < limit:
            with contextlib.suppress(OSError), socket.create_connection((self.address, self.port), 1):
                return
            time.sleep(0.02)
        raise RuntimeError(self.log)

    def children(self) -> list[int]:
        """The processes of its connections: sshd's own two for each, and what it runs for them."""
        assert self.process is not None
        found, left = [], [self.process.pid]
        while left:
            pid = left.pop()
            with contextlib.suppress(OSError):
                under = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
                left += [int(word) for word in under]
                found += [int(word) for word in under]
        return found

    def drop_connections(self) -> None:
        for pid in self.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        if self.process is None:
            return
        children = []  # held: when sshd has ended, the number of one that ended too may be anybody's
        for pid in self.children():
            with contextlib.suppress(OSError):
                children.append(os.pidfd_open(pid))
        self.process.terminate()
        self.process.wait(25)
        for held in children:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(held, signal.SIGKILL)
            os.close(held)
        self.process = None

    def _common(self) -> list[str]:
        keys = self.directory.parent / "keys"
        host = f"[{self.address}]" if ":" in self.address else self.address
        return [
            f"ListenAddress {host}:{self.port}",
            f"HostKey {self.directory / 'host'}",
            f"PidFile {self.directory / 'pid'}",
            f"AuthorizedKeysFile {keys}/%u",
            "StrictModes no",
            "UsePAM no",
            "LogLevel VERBOSE",
            "PasswordAuthentication no",
            "KbdInteractiveAuthentication no",
            "PermitRootLogin prohibit-password",
            "UseDNS no",
        ]


@dataclass
class Ground:
    """Servers, users and keys of one test module; ``close`` takes all of it away."""

    base: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix=PLACE)))
    servers: list[Server] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    lock: int = -1

    def prepare(self) -> None:
        """Also takes away what a killed run left."""
        with _alone():
            self.lock = os.open(self.base / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(self.lock, fcntl.LOCK_EX)
            clean_up()
        self.base.chmod(0o755)
        (self.base / "keys").mkdir(mode=0o755)
        Path("/run/sshd").mkdir(
            mode=0o755, exist_ok=True
        )  # sshd wants it; others may use it by now, so it stays

    def server(self, *options: str, address: str = "127.0.0.1") -> Server:
        with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
            probe.bind((address, 0))
            port = probe.getsockname()[1]
        directory = self.base / f"sshd{len(self.servers)}"
        directory.mkdir(mode=0o755)
        server = Server(directory, port, list(options), address)
        server.new_key()
        self.servers.append(server)
        server.start()
        return server

    def user(self, *, password: str = "", sudo: str = "") -> str:
        """``sudo``: what sudoers says after the name, e.g. ``ALL=(ALL) NOPASSWD: ALL``."""
        name = f"nvt{secrets.token_hex(3)}"
        home = self.base / f"home-{name}"
        with _alone():
            self.users.append(name)
            run("useradd", "-m", "-d", str(home), "-s", "/bin/bash", name)
            run("chpasswd", stdin=f"{name}:{password or secrets.token_hex(16)}\n")
        if sudo:
            file = SUDOERS / name
            file.touch(mode=0o440)
            file.write_text(f"{name} {sudo}\n")
        return name

    def key(self, *users: str, passphrase: str = "", kind: str = "ed25519") -> Path:
        """A key pair that these users accept."""
        path = self.base / f"id-{secrets.token_hex(4)}"
        run("ssh-keygen", "-q", "-t", kind, "-N", "", "-f", str(path))
        if passphrase:
            run("ssh-keygen", "-q", "-p", "-P", "", "-N", passphrase, "-f", str(path))
        for user in users:
            with (self.base / "keys" / user).open("a") as file:
                file.write(path.with_name(f"{path.name}.pub").read_text())
            (self.base / "keys" / user).chmod(0o644)
        return path

    def close(self) -> None:
        for server in self.servers:
            server.stop()
        with _alone():
            for name in self.users:
                _forget(name)
        shutil.rmtree(self.base, ignore_errors=True)
        os.close(self.lock)


@contextlib.contextmanager
def _alone() -> Iterator[None]:
    """One at a time among all processes of the tests: useradd gives up when another holds the lock of /etc/passwd."""
    fd = os.open(SUDOERS, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def clean_up() -> list[str]:
    """Take away the users, sudoers and directories of those who died; the names of what was found. For one alone."""
    found = []
    for place in sorted(Path(tempfile.gettempdir()).glob(f"{PLACE}*/lock")):
        if _is_dead(place):
            found.append(place.parent.name)
    for entry in pwd.getpwall():
        base = Path(entry.pw_dir).parent
        if _USER.match(entry.pw_name) and base.name.startswith(PLACE) and _is_dead(base / "lock"):
            _forget(entry.pw_name)
            found.append(entry.pw_name)
    for name in found:
        if name.startswith(PLACE):
            shutil.rmtree(Path(tempfile.gettempdir()) / name, ignore_errors=True)
    return found


def _is_dead(lock: Path) -> bool:
    """Nobody holds it; a directory without one is gone."""
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(fd)
    return True


def _forget(name: str) -> None:
    """A user of these tests, all that runs as him, and his right to sudo."""
    (SUDOERS / name).unlink(missing_ok=True)
    run("pkill", "-KILL", "-u", name, check=False)
    run("userdel", "-f", "-r", name, check=False)


@contextlib.contextmanager
def ssh_agent(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """An agent of our own that listens at ``path``."""
    quiet = subprocess.DEVNULL
    process = subprocess.Popen([*WITH_US, "ssh-agent", "-D", "-a", str(path)], stdout=quiet, stderr=quiet)
    limit = time.monotonic() + 10
    try:
        while not path.exists():
            assert time.monotonic() < limit and process.poll() is None, "no ssh-agent"
            time.sleep(0.01)
        yield process
    finally:
        process.kill()
        process.wait()


class Person:
    """A keeper that answers from a list for each kind, and keeps what it was asked."""

    def __init__(self, **answers: Iterable[str | None] | str | None) -> None:
        self._answers = {
            kind: iter([said] if said is None or isinstance(said, str) else said)
            for kind, said in answers.items()
        }
        self.asked: list[SecretAsk] = []

    async def ask(self, ask: SecretAsk) -> str | None:
        self.asked.append(ask)
        return next(self._answers.get(ask.kind.name.lower(), iter(())), None)

    @property
    def ids(self) -> list[str]:
        return [ask.secret_id for ask in self.asked]


class Decides:
    """About new host keys."""

    def __init__(self, yes: bool) -> None:
        self.yes = yes
        self.shown: list[tuple[str, str, int, str, str]] = []

    async def accept(self, node: str, host: str, port: int, key_type: str, fingerprint_sha256: str) -> bool:
        self.shown.append((node, host, port, key_type, fingerprint_sha256))
        return self.yes


def know(home: Path, *servers: Server, hashed: bool = False) -> Path:
    """``~/.ssh/known_hosts`` with their keys."""
    file = home / ".ssh/known_hosts"
    file.parent.mkdir(mode=0o700, exist_ok=True)
    lines = [f"[{server.address}]:{server.port} {server.host_key}\n" for server in servers]
    file.write_text("".join(lines))
    file.chmod(0o600)
    if hashed:
        run("ssh-keygen", "-q", "-H", "-f", str(file))
        file.with_name("known_hosts.old").unlink()
    return file


def ssh_config(home: Path, text: str) -> Path:
    file = home / ".ssh/config"
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)
    return file


def cluster(*nodes: NodeConfig) -> ClusterConfig:
    return ClusterConfig(name="test", nodes=nodes)


def node(server: Server, user: str, key: Path | None = None, name: str = "m1", **ssh: object) -> NodeConfig:
    values: dict[str, object] = {"user": user, "become": "none"}
    if key is not None:
        values["identity_files"] = (str(key),)
    return NodeConfig(
        name=name,
        host=server.address,
        port=server.port,
        ssh=SshConfig(**{**values, **ssh}),  # type: ignore[arg-type]
    )
