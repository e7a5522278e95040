"""ssh_config as OpenSSH reads it; ``ssh -G`` of this machine is asked for its opinion."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from novatui.config import NodeConfig, SshConfig
from novatui.errors import RemoteError
from novatui.remote import ssh_config_notes
from novatui.remote.route import route
from novatui.remote.ssh_config import look_up

TEXTS = [
    "Host a b\n  HostName %h.example\n  User ops\n  Port 2201\nHost *\n  User late\n  Port 99\n",
    "User first\nHost *\n  User second\nHost h?st-*\n  Port 7\n",
    "Host * !host-1\n  User not-me\nHost *\n  User me\n",
    'Host host-1\n  User "with space" # a comment\n  Port=2222\nIdentityFile ~/.ssh/%r_%h\nIdentityFile /k/two\n',
    "Match host real.example\n  User never\nHost host-1\n  HostName real.example\nMatch host real.example user me\n  Port 1\n"
    "Match host real.example\n  User me\nMatch originalhost host-1 user me\n  Port 5\n",
    'Match exec "true"\n  User yes\nMatch exec "false"\n  Port 9\nMatch !exec "false"\n  Port 10\n',
    "Match final host *.example\n  User finally\nHost host-1\n  HostName x.example\n",
    "Match all\n  User all\nMatch localuser nobody-at-all\n  Port 4\n",
    "Host host-1\n  ProxyJump ops@b1:2200,b2\n  CertificateFile /c/%n\n  IdentitiesOnly yes\n  HostKeyAlias x\n",
    "Host other\n  Include sub.conf\nHost host-1\n  Include sub*.conf\n  Port 8\nUser tail\n",
    'Host host-1\n  ProxyCommand nc -X 5 "%h" %p # %% not a comment \nHost *\n  ProxyJump b1\n',
    "Host host-1\n  ProxyJump b1\nHost *\n  ProxyCommand nc %h %p\n",
    "Host host-1\n  ProxyCommand none\n  ProxyJump b1\nHost *\n  ProxyCommand=exec  ssh -W %h:%p b2\n",
    "Host HOST-1\n  User upper\nHost host-1\n  hostname HOST-X\n  UserKnownHostsFile /a /b\n  ConnectTimeout 3\n",
]
ASKED = {
    "hostname": "hostname",
    "user": "user",
    "port": "port",
    "proxyjump": "proxyjump",
    "certificatefile": "certificatefile",
    "hostkeyalias": "hostkeyalias",
    "identitiesonly": "identitiesonly",
    "userknownhostsfile": "userknownhostsfile",
    "connecttimeout": "connecttimeout",
}


def write(home: Path, text: str, name: str = "config") -> Path:
    file = home / ".ssh" / name
    file.parent.mkdir(mode=0o700, exist_ok=True)
    file.write_text(text)
    file.chmod(0o600)
    return file


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh client to compare with")
@pytest.mark.parametrize("text", TEXTS)
def test_it_reads_as_ssh_does(home: Path, text: str) -> None:
    write(home, "Port 77\nHost zzz\n  User never\n", "sub.conf")
    # ssh finds relative names in the directory of the account, not of HOME.
    text = text.replace("Include sub", f"Include {home}/.ssh/sub")
    file = write(home, text)
    for host in ("host-1", "a", "other"):
        done = subprocess.run(
            ["ssh", "-G", "-F", str(file), host], capture_output=True, text=True, timeout=20, check=True
        )
        theirs: dict[str, list[str]] = {}
        for line in done.stdout.splitlines():
            keyword, _, value = line.partition(" ")
            theirs.setdefault(keyword, []).append(value)
        # The system's own file takes no part with -F.
        ours = look_up(host, local_user=_me(), files=[(file, True)])
        assert ours.hostname == theirs["hostname"][0], host
        assert ours.user == theirs["user"][0], host
        assert (ours.first("port") or "22") == theirs["port"][0], host
        assert (ours.first("proxyjump") or None) == theirs.get("proxyjump", [None])[0], host
        assert (ours.first("proxycommand") or None) == theirs.get("proxycommand", [None])[0], host
        for keyword in ("certificatefile", "hostkeyalias", "userknownhostsfile", "identityfile"):
            if keyword in ours.values:
                said = (
                    [" ".join(ours.values[keyword])]
                    if keyword == "userknownhostsfile"
                    else ours.values[keyword]
                )
                assert said == theirs[keyword], (host, keyword)
        assert ours.yes("identitiesonly") == (theirs["identitiesonly"][0] == "yes"), host


def _me() -> str:
    import getpass

    return getpass.getuser()


def test_a_file_that_others_could_write_is_refused(home: Path) -> None:
    write(home, "Host *\n  User x\n").chmod(0o620)
    with pytest.raises(RemoteError, match="written by others"):
        look_up("h", local_user="me")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Host *\n  Port ssh\n", "config line 2: ssh is no port"),
        ("Host\n", "config line 1: host has no value"),
        ("Include config\n", "Include goes too deep"),
        ("User %Z\n", ""),
    ],
)
def test_what_cannot_be_understood_is_named_by_line(home: Path, text: str, said: str) -> None:
    write(home, text)
    if not said:
        look_up("h", local_user="me")
        return
    with pytest.raises(RemoteError) as caught:
        look_up("h", local_user="me")
    assert said in caught.value.detail


def test_what_is_not_followed_is_named_with_its_line_once(home: Path) -> None:
    file = write(
        home,
        "Host m\n  StrictHostKeyChecking accept-new\n  ControlMaster no\n  GSSAPIAuthentication yes\n"
        "Match version 3\n  User x\nHost n\n  ControlMaster auto\nHost m\n  PKCS11Provider /lib/x.so\n"
        "  ServerAliveInterval 5\n  ProxyJmp b\n  GSSAPIAuthentication no\n",
    )
    notes = look_up("m", local_user="me", files=[(file, True)]).notes
    assert [note.split(":")[1] for note in notes] == ["2", "4", "5", "10", "12"]
    assert notes[0].startswith(str(file)) and "Kerberos" in notes[1] and "not understood" in notes[2]
    assert "ssh-agent" in notes[3] and "proxyjmp b is not followed: it is not known here" in notes[4]
    system = look_up("m", local_user="me", files=[(file, False)]).notes
    assert not [note for note in system if "Kerberos" in note], "every Debian has it in its own file"


@pytest.mark.skipif(shutil.which("ssh") is None, reason="no ssh client to compare with")
def test_every_keyword_of_this_ssh_is_known(home: Path) -> None:
    """Followed, named, or of no matter; none of them is taken for a mistake."""
    done = subprocess.run(["ssh", "-G", "h"], capture_output=True, text=True, timeout=20, check=True)
    words = {line.split()[0].lower() for line in done.stdout.splitlines()} - {"host"}
    assert len(words) > 60
    unknown = [word for word in words if "not known here" in ssh_config_notes.note(word, ["x"], own=True)]
    assert unknown == []


def test_a_proxy_command_is_written_for_the_shell(home: Path) -> None:
    write(
        home,
        "Host m\n  HostName 10.0.0.1\n  Port 2200\n  User ops\n"
        '  ProxyCommand nc -x "$PROXY" %h %p | tee /tmp/%r-%n-100%% # all of it\n',
    )
    way = route(NodeConfig(name="n", host="m"))
    assert way.master.command == 'nc -x "$PROXY" 10.0.0.1 2200 | tee /tmp/ops-m-100% # all of it'
    assert way.jumps == () and way.notes == ()
    for jump in ("none", "b"):
        assert route(NodeConfig(name="n", host="m", ssh=SshConfig(jump=jump))).master.command == ""
    write(home, "Host b1\n  ProxyCommand one\nHost b2\n  ProxyCommand two\nHost m\n  ProxyJump b1,b2\n")
    assert [hop.command for hop in route(NodeConfig(name="n", host="m")).jumps] == ["one", ""]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Host m\n  ProxyCommand nc %d\n", "knows no %d"),
        ("Host m\n  ProxyCommand nc 100%\n", "knows no %"),
        ("Host m\n  User $(id)\n  ProxyCommand ssh -l %r b\n", "%r of ProxyCommand is '$(id)'"),
        ("Host m\n  User -oProxyCommand=id\n  ProxyCommand ssh -l %r b\n", "%r of ProxyCommand"),
        ("Host m\n  HostKeyAlias 'a;b'\n  ProxyCommand x %k\n", "%k of ProxyCommand"),
        ("Host m\n  ProxyUseFdpass yes\n  ProxyCommand x\n", "would hand over a socket"),
    ],
)
def test_a_proxy_command_that_cannot_be_written_is_refused(home: Path, text: str, said: str) -> None:
    write(home, text)
    with pytest.raises(RemoteError) as caught:
        route(NodeConfig(name="n", host="m"))
    assert said in caught.value.detail


def test_precedence_of_the_three(home: Path) -> None:
    write(
        home,
        "Host m1\n  HostName 10.0.0.1\n  User ops\n  Port 2200\n  ConnectTimeout 3\n  ProxyJump b\n"
        "  IdentityFile /k/%h\n  UserKnownHostsFile /kh\nHost b\n  User jumper\n",
    )
    bare = route(NodeConfig(name="n", host="m1"))
    assert (bare.master.where, bare.master.timeout_s) == ("ops@10.0.0.1:2200", 3.0)
    assert bare.master.identities == ("/k/10.0.0.1",) and bare.master.known_hosts[0] == "/kh"
    assert [hop.where for hop in bare.jumps] == ["jumper@b"]
    said = SshConfig(user="me", identity_files=("/mine",), known_hosts="/my", connect_timeout=9, jump="none")
    told = route(NodeConfig(name="n", host="m1", port=23, ssh=said))
    assert (told.master.where, told.master.timeout_s) == ("me@10.0.0.1:23", 9)
    assert (told.master.identities, told.master.known_hosts, told.jumps) == (("/mine",), ("/my",), ())
    nothing = route(NodeConfig(name="n", host="10.9.9.9")).master
    assert nothing.where == f"{_me()}@10.9.9.9" and nothing.known_hosts[0] == f"{home}/.ssh/known_hosts"


def test_jumps_in_a_circle_end(home: Path) -> None:
    write(home, "Host a\n  ProxyJump b\nHost b\n  ProxyJump a\n")
    with pytest.raises(RemoteError, match="circle"):
        route(NodeConfig(name="n", host="a"))


@pytest.mark.parametrize(
    ("word", "where"),
    [
        ("b", "{me}@b"),
        ("ops@b:22", "ops@b"),
        ("ops@[::1]:2222", "ops@[::1]:2222"),
        ("fe80::1", "{me}@[fe80::1]"),
        (r"dom\ops@b", r"dom\ops@b"),
    ],
)
def test_places_of_jumps(word: str, where: str) -> None:
    assert route(NodeConfig(name="n", host="m", ssh=SshConfig(jump=word))).jumps[0].where == where.format(
        me=_me()
    )
