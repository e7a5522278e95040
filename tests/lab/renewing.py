"""A used lab made as new without a boot: the cluster's data and env files of the beginning, nothing of novatui left."""

from __future__ import annotations

from tests.lab import cluster, operators
from tests.lab.files import DATA_DIR, ENV_FILE
from tests.lab.host import DISK_MB, Host
from tests.lab.lab import Lab

# Acts that a dead runner left running over SSH, its units, its hold, everything it put anywhere.
_CLEAR = """\
systemctl kill -s KILL --kill-who=all ssh
systemctl stop 'novatui-*' 2>/dev/null
rm -rf /etc/systemd/system/etcd.service.d /var/lib/novatui /var/lib/etcd* /var/lib/.novatui-* /tmp/novatui* /etc/kubernetes/.novatui-*
systemctl daemon-reload
systemctl kill -s KILL etcd 2>/dev/null
systemctl stop etcd
systemctl enable -q etcd 2>/dev/null
systemctl reset-failed
journalctl -q --rotate
journalctl -q --vacuum-files=1
systemctl start ssh
"""


def renew(lab: Lab) -> None:
    """As after ``up``, but for what a boot would make new; whoever still works on it is killed. A host that is off is booted."""
    operators.end_all(lab.place)
    lab.uncut(*(node for node, host in lab.hosts.items() if host.running))
    running = [host for host in lab.hosts.values() if host.running]
    for host in lab.hosts.values():
        if host not in running:
            host.kill()
            host.rewind()
            host.switch_on()
    for host in running:
        _clear(host)
    for host in lab.hosts.values():
        host.wait_up()
    for host in running:
        host.run(["systemctl", "start", "--no-block", "etcd"])
    cluster.wait_healthy(list(lab.hosts.values()))


def _clear(host: Host) -> None:
    host.resize(DISK_MB)
    host.ask(["sh", "-c", _CLEAR])
    host.bring_back(DATA_DIR, ENV_FILE)
