"""Whether quorum is only not there for the moment: an election takes its time, and then a survey would refuse for nothing.

The scripts ask once, each its own member: whether waiting can help is known only where all answers are seen. Where fewer
members answer than a quorum needs, none is waited for: no election can end there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from novatui.config import ClusterConfig
from novatui.diagnosis.quorum import needed
from novatui.remote.command import Outcome, Status
from novatui.runbooks.parts import voters
from novatui.runbooks.parts.host import Host, host
from novatui.runbooks.parts.node_checks import wants_password
from novatui.runbooks.parts.reading import read
from novatui.runbooks.step import Answers

# The answers of a survey that an election changes: who each master is, and what its journal says.
ASKED_AGAIN = ("host", "journal")
# kubespray has an election timeout of 5 s: an election is over 5 - 10 s after the leader was lost, and the read that did not
# come back waited 5 s already. No look begins later than this after the first one ended.
AGAIN_S = 8.0
# With a leader the others hear of it at once: one more look tells who is cut off from it.
AGAIN_LED_S = 2.0
PAUSE_S = 1.0
_WAITED = "waited"


def waiting(cluster: ClusterConfig, answers: Answers) -> tuple[str, ...]:
    """Masters whose member answers and has no quorum, though enough members of its cluster answer to be one."""
    hosts = _answering(answers)
    least = needed(voters.count(cluster, hosts)[0])
    belongs = {node: one.status.cluster_id for node, one in hosts.items() if one.status is not None}
    together = Counter(belongs.values())
    return tuple(
        node
        for node, one in hosts.items()
        # What is refused for want of a password is no time-out.
        if not one.quorum and not wants_password(one) and together[belongs[node]] >= least
    )


def again_s(answers: Answers) -> float:
    """How long after the first look another may begin."""
    return AGAIN_LED_S if any(one.quorum for one in _answering(answers).values()) else AGAIN_S


def words(nodes: tuple[str, ...]) -> str:
    return f"asked again, it may be an election: no quorum on {', '.join(nodes)}"


def told(seconds: float) -> Mapping[str, Outcome]:
    """What is put beside a master's answers when they were waited for."""
    said = f"nv:{_WAITED}={seconds:.0f}\nnv:end=1\n"
    return {_WAITED: Outcome(status=Status.OK, exit=0, stdout=said.encode())}


def waited_s(answers: Answers) -> int:
    """How long the masters were asked again; 0: once was enough."""
    return max((read(one.get(_WAITED)).number(_WAITED) or 0 for one in answers.values()), default=0)


def _answering(answers: Answers) -> dict[str, Host]:
    """The masters whose member answers and votes."""
    hosts = {node: host(outcomes.get("host")) for node, outcomes in answers.items()}
    return {
        node: one
        for node, one in hosts.items()
        if one is not None and one.status is not None and not one.status.learner
    }
