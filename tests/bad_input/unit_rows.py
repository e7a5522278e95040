"""Units, tools and data directories that are not what a plan would work on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.bad_input.masters import UNIT, Masters
from tests.bad_input.table import RECOVER, RESTART, RESTORE, START, Row, Spoil
from tests.runbooks.hands import ctl

DATA = "var/lib/etcd"


def drop_in(text: str) -> Spoil:
    return lambda masters: masters.drop_in(
        text.replace("{env}", str(masters.at("etc/etcd.env"))).replace(
            "{etcd}", str(masters.at("opt/etcd/etcd"))
        )
    )


def no_unit(masters: Masters) -> None:
    masters.away(masters.at(f"etc/systemd/system/{UNIT}"))
    masters.reload()


def tool(name: str, text: str, mode: int = 0o755, node: str = "m2") -> Spoil:
    return lambda masters: masters.write(
        masters.at(f"opt/etcd/{name}", getattr(masters, node)), text.encode(), mode
    )


def no_tool(name: str) -> Spoil:
    return lambda masters: masters.away(masters.at(f"opt/etcd/{name}"))


def says(version: str) -> str:
    return f"#!/bin/sh\necho '{version}'\n"


def data(make: Callable[[Path], object]) -> Spoil:
    """Its data directory is aside and something else there; ``{path}.real`` has the data."""

    def spoil(masters: Masters) -> None:
        path = masters.at(DATA)
        real = path.with_name("etcd.real")
        shutil.copytree(path, real)
        masters.undo(lambda: shutil.rmtree(real))
        masters.away(path)
        make(path)

    return spoil


def linked_inside(name: str) -> Callable[[Path], object]:
    """All of the data is there, ``name`` by a link."""

    def make(path: Path) -> None:
        real = path.with_name("etcd.real")
        shutil.copytree(real, path)
        shutil.rmtree(path / name)
        (path / name).symlink_to(real / name)

    return make


def without(name: str) -> Callable[[Path], object]:
    def make(path: Path) -> None:
        shutil.copytree(path.with_name("etcd.real"), path)
        shutil.rmtree(path / name)

    return make


def left(path: str, text: str) -> Spoil:
    return lambda masters: masters.write(masters.at(path), text.encode())


def lease(masters: Masters) -> None:
    work = masters.at("var/lib/novatui")
    masters.away(work)
    (work / "active").mkdir(parents=True)
    (work / "active/owner").write_text("aabbccdd:3\n")


def hold(masters: Masters) -> None:
    work = masters.at("var/lib/novatui")
    masters.away(work)
    work.mkdir()
    (work / "hold").write_text("aabbccdd\n")


def auth_on(masters: Masters) -> None:
    """Of the cluster; the certificate of each master is no user of it."""
    root = ("--user", "root:novatui")

    def ctl_root(*words: str) -> None:
        ctl(masters.demo, masters.m1, *words)

    for words in (
        ("user", "add", "root:novatui"),
        ("user", "grant-role", "root", "root"),
        ("auth", "enable"),
    ):
        ctl_root(*words)
    masters.undo(lambda: ctl_root("user", "delete", "root"))
    masters.undo(lambda: ctl_root(*root, "auth", "disable"))
    masters.touch(masters.m1, masters.m3)


NEW_DATA = (RECOVER, RESTORE)  # those that put data in place
OLD_DATA = (RESTART, START)
ROWS = [
    Row("unit missing", no_unit, ("{m2}:", "unit etcd", "not-found", "etcd.unit")),
    Row("ExecStart with flags", drop_in("[Service]\nExecStart=\nExecStart={etcd} --data-dir /srv/etcd\n"), ("{m2}:", "unit etcd", "ExecStart", "--data-dir /srv/etcd")),
    Row("ExecStart of a shell", drop_in("[Service]\nExecStart=\nExecStart=/bin/sh -c 'exec {etcd}'\n"), ("{m2}:", "unit etcd", "ExecStart")),
    Row("ExecStart of a wrapper", drop_in("[Service]\nExecStart=\nExecStart=/usr/local/bin/run-etcd.sh\n"), ("{m2}:", "unit etcd", "ExecStart", "/usr/local/bin/run-etcd.sh")),
    Row("another env file", drop_in("[Service]\nEnvironmentFile=-/etc/default/etcd\n"), ("{m2}:", "unit etcd", "{env}", "/etc/default/etcd")),
    Row("no env file", drop_in("[Service]\nEnvironmentFile=\n"), ("{m2}:", "unit etcd", "{env}", "none")),
    Row("another env file alone", drop_in("[Service]\nEnvironmentFile=\nEnvironmentFile=/etc/sysconfig/etcd\n"), ("{m2}:", "unit etcd", "{env}", "/etc/sysconfig/etcd")),
    Row("unit sets keys", drop_in("[Service]\nEnvironment=ETCD_NAME=other GOMAXPROCS=2\n"), ("{m2}:", "unit etcd", "Environment=", "ETCD_NAME", "{env}")),
    Row("no etcdctl", no_tool("etcdctl"), ("{m2}:", "opt/etcd/etcdctl", "missing")),
    Row("etcdctl cannot be run", tool("etcdctl", "", 0o644), ("{m2}:", "opt/etcd/etcdctl", "does not run")),
    Row("etcdctl is something else", tool("etcdctl", says("usage: x")), ("{m2}:", "opt/etcd/etcdctl", "version"), NEW_DATA),
    Row("an older etcdctl", tool("etcdctl", says("etcdctl version: 3.4.3")), ("etcdctl", "{m2}: etcdctl version: 3.4.3"), (RESTORE,)),
    Row("another etcd", tool("etcd", says("etcd Version: 3.4.3")), ("{m2}", "3.4.3", "3.5.1"), NEW_DATA),
    Row("3.6 without etcdutl", lambda masters: (tool("etcdctl", says("etcdctl version: 3.6.1"))(masters), no_tool("etcdutl")(masters))[0], ("{m2}:", "opt/etcd/etcdutl", "missing"), NEW_DATA),
    Row("data dir is a link", data(lambda path: path.symlink_to("etcd.real")), ("{m2}:", "{root}/var/lib/etcd", "symbolic link"), NEW_DATA),
    Row("member is a link", data(linked_inside("member")), ("{m2}:", "{root}/var/lib/etcd", "symbolic link"), NEW_DATA),
    Row("log is a link", data(linked_inside("member/wal")), ("{m2}:", "{root}/var/lib/etcd", "symbolic link"), NEW_DATA),
    Row("data dir is a file", data(Path.touch), ("{m2}:", "{root}/var/lib/etcd", "not a directory"), NEW_DATA),
    Row("no data dir", data(lambda path: None), ("{m2}:", "no log and no database", "{root}/var/lib/etcd"), OLD_DATA),
    Row("no log", data(without("member/wal")), ("{m2}:", "no log in", "{root}/var/lib/etcd"), OLD_DATA),
    Row("no database", data(without("member/snap")), ("{m2}:", "no database in", "{root}/var/lib/etcd"), OLD_DATA),
    Row("a hold of nobody", left(f"etc/systemd/system/{UNIT}.d/00-novatui-hold.conf", "[Unit]\n"), ("{m2}:", "00-novatui-hold.conf"), NEW_DATA),
    Row("authentication on", auth_on, ("{m1}:", "authentication is on")),
    Row("another run's hold", hold, ("{m2}:", "aabbccdd", "novatui resume"), code=4),
    Row("another run's lease", lease, ("{m2}:", "aabbccdd", "novatui resume"), code=4),
]  # fmt: skip
