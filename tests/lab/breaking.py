"""Ways in which clusters break, for recorded cases of the diagnosis: each made on the hosts the way it happens."""

from __future__ import annotations

from collections.abc import Callable

from novatui.demo import certs
from novatui.demo.certs import Authority
from tests.lab import cluster, files
from tests.lab.host import HostFailed
from tests.lab.lab import Lab

DATA, ENV = "/var/lib/etcd", "/etc/etcd.env"
Break = Callable[[Lab], float | None]  # how many seconds to look, where that is not the usual

BREAKS: dict[str, Break] = {}


def a_case(broken: Break) -> Break:
    """Its docstring is the case's header; its name the file's."""
    BREAKS[broken.__name__.replace("_", "-")] = broken
    return broken


def stop(lab: Lab, *nodes: str) -> None:
    for node in nodes:
        lab.run(node, "systemctl stop --no-block etcd")
    for node in nodes:
        cluster.until(lambda node=node: lab.unit(node)[2] == "0", "etcd to stop")  # type: ignore[misc]


def start(lab: Lab, *nodes: str) -> None:
    for node in nodes:
        lab.run(node, "systemctl start --no-block etcd")


def looping(lab: Lab, node: str) -> None:
    cluster.until(lambda: lab.unit(node)[1] == "auto-restart", "etcd to fail", 60)


def env(lab: Lab, node: str, script: str) -> None:
    """A sed script over the env file."""
    lab.run(node, ["sed", "-i", "-E", script, ENV])


def member_id(lab: Lab, node: str) -> str:
    return lab.standings()[node].member_id


def agreed(lab: Lab, asked: str, *words: str) -> None:
    """``etcdctl member ..``: etcd agrees once its members have known each other for five seconds."""

    def done() -> bool:
        try:
            return bool(lab.etcdctl(asked, "member", *words))
        except HostFailed:
            return False

    cluster.until(done, f"member {words[0]} to be agreed on", 60, 0.5)


def remove(lab: Lab, asked: str, id: str) -> None:
    agreed(lab, asked, "remove", id)


def add(lab: Lab, asked: str, node: str, *options: str) -> None:
    who = lab.hosts[node].who
    agreed(lab, asked, "add", who.member, *options, f"--peer-urls=https://{who.address}:2380")


def reissue(lab: Lab, days: float, *nodes: str) -> None:
    """Every master has certificates of a new CA; those of ``nodes`` end in so many days, the others in a year."""
    authority = Authority()
    for node, host in lab.hosts.items():
        there = host.root / files.TLS
        authority.write_certificate(there / "ca.pem")
        usual, certs.DAYS = certs.DAYS, days if node in nodes else certs.DAYS  # type: ignore[assignment]
        try:
            authority.issue(node, host.who.address, there / f"member-{node}")
            authority.issue(f"admin-{node}", host.who.address, there / f"admin-{node}")
        finally:
            certs.DAYS = usual


def restart_all(lab: Lab) -> None:
    stop(lab, *lab.nodes)
    start(lab, *lab.nodes)


# one member


@a_case
def healthy(lab: Lab) -> None:
    """Three members that serve."""


@a_case
def member_stopped(lab: Lab) -> None:
    """Somebody stopped the unit of one master."""
    stop(lab, lab.nodes[1])


@a_case
def member_killed(lab: Lab) -> float:
    """One process was killed; systemd waits its ten seconds before it starts it again."""
    lab.run(lab.nodes[1], "systemctl kill -s KILL etcd")
    return 3.0


@a_case
def member_hung(lab: Lab) -> float:
    """One process is stopped by SIGSTOP: active, and it answers nothing."""
    lab.pause(lab.nodes[2])
    return 18.0


@a_case
def member_slow_to_answer(lab: Lab) -> float:
    """The same in its first seconds: hung or merely slow is not to be told yet."""
    lab.pause(lab.nodes[2])
    return 4.0


@a_case
def database_damaged(lab: Lab) -> None:
    """Garbage over the first pages of one database."""
    lab.corrupt(lab.nodes[1])


@a_case
def database_gone(lab: Lab) -> None:
    """One database file was removed; what the log no longer has was only in there."""
    node = lab.nodes[1]
    env(lab, node, "s/SNAPSHOT_COUNT=.*/SNAPSHOT_COUNT=10/")
    stop(lab, node)
    start(lab, node)
    cluster.wait_healthy(list(lab.hosts.values()))
    for number in range(40):
        lab.etcdctl(lab.nodes[0], "put", f"filler-{number}", "x")
    stop(lab, node)
    lab.run(node, f"rm {DATA}/member/snap/db")
    start(lab, node)
    looping(lab, node)


@a_case
def log_damaged(lab: Lab) -> None:
    """Bytes in the middle of one write-ahead log were overwritten."""
    node = lab.nodes[1]
    stop(lab, node)
    line = f"for f in {DATA}/member/wal/*.wal; do dd if=/dev/urandom of=$f bs=1 seek=3000 count=400 conv=notrunc; done"
    lab.run(node, line)
    start(lab, node)
    looping(lab, node)


@a_case
def wiped_and_stopped(lab: Lab) -> None:
    """Somebody removed a data directory and left etcd stopped."""
    lab.wipe(lab.nodes[1])


@a_case
def wiped_state_new(lab: Lab) -> None:
    """A data directory was removed; its env file says new, so every start is refused by the others."""
    lab.wipe(lab.nodes[1])
    start(lab, lab.nodes[1])
    looping(lab, lab.nodes[1])


@a_case
def wiped_state_existing(lab: Lab) -> None:
    """A data directory was removed; its env file says existing, so it starts blank under its old ID and panics."""
    node = lab.nodes[1]
    lab.wipe(node)
    env(lab, node, "s/CLUSTER_STATE=new/CLUSTER_STATE=existing/")
    start(lab, node)
    looping(lab, node)


@a_case
def data_not_mounted(lab: Lab) -> None:
    """/etc/fstab has a file system for the data directory, and it is not mounted: what is there is empty."""
    node = lab.nodes[1]
    stop(lab, node)
    lab.run(
        node,
        f"mv {DATA} {DATA}.elsewhere; mkdir -m 700 {DATA}; echo '/dev/vdb1 {DATA} ext4 defaults 0 2' >>/etc/fstab",
    )


@a_case
def removed_while_it_ran(lab: Lab) -> None:
    """Somebody removed a member from the list: its etcd ends with exit 0, and so does every start."""
    remove(lab, lab.nodes[0], member_id(lab, lab.nodes[1]))
    looping(lab, lab.nodes[1])


@a_case
def half_recovered(lab: Lab) -> None:
    """A recovery by hand was given up after the removal: stopped, not added, its old data in place."""
    id = member_id(lab, lab.nodes[1])
    stop(lab, lab.nodes[1])
    remove(lab, lab.nodes[0], id)


@a_case
def added_and_never_started(lab: Lab) -> None:
    """A recovery by hand was given up after the addition: the list has a row that has never started."""
    id, node = member_id(lab, lab.nodes[1]), lab.nodes[1]
    stop(lab, node)
    remove(lab, lab.nodes[0], id)
    add(lab, lab.nodes[0], node)


@a_case
def learner_left_behind(lab: Lab) -> None:
    """A member was added again as a learner, has caught up, and nobody promoted it."""
    id, node = member_id(lab, lab.nodes[1]), lab.nodes[1]
    stop(lab, node)
    remove(lab, lab.nodes[0], id)
    add(lab, lab.nodes[0], node, "--learner")
    lab.run(node, f"rm -rf {DATA}/member")
    env(lab, node, "s/CLUSTER_STATE=new/CLUSTER_STATE=existing/")
    start(lab, node)
    cluster.until(lambda: len(lab.standings()) == 3, "the learner to start")


@a_case
def readded_over_its_old_data(lab: Lab) -> None:
    """A member was removed and added again, and its etcd started on its old data, under the ID that was given up."""
    node = lab.nodes[1]
    id = member_id(lab, node)
    stop(lab, node)
    remove(lab, lab.nodes[0], id)
    add(lab, lab.nodes[0], node)
    start(lab, node)
    looping(lab, node)


@a_case
def another_cluster(lab: Lab) -> None:
    """One master was made anew with another token, alone in its list: it serves, as a cluster of its own."""
    node = lab.nodes[2]
    lab.wipe(node)
    address = lab.hosts[node].who.address
    env(
        lab,
        node,
        f"s/_TOKEN=.*/_TOKEN=other/; s#INITIAL_CLUSTER=.*#INITIAL_CLUSTER=etcd3=https://{address}:2380#",
    )
    start(lab, node)
    cluster.until(lambda: len(lab.standings()) == 3, "the stranger to serve")


@a_case
def keys_differ(lab: Lab) -> float:
    """Each member was restored by hand, one of them from another snapshot: all are healthy, and its keys differ."""
    first = lab.nodes[0]
    lab.etcdctl(first, "snapshot", "save", "/var/tmp/a.db")
    lab.etcdctl(first, "put", "canary-of-b", "b")
    lab.etcdctl(first, "snapshot", "save", "/var/tmp/b.db")
    stop(lab, *lab.nodes)
    for node in lab.nodes:
        name = "b" if node == lab.nodes[2] else "a"
        raw = (lab.root(first) / f"var/tmp/{name}.db").read_bytes()
        lab.run(node, ["sh", "-c", "cat >/var/tmp/from.db"], raw)
        restore = (
            f"rm -rf {DATA}; set -a; . {ENV}; unset ETCDCTL_ENDPOINTS ETCDCTL_CERT ETCDCTL_KEY ETCDCTL_CACERT; "
            f"/opt/etcd/etcdctl snapshot restore /var/tmp/from.db --name $ETCD_NAME --data-dir {DATA} "
            "--initial-cluster $ETCD_INITIAL_CLUSTER --initial-cluster-token $ETCD_INITIAL_CLUSTER_TOKEN "
            "--initial-advertise-peer-urls $ETCD_INITIAL_ADVERTISE_PEER_URLS"
        )
        lab.run(node, restore)
    start(lab, *lab.nodes)
    cluster.wait_healthy(list(lab.hosts.values()))
    lab.etcdctl(first, "put", "written-after", "1")
    return 16.0


# several members


@a_case
def databases_of_two_damaged(lab: Lab) -> None:
    """Two databases are damaged; the third member runs on without quorum."""
    lab.corrupt(*lab.nodes[1:])


@a_case
def power_cut(lab: Lab) -> None:
    """All lost power and came back, and nobody enabled the unit: stopped, data intact."""
    for node in lab.nodes:
        lab.run(node, "systemctl disable etcd")
    lab.power_off(*lab.nodes)
    lab.power_on(*lab.nodes)


@a_case
def two_stopped(lab: Lab) -> None:
    """Two units were stopped; the third member has no quorum."""
    stop(lab, *lab.nodes[1:])


@a_case
def two_hung(lab: Lab) -> float:
    """Two processes are stopped by SIGSTOP; the third answers and has no quorum."""
    lab.pause(*lab.nodes[1:])
    return 18.0


@a_case
def one_damaged_one_stopped(lab: Lab) -> None:
    """One database is damaged and another member is stopped with its data: no quorum, and nothing to restore."""
    lab.corrupt(lab.nodes[1])
    stop(lab, lab.nodes[2])


@a_case
def host_off(lab: Lab) -> float:
    """One host has no power."""
    lab.power_off(lab.nodes[2])
    return 14.0


@a_case
def cable_out(lab: Lab) -> float:
    """One host's network cable is out."""
    lab.cut(lab.nodes[2])
    return 14.0


@a_case
def two_hosts_off(lab: Lab) -> float:
    """Two hosts have no power: the third says that it has no quorum, of the others nothing is known."""
    lab.power_off(*lab.nodes[1:])
    return 14.0


@a_case
def all_cables_out(lab: Lab) -> float:
    """No host can be reached."""
    lab.cut(*lab.nodes)
    return 14.0


# what surrounds etcd


@a_case
def disk_full(lab: Lab) -> float:
    """One disk is full, and etcd has stopped over it."""
    node = lab.nodes[1]
    lab.fill_disk(node)
    stop(lab, node)
    lab.run(
        node,
        f"rm -f {DATA}/member/wal/*.tmp; head -c 200000000 /dev/zero >/var/lib/filler 2>/dev/null || true",
    )
    start(lab, node)
    return 14.0


@a_case
def certificates_end_soon(lab: Lab) -> None:
    """All certificates of one master end in twelve days; nothing is wrong yet."""
    reissue(lab, 12.2, lab.nodes[1])
    restart_all(lab)
    cluster.wait_healthy(list(lab.hosts.values()))


@a_case
def certificates_expired(lab: Lab) -> float:
    """The certificates of all masters expired twelve hours ago; the processes run."""
    reissue(lab, -0.5, *lab.nodes)
    restart_all(lab)
    return 16.0


@a_case
def certificate_of_one_expired(lab: Lab) -> float:
    """One master's certificates expired twelve hours ago, and its etcd was started again."""
    reissue(lab, -0.5, lab.nodes[1])
    restart_all(lab)
    return 16.0


@a_case
def foreign_ca(lab: Lab) -> float:
    """One master has certificates of another CA than the others."""
    node = lab.nodes[1]
    other = Authority()
    there = lab.root(node) / files.TLS
    other.issue(node, lab.hosts[node].who.address, there / f"member-{node}")
    stop(lab, node)
    start(lab, node)
    return 14.0


@a_case
def data_of_another_user(lab: Lab) -> None:
    """The data directory belongs to root, the unit runs as another user."""
    node = lab.nodes[1]
    stop(lab, node)
    lab.run(
        node, "sed -i s/^User=root/User=nobody/ /etc/systemd/system/etcd.service; systemctl daemon-reload"
    )
    start(lab, node)
    looping(lab, node)


@a_case
def port_taken(lab: Lab) -> None:
    """Another process holds the peer port of one master."""
    node = lab.nodes[1]
    stop(lab, node)
    address = lab.hosts[node].who.address
    code = f"import socket,time; s=socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('{address}', 2380)); s.listen(); time.sleep(600)"
    lab.run(node, ["systemd-run", "--unit=squatter", "python3", "-c", code])
    start(lab, node)
    looping(lab, node)


@a_case
def started_by_hand(lab: Lab) -> None:
    """Somebody runs etcd of one master by hand; its unit is stopped."""
    node = lab.nodes[1]
    stop(lab, node)
    line = f"set -a; . {ENV}; exec /opt/etcd/etcd"
    lab.run(node, ["systemd-run", "--unit=by-hand", "sh", "-c", line])
    cluster.until(lambda: len(lab.standings()) == 3, "that one to serve")


@a_case
def no_space_alarm(lab: Lab) -> None:
    """One member has a small quota that was written full: an alarm, writes are refused, quorum stands."""
    node = lab.nodes[1]
    env(lab, node, "$ a ETCD_QUOTA_BACKEND_BYTES=3000000")
    stop(lab, node)
    start(lab, node)
    cluster.wait_healthy(list(lab.hosts.values()))
    for _ in range(40):
        try:
            lab.run(lab.nodes[0], ["sh", "-c", "head -c 200000 /dev/urandom | base64 >/var/tmp/value"])
            value = (lab.root(lab.nodes[0]) / "var/tmp/value").read_bytes()
            cluster.etcdctl(lab.hosts[lab.nodes[0]], "put", "large", stdin=value)
        except HostFailed as why:
            if "space exceeded" in str(why):
                return
    raise AssertionError("no alarm came")


@a_case
def database_near_its_quota(lab: Lab) -> None:
    """One database has more than four fifths of its quota."""
    node = lab.nodes[1]
    for number in range(30):
        lab.etcdctl(node, "put", f"filler-{number}", "x" * 50_000)
    env(lab, node, "$ a ETCD_QUOTA_BACKEND_BYTES=2300000")
    stop(lab, node)
    start(lab, node)
    cluster.wait_healthy(list(lab.hosts.values()))


# what is written about it


@a_case
def endpoints_of_another(lab: Lab) -> None:
    """ETCDCTL_ENDPOINTS in one env file names another master."""
    other = lab.hosts[lab.nodes[0]].who.address
    env(lab, lab.nodes[1], f"s#^ETCDCTL_ENDPOINTS=.*#ETCDCTL_ENDPOINTS=https://{other}:2379#")


@a_case
def env_file_is_a_pipe(lab: Lab) -> None:
    """One env file is a pipe, which nobody writes to."""
    lab.run(lab.nodes[1], f"mv {ENV} {ENV}.was; mkfifo {ENV}")


@a_case
def env_file_gone(lab: Lab) -> None:
    """One env file was removed; its etcd runs on."""
    lab.run(lab.nodes[1], f"mv {ENV} {ENV}.was")


@a_case
def name_is_wrong(lab: Lab) -> None:
    """ETCD_NAME of one master is not in its ETCD_INITIAL_CLUSTER, its data is gone, and it was started."""
    node = lab.nodes[1]
    lab.wipe(node)
    env(lab, node, "s/^ETCD_NAME=.*/ETCD_NAME=etcd9/")
    start(lab, node)
    looping(lab, node)


@a_case
def tokens_differ(lab: Lab) -> None:
    """One env file has another token; etcd ignores it while it has its data."""
    env(lab, lab.nodes[2], "s/_TOKEN=.*/_TOKEN=other/")


@a_case
def unit_file_gone(lab: Lab) -> None:
    """One unit file was moved away; etcd is stopped."""
    node = lab.nodes[1]
    stop(lab, node)
    lab.run(node, "mv /etc/systemd/system/etcd.service /root/; systemctl daemon-reload")


@a_case
def hold_left_behind(lab: Lab) -> None:
    """A run is gone, its hold on one master is not: every start is refused."""
    node = lab.nodes[1]
    stop(lab, node)
    line = (
        "mkdir -p -m 700 /var/lib/novatui /etc/systemd/system/etcd.service.d; echo 7f3a >/var/lib/novatui/hold; "
        "printf '[Unit]\\nAssertPathExists=!/var/lib/novatui/hold\\n' >/etc/systemd/system/etcd.service.d/00-novatui-hold.conf; "
        "systemctl daemon-reload; systemctl start etcd || true"
    )
    lab.run(node, line)


@a_case
def no_snapshot_anywhere(lab: Lab) -> None:
    """No master has a snapshot archive where they are looked for."""
    for node in lab.nodes:
        lab.run(node, "rm -f /tmp/*.db.tar.gz /opt/backup/*")
