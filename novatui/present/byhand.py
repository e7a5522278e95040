"""What a runbook does, told for a person's own hands: for those this version cannot run.

The steps are those of the platform's procedure, in the safe order: proofs first, nothing deleted, old data renamed.
"""

from __future__ import annotations

from novatui.config import ClusterConfig, EtcdConfig
from novatui.present.i18n import _
from novatui.present.rows import BLANK, Role, Row, row, wrap


def by_hand(runbook: str, cluster: ClusterConfig, node: str, width: int) -> list[Row]:
    """That there is no wizard, and what to do instead; commands in a role of their own."""
    etcd = next(
        (n.etcd for n in cluster.nodes if n.name == node),
        cluster.nodes[0].etcd if cluster.nodes else EtcdConfig(),
    )
    rows = _paragraph(
        _("This version has no wizard for {runbook} yet. By hand:").format(runbook=runbook), width
    )
    steps = _steps(runbook, etcd)
    if not steps:
        return [*rows, BLANK, *_paragraph(_("Nothing is known about this runbook."), width)]
    told = _("Commands are for root on a master, with the ETCDCTL_* of {file} exported.").format(
        file=etcd.env_file
    )
    rows += [row((line, Role.DIM)) for line in wrap(told, width)]
    for number, (words, command) in enumerate(steps, 1):
        rows.append(BLANK)
        lines = wrap(words, width - 3)
        rows.append(row((f"{number:>2} ", Role.DIM), lines[0]))
        rows += [row("   ", line) for line in lines[1:]]
        rows += [row("   ", (line, Role.ACCENT)) for line in (wrap(command, width - 3) if command else ())]
    return rows


def _paragraph(text: str, width: int) -> list[Row]:
    return [row((line, Role.BRIGHT)) for line in wrap(text, width)]


def _steps(runbook: str, etcd: EtcdConfig) -> list[tuple[str, str]]:
    """(words, command) in order; commands run as root, with the env file's ETCDCTL_* exported."""
    ctl = etcd.etcdctl
    match runbook:
        case "disarm-alarm":
            return [
                (
                    _("NOSPACE: compact to the present revision."),
                    f"{ctl} endpoint status -w json; {ctl} compact REVISION",
                ),
                (_("Defragment one member after the other, the leader last."), f"{ctl} defrag"),
                (_("Then, and only then, disarm."), f"{ctl} alarm disarm"),
            ]
        case "defragment":
            return [
                (_("One member after the other, the leader last: it blocks while it works."), f"{ctl} defrag")
            ]
        case "take-snapshot":
            return [(_("On a master that answers:"), f"{ctl} snapshot save PATH")]
    return []
