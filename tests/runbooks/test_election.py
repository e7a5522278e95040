"""A survey made in the middle of an election asks again; one of a cluster that has lost its quorum does not."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Mapping

import pytest

from novatui.model.plan import Request
from novatui.remote.command import Command, Outcome
from novatui.remote.transport import Transport
from novatui.runbooks import recover_member
from novatui.runbooks.parts import election
from novatui.runbooks.parts.refusal import RefusedPlan
from novatui.runbooks.step import Answers
from novatui.runner import survey
from tests.runbooks.survey_text import Master, answers, b64, cluster, masters, status_json
from tests.sim.loop import SimLoop

READ_S = 5.0


def member(
    node: str, *, quorum: bool, cluster_id: int = 985, learner: bool = False, error: str = ""
) -> Master:
    """One whose etcd answers."""
    status = json.loads(status_json(int(node[1]), 376222))
    status[0]["Status"]["header"]["cluster_id"] = cluster_id
    status[0]["Status"]["isLearner"] = learner
    master = Master(node)
    master.journal = []
    master.host |= {
        "unit.ActiveState": "active",
        "unit.SubState": "running",
        "status64": b64(json.dumps(status)),
        "local_read64": b64(error),
        "quorum": "yes" if quorum else "no",
    }
    return master


def waiting(*found: Master) -> tuple[str, ...]:
    return election.waiting(cluster(), answers(masters() | {one.node: one for one in found}))


@pytest.mark.parametrize(
    ("found", "waits"),
    [
        ([], ()),
        ([member("m1", quorum=False)], ()),  # two of three are dead: no election ends there
        ([member("m1", quorum=False), member("m3", quorum=False)], ("m1", "m3")),
        ([member("m1", quorum=True), member("m3", quorum=True)], ()),
        ([member("m1", quorum=True), member("m3", quorum=False)], ("m3",)),
        ([member("m1", quorum=False), member("m3", quorum=False, learner=True)], ()),
        ([member("m1", quorum=False), member("m3", quorum=False, cluster_id=7)], ()),
        ([member(node, quorum=False, error="etcdserver: user name is empty") for node in ("m1", "m3")], ()),
    ],
)
def test_only_where_enough_members_answer_is_an_election_waited_for(
    found: list[Master], waits: tuple[str, ...]
) -> None:
    assert waiting(*found) == waits


class Masters:
    """Their answers as time goes by; whoever has no quorum is asked for 5 s."""

    def __init__(self, loop: SimLoop, at: Callable[[float], Mapping[str, Master]]) -> None:
        self._loop, self._at = loop, at
        self.asked = 0

    async def run(self, node: str, command: Command, **_: object) -> Outcome:
        master = self._at(self._loop.time())[node]
        name = {"survey": "host", "archive": "archives", "api-fence": "api"}.get(command.script, "journal")
        if name == "host":
            self.asked += 1
            if master.host.get("quorum") == "no":
                await _sleep(self._loop, READ_S)
        return master.answers()[name]


async def _sleep(loop: SimLoop, seconds: float) -> None:
    done = loop.create_future()
    loop.call_later(seconds, done.set_result, None)
    await done


def surveyed(at: Callable[[float], Mapping[str, Master]]) -> tuple[Answers, float, int, list[str]]:
    """The answers, the seconds it took, how many masters were asked, and what was told meanwhile."""
    loop = SimLoop(120, 100_000)
    way, told = Masters(loop, at), list[str]()
    request = Request(runbook="recover-member", node="m2")

    async def ask(transport: Transport) -> Answers:
        book = recover_member.RUNBOOK
        return await survey.settled(
            cluster(), request, book, transport, tell=lambda nodes, words: told.append(words)
        )

    with contextlib.closing(loop):
        found = loop.run_until_complete(ask(way))  # type: ignore[arg-type]
        return found, loop.time(), way.asked, told


def members(quorum: bool) -> dict[str, Master]:
    return masters() | {node: member(node, quorum=quorum) for node in ("m1", "m3")}


def test_an_election_that_passes_is_waited_for() -> None:
    found, seconds, _, told = surveyed(lambda at: members(quorum=at >= 9))
    assert election.waiting(cluster(), found) == ()
    assert election.waited_s(found) == 7 and seconds == 12  # asked at 0, 6 and 12
    assert told == ["asked again, it may be an election: no quorum on m1, m3"] * 2


def test_one_that_does_not_pass_is_a_refusal_that_says_how_long_it_was_waited_for() -> None:
    found, seconds, _, told = surveyed(lambda at: members(quorum=False))
    assert election.waiting(cluster(), found) == ("m1", "m3")
    assert seconds == 17 and len(told) == 2
    with pytest.raises(RefusedPlan) as refused:
        recover_member.RUNBOOK.draft(
            cluster(), Request(runbook="recover-member", node="m2"), "7f3a00aa", found
        )
    assert "asked again for 12 s, in case an election was under way" in refused.value.detail


def test_a_true_loss_is_asked_once() -> None:
    alone = masters() | {"m1": member("m1", quorum=False)}
    found, seconds, asked, told = surveyed(lambda at: alone)
    assert (seconds, asked, told, election.waited_s(found)) == (READ_S, 3, [], 0)


def test_with_a_leader_one_more_look_tells_who_is_cut_off_from_it() -> None:
    cut_off = masters() | {"m1": member("m1", quorum=True), "m3": member("m3", quorum=False)}
    _, seconds, asked, told = surveyed(lambda at: cut_off)
    assert (seconds, asked, len(told)) == (11, 6, 1)
