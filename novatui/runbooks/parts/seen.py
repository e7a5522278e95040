"""A survey, read: what every master that answered has, and why the others are silent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from novatui.config import ClusterConfig, NodeConfig
from novatui.diagnosis.data import DataState
from novatui.model.sanitize import clean
from novatui.remote.command import Outcome
from novatui.runbooks.parts import answer, election, evidence, left_out
from novatui.runbooks.parts.api_server import ApiServer, api_server
from novatui.runbooks.parts.archives import Archive, archives
from novatui.runbooks.parts.commands import unit_name
from novatui.runbooks.parts.host import Host, host
from novatui.runbooks.parts.left_out import Port
from novatui.runbooks.parts.params import NodeParams
from novatui.runbooks.step import Answers

_HOST_PORT = re.compile(r"^[a-z]+://(?P<host>\[[0-9a-fA-F:]+\]|[^:/\[\]]+):(?P<port>\d+)$")
_IPV4 = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}")


@dataclass(frozen=True)
class Seen:
    """The survey, read. ``hosts`` holds the masters that answered whole; ``silent`` the others, each with why.
    ``ports``: of the members that are left out, as each participant found them. ``waited_s``: how long masters were asked
    again because an election might have been under way."""

    hosts: dict[str, Host]
    silent: dict[str, str]
    archives: dict[str, tuple[Archive, ...] | None]
    data: dict[str, DataState]
    api: dict[str, ApiServer | None]
    ports: dict[str, tuple[Port, ...] | None] = field(default_factory=dict)
    waited_s: int = 0


def see(cluster: ClusterConfig, answers: Answers) -> Seen:
    """Total: a master that did not answer is in ``silent``."""
    hosts: dict[str, Host] = {}
    silent: dict[str, str] = {}
    found: dict[str, tuple[Archive, ...] | None] = {}
    api: dict[str, ApiServer | None] = {}
    answering: dict[str, tuple[Port, ...] | None] = {}
    for node in cluster.nodes:
        outcomes = answers.get(node.name, {})
        outcome = outcomes.get("host")
        seen = host(outcome)
        if seen is None:
            silent[node.name] = _why_silent(outcome)
            continue
        hosts[node.name] = seen
        if "archives" in outcomes:
            found[node.name] = archives(outcomes["archives"], seen.zone)
        if "ports" in outcomes:
            answering[node.name] = left_out.ports(outcomes["ports"])
        api[node.name] = api_server(outcomes.get("api"))
    data = {
        name: evidence.judge(name, seen, answers.get(name, {}).get("journal")) for name, seen in hosts.items()
    }
    return Seen(
        hosts=hosts,
        silent=silent,
        archives=found,
        data=data,
        api=api,
        ports=answering,
        waited_s=election.waited_s(answers),
    )


def _why_silent(outcome: Outcome | None) -> str:
    if outcome is None:
        return "it was not asked"
    said = outcome.stderr.decode("utf-8", "replace").strip().splitlines()
    return clean(outcome.error) or (clean(said[-1]) if said else "") or "no whole answer"


def node_params(config: NodeConfig, seen: Host, member_id: str) -> NodeParams:
    """One master whose env file could be read. ``member_id``: as a bootstrap computes it or as the member list has it;
    empty where it is not known yet."""
    env, data, etcd = seen.env, seen.data, config.etcd
    assert env is not None
    inside = data.kind == "mount"
    live_inode = data.member_inode if inside else data.inode
    size = seen.status.db_size if seen.status else data.size
    return NodeParams(
        member=env.get("ETCD_NAME"),
        member_id=member_id,
        peer_urls=env.urls("ETCD_INITIAL_ADVERTISE_PEER_URLS"),
        data_dir=data.path,
        kind="mount" if inside else "dir",
        # Where there is no directory to be like: the unit's own user must be able to read it.
        owner=data.owner or (f"{seen.unit.user}:" if seen.unit.user else seen.uid),
        mode="700" if inside else (data.mode or "700"),
        had_live=bool(live_inode),
        live_inode=live_inode,
        etcd=seen.unit.program,
        etcdctl=etcd.etcdctl,
        restorer=restorer(config, seen),
        endpoint=seen.endpoint,
        cacert=seen.cacert,
        cert=seen.cert,
        key=seen.key,
        env_file=seen.env_path or etcd.env_file,
        env_sha256=seen.env_sha256,
        unit=unit_name(etcd.unit),
        unit_dir=etcd.unit_dir,
        work_dir=etcd.work_dir,
        listening=tuple(
            place
            for key in ("ETCD_LISTEN_CLIENT_URLS", "ETCD_LISTEN_PEER_URLS")
            for url in env.urls(key)
            if (place := listening(url))
        ),
        was_running=seen.unit.active not in ("inactive", ""),
        had_quorum=seen.quorum,
        was_member=answer.identity(seen.status),
        survivor_bytes=size,
        revision=seen.status.revision if seen.status is not None and not seen.quorum else None,
        written=seen.data.written
        if seen.status is None and seen.unit.active in ("inactive", "failed")
        else None,
        stop_s=seen.unit.stop_s,
    )


def restorer(config: NodeConfig, seen: Host) -> str:
    """etcdutl from 3.5 on where there is one; 3.6's etcdctl cannot restore and says success."""
    version = seen.etcd_version
    use_utl = version is not None and version >= (3, 5, 0) and "etcdutl" in seen.tools
    return config.etcd.etcdutl if use_utl else config.etcd.etcdctl


def listening(url: str) -> str:
    """``[IPv4:]PORT`` of a listen URL, as stop.sh looks for it; a name or IPv6 address gives the port alone."""
    found = _HOST_PORT.match(url)
    if found is None:
        return ""
    where = found["host"]
    plain = _IPV4.fullmatch(where) is not None and where != "0.0.0.0"
    return f"{where}:{found['port']}" if plain else found["port"]
