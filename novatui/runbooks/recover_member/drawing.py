"""Drawing a recovery: from the survey's answers to the parameters of its plan, and the facts it relies on. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from novatui.config import ClusterConfig
from novatui.model.plan import Request
from novatui.remote.command import Command
from novatui.runbooks.parts import standing
from novatui.runbooks.parts.answer import Listed
from novatui.runbooks.parts.commands import master_commands
from novatui.runbooks.parts.host import Host, version
from novatui.runbooks.parts.params import NodeParams
from novatui.runbooks.parts.seen import node_params, see
from novatui.runbooks.recover_member.checks import Look, others_up, serves
from novatui.runbooks.recover_member.params import JOIN, REMOVE, Other, RecoverParams
from novatui.runbooks.recover_member.roster import alarms, roster, said
from novatui.runbooks.step import Answers, Facts

# etcd issue 19557: a learner promoted by these stays one in the v3 store, and an upgrade to 3.6 then fails.
LEARNER_BUG = ((3, 5, 1), (3, 5, 19))
FIRST_WITH_LEARNERS = (3, 4, 0)


def commands(cluster: ClusterConfig) -> dict[str, dict[str, Command]]:
    """What each master is asked: as for every runbook, and its roster."""
    found: dict[str, dict[str, Command]] = {}
    for node in cluster.nodes:
        asked = dict(master_commands(node))
        host = asked["host"]
        asked["host"] = Command(
            script=host.script, argv=(*host.argv, "roster"), timeout_s=host.timeout_s + 30
        )
        found[node.name] = asked
    return found


def look(cluster: ClusterConfig, target: str, answers: Answers) -> Look:
    seen = see(cluster, answers)
    told = {node: said(answers.get(node, {}).get("host")) for node in seen.hosts}
    return Look(cluster=cluster, target=target, seen=seen, said=told, roster=roster(target, seen.hosts, told))


def participants(found: Look) -> list[str]:
    """In the configuration's order: the target, and the masters whose member has quorum."""
    return [
        node.name
        for node in found.cluster.nodes
        if node.name == found.target or node.name in found.roster.healthy
    ]


def params(found: Look, request: Request) -> RecoverParams:
    """Only for a survey without a standing reason."""
    nodes = participants(found)
    common = standing.params(found.cluster, found.seen, nodes, request)
    ids = {node: one.id for node, one in found.roster.healthy.items()}
    common["nodes"] = {
        node: node_params(found.cluster.node(node), found.seen.hosts[node], ids.get(node, ""))
        for node in nodes
    }
    own = common["nodes"][found.target]
    others = [_other(found, one) for one in found.roster.others]
    return RecoverParams(
        **{
            **common,
            "initial_cluster": _initial(others, own),
            "cluster_id": next(iter(found.roster.cluster_ids)),
        },
        target=found.target,
        via=_via(found),
        way=found.way,
        seat=found.seat.id if found.seat else "",
        others=tuple(others),
        learner=_learner(found),
        odd=found.odd,
        corrupt="CORRUPT" in alarms(found.seen.hosts),
        voters=len(found.roster.voters),
        votes=found.votes,
        up=others_up(found),
        db_size=max(host.status.db_size for host in found.seen.hosts.values() if host.status is not None),
        state=standing.words(found.host),
        why=_why(found),
    )


def _other(found: Look, one: Listed) -> Other:
    node = next((node for node, own in found.roster.healthy.items() if own.id == one.id), "")
    return Other(
        id=one.id,
        name=one.name,
        peer_urls=one.peer_urls,
        client_urls=one.client_urls,
        node=node,
    )


def _initial(others: list[Other], own: NodeParams) -> str:
    """As ``member add`` prints it: every name with each of its peer URLs, the new one under its own name."""
    pairs = [(one.name, url) for one in others for url in one.peer_urls]
    pairs += [(own.member, url) for url in own.peer_urls]
    return ",".join(f"{name}={url}" for name, url in pairs)


def _via(found: Look) -> str:
    """Whom the list is changed through: a follower where there is one, so that the leader has no more to do than it has."""

    def rank(node: str) -> tuple[bool, int]:
        status = found.seen.hosts[node].status
        assert status is not None
        return status.leads, -status.revision

    return min(found.roster.healthy, key=rank)


def _learner(found: Look) -> bool:
    """Growing from one voter to two, always: a voter that does not start would end the quorum. Else where it is safe."""
    if found.way == JOIN:
        return False
    voters = len(found.roster.voters) - (found.way == REMOVE and found.votes)
    if voters == 1:
        return True
    return all(learner_safe(version(status.version)) for status in _statuses(found))


def _statuses(found: Look) -> list[Any]:
    return [found.seen.hosts[node].status for node in found.roster.healthy]


def learner_safe(number: tuple[int, int, int] | None) -> bool:
    """Whether etcd of this version may take its new members as learners."""
    if number is None or number < FIRST_WITH_LEARNERS:
        return False
    return not LEARNER_BUG[0] <= number <= LEARNER_BUG[1]


def _why(found: Look) -> str:
    """What speaks for a recovery, in words: what is found half done, what its keys or its journal say."""
    host, data = found.host, found.seen.data[found.target]
    seat = found.seat
    if seat is None:
        return "it is in no member list"
    if found.way == JOIN:
        return f"it is in the list as {seat.id}, added and never started: an earlier try is finished"
    if not seat.name:
        return f"its entry {seat.id} was added and never published itself; whether it ever voted cannot be told: it is added anew"
    if found.odd:
        agree, _ = found.majority
        return f"its keys are not those of the majority ({', '.join(sorted(agree))})"
    owner = found.said[found.target].data_of
    if owner and owner != seat.id:
        return f"the data on its disk is of member {owner}, the list has {seat.id}"
    return standing.lost(host, data) or data.why


# -- facts ----------------------------------------------------------------------------------------------------------


def facts(found: Look) -> Mapping[str, Facts]:
    """What the plan relies on, looked at again at the gate and right before the point of no return: nothing of it changes by
    what the run itself does before that, the hold, the stop and what is written for the hold."""
    known: dict[str, Facts] = {}
    for node in participants(found):
        host = found.seen.hosts.get(node)
        if host is not None:
            known[node] = _target(found) if node == found.target else _healthy(found, node, host)
    return known


def _healthy(found: Look, node: str, host: Host) -> Facts:
    assert host.status is not None
    listed = found.said[node].members or ()
    return {
        "cluster_id": host.status.cluster_id,
        "member_id": host.status.member_id,
        "members": sorted([one.id, one.name, ",".join(one.peer_urls), one.learner] for one in listed),
        "etcdctl": host.tools.get("etcdctl", ""),
    }


def _target(found: Look) -> Facts:
    host = found.host
    env = {
        key: value
        for key, value in (host.env.values if host.env else {}).items()
        if key != "ETCD_INITIAL_CLUSTER_STATE"
    }
    told = "\n".join(f"{key}={env[key]}" for key in sorted(env))
    unit = host.unit
    back = serves(found)
    return {
        "serves": f"yes ({back})" if back else "no",
        "env": hashlib.sha256(told.encode()).hexdigest(),
        "unit": f"{unit.load} {unit.program} {' '.join(unit.flags)}".strip(),
        "env_files": list(unit.env_files),
        "environment": list(unit.variables),
        "drop_ins": list(unit.drop_ins),
        "tools": host.tools,
        "data_dir": host.data.path,
        "data_kind": host.data.kind,
        "data_inode": host.data.member_inode if host.data.kind == "mount" else host.data.inode,
    }
