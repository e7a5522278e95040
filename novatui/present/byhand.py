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
    where = node or _("each master")
    rows = _paragraph(
        _("This version has no wizard for {runbook} yet. By hand:").format(runbook=runbook), width
    )
    steps = _steps(runbook, etcd, where)
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


def _steps(runbook: str, etcd: EtcdConfig, where: str) -> list[tuple[str, str]]:
    """(words, command) in order; commands run on ``where`` as root, with the env file's ETCDCTL_* exported."""
    unit, ctl = etcd.unit, etcd.etcdctl
    match runbook:
        case "restart-member":
            return [
                (
                    _("On {node}: keep what the journal says now.").format(node=where),
                    f"journalctl -u {unit} -n 500",
                ),
                (_("Restart it."), f"systemctl restart {unit}"),
                (_("Watch this pane: it must answer, have quorum and come to lag 0."), ""),
            ]
        case "start-cluster":
            return [
                (
                    _(
                        "On every master, all together: a lone one waits for the others, so do not wait for it."
                    ),
                    f"systemctl start --no-block {unit}",
                ),
                (
                    _(
                        "Watch this screen: quorum must come back and all indexes agree. The data is intact: do not restore."
                    ),
                    "",
                ),
            ]
        case "recover-member":
            return [
                (
                    _("Only while the others hold quorum. On {node}: stop it first.").format(node=where),
                    f"systemctl stop {unit}",
                ),
                (
                    _("On a healthy master: its ID, then remove it. From here the way is forward only."),
                    f"{ctl} member list; {ctl} member remove ID",
                ),
                (
                    _("Add it again under the same name and peer address."),
                    f"{ctl} member add NAME --peer-urls=PEER_URL",
                ),
                (
                    _("On {node}: move its data aside, delete nothing.").format(node=where),
                    "mv -T ETCD_DATA_DIR ETCD_DATA_DIR.old",
                ),
                (
                    _(
                        "In {file} set the state to existing, and ETCD_INITIAL_CLUSTER to what member add printed."
                    ).format(file=etcd.env_file),
                    "ETCD_INITIAL_CLUSTER_STATE=existing",
                ),
                (_("Start it, and watch it come to lag 0."), f"systemctl start --no-block {unit}"),
            ]
        case "restore-cluster":
            return [
                (
                    _("See the exact plan first; it changes nothing."),
                    "novatui plan restore-cluster --snapshot PATH",
                ),
                (
                    _("Then run it; it asks before anything stops."),
                    "novatui run restore-cluster --snapshot PATH",
                ),
            ]
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
