"""Logins at real OpenSSH: ssh_config, agent, passphrases, certificates, passwords. Each thing asked once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from novatui.config import ClusterConfig, NodeConfig, SshConfig
from novatui.model.cluster import Link
from novatui.remote.command import Command, Outcome
from novatui.remote.secrets import Keeper, SecretKind
from novatui.remote.ssh import SshTransport
from tests.remote.openssh import (
    Ground,
    Person,
    Server,
    cluster,
    know,
    no_ipv6,
    node,
    run,
    ssh_agent,
    ssh_config,
)

WHO = Command(argv=("id", "-un"), timeout_s=10)


@asynccontextmanager
async def at(config: ClusterConfig, keeper: Keeper | None = None) -> AsyncIterator[SshTransport]:
    transport = SshTransport(config, keeper)
    try:
        yield transport
    finally:
        await transport.close()


async def who(config: ClusterConfig, keeper: Keeper | None = None) -> list[Outcome]:
    async with at(config, keeper) as ssh:
        return list(await asyncio.gather(*(ssh.run(each.name, WHO) for each in config.nodes)))


@pytest.fixture(scope="module")
def server(ground: Ground) -> Server:
    return ground.server("MaxStartups 100")


@pytest.fixture(scope="module")
def user(ground: Ground) -> str:
    return ground.user(password="the-login-word")


@pytest.fixture
def agent(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    path = home.parent / "agent"
    with ssh_agent(path):
        monkeypatch.setenv("SSH_AUTH_SOCK", str(path))
        yield path


async def test_what_works_for_ssh_works_without_a_setting(
    ground: Ground, server: Server, user: str, home: Path
) -> None:
    key = ground.key(user)
    known = home / "elsewhere"
    known.write_text(f"[127.0.0.1]:{server.port} {server.host_key}\n")
    ssh_config(
        home, f"Include parts/*.conf\nMatch originalhost nova-master-?\n  UserKnownHostsFile {known} # ours\n"
    )
    (home / ".ssh/parts").mkdir()
    (home / ".ssh/parts/b.conf").write_text("Host nova-*\n  User nobody\n  Port 1\n")
    (home / ".ssh/parts/a.conf").write_text(
        f'Host nova-master-1 x\n  HostName 127.0.0.1\n  User = "{user}"\n  Port {server.port}\n  IdentityFile {key}\n'
        "  IdentitiesOnly yes\n  StrictHostKeyChecking no\n  ControlMaster auto\n  ProxyCommand none\n"
    )
    node = NodeConfig(name="m1", host="nova-master-1", ssh=SshConfig(become="none"))
    async with at(cluster(node)) as ssh:
        assert (await ssh.run("m1", WHO)).text().strip() == user
        notes = "\n".join(ssh.notes("m1"))
    assert "stricthostkeychecking no" in notes and "controlmaster" in notes and "a.conf:" in notes
    assert "proxycommand" not in notes


async def test_the_configuration_wins_over_ssh_config(
    ground: Ground, server: Server, user: str, home: Path
) -> None:
    know(home, server)
    ssh_config(home, "Host *\n  User nobody\n  Port 1\n  IdentityFile /nowhere\n")
    assert (await who(cluster(node(server, user, ground.key(user)))))[0].text().strip() == user


@pytest.mark.skipif(no_ipv6(), reason="no IPv6 here")
async def test_ipv6_and_names(ground: Ground, user: str, home: Path) -> None:
    six = ground.server(address="::1")
    key = ground.key(user)
    file = know(home, six)
    assert (await who(cluster(node(six, user, key))))[0].ok
    four = ground.server()
    file.write_text(f"[localhost]:{four.port} {four.host_key}\n")
    ssh_config(home, f"Host localhost\n  Port {four.port}\n  AddressFamily inet\n")
    by_name = NodeConfig(
        name="m1", host="localhost", ssh=SshConfig(user=user, identity_files=(str(key),), become="none")
    )
    assert (await who(cluster(by_name)))[0].ok


async def test_a_passphrase_is_asked_once_for_all_masters(
    ground: Ground, server: Server, user: str, home: Path
) -> None:
    key = ground.key(user, passphrase="open sesame")
    know(home, server)
    person = Person(passphrase=["wrong one", "open sesame"])
    outcomes = await who(cluster(*(node(server, user, key, f"m{i}") for i in range(3))), person)
    assert [outcome.text().strip() for outcome in outcomes] == [user] * 3
    assert person.ids == [f"passphrase:{key}"] * 2
    assert [ask.attempt for ask in person.asked] == [1, 2]


@pytest.mark.parametrize("said", [["no", "never", "nope", "open sesame"], [None]])
async def test_a_key_that_stays_shut_is_a_clear_refusal(
    ground: Ground, server: Server, user: str, home: Path, said: list[str | None]
) -> None:
    key = ground.key(user, passphrase="open sesame")
    know(home, server)
    person = Person(passphrase=said)
    async with at(cluster(node(server, user, key)), person) as ssh:
        assert not (await ssh.run("m1", WHO)).ok
        state, error, _ = ssh.link("m1")
    assert state is Link.REFUSED and error is not None and error.code == "auth-failed"
    assert f"{key} has a passphrase and was not opened" in error.title
    assert len(person.asked) == (3 if said[0] else 1)


async def test_a_passphrase_is_not_asked_for_a_key_the_server_would_not_take(
    ground: Ground, server: Server, user: str, home: Path
) -> None:
    stranger, key = ground.key(passphrase="open sesame"), ground.key(user)
    know(home, server)
    person = Person(passphrase="open sesame")
    config = cluster(node(server, user, identity_files=(str(stranger), str(key))))
    assert (await who(config, person))[0].ok and not person.asked


async def test_the_agent_logs_in_and_its_absence_is_named(
    ground: Ground, server: Server, user: str, home: Path, agent: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = ground.key(user, passphrase="open sesame")
    know(home, server)
    plain = ground.key(user)
    run("ssh-add", "-q", str(plain))
    assert (await who(cluster(node(server, user))))[0].ok
    run("ssh-add", "-q", "-D")
    async with at(cluster(node(server, user))) as ssh:
        await ssh.run("m1", WHO)
        error = ssh.link("m1")[1]
    assert error is not None and "the ssh-agent holds no key" in error.title
    monkeypatch.delenv("SSH_AUTH_SOCK")
    async with at(cluster(node(server, user, key))) as ssh:
        await ssh.run("m1", WHO)
        error = ssh.link("m1")[1]
    assert error is not None and "no ssh-agent" in error.title and "passphrase" in error.title


async def test_identities_only_picks_from_a_full_agent(
    ground: Ground, user: str, home: Path, agent: Path
) -> None:
    strict = ground.server("MaxAuthTries 2")
    for _ in range(4):
        run("ssh-add", "-q", str(ground.key()))
    right = ground.key(user)
    run("ssh-add", "-q", str(right))
    right.unlink()  # only its public half is here, as with a card
    know(home, strict)
    assert not (await who(cluster(node(strict, user))))[0].ok
    ssh_config(home, f"Host *\n  IdentityFile {right}\n  IdentitiesOnly yes\n")
    assert (await who(cluster(node(strict, user))))[0].ok


async def test_user_and_host_certificates(ground: Ground, home: Path, user: str) -> None:
    authority, key = ground.key(), ground.key()
    server = ground.server(
        f"TrustedUserCAKeys {authority}.pub", f"HostCertificate {ground.base}/cert-host-cert.pub"
    )
    run("ssh-keygen", "-q", "-s", str(authority), "-I", "ops", "-n", user, f"{key}.pub")
    certificate = Path(f"{key}-cert.pub").rename(ground.base / "user-cert.pub")
    public = ground.base / "cert-host.pub"
    public.write_text((server.directory / "host.pub").read_text())
    run("ssh-keygen", "-q", "-s", str(authority), "-h", "-I", "host", "-n", "127.0.0.1", str(public))
    server.stop()
    server.start()
    file = know(home)
    words = " ".join(Path(f"{authority}.pub").read_text().split()[:2])
    file.write_text(f"@cert-authority [127.0.0.1]:* {words}\n")
    ssh_config(home, f"Host *\n  CertificateFile {certificate}\n")
    assert (await who(cluster(node(server, user, key))))[0].text().strip() == user
    other = " ".join(ground.key().with_suffix(".pub").read_text().split()[:2])
    file.write_text(f"@cert-authority [127.0.0.1]:* {other}\n")
    async with at(cluster(node(server, user, key))) as ssh:
        assert not (await ssh.run("m1", WHO)).ok
        error = ssh.link("m1")[1]
    assert error is not None and error.code == "host-key-unknown" and f"{file}:1" in error.title


@pytest.mark.parametrize(
    "options",
    [("PasswordAuthentication yes",), ("KbdInteractiveAuthentication yes", "UsePAM yes")],
    ids=["password", "keyboard-interactive"],
)
async def test_a_password_is_asked_once_a_host(
    ground: Ground, user: str, home: Path, options: tuple[str, ...]
) -> None:
    server = ground.server(*options)
    know(home, server)
    person = Person(password=["a wrong word", "the-login-word"])
    async with at(cluster(node(server, user)), person) as ssh:
        assert (await ssh.run("m1", WHO)).text().strip() == user, (ssh.link("m1"), server.log)
        server.drop_connections()
        async with asyncio.timeout(15):
            while not (await ssh.run("m1", WHO)).ok:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    assert [(ask.kind, ask.attempt) for ask in person.asked] == [
        (SecretKind.PASSWORD, 1),
        (SecretKind.PASSWORD, 2),
    ]
    assert person.ids[0] == f"password:{user}@127.0.0.1:{server.port}"
    async with at(cluster(node(server, user)), Person()) as ssh:
        assert not (await ssh.run("m1", WHO)).ok
        state, error, _ = ssh.link("m1")
    assert state is Link.REFUSED and error is not None and "no password was given" in error.title


async def test_a_password_that_is_wrong_by_now_is_not_tried_over_and_over(ground: Ground, home: Path) -> None:
    """After a lost connection a login is repeated by itself, but not one that a person was asked for in vain."""
    user = ground.user(password="the-login-word")
    server = ground.server("PasswordAuthentication yes")
    know(home, server)
    person = Person(password="the-login-word")
    async with at(cluster(node(server, user)), person) as ssh:
        assert (await ssh.run("m1", WHO)).ok
        run("chpasswd", stdin=f"{user}:another\n")
        server.drop_connections()
        async with asyncio.timeout(60):
            while ssh.link("m1")[0] is not Link.REFUSED:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        tried = server.log.count("Failed password")
        await asyncio.sleep(3)
        error = ssh.link("m1")[1]
        assert error is not None and "no password was given" in error.title
        assert server.log.count("Failed password") == tried == 1
        assert [ask.attempt for ask in person.asked] == [1, 2]
