"""Masters whose sshd gives little, or shows another host key, while a restore is under way."""

from __future__ import annotations

import socket
from pathlib import Path

import asyncssh
import pytest

from tests.lab import image
from tests.lab.cluster import until
from tests.lab.invariants import Before
from tests.lab.lab import NAME, Lab
from tests.lab.restoring import Restoring, watched
from tests.lab.shapes import Shape, quorum_lost
from tests.lab.stopping import FIRST_RENAME, Stopping

BOTH = [Shape(image=name) for name in image.IMAGES]
HOST_KEY = "etc/ssh/ssh_host_ed25519_key"
# Logins that a run may make on a master, with two sessions each, without going round in circles.
LOGINS_AT_MOST = 40


@pytest.mark.invariant("INV-3", "INV-6")
@pytest.mark.parametrize("lab", BOTH, indirect=True, ids=str)
def test_two_sessions_a_connection_and_one_login_at_a_time(lab: Lab, tmp_path: Path) -> None:
    """MaxSessions 2, MaxStartups 1:100:1. In the swap the connection to a master breaks while somebody else holds its only
    place for logins: the run waits its turn, without going round in circles, and ends verified."""
    for node in lab.nodes:
        path = lab.root(node) / "etc/ssh/sshd_config.d/lab.conf"
        path.write_text("MaxSessions 2\nMaxStartups 1:100:1\n")
        lab.run(node, ["systemctl", "restart", "ssh"])
    quorum_lost(lab)
    before = Before(lab)
    odd = lab.nodes[1]
    stop = Stopping(lab, odd, FIRST_RENAME)
    with watched(lab), Restoring(lab, tmp_path / "said") as run:
        run.until_reached("the first rename", stop.reached)
        with lab.inside(), socket.create_connection((lab.hosts[odd].who.address, 22), 10) as taken:
            assert taken.recv(64).startswith(b"SSH-2.0")
            lab.break_sessions(odd)
            stop.remove()
            log = run.place.log
            until(lambda: "MaxStartups" in log.read_text(), f"a login at {odd} to be dropped", 60, every_s=1)
        run.ended_well()
        before.assert_restored(run.place.run)
        assert "a connection (MaxSessions" in log.read_text(), "it is said too"
    for node in lab.nodes:
        logins = lab.run(node, "journalctl -b -u ssh -o cat --no-pager").count("Accepted publickey")
        print(f"{node}: {logins} logins")
        assert 2 <= logins <= LOGINS_AT_MOST


@pytest.mark.invariant("INV-8", "INV-11", "INV-13")
def test_a_host_key_that_changes_on_the_way_is_refused(lab: Lab, tmp_path: Path) -> None:
    """Between the two renames, with the connection broken: nobody can accept the new one, nothing partial serves. With the
    old key back a resume ends verified."""
    quorum_lost(lab)
    before = Before(lab)
    odd = lab.nodes[1]
    key = lab.root(odd) / HOST_KEY
    known = key.read_bytes()
    stop = Stopping(lab, odd, FIRST_RENAME)
    with watched(lab):
        with Restoring(lab, tmp_path / "said") as run:
            run.until_reached("the first rename", stop.reached)
            key.write_bytes(asyncssh.generate_private_key("ssh-ed25519").export_private_key())
            lab.run(odd, ["systemctl", "restart", "ssh"])
            lab.break_sessions(odd)
            stop.remove()
            assert run.end() == 1, run.said
            place = run.place
            assert odd in run.said and "host key" in run.said.lower(), run.said
        before.assert_kept()
        resumed = lab.novatui("resume", "--yes", NAME)
        assert resumed.returncode != 0 and "host key" in (resumed.stdout + resumed.stderr).lower()
        for node in lab.nodes:
            assert lab.ask(node, "systemctl start etcd").returncode == 1, "all stay held"
        key.write_bytes(known)
        lab.run(odd, ["systemctl", "restart", "ssh"])
        resumed = lab.novatui("resume", "--yes", NAME)
        assert resumed.returncode == 0, resumed.stdout + resumed.stderr
        before.assert_restored(place.run)
