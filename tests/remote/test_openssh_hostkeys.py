"""Host keys of real OpenSSH: unknown ones by a person's word, changed and revoked ones never."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from novatui.model.cluster import Link, NodeError
from novatui.remote.command import Command
from novatui.remote.ssh import SshTransport
from tests.remote.openssh import Decides, Ground, Server, cluster, know, node, run, ssh_config

TRUE = Command(argv=("true",), timeout_s=10)


@pytest.fixture(scope="module")
def server(ground: Ground) -> Server:
    return ground.server()


@pytest.fixture(scope="module")
def user(ground: Ground) -> str:
    return ground.user()


@pytest.fixture(scope="module")
def key(ground: Ground, user: str) -> Path:
    return ground.key(user)


async def ends(
    server: Server, user: str, key: Path, decides: Decides | None
) -> tuple[Link, NodeError | None]:
    ssh = SshTransport(cluster(node(server, user, key)), None, decides)
    try:
        await ssh.run("m1", TRUE)
        state, error, _ = ssh.link("m1")
        return state, error
    finally:
        await ssh.close()


@pytest.mark.invariant("INV-8")
async def test_a_new_key_is_shown_accepted_and_written_for_ssh_too(
    server: Server, user: str, key: Path, home: Path
) -> None:
    decides = Decides(True)
    assert (await ends(server, user, key, decides))[0] is Link.LIVE
    assert decides.shown == [("m1", "127.0.0.1", server.port, "ssh-ed25519", server.fingerprint)]
    file = home / ".ssh/known_hosts"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assert run("ssh-keygen", "-F", f"[127.0.0.1]:{server.port}", "-f", str(file))
    assert (await ends(server, user, key, decides))[0] is Link.LIVE
    assert len(decides.shown) == 1 and len(file.read_text().splitlines()) == 1


@pytest.mark.invariant("INV-8")
async def test_a_key_that_is_declined_is_not_written(
    server: Server, user: str, key: Path, home: Path
) -> None:
    state, error = await ends(server, user, key, Decides(False))
    assert state is Link.REFUSED and error is not None and error.code == "host-key-unknown"
    assert server.fingerprint in error.title and not (home / ".ssh/known_hosts").exists()


@pytest.mark.invariant("INV-8")
async def test_nobody_is_asked_where_ssh_would_ask_nobody(
    server: Server, user: str, key: Path, home: Path
) -> None:
    ssh_config(home, "Host *\n  StrictHostKeyChecking yes\n")
    decides = Decides(True)
    state, error = await ends(server, user, key, decides)
    assert state is Link.REFUSED and error is not None and error.code == "host-key-unknown"
    assert "StrictHostKeyChecking yes" in error.title and "StrictHostKeyChecking=ask" in error.hint
    assert not decides.shown and not (home / ".ssh/known_hosts").exists()
    know(home, server)
    assert (await ends(server, user, key, decides))[0] is Link.LIVE


@pytest.mark.parametrize("by", ["file", "option"])
async def test_hashed_files_are_read_and_stay_hashed(
    ground: Ground, server: Server, user: str, key: Path, home: Path, by: str
) -> None:
    other = ground.server()
    if by == "file":
        file = know(home, server, hashed=True)
        assert "127.0.0.1" not in file.read_text()
        assert (await ends(server, user, key, None))[0] is Link.LIVE
    else:
        ssh_config(home, "Host *\n  HashKnownHosts yes\n")
        file = home / ".ssh/known_hosts"
    assert (await ends(other, user, key, Decides(True)))[0] is Link.LIVE
    assert "127.0.0.1" not in file.read_text()
    assert run("ssh-keygen", "-F", f"[127.0.0.1]:{other.port}", "-f", str(file))


@pytest.mark.invariant("INV-8")
async def test_a_reinstalled_node_is_refused_with_the_line_to_look_at(
    ground: Ground, user: str, key: Path, home: Path
) -> None:
    node_ = ground.server()
    file = know(home, *ground.servers)
    line = file.read_text().splitlines().index(f"[127.0.0.1]:{node_.port} {node_.host_key}") + 1
    node_.stop()
    node_.new_key()
    node_.start()
    decides = Decides(True)
    before = file.read_text()
    state, error = await ends(node_, user, key, decides)
    assert state is Link.REFUSED and error is not None and error.code == "host-key-changed"
    assert f"{file}:{line}" in error.title and node_.fingerprint in error.title
    assert "ssh-keygen -f" in error.hint and not decides.shown and file.read_text() == before


@pytest.mark.invariant("INV-8")
@pytest.mark.parametrize("named", ["127.0.0.1", "[127.0.0.1]:{port}", "*"])
async def test_a_revoked_key_is_refused_without_asking(
    server: Server, user: str, key: Path, home: Path, named: str
) -> None:
    file = know(home, server)
    file.write_text(f"{file.read_text()}@revoked {named.format(port=server.port)} {server.host_key}\n")
    for text in (file.read_text(), file.read_text().splitlines()[1] + "\n"):
        file.write_text(text)
        decides = Decides(True)
        state, error = await ends(server, user, key, decides)
        assert state is Link.REFUSED and error is not None and error.code == "host-key-changed"
        assert "revoked" in error.title and f"{file}:{len(text.splitlines())}" in error.title
        assert not decides.shown


async def test_a_file_of_the_configuration_alone_is_believed(
    server: Server, user: str, key: Path, home: Path
) -> None:
    know(home, server)
    own = home / "own_known_hosts"
    config = cluster(node(server, user, key, known_hosts=str(own)))
    ssh = SshTransport(config)
    try:
        await ssh.run("m1", TRUE)
        error = ssh.link("m1")[1]
        assert error is not None and error.code == "host-key-unknown" and str(own) in error.title
    finally:
        await ssh.close()


async def test_the_alias_names_the_key(server: Server, user: str, key: Path, home: Path) -> None:
    file = know(home)
    file.write_text(f"nova-one {server.host_key}\n")
    ssh_config(home, "Host *\n  HostKeyAlias nova-one\n")
    assert (await ends(server, user, key, None))[0] is Link.LIVE
    file.write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n")
    state, error = await ends(server, user, key, None)
    assert state is Link.REFUSED and error is not None and "nova-one" in error.title


@pytest.mark.invariant("INV-8")
async def test_a_list_of_revoked_keys_is_respected(
    ground: Ground, server: Server, user: str, key: Path, home: Path
) -> None:
    know(home, server)
    listed = home / "revoked"
    ssh_config(home, f"Host *\n  RevokedHostKeys {listed}\n")
    listed.write_text(f"# others\n{ground.key().with_suffix('.pub').read_text()}")
    assert (await ends(server, user, key, None))[0] is Link.LIVE
    with listed.open("a") as file:
        file.write(f"{server.host_key} of this one\n")
    decides = Decides(True)
    state, error = await ends(server, user, key, decides)
    assert state is Link.REFUSED and error is not None and error.code == "host-key-changed"
    assert "revoked" in error.title and f"{listed}:3" in error.title and not decides.shown
    for bad in (b"SSHKRL\n\0", b"nonsense\n", None):
        listed.unlink() if bad is None else listed.write_bytes(bad)
        state, error = await ends(server, user, key, decides)
        assert state is Link.REFUSED and error is not None and str(listed) in error.title
