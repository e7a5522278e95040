"""The read-only commands of the survey, and small words that every step uses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from novatui.config import NodeConfig
from novatui.model.plan import Request
from novatui.remote.command import Command
from novatui.runbooks.parts import api_server, left_out
from novatui.runbooks.parts.params import ClusterParams, NodeParams, Places, cluster_params, places
from novatui.runbooks.step import Context

# How many archives of a master are opened when none is named: a wizard must not wait for forty.
READ_AT_MOST = 5
JOURNAL_LINES = 600


def survey_commands(node: NodeConfig, request: Request) -> Mapping[str, Command]:
    """By name: what one master is asked for the plan of a restore."""
    etcd = node.etcd
    elsewhere = bool(request.survivor) or request.upload is not None
    wanted = "" if elsewhere else request.snapshot
    dirs = () if elsewhere else etcd.snapshot_dirs
    found = master_commands(node)
    found["api"] = api_server.command(node)
    if request.without:
        found["ports"] = left_out.command(node)
    skip = request.from_node and request.from_node != node.name
    if (wanted or dirs) and not skip:
        found["archives"] = Command(
            script="archive",
            argv=("survey", etcd.env_file, etcd.etcdctl, wanted, str(READ_AT_MOST), *dirs),
            timeout_s=900,
        )
    return found


def master_commands(node: NodeConfig) -> dict[str, Command]:
    """By name: what every runbook asks of one master."""
    etcd = node.etcd
    return {
        "host": Command(
            script="survey",
            argv=(
                etcd.env_file,
                unit_name(etcd.unit),
                etcd.etcdctl,
                etcd.work_dir,
                etcd.unit_dir,
                node.kubernetes.manifests,
            ),
            timeout_s=45,
        ),
        "journal": Command(
            argv=(
                "journalctl", "-u", unit_name(etcd.unit), "-o", "json", "--all", "--no-pager", "-n", str(JOURNAL_LINES),
            ),
            timeout_s=20,
        ),
    }  # fmt: skip


def unit_name(name: str) -> str:
    """``etcd`` for ``etcd`` and ``etcd.service`` alike; our drop-in's directory needs it plain."""
    return name.removesuffix(".service")


class At:
    """The context of one step on one master: its parameters and paths."""

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.run = ctx.plan.run
        self.params: ClusterParams = cluster_params(ctx.plan)
        self.node: NodeParams = self.params.nodes[ctx.node]
        self.places: Places = places(self.node, self.run)

    @property
    def tls(self) -> tuple[str, str, str, str]:
        """Endpoint and client files, in the order our scripts take them."""
        return self.node.endpoint, self.node.cacert, self.node.cert, self.node.key


def known(ctx: Context, step: str, node: str, key: str) -> Any:
    """A fact that ``step`` verified on ``node``, or None."""
    return ctx.facts.get(step, {}).get(node, {}).get(key)


def born(ctx: Context, step: str, node: str, key: str, name: str) -> str:
    """The same as a word of a command; ``<name>`` while the plan is drawn and nobody can know it."""
    value = known(ctx, step, node, key)
    return f"<{name}>" if value is None else str(value)


def limit_s(size: int, *, least: float = 60.0) -> float:
    """For something that reads or writes ``size`` bytes a few times: at 5 MB/s, and never below ``least``."""
    return least + size / 5e6
