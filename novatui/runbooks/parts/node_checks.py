"""What must be so on each master by itself before etcd may be stopped there: unit, env file, tools, data directory, hold."""

from __future__ import annotations

from collections.abc import Iterator

from novatui.config import NodeConfig
from novatui.model.findings import Finding
from novatui.runbooks.parts.envfile import EnvFile
from novatui.runbooks.parts.host import Host
from novatui.runbooks.parts.refusal import HELD, reason

NEEDED_KEYS = (
    "ETCD_NAME",
    "ETCD_DATA_DIR",
    "ETCD_INITIAL_CLUSTER",
    "ETCD_INITIAL_CLUSTER_TOKEN",
    "ETCD_INITIAL_ADVERTISE_PEER_URLS",
    "ETCD_LISTEN_PEER_URLS",
    "ETCD_LISTEN_CLIENT_URLS",
    "ETCD_ADVERTISE_CLIENT_URLS",
)
# Keys that make etcd start as something else than what a restore prepares.
FORBIDDEN_KEYS = {
    "ETCD_CONFIG_FILE": "etcd then reads that file and ignores the env file",
    "ETCD_WAL_DIR": "the log lies apart from the data directory: a restore that leaves it comes up green and not restored",
    "ETCD_DISCOVERY": "the members are then found elsewhere",
    "ETCD_DISCOVERY_SRV": "the members are then found elsewhere",
    "ETCD_PROXY": "this etcd is then no member",
}
# Kubespray writes this one everywhere: etcd's default.
HARMLESS = {("ETCD_PROXY", "off")}
_PROCESS_KEYS = ("ETCD_NAME", "ETCD_DATA_DIR", "ETCD_WAL_DIR", "ETCD_CONFIG_FILE")
_KINDS = {
    "link": "is a symbolic link",
    "inner-link": "holds a symbolic link in place of member, member/wal or member/snap",
    "inner-mount": "has another file system mounted below it",
    "odd": "is not a directory",
}
NOT_HERE = "not in this version"


def node_checks(config: NodeConfig, host: Host) -> Iterator[Finding]:
    """Every reason of this one master."""
    yield from held(config, host)
    yield from unit_checks(config, host)
    yield from _tools(config, host)
    if host.env is None:
        yield _no_env(config)
        return
    yield from env_checks(config, host, host.env)
    yield from _data(config, host)
    yield from _surroundings(config, host)


def serving_checks(config: NodeConfig, host: Host) -> Iterator[Finding]:
    """The reasons that stand where a run only starts or stops etcd, on the data that is there. Holds are not among them."""
    yield from unit_checks(config, host)
    if "etcdctl" not in host.tools:
        yield _no_etcdctl(config)
    if host.env is None:
        yield _no_env(config)
        return
    yield from env_checks(config, host, host.env)
    yield from _privileges(config, host)
    yield from _access(config, host)


def held(config: NodeConfig, host: Host) -> Iterator[Finding]:
    run = host.held_by or host.lease.partition(":")[0]
    if run:
        what = "holds etcd down on" if host.held_by else "works on"
        yield reason(
            HELD,
            f"run {run} {what} this master",
            f"finish it or take it back first: novatui resume {run}, or novatui undo {run}",
            node=config.name,
        )
    elif host.hold_dropin:
        yield reason(
            "hold-left",
            f"{config.etcd.unit_dir}/{config.etcd.unit}.service.d/00-novatui-hold.conf is there, but no run holds this master",
            "a run was ended by hand: look at what it left, then remove that file and: systemctl daemon-reload",
            node=config.name,
        )


def unit_checks(config: NodeConfig, host: Host) -> Iterator[Finding]:
    unit, name = host.unit, config.etcd.unit
    if unit.load == "masked":
        yield reason(
            "unit-masked",
            f"unit {name} is masked: systemd refuses to start it",
            f"somebody did that on purpose: find out why, then: systemctl unmask {name}",
            node=config.name,
        )
        return
    if unit.load != "loaded":
        yield reason(
            "unit-missing",
            f"unit {name}: LoadState is {unit.load or 'unknown'}, not loaded",
            "set etcd.unit of this node in the configuration",
            node=config.name,
        )
        return
    if unit.commands != 1:
        yield reason(
            "unit-command",
            f"unit {name}: {unit.commands} ExecStart commands could be read, one is expected",
            f"look: systemctl show {name} -p ExecStart",
            node=config.name,
        )
    elif unit.flags:
        yield reason(
            "unit-flags",
            f"unit {name}: ExecStart has flags: {' '.join(unit.flags)}",
            f"they override the env file, and a restore by the env file would not fit: {NOT_HERE}",
            node=config.name,
        )
    wanted = {config.etcd.env_file, host.env_path}
    others = [path for path in unit.env_files if path not in wanted]
    if others or not unit.env_files:
        said = ", ".join(others) if others else "none"
        yield reason(
            "unit-env-files",
            f"unit {name}: it reads other env files than {config.etcd.env_file}: {said}",
            f"the effective configuration would not be the one that is looked at: {NOT_HERE}",
            node=config.name,
        )
    if unit.variables:
        yield reason(
            "unit-environment",
            f"unit {name}: Environment= sets {', '.join(unit.variables)}",
            f"move it to {config.etcd.env_file}, then: systemctl daemon-reload",
            node=config.name,
        )


def _no_env(config: NodeConfig) -> Finding:
    return reason(
        "env-missing",
        f"{config.etcd.env_file} cannot be read",
        "set etcd.env_file of this node in the configuration to the file the unit reads",
        node=config.name,
    )


def _no_etcdctl(config: NodeConfig) -> Finding:
    return reason(
        "tool-missing",
        f"{config.etcd.etcdctl} is missing or does not run",
        "set etcd.etcdctl of this node in the configuration",
        node=config.name,
    )


def _tools(config: NodeConfig, host: Host) -> Iterator[Finding]:
    if "etcdctl" not in host.tools:
        yield _no_etcdctl(config)
    elif (version := host.etcd_version) is None:
        yield reason("tool-version", f"{config.etcd.etcdctl} does not tell its version", "", node=config.name)
    elif version >= (3, 6, 0) and "etcdutl" not in host.tools:
        yield reason(
            "tool-missing",
            f"{config.etcd.etcdutl} is missing",
            "etcdctl 3.6 cannot restore (and says success): install etcdutl beside it",
            node=config.name,
        )
    if host.lacks:
        yield reason("tool-missing", f"missing on this master: {', '.join(host.lacks)}", "", node=config.name)


def env_checks(config: NodeConfig, host: Host, env: EnvFile) -> Iterator[Finding]:
    file, node = config.etcd.env_file, config.name
    for key in NEEDED_KEYS:
        if not env.get(key):
            yield reason("env-key", f"{file}: {key} is missing or empty", "add it", node=node)
    for key, why in FORBIDDEN_KEYS.items():
        if env.get(key) and (key, env.get(key)) not in HARMLESS:
            yield reason("env-forbidden", f"{file}: {key} is set: {why}", NOT_HERE, node=node)
    if env.get("ETCD_FORCE_NEW_CLUSTER").lower() in ("true", "1", "t"):
        yield reason(
            "env-forbidden",
            f"{file}: ETCD_FORCE_NEW_CLUSTER is set: every start makes this member a cluster of its own",
            "remove it",
            node=node,
        )
    for key in env.repeated:
        yield reason("env-repeated", f"{file}: {key} is set twice, differently", "leave one", node=node)
    for key in (key for key in env.odd if key.startswith("ETCD")):
        yield reason(
            "env-quoting",
            f"{file}: {key} is quoted in a way that is not read here",
            "write it plain, or in one pair of quotes",
            node=node,
        )
    for key in _PROCESS_KEYS:
        running = host.process_env.get(key, env.get(key))
        if host.process_env and running != env.get(key):
            yield reason(
                "env-not-effective",
                f"{file}: {key} is {env.get(key)!r}, the running etcd has {running!r}",
                "the file was changed after the start: find out which is right, and make them agree",
                node=node,
            )
    name, initial = env.get("ETCD_NAME"), env.initial_cluster()
    if not name or not initial:
        return
    if name not in initial:
        yield reason(
            "env-name",
            f"{file}: ETCD_NAME is {name!r}, which ETCD_INITIAL_CLUSTER does not name (it has {', '.join(sorted(initial))})",
            "make them agree",
            node=node,
        )
    elif (own := tuple(sorted(env.urls("ETCD_INITIAL_ADVERTISE_PEER_URLS")))) and own != initial[name]:
        yield reason(
            "env-peer-url",
            f"{file}: ETCD_INITIAL_ADVERTISE_PEER_URLS is {','.join(own)}, "
            f"but ETCD_INITIAL_CLUSTER has {','.join(initial[name])} for {name}",
            "make them agree",
            node=node,
        )


def _data(config: NodeConfig, host: Host) -> Iterator[Finding]:
    data, node = host.data, config.name
    if host.env is None or not host.env.get("ETCD_DATA_DIR"):
        return
    if data.path != host.env.get("ETCD_DATA_DIR").rstrip("/") or not data.path.startswith("/"):
        yield reason(
            "data-dir",
            f"{config.etcd.env_file}: ETCD_DATA_DIR is {host.env.get('ETCD_DATA_DIR')!r}: not a directory that is worked on",
            "an absolute path below / is needed",
            node=node,
        )
    elif data.kind in _KINDS:
        yield reason("data-dir", f"{data.path} {_KINDS[data.kind]}", f"{NOT_HERE}", node=node)
    elif data.kind not in ("dir", "mount", "missing"):
        yield reason("data-dir", f"{data.path}: what it is could not be read", "", node=node)


def _surroundings(config: NodeConfig, host: Host) -> Iterator[Finding]:
    yield from _privileges(config, host)
    yield from _access(config, host)


def _privileges(config: NodeConfig, host: Host) -> Iterator[Finding]:
    for place in host.readonly:
        yield reason(
            "no-privilege",
            f"{place} cannot be written",
            "the SSH user needs root, or sudo (ssh.become in the configuration)",
            node=config.name,
        )
    if host.work_volatile:
        yield reason(
            "work-dir",
            f"{config.etcd.work_dir} is in memory: a reboot between the steps would lift the hold and lose the lease",
            "set etcd.work_dir of this node in the configuration to a directory on disk",
            node=config.name,
        )


def _access(config: NodeConfig, host: Host) -> Iterator[Finding]:
    error = host.local_read_error.lower()
    if any(words in error for words in ("user name is empty", "permission denied", "invalid auth token")):
        yield reason(
            "auth",
            "etcd authentication is on",
            f"the checks that end a run would be refused by etcd: {NOT_HERE}",
            node=config.name,
        )
    if not host.endpoint:
        yield reason(
            "endpoint",
            f"{config.etcd.env_file}: no client URL of this node's own etcd (ETCDCTL_ENDPOINTS, ETCD_LISTEN_CLIENT_URLS)",
            "",
            node=config.name,
        )
