"""Every reason not to recover a member: the cluster cannot do without it, or it is not what needs recovering."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from novatui.config import ClusterConfig
from novatui.diagnosis.data import Usability
from novatui.diagnosis.quorum import needed
from novatui.model.findings import Finding
from novatui.runbooks.parts import standing
from novatui.runbooks.parts.answer import Listed
from novatui.runbooks.parts.host import GIB, MIB, WAL_BYTES, Host, dotted, version
from novatui.runbooks.parts.node_checks import node_checks
from novatui.runbooks.parts.refusal import DATA_INTACT, HELD, reason
from novatui.runbooks.parts.seen import Seen
from novatui.runbooks.recover_member.params import ADD, JOIN, REMOVE
from novatui.runbooks.recover_member.roster import Roster, Said, alarms, majority

# Reasons of a master that a member which joins anew has not: what ETCD_INITIAL_CLUSTER says is written new.
_WRITTEN_NEW = ("env-name", "env-peer-url")
# etcd makes its next log file beforehand.
NEW_LOGS = 2 * WAL_BYTES


@dataclass(frozen=True)
class Look:
    """One survey, as this runbook reads it."""

    cluster: ClusterConfig
    target: str
    seen: Seen
    said: Mapping[str, Said]
    roster: Roster

    @property
    def host(self) -> Host:
        """Of the target; only where it answered."""
        return self.seen.hosts[self.target]

    @property
    def seat(self) -> Listed | None:
        return self.roster.seats[0] if len(self.roster.seats) == 1 else None

    @property
    def votes(self) -> bool:
        """Whether its entry counts in the quorum."""
        return self.seat is not None and not self.seat.learner

    @property
    def way(self) -> str:
        """An entry that never made its name known is joined only where the disk has another member's data: it may have voted
        all the same, and who voted once must not come back with nothing under its ID. A blank disk tells nothing."""
        seat = self.seat
        if seat is None:
            return ADD
        if seat.name or seat.learner:
            return REMOVE
        found = self.said[self.target].data_of
        return JOIN if found and found != seat.id else REMOVE

    @property
    def odd(self) -> bool:
        """It serves, and its keys differ from those of more than half of all voters."""
        return standing.serves(self.host) and self.target in self.majority[1]

    @property
    def majority(self) -> tuple[frozenset[str], frozenset[str]]:
        """Nodes whose keys agree, and nodes whose keys do not; both empty when it cannot be told."""
        nodes = [*self.roster.healthy, self.target]
        hashes = {node: self.said[node].hashes for node in nodes if self.seen.hosts[node].status is not None}
        return majority(hashes, len(self.roster.voters))

    @property
    def need(self) -> int:
        """Bytes that the new data may take, beside the old."""
        sizes = [host.status.db_size for host in self.seen.hosts.values() if host.status is not None]
        return max(sizes, default=0) + NEW_LOGS + GIB


def reasons(look: Look) -> Iterator[Finding]:
    """Why this member cannot be recovered now, the reachable first; nothing is judged where it could not be asked."""
    if look.target in look.seen.silent:
        hint = "what is to be recovered must be reached: look at its network and its sshd first"
        yield reason(
            "unreachable", f"cannot be asked: {look.seen.silent[look.target]}", hint, node=look.target
        )
        return
    yield from standing.all_held(look.cluster, look.seen)
    config = look.cluster.node(look.target)
    yield from (one for one in node_checks(config, look.host) if one.id not in (*_WRITTEN_NEW, HELD))
    found = list(standing.all_open(look.cluster, look.seen, but=look.target))
    found = found or list(_quorum(look))  # who wants a password does not tell whether it has quorum
    yield from found
    if found:
        return
    yield from _seat(look)
    yield from _others(look)
    yield from _versions(look)
    yield from _room(look)
    yield from _alarms(look)
    yield from _serves(look)
    yield from _data_intact(look)


def _quorum(look: Look) -> Iterator[Finding]:
    """The others must have quorum, and be of one mind about who they are."""
    roster = look.roster
    if not roster.healthy:
        hint = (
            "members that are stopped with their data intact are brought back by start-cluster. Where fewer than the quorum "
            "have their data: restore-cluster"
        )
        if standing.lost(look.host, look.seen.data[look.target]):
            hint = standing.mended_by(look.cluster, look.target, look.seen)
        yield reason(
            "no-quorum",
            f"no other member has quorum: without it none can be replaced ({standing.quorum_words(look.cluster, look.seen)})",
            hint,
        )
    elif len(roster.cluster_ids) > 1:
        ids = ", ".join(sorted(roster.cluster_ids))
        hint = "find out which one is meant before anything is changed"
        yield reason("clusters-differ", f"the masters belong to different clusters: {ids}", hint)
    elif not roster.members:
        hint = "a change of members is under way: wait, then plan again"
        yield reason("lists-differ", "the members do not agree on who is a member", hint)


def _seat(look: Look) -> Iterator[Finding]:
    roster, env = look.roster, look.host.env
    if len(roster.seats) > 1:
        ids = ", ".join(
            f"{one.id} ({one.name or 'unstarted'}, {','.join(one.peer_urls)})" for one in roster.seats
        )
        yield reason(
            "seat-unclear",
            f"several entries of the member list may be this master's: {ids}",
            "name and peer URL of its env file must fit one entry: correct the file, or remove the wrong entry by hand",
            node=look.target,
        )
        return
    if env is None:
        return
    file, name = look.cluster.node(look.target).etcd.env_file, env.get("ETCD_NAME")
    theirs = [one for one in roster.others if name and one.name == name]
    if theirs:
        where = [f" on {node}" for node, one in roster.healthy.items() if one.id == theirs[0].id]
        yield reason(
            "env-name",
            f"{file}: ETCD_NAME is {name!r}, which is the member {theirs[0].id}{''.join(where)}",
            "names are unique: write this member's own",
            node=look.target,
        )
    elif look.seat is not None and name and look.seat.name not in ("", name):
        yield reason(
            "env-name",
            f"{file}: ETCD_NAME is {name!r}, the member list has {look.seat.name} at its peer URL",
            "write the name that the list has",
            node=look.target,
        )
    if look.seat is not None:
        own = tuple(sorted(env.urls("ETCD_INITIAL_ADVERTISE_PEER_URLS")))
        if own != tuple(sorted(look.seat.peer_urls)):
            yield reason(
                "env-peer-url",
                f"{file}: ETCD_INITIAL_ADVERTISE_PEER_URLS is {','.join(own)}, "
                f"the member list has {','.join(look.seat.peer_urls)} for {look.seat.name or look.seat.id}",
                "make them agree: the env file, or etcdctl member update",
                node=look.target,
            )


def _others(look: Look) -> Iterator[Finding]:
    """etcd takes no new member while a voter is not connected; and each step must leave a quorum."""
    roster = look.roster
    for one in roster.others:
        if not one.name or one.learner:
            what = "is a learner" if one.name else "was added and never started"
            yield reason(
                "another-unfinished",
                f"another member {what}: {one.id} at {','.join(one.peer_urls)}",
                "finish that one first: recover-member on its master, or promote or remove it by hand",
            )
    unknown = _unknown(look)
    down = [one for one in _unseen(look) if one not in unknown and one.name]
    up = others_up(look)
    voters = len(roster.voters)
    after = voters - look.votes * (look.way == REMOVE)
    if up < needed(after):
        yield reason(
            "quorum-after",
            f"{up} other voters are up; without {look.target} {needed(after)} of {after} are needed",
            _bring_up(look, down),
        )
    elif down and look.way != JOIN:
        names = ", ".join(f"{one.name} ({_master_of(look, one)})" for one in down)
        yield reason(
            "other-down",
            f"{names}: down too; etcd takes no new member while a voter is not connected",
            _bring_up(look, down),
        )


def others_up(look: Look) -> int:
    """How many other voters answer, or are on no master that could be asked: those are asked through etcd's network later."""
    return len(look.roster.healthy) + len(_unknown(look))


def _unknown(look: Look) -> list[Listed]:
    return [one for one in _unseen(look) if _master_of(look, one) in ("", *look.seen.silent)]


def _unseen(look: Look) -> list[Listed]:
    """Other voters that did not answer a linearizable read through one of our masters."""
    seen = {one.id for one in look.roster.healthy.values()}
    return [one for one in look.roster.others if not one.learner and one.id not in seen]


def _master_of(look: Look, member: Listed) -> str:
    """The configured master that this member is on, by its env file or, where that is not known, its host; or empty."""
    for node in look.cluster.nodes:
        host = look.seen.hosts.get(node.name)
        if host is not None and host.env is not None:
            urls = set(host.env.urls("ETCD_INITIAL_ADVERTISE_PEER_URLS"))
            if urls & set(member.peer_urls) or host.env.get("ETCD_NAME") == member.name:
                return node.name
    return next(
        (
            node.name
            for node in look.cluster.nodes
            if any(f"//{node.host}:" in url for url in member.peer_urls)
        ),
        "",
    )


def _bring_up(look: Look, down: list[Listed]) -> str:
    """One at a time: what to do about the others first. Only those whose data is lost too are ever taken out."""
    seen = look.seen
    nodes = {_master_of(look, one): one for one in down}
    lost = {
        node: one
        for node, one in nodes.items()
        if node in seen.data and standing.lost(seen.hosts[node], seen.data[node])
    }
    others = len(look.roster.healthy)
    may_go = others >= needed(len(look.roster.voters) - len(lost))
    out = lost if may_go else {}
    words = [f"restart-member --node {node}" for node in nodes if node not in out]
    if not out:
        return f"bring them up first: {', '.join(words)}" if words else "bring them up first"
    hint = f"bring up first: {', '.join(words)}. " if words else ""
    left = len(look.roster.voters) - len(out)
    gone = "; ".join(
        f"etcdctl member remove {one.id} ({one.name}: {seen.data[node].why})" for node, one in out.items()
    )
    return (
        f"{hint}Members are recovered one at a time: {', then '.join([look.target, *out])}. Begin on "
        f"{next(iter(look.roster.healthy))}, with the ETCDCTL_* of its env file: {gone}. That leaves {others} of {left} voters up, "
        f"{needed(left)} needed. Then this again"
    )


def _versions(look: Look) -> Iterator[Finding]:
    """One that is older than the cluster cannot join it; one that is newer has not been tried by anybody here."""
    own = version(look.host.tools.get("etcd", ""))
    for node in look.roster.healthy:
        status = look.seen.hosts[node].status
        theirs = version(status.version) if status else None
        if own is not None and theirs is not None and own[:2] != theirs[:2]:
            yield reason(
                "tool-versions",
                f"its etcd is {dotted(own)}, that of {node} {dotted(theirs)}",
                "install the same version first",
                node=look.target,
            )
            return


def _room(look: Look) -> Iterator[Finding]:
    free = look.host.data.free
    if free is not None and free < look.need:
        yield reason(
            "space",
            f"{free // MIB} MiB free beside the data, {look.need // MIB} MiB needed: new data as large as the others', its log, and 1 GiB",
            "free some: the old data is kept, not deleted",
            node=look.target,
        )


def _alarms(look: Look) -> Iterator[Finding]:
    """CORRUPT is what this runbook is for, when the member that is asked for is the one whose keys differ."""
    found = alarms(look.seen.hosts)
    agree, odd = look.majority
    if "NOSPACE" in found:
        yield reason(
            "alarm-nospace",
            "a NOSPACE alarm stands: the last checks could not pass",
            "compact, defragment each member, then etcdctl alarm disarm; then plan again",
        )
    if "CORRUPT" in found and not agree:
        yield reason(
            "no-majority",
            "a CORRUPT alarm stands, and no more than half of the voters were seen to have the same keys: nobody can say which are right",
            "look again when nothing writes; if it stays so, it is a restore: restore-cluster, with a snapshot from before",
        )
    elif others := sorted(odd - {look.target}):
        yield reason(
            "other-differs",
            f"it is {', '.join(others)} whose keys differ from the majority's ({', '.join(sorted(agree))})",
            f"recover that one first: recover-member --node {others[0]}",
        )


def serves(look: Look) -> str:
    """In words, that it has quorum, where its keys are not known to be wrong: such a member is not replaced. Else empty."""
    if not standing.serves(look.host) or look.odd:
        return ""
    agree = look.target in look.majority[0]
    words = (
        "its keys are the majority's"
        if agree
        else "whether its keys agree cannot be told while they are written"
    )
    return f"there is nothing to recover: it answers, has quorum, and {words}"


def _serves(look: Look) -> Iterator[Finding]:
    """No word overrules it; the plan's facts say it once more, for one that comes back later."""
    if words := serves(look):
        hint = "" if look.target in look.majority[0] else "look again when fewer writes come"
        yield reason("member-serves", words, hint, node=look.target)


def _data_intact(look: Look) -> Iterator[Finding]:
    """Down is not lost: its own data is started first. An entry that is removed already leaves nothing to start, in the same
    cluster."""
    host, data = look.host, look.seen.data[look.target]
    if standing.serves(host) or standing.lost(host, data) or not host.data.complete:
        return
    if data.state is Usability.UNUSABLE:
        return
    if look.way != REMOVE:
        yield from _of_another_cluster(look)
        return
    if look.seat is None or not look.seat.name:
        return
    owner = look.said[look.target].data_of
    if owner and owner != look.seat.id:
        return  # whoever's data it is, it is not this member's
    yield reason(
        DATA_INTACT,
        f"nothing says that its data is damaged: {standing.words(host)}; {data.why}",
        f"start it first: restart-member --node {look.target}. What does not come up then says why in its journal. To replace it "
        "all the same, overrule this",
        node=look.target,
        guard=DATA_INTACT,
    )


def _of_another_cluster(look: Look) -> Iterator[Finding]:
    """What serves without it may be a blank cluster that somebody founded beside the one that is meant."""
    own, theirs = look.said[look.target].data_cluster, look.roster.cluster_ids
    if own and own not in theirs:
        yield reason(
            DATA_INTACT,
            f"its data is whole and of another cluster, {own}; it would join {', '.join(sorted(theirs))}",
            "find out which one is meant before anything is changed. Where it is the one to join (a restore left this master "
            "out), overrule this",
            node=look.target,
            guard=DATA_INTACT,
        )
