"""What must be so on each master by itself before etcd may be stopped there: unit, tools, data directory, hold."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from novatui.config import NodeConfig
from novatui.model.findings import Finding
from novatui.runbooks.parts.env_checks import NOT_HERE, data_dir_problem, env_checks
from novatui.runbooks.parts.envfile import EnvFile
from novatui.runbooks.parts.host import UNMOUNTED, Host
from novatui.runbooks.parts.refusal import HELD, reason

_KINDS = {
    "link": "is a symbolic link",
    "inner-link": "holds a symbolic link in place of member, member/wal or member/snap",
    "inner-mount": "has another file system mounted below it",
    "odd": "is not a directory",
}
_NO_ENV = {
    "missing": "is missing",
    "odd": "is not a file",
    "unreadable": "cannot be read by the SSH user",
    "empty": "is empty",
}


def node_checks(config: NodeConfig, host: Host) -> Iterator[Finding]:
    """Every reason of this one master."""
    yield from held(config, host)
    yield from unit_checks(config, host)
    yield from _tools(config, host)
    if host.env is None:
        yield _no_env(config, host)
        return
    yield from env_checks(config, host, host.env)
    yield from _data(config, host)
    yield from _surroundings(config, host)


def serving_checks(config: NodeConfig, host: Host) -> Iterator[Finding]:
    """The reasons that stand where a run only starts or stops etcd, on the data that is there. Holds are not among them."""
    yield from unit_checks(config, host)
    if "etcdctl" not in host.tools:
        yield _no_etcdctl(config)
    yield from _lacks(config, host)
    if host.env is None:
        yield _no_env(config, host)
        return
    yield from env_checks(config, host, host.env)
    if host.data.kind == UNMOUNTED:
        yield _unmounted(config, host)
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
    elif unit.program.rpartition("/")[2] != "etcd":
        yield reason(
            "unit-program",
            f"unit {name}: ExecStart runs {unit.program}, not etcd itself",
            f"what a wrapper gives etcd cannot be seen: {NOT_HERE}",
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


def _no_env(config: NodeConfig, host: Host) -> Finding:
    return reason(
        "env-missing",
        f"{config.etcd.env_file} {_NO_ENV.get(host.env_is, 'cannot be read')}",
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
    yield from _lacks(config, host)


def _lacks(config: NodeConfig, host: Host) -> Iterator[Finding]:
    if host.lacks:
        yield reason("tool-missing", f"missing on this master: {', '.join(host.lacks)}", "", node=config.name)


def _data(config: NodeConfig, host: Host) -> Iterator[Finding]:
    data, node = host.data, config.name
    if host.env is None or data_dir_problem(host.env.get("ETCD_DATA_DIR")):
        return
    if data.path != host.env.get("ETCD_DATA_DIR").rstrip("/"):
        yield reason(
            "data-dir",
            f"{config.etcd.env_file}: ETCD_DATA_DIR is {host.env.get('ETCD_DATA_DIR')!r}, {data.path!r} was looked at",
            "write it plain, once",
            node=node,
        )
    elif data.kind == UNMOUNTED:
        yield _unmounted(config, host)
    elif data.kind in _KINDS:
        yield reason("data-dir", f"{data.path} {_KINDS[data.kind]}", f"{NOT_HERE}", node=node)
    elif data.kind not in ("dir", "mount", "missing"):
        yield reason("data-dir", f"{data.path}: what it is could not be read", "", node=node)
    elif inside := _carried_along(config, host, host.env):
        said = ", ".join(f"{path} ({what})" for path, what in inside.items())
        yield reason(
            "data-dir",
            f"what else is needed lies in the data that is put aside as a whole: {said}",
            f"move it out of {data.path}",
            node=node,
        )


def _unmounted(config: NodeConfig, host: Host) -> Finding:
    """Restored or joined on what lies there, it would be hidden by the next boot, and the data from before would come back."""
    return reason(
        "data-dir",
        f"{host.data.path}: by /etc/fstab a file system belongs there that is not mounted",
        "what lies there now is not the member's data: mount it, then plan again",
        node=config.name,
    )


def _carried_along(config: NodeConfig, host: Host, env: EnvFile) -> dict[str, str]:
    """Path -> what it is, of all that is needed while or after the data is renamed and would go with it. The hold is needed even
    where only ``member`` is renamed: a mount that is gone takes it along."""
    data, etcd = host.data, config.etcd
    moved = f"{data.path}/member" if data.kind == "mount" else data.path
    needed = {
        **{
            value: key for key, value in env.values.items() if key.startswith("ETCD") and key.endswith("FILE")
        },
        host.cacert: "TLS",
        host.cert: "TLS",
        host.key: "TLS",
        host.env_path: "etcd.env_file",
        host.unit.program: "etcd",
        etcd.etcdctl: "etcd.etcdctl",
        etcd.unit_dir: "etcd.unit_dir",
        config.kubernetes.manifests: "kubernetes.manifests",
    }
    found = {path: what for path, what in needed.items() if _below(path, moved)}
    if _below(etcd.work_dir, data.path):
        found[etcd.work_dir] = "etcd.work_dir"
    return found


def _below(path: str, top: str) -> bool:
    return f"{posixpath.normpath(path)}/".startswith(f"{top}/") if path else False


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


def wants_password(host: Host) -> bool:
    """Only one that answers tells it."""
    error = host.local_read_error.lower()
    return any(words in error for words in ("user name is empty", "permission denied", "invalid auth token"))


def auth(config: NodeConfig, host: Host) -> Iterator[Finding]:
    if wants_password(host):
        yield reason(
            "auth",
            "etcd authentication is on",
            f"the checks that end a run would be refused by etcd: {NOT_HERE}",
            node=config.name,
        )


def _access(config: NodeConfig, host: Host) -> Iterator[Finding]:
    yield from auth(config, host)
    if not host.endpoint:
        yield reason(
            "endpoint",
            f"{config.etcd.env_file}: no client URL of this node's own etcd (ETCDCTL_ENDPOINTS, ETCD_LISTEN_CLIENT_URLS)",
            "",
            node=config.name,
        )
