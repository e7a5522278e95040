"""Env files that etcd, systemd or a recovery would read otherwise than a person means them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from tests.bad_input.masters import Masters
from tests.bad_input.table import RECOVER, RESTART, RESTORE, START, Row, Spoil

KEYS = (
    "ETCD_NAME",
    "ETCD_DATA_DIR",
    "ETCD_INITIAL_CLUSTER",
    "ETCD_INITIAL_CLUSTER_TOKEN",
    "ETCD_INITIAL_ADVERTISE_PEER_URLS",
    "ETCD_LISTEN_PEER_URLS",
    "ETCD_LISTEN_CLIENT_URLS",
    "ETCD_ADVERTISE_CLIENT_URLS",
)


def line(key: str, text: str | None, *nodes: str) -> Spoil:
    """The line of ``key`` becomes ``text``, in which ``{}`` is the value; None takes it out."""

    def changed(content: str) -> str:
        found = re.search(rf"^{key}=(.*)\n", content, re.MULTILINE)
        value = found[1] if found else ""
        new = "" if text is None else text.replace("{}", value) + "\n"
        return content.replace(found[0], new) if found else content + new

    return lambda masters: masters.edit(changed, *(getattr(masters, node) for node in nodes))


def value(key: str, new: str, *nodes: str) -> Spoil:
    return line(key, f"{key}={new}", *nodes)


def both(*spoils: Spoil) -> Spoil:
    def spoil(masters: Masters) -> None:
        for one in spoils:
            one(masters)

    return spoil


def everywhere(old: str, new: str) -> Spoil:
    """In the env files of all masters, so that they agree."""
    return lambda masters: masters.edit(lambda text: text.replace(old, new), *masters.demo.nodes)


def instead(make: Callable[[Path], object]) -> Spoil:
    def spoil(masters: Masters) -> None:
        path = masters.at("etc/etcd.env")
        masters.away(path)
        make(path)

    return spoil


NOT_RECOVER = (RESTART, START, RESTORE)
ROWS = [
    *(Row(f"{key} missing", line(key, None), ("{m2}:", "{env}:", f"{key} is missing")) for key in KEYS),
    Row("key empty", value("ETCD_NAME", ""), ("{m2}:", "{env}:", "ETCD_NAME is missing or empty")),
    Row("key exported", line("ETCD_NAME", "export ETCD_NAME={}"), ("{m2}:", "{env}:", "ETCD_NAME", "export")),
    Row("key commented out", line("ETCD_NAME", "#ETCD_NAME={}"), ("{m2}:", "{env}:", "ETCD_NAME is missing")),
    Row("blanks around =", line("ETCD_NAME", "ETCD_NAME = {}"), ("{m2}:", "{env}:", "ETCD_NAME", "blank")),
    Row("name doubled", line("ETCD_NAME", "ETCD_NAME=x\nETCD_NAME={}"), ("{m2}:", "{env}:", "ETCD_NAME is set twice")),
    Row("data dir doubled", line("ETCD_DATA_DIR", "ETCD_DATA_DIR={}\nETCD_DATA_DIR=/srv/etcd"), ("{m2}:", "{env}:", "ETCD_DATA_DIR is set twice")),
    Row("quote left open", line("ETCD_NAME", 'ETCD_NAME="{}'), ("{m2}:", "{env}:", "ETCD_NAME is quoted")),
    Row("quoted pieces", line("ETCD_NAME", 'ETCD_NAME="et""cd2"'), ("{m2}:", "{env}:", "ETCD_NAME is quoted")),
    Row("line goes on", line("ETCD_INITIAL_CLUSTER", "ETCD_INITIAL_CLUSTER={},\\\n  x=https://127.0.0.1:1"), ("{m2}:", "{env}:", "ETCD_INITIAL_CLUSTER is quoted")),
    Row("a line before it goes on", line("ETCD_NAME", "OTHER=x\\\nETCD_NAME={}"), ("{m2}:", "{env}:", "OTHER", "goes on")),
    Row("mixed quotes", line("ETCD_DATA_DIR", "ETCD_DATA_DIR='{}\""), ("{m2}:", "{env}:", "ETCD_DATA_DIR is quoted")),
    Row("config file", value("ETCD_CONFIG_FILE", "/etc/etcd.yml"), ("{m2}:", "{env}:", "ETCD_CONFIG_FILE")),
    Row("WAL dir", value("ETCD_WAL_DIR", "/wal"), ("{m2}:", "{env}:", "ETCD_WAL_DIR")),
    Row("discovery", value("ETCD_DISCOVERY", "https://discovery.example/x"), ("{m2}:", "{env}:", "ETCD_DISCOVERY")),
    Row("discovery by DNS", value("ETCD_DISCOVERY_SRV", "example.test"), ("{m2}:", "{env}:", "ETCD_DISCOVERY_SRV")),
    Row("proxy", value("ETCD_PROXY", "on"), ("{m2}:", "{env}:", "ETCD_PROXY")),
    Row("force new cluster", value("ETCD_FORCE_NEW_CLUSTER", "true"), ("{m2}:", "{env}:", "ETCD_FORCE_NEW_CLUSTER")),
    Row("name of no member", value("ETCD_NAME", "etcd9"), ("{m2}:", "{env}:", "ETCD_NAME", "etcd9")),
    Row("name of another", value("ETCD_NAME", "etcd1"), ("{m2}:", "{env}:", "etcd1")),
    Row("two masters of one name", value("ETCD_NAME", "etcd1"), ("{m2}:", "{env}:", "ETCD_NAME", "etcd1", "{m1}"), (RESTORE, RECOVER)),
    Row("peer URL of nobody", value("ETCD_INITIAL_ADVERTISE_PEER_URLS", "https://127.0.0.9:2380"), ("{m2}:", "{env}:", "ETCD_INITIAL_ADVERTISE_PEER_URLS", "127.0.0.9")),
    Row("initial cluster of one", value("ETCD_INITIAL_CLUSTER", "etcd2=https://127.0.0.9:2380"), ("{m2}:", "{env}:", "ETCD_INITIAL_CLUSTER"), NOT_RECOVER),
    Row("initial cluster differs", line("ETCD_INITIAL_CLUSTER", "ETCD_INITIAL_CLUSTER={},etcd4=https://127.0.0.9:2380"), ("ETCD_INITIAL_CLUSTER", "{m1}", "{m2}", "etcd4"), (RESTORE,)),
    Row("a member that no master is", everywhere("ETCD_INITIAL_CLUSTER=", "ETCD_INITIAL_CLUSTER=etcd4=https://127.0.0.9:2380,"), ("ETCD_INITIAL_CLUSTER", "etcd4", "configuration"), (RESTORE,)),
    Row("token differs", value("ETCD_INITIAL_CLUSTER_TOKEN", "other"), ("ETCD_INITIAL_CLUSTER_TOKEN", "{m2}: other", "{m1}: k8s_etcd"), (RESTORE,)),
    Row("peer URL without scheme", both(line("ETCD_INITIAL_ADVERTISE_PEER_URLS", "ETCD_INITIAL_ADVERTISE_PEER_URLS=127.0.0.9:2380")), ("{m2}:", "{env}:", "ETCD_INITIAL_ADVERTISE_PEER_URLS", "127.0.0.9:2380", "no URL")),
    Row("listens on no URL", value("ETCD_LISTEN_CLIENT_URLS", "all"), ("{m2}:", "{env}:", "ETCD_LISTEN_CLIENT_URLS", "all", "no URL")),
    Row("listens on a name's port", value("ETCD_LISTEN_PEER_URLS", "https://127.0.0.9:99999"), ("{m2}:", "{env}:", "ETCD_LISTEN_PEER_URLS", "99999", "no URL")),
    Row("advertises no URL", value("ETCD_ADVERTISE_CLIENT_URLS", "https://"), ("{m2}:", "{env}:", "ETCD_ADVERTISE_CLIENT_URLS", "no URL")),
    Row("initial cluster without =", line("ETCD_INITIAL_CLUSTER", "ETCD_INITIAL_CLUSTER=etcd1,etcd2"), ("{m2}:", "{env}:", "ETCD_INITIAL_CLUSTER")),
    Row("data dir relative", value("ETCD_DATA_DIR", "var/lib/etcd"), ("{m2}:", "{env}:", "ETCD_DATA_DIR", "'var/lib/etcd'", "absolute")),
    Row("data dir is /", value("ETCD_DATA_DIR", "/"), ("{m2}:", "{env}:", "ETCD_DATA_DIR", "'/'")),
    Row("data dir with ..", line("ETCD_DATA_DIR", "ETCD_DATA_DIR={}/../etcd"), ("{m2}:", "{env}:", "ETCD_DATA_DIR", "/../etcd'")),
    Row("data dir ends in .", line("ETCD_DATA_DIR", "ETCD_DATA_DIR={}/."), ("{m2}:", "{env}:", "ETCD_DATA_DIR", "/.'")),
    Row("data dir of nobody", line("ETCD_DATA_DIR", "ETCD_DATA_DIR={}-other"), ("{m2}:", "ETCD_DATA_DIR", "/etcd-other"), (RESTART, START)),
    Row("not UTF-8", line("ETCD_NAME", "ETCD_NAME={}\udcff"), ("{m2}:", "{env}:", "ETCD_NAME", "UTF-8")),
    Row("token not UTF-8", line("ETCD_INITIAL_CLUSTER_TOKEN", "ETCD_INITIAL_CLUSTER_TOKEN={}\udcff"), ("{m2}:", "{env}:", "ETCD_INITIAL_CLUSTER_TOKEN", "UTF-8")),
    Row("a byte order mark", lambda masters: masters.edit(lambda text: "\ufeffETCD_NAME=etcd2\n" + text.replace("ETCD_NAME=etcd2\n", "")), ("{m2}:", "{env}:", "ETCD_NAME is missing")),
    Row("file empty", lambda masters: masters.edit(lambda text: ""), ("{m2}:", "{env}", "empty")),
    Row("file missing", instead(lambda path: None), ("{m2}:", "{env}", "missing")),
    Row("a directory", instead(Path.mkdir), ("{m2}:", "{env}", "not a file")),
    Row("a pipe", instead(lambda path: os.mkfifo(path)), ("{m2}:", "{env}", "not a file")),
    Row("a dangling link", instead(lambda path: path.symlink_to("gone.env")), ("{m2}:", "{env}", "missing")),
    Row("another unit's file", lambda masters: masters.edit(lambda text: "PATH=/usr/bin\nLANG=C\n"), ("{m2}:", "{env}:", "ETCD_NAME is missing")),
]  # fmt: skip

# Odd, and none of it is refused: it means the same to systemd.
UNDERSTOOD: dict[str, Spoil] = {
    "CRLF": lambda masters: masters.edit(lambda text: text.replace("\n", "\r\n")),
    "double quotes": line("ETCD_NAME", 'ETCD_NAME="{}"'),
    "single quotes": line("ETCD_DATA_DIR", "ETCD_DATA_DIR='{}'"),
    "blanks at both ends": line("ETCD_NAME", "  ETCD_NAME={}  "),
    "the same twice": line("ETCD_NAME", "ETCD_NAME={}\nETCD_NAME={}"),
    "another comment, not UTF-8": line("ETCD_NAME", "; \udcff\nETCD_NAME={}"),
    "a link": instead(lambda path: path.symlink_to(_copied(path))),
}


def _copied(path: Path) -> str:
    """The file of before, which is aside, under another name."""
    real = max(path.parents[2].glob("kept-*"), key=lambda one: one.stat().st_ctime_ns)
    return str(real)
