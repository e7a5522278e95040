"""Rounds of comparing the members' keys: what is known of them after several, with answers that do not come."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import cast

import pytest
from msgspec.structs import replace

from novatui.config import NodeConfig
from novatui.diagnosis.key_findings import KEYS_DIFFER, NOT_COMPARED
from novatui.diagnosis.verdict import diagnose
from novatui.errors import Unreachable
from novatui.model.cluster import KeyHash, NodeSnapshot
from novatui.model.findings import Diagnosis, Verdict
from novatui.probes.agreement import compare
from novatui.probes.watch import Watch, Watchable, now_ms
from novatui.remote.command import Command, Outcome, Status
from tests.diagnosis import build

SMALL = {"db_size": 1_000_000}
# What a member answers: (compacted, hash); None: it runs into its limit; an error: the connection is lost.
Answer = tuple[int, int] | Exception | None
ONE, TWO, THREE = (7, 100), (7, 100), (7, 100)
ODD = (7, 666)


class Masters:
    """The transport, and the watches of three masters that serve."""

    def __init__(self) -> None:
        self.answers: Mapping[str, Answer] = {}
        self.asked: list[str] = []
        transport = cast(Watchable, self)
        self.watches = [
            Watch(NodeConfig(name=f"m{n}", host="h"), transport, lambda: None, lambda _entries: None)
            for n in (1, 2, 3)
        ]
        for number, watch in enumerate(self.watches, 1):
            watch.sight.snapshot = serving(number)

    async def run(self, node: str, command: Command) -> Outcome:
        assert command.script == "hash"
        self.asked.append(node)
        answer = self.answers[node]
        if isinstance(answer, Exception):
            raise answer
        if answer is None:
            return Outcome(status=Status.OK, exit=0, stdout=b"nv:end=1\n")
        rows = [{"HashKV": {"hash": answer[1], "compact_revision": answer[0]}}]
        line = b"nv:hashkv64=" + base64.b64encode(json.dumps(rows).encode())
        return Outcome(status=Status.OK, exit=0, stdout=line + b"\nnv:end=1\n")

    async def round(self, *answers: Answer) -> bool:
        """Whether it was settled; a minute of writes goes by."""
        self.answers = {f"m{n}": answer for n, answer in enumerate(answers, 1)}
        settled = await compare(self.watches)
        for watch in self.watches:
            self.change(watch, revision=(watch.sight.snapshot.endpoint.revision or 0) + 50)
        return settled

    def change(self, watch: Watch, **endpoint: object) -> None:
        seen = watch.sight.snapshot
        watch.sight.snapshot = replace(seen, endpoint=replace(seen.endpoint, **endpoint))

    def diagnosis(self) -> Diagnosis:
        now = now_ms()
        nodes = [replace(watch.sight.snapshot, at_ms=now) for watch in self.watches]
        return diagnose(build.cluster(*nodes), {}, now)

    def said(self) -> tuple[Verdict, set[str]]:
        found = self.diagnosis()
        return found.verdict, {one.id for one in found.findings}


def serving(number: int) -> NodeSnapshot:
    node = build.node(number, hash=None)
    return replace(node, endpoint=replace(node.endpoint, **SMALL))


@pytest.fixture
def masters() -> Masters:
    return Masters()


async def test_a_difference_is_found_and_goes_when_all_agree_again(masters: Masters) -> None:
    assert not await masters.round(ONE, ODD, THREE)
    assert masters.said() == (Verdict.DEGRADED, {KEYS_DIFFER})
    assert await masters.round(ONE, TWO, THREE)
    assert masters.said() == (Verdict.HEALTHY, set())


@pytest.mark.parametrize(
    "then",
    [
        (ONE, None, THREE),
        (None, ODD, THREE),
        (ONE, Unreachable("no route to host"), THREE),
        (ONE, (8, 667), THREE),  # it has compacted in between
        (None, None, None),
    ],
)
async def test_a_difference_that_is_known_outlives_a_round_that_is_not_whole(
    masters: Masters, then: Sequence[Answer]
) -> None:
    await masters.round(ONE, ODD, THREE)
    for _ in range(2):
        assert not await masters.round(*then)
        assert masters.said() == (Verdict.DEGRADED, {KEYS_DIFFER})
    assert await masters.round(ONE, TWO, THREE)
    assert masters.said() == (Verdict.HEALTHY, set())


@pytest.mark.parametrize("left_out", [{"fsync_p99_ms": 80.0}, {"answers": False}, {"db_size": 10**9}])
async def test_nor_does_it_go_while_one_of_them_is_not_asked(
    masters: Masters, left_out: dict[str, object]
) -> None:
    await masters.round(ONE, ODD, THREE)
    masters.change(masters.watches[1], **left_out)
    masters.asked.clear()
    assert not await masters.round(ONE, ODD, THREE)
    assert masters.asked == []  # for nothing would come of it
    masters.change(masters.watches[1], answers=True)
    assert KEYS_DIFFER in masters.said()[1]


async def test_a_member_that_was_replaced_holds_nothing_back(masters: Masters) -> None:
    await masters.round(ONE, ODD, THREE)
    watch = masters.watches[1]
    watch.sight.snapshot = replace(watch.sight.snapshot, hash=None)
    assert await masters.round(ONE, None, THREE)
    verdict, ids = masters.said()
    assert verdict is Verdict.HEALTHY and ids == {NOT_COMPARED}


async def test_one_that_gives_no_hash_keeps_the_others_from_nothing(masters: Masters) -> None:
    assert await masters.round(ONE, None, THREE)
    (left,) = [one for one in masters.diagnosis().findings if one.id == NOT_COMPARED]
    assert left.title == "the keys of m2 are not compared: there is no hash of them of the last half hour"
    assert not await masters.round(ONE, None, ODD)
    assert masters.said()[1] == {KEYS_DIFFER, NOT_COMPARED}


async def test_one_that_is_too_slow_to_be_asked_is_named(masters: Masters) -> None:
    masters.change(masters.watches[2], fsync_p99_ms=80.0)
    assert await masters.round(ONE, TWO, THREE)
    assert masters.asked == ["m1", "m2"]
    (left,) = [one for one in masters.diagnosis().findings if one.id == NOT_COMPARED]
    assert left.title == "the keys of m3 are not compared: the disk is slow"


async def test_a_look_before_the_first_round_names_nobody(masters: Masters) -> None:
    assert masters.said() == (Verdict.HEALTHY, set())
    old = KeyHash(revision=9, compacted=7, hash=1, at_ms=now_ms() - 2_000_000)
    masters.watches[0].keep(old)
    assert masters.said() == (Verdict.HEALTHY, {NOT_COMPARED})
