"""Further ways in which clusters break: starts that fail over what surrounds the data, checks that find it damaged, and
what is only to come."""

from __future__ import annotations

from tests.lab import files
from tests.lab.breaking import DATA, a_case, env, keys_differ, looping, start, stop
from tests.lab.lab import Lab

TLS = f"/{files.TLS}"


def anew(lab: Lab, node: str, script: str) -> None:
    """A start on a blank disk, into the cluster that is there, with an env file changed by sed."""
    lab.wipe(node)
    env(lab, node, f"s/CLUSTER_STATE=new/CLUSTER_STATE=existing/; {script}")
    start(lab, node)
    looping(lab, node)


@a_case
def peer_url_is_wrong(lab: Lab) -> None:
    """One env file has a peer URL that the member list has not; its data is gone, and it was started to join again."""
    node = lab.nodes[1]
    address = lab.hosts[node].who.address
    anew(lab, node, f"/^ETCD_INITIAL_(ADVERTISE|CLUSTER=)/ s#{address}:2380#{address}:2390#")


@a_case
def initial_cluster_is_short(lab: Lab) -> None:
    """ETCD_INITIAL_CLUSTER of one master lacks a member; its data is gone, and it was started to join again."""
    address = lab.hosts[lab.nodes[2]].who.address
    anew(lab, lab.nodes[1], f"s#,etcd3=https://{address}:2380##")


@a_case
def peers_do_not_answer(lab: Lab) -> None:
    """ETCD_INITIAL_CLUSTER of one master has ports where nobody listens; its data is gone, and it was started to join."""
    node = lab.nodes[1]
    others = "|".join(lab.hosts[one].who.address for one in lab.nodes if one != node)
    anew(lab, node, f"/^ETCD_INITIAL_CLUSTER=/ s#({others}):2380#\\1:2399#g")


@a_case
def database_of_root(lab: Lab) -> None:
    """The data belongs to the unit's user, but for the database, which is root's alone."""
    node = lab.nodes[1]
    stop(lab, node)
    lab.run(
        node,
        f"chown -R nobody {DATA}; chown root {DATA}/member/snap/db; chmod 600 {DATA}/member/snap/db; "
        f"chmod -R a+rX /etc/ssl/etcd; sed -i s/^User=root/User=nobody/ /etc/systemd/system/etcd.service; "
        "systemctl daemon-reload",
    )
    start(lab, node)
    looping(lab, node)


@a_case
def database_held(lab: Lab) -> float:
    """Another process has one database locked: etcd waits for it, and says so after ten seconds."""
    node = lab.nodes[1]
    stop(lab, node)
    lab.run(node, f"systemd-run --unit=holder flock {DATA}/member/snap/db sleep 600")
    start(lab, node)
    return 16.0


@a_case
def pages_damaged(lab: Lab) -> float:
    """Garbage over all pages of one database but the first two: it opens, and breaks when it is read."""
    node = lab.nodes[1]
    stop(lab, node)
    lab.run(node, f"dd if=/dev/urandom of={DATA}/member/snap/db bs=4096 seek=2 count=60 conv=notrunc")
    start(lab, node)
    return 14.0


@a_case
def corrupt_alarm(lab: Lab) -> float:
    """As keys-differ; etcd itself compares the keys of all, every few seconds, and raises its alarm."""
    for node in lab.nodes:
        env(lab, node, "$ a ETCD_EXPERIMENTAL_CORRUPT_CHECK_TIME=3s")
    keys_differ(lab)
    return 16.0


@a_case
def member_failed(lab: Lab) -> None:
    """One process was killed, and its unit does not start it again."""
    node = lab.nodes[1]
    lab.run(
        node, "sed -i s/^Restart=.*/Restart=no/ /etc/systemd/system/etcd.service; systemctl daemon-reload"
    )
    lab.run(node, "systemctl kill -s KILL etcd")


@a_case
def certificate_gone(lab: Lab) -> float:
    """The certificate of one member was moved away; its etcd runs on, and takes no connection."""
    node = lab.nodes[1]
    lab.run(node, f"mv {TLS}/member-{node}.pem {TLS}/member-{node}.pem.was")
    return 14.0


@a_case
def certificate_damaged(lab: Lab) -> float:
    """The file of one member's certificate has two of them, the first of which is damaged; its etcd takes no connection."""
    node = lab.nodes[1]
    file = f"{TLS}/member-{node}.pem"
    lab.run(
        node, f"cp {file} {file}.was; sed '4,8 s/[A-Za-z]/0/g' {file}.was >{file}; cat {file}.was >>{file}"
    )
    return 14.0


@a_case
def client_certificate_gone(lab: Lab) -> float:
    """The certificate that etcdctl shows on one master was moved away: its etcd serves, and cannot be asked there."""
    node = lab.nodes[1]
    lab.run(node, f"mv {TLS}/admin-{node}.pem {TLS}/admin-{node}.pem.was")
    return 14.0


@a_case
def snapshots_are_old(lab: Lab) -> None:
    """The newest snapshot archive of any master is nine days old."""
    for node in lab.nodes:
        lab.run(node, "touch -d '9 days ago' /tmp/*.db.tar.gz /opt/backup/* 2>/dev/null || true")


@a_case
def peer_url_in_its_file(lab: Lab) -> None:
    """One env file got a peer URL that the member list has not; its etcd runs on and ignores it."""
    env(lab, lab.nodes[1], "/^ETCD_INITIAL_ADVERTISE_PEER_URLS=/ s#:2380#:2390#")
