"""What an env file must say before etcd may be started or stopped by it, on one master by itself."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from novatui.config import NodeConfig
from novatui.model.findings import Finding
from novatui.runbooks.parts.envfile import EnvFile, is_url
from novatui.runbooks.parts.host import Host
from novatui.runbooks.parts.refusal import reason

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
_URL_KEYS = NEEDED_KEYS[4:]
NOT_HERE = "not in this version"


def env_checks(config: NodeConfig, host: Host, env: EnvFile) -> Iterator[Finding]:
    """Every reason: file, key and what is wrong with it."""
    yield from _read(config, env)
    yield from _forbidden(config, env)
    yield from _values(config, env)
    yield from _effective(config, host, env)
    yield from _name(config, env)


def data_dir_problem(path: str) -> str:
    """Why this is no data directory that is worked on, in words; empty: it is one, or none is named."""
    if not path:
        return ""
    plain = path.rstrip("/")
    if not plain.startswith("/") or plain.startswith("//") or posixpath.normpath(plain) != plain:
        return "an absolute path below / is needed, without . and .."
    return ""


def _read(config: NodeConfig, env: EnvFile) -> Iterator[Finding]:
    """Whether the file is read here as systemd reads it."""
    file, node = config.etcd.env_file, config.name
    for key, why in env.misread.items():
        if key.startswith("ETCD"):
            yield reason("env-line", f"{file}: {key} {why}", f"write it plain: {key}=VALUE", node=node)
    for key in NEEDED_KEYS:
        if not env.get(key) and key not in env.misread:
            yield reason("env-key", f"{file}: {key} is missing or empty", "add it", node=node)
    for key in env.repeated:
        yield reason("env-repeated", f"{file}: {key} is set twice, differently", "leave one", node=node)
    for key in (key for key in env.odd if key.startswith("ETCD")):
        yield reason(
            "env-quoting",
            f"{file}: {key} is quoted in a way that is not read here",
            "write it plain, or in one pair of quotes",
            node=node,
        )
    for what in (one for one in env.runs_on if not one.startswith("ETCD")):
        yield reason(
            "env-runs-on",
            f"{file}: {what!r} goes on on the next line, by a backslash or an open quote",
            "systemd may read the lines after it as part of it: write it on one line",
            node=node,
        )
    for key, value in env.values.items():
        if key.startswith("ETCD") and "\ufffd" in value:
            yield reason(
                "env-encoding",
                f"{file}: {key} is not UTF-8: {value!r}",
                "systemd does not take such a value: write it anew",
                node=node,
            )


def _forbidden(config: NodeConfig, env: EnvFile) -> Iterator[Finding]:
    file, node = config.etcd.env_file, config.name
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


def _values(config: NodeConfig, env: EnvFile) -> Iterator[Finding]:
    """Values that etcd does not start with, or that lead a restore elsewhere."""
    file, node = config.etcd.env_file, config.name
    for key in _URL_KEYS:
        for url in env.urls(key):
            if not is_url(url):
                yield reason(
                    "env-url", f"{file}: {key}: {url!r} is no URL", "SCHEME://HOST:PORT, no path", node=node
                )
    for name, urls in env.initial_cluster().items():
        for url in urls:
            if not name or not is_url(url):
                yield reason(
                    "env-url",
                    f"{file}: ETCD_INITIAL_CLUSTER: {f'{name}={url}'!r} is no NAME=URL",
                    "NAME=SCHEME://HOST:PORT, commas between",
                    node=node,
                )
    if why := data_dir_problem(env.get("ETCD_DATA_DIR")):
        yield reason(
            "data-dir",
            f"{file}: ETCD_DATA_DIR is {env.get('ETCD_DATA_DIR')!r}: not a directory that is worked on",
            why,
            node=node,
        )


def _effective(config: NodeConfig, host: Host, env: EnvFile) -> Iterator[Finding]:
    for key in _PROCESS_KEYS:
        running = host.process_env.get(key, env.get(key))
        if host.process_env and running != env.get(key):
            yield reason(
                "env-not-effective",
                f"{config.etcd.env_file}: {key} is {env.get(key)!r}, the running etcd has {running!r}",
                "the file was changed after the start: find out which is right, and make them agree",
                node=config.name,
            )


def _name(config: NodeConfig, env: EnvFile) -> Iterator[Finding]:
    """Who this member is: its name and peer URLs as ETCD_INITIAL_CLUSTER has them."""
    file, node = config.etcd.env_file, config.name
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
