"""Starting etcd on the data that is there, and what a run expects of a cluster whose members it did not make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Any

from novatui.diagnosis.data import evidence_of, judged, since_last_good_start
from novatui.diagnosis.pattern import Remedy
from novatui.model.entries import Level
from novatui.remote.command import Command, Outcome
from novatui.runbooks.parts import answer
from novatui.runbooks.parts.commands import At, known
from novatui.runbooks.parts.evidence import entries
from novatui.runbooks.parts.proof import Expected
from novatui.runbooks.parts.reading import UNREADABLE, Reading, read
from novatui.runbooks.step import Act, Ask, Context, Effect, Probed, Scope, State, Step, always

# A member that replays a long log, or loses its first publish (15.3 s), is still coming up.
BEGIN_S = 90.0
# So often systemd started it again in vain: it does not come up by waiting.
GIVEN_UP_AFTER = 2
_LAST_CHARS = 300
WhoBegins = Callable[[Context], Collection[str]]


def begin(who: WhoBegins, *, title: str, barrier: str, node: str = "", gives_up: State = State.DONE) -> Step:
    """Start the unit on those of ``who`` that are down; then on all of the step's masters until each serves.

    ``gives_up``: what one is that fails again and again: DONE with the fact ``remains`` lets the others be checked,
    FAILED ends the run.
    """
    return Step(
        id="start",
        title=title,
        effect=Effect.CHANGE,
        scope=Scope.ONE if node else Scope.EACH,
        node=node,
        probe=lambda ctx: Ask(look(ctx), _reader(ctx, who)),
        apply=lambda ctx: [_do(ctx)] if ctx.node in who(ctx) else [],
        verify=lambda ctx: Ask(look(ctx), lambda outcome: read_serves(outcome, ctx.node, gives_up)),
        again=always,
        settle_s=BEGIN_S,
        rest=True,
        barrier=barrier,
    )


def before(must_answer: Callable[[Context], bool]) -> Step:
    """Look at all that take part; those that must answer do."""
    return Step(
        id="look",
        title="Look at the members: who they are, how far they are",
        effect=Effect.OBSERVE,
        probe=lambda ctx: Ask(look(ctx), _before_reader(ctx.node, must_answer(ctx))),
        settle_s=10,
        barrier="it is known what the members have now: nothing may be below it afterwards",
    )


def _before_reader(node: str, must_answer: bool) -> Callable[[Outcome], Probed]:
    def reader(outcome: Outcome) -> Probed:
        found = read_serves(outcome, node)
        if found.state is State.UNKNOWN or (must_answer and "member_id" not in found.facts):
            return Probed(State.UNKNOWN, found.facts, detail=found.detail or "it does not answer any more")
        facts = {key: value for key, value in found.facts.items() if key != "remains"}
        return Probed(State.DONE, facts, detail="" if facts["serves"] else found.detail)

    return reader


def _words(ctx: Context, verb: str) -> tuple[str, ...]:
    at = At(ctx)
    return verb, at.run, at.node.work_dir, at.node.unit, at.node.data_dir


def _do(ctx: Context) -> Act:
    return Command(script="begin", argv=_words(ctx, "do"), timeout_s=30, changes=True)


def look(ctx: Context) -> Command:
    at = At(ctx)
    return Command(script="begin", argv=(*_words(ctx, "look"), *at.tls, at.node.etcdctl), timeout_s=35)


def _reader(ctx: Context, who: WhoBegins) -> Callable[[Outcome], Probed]:
    begins = ctx.node in who(ctx)
    return lambda outcome: read_begun(outcome, begins=begins)


def read_begun(outcome: Outcome, *, begins: bool = True) -> Probed:
    """Whether a start was given: DONE while etcd runs or is on its way, TODO where it is down."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    if run := reading.get("held_by"):
        return Probed(State.FOREIGN, detail=f"run {run} holds this master")
    facts = {"unit": reading.unit("ActiveState")}
    if not begins or not is_down(reading):
        return Probed(State.DONE, facts)
    if lacks := reading.text("lacks"):
        return Probed(
            State.FOREIGN,
            facts,
            detail=f"its data is not there any more: no {lacks}; nothing is started on none",
        )
    return Probed(State.TODO, facts, detail=f"the unit is {unit_words(reading)}")


def read_serves(outcome: Outcome, node: str, gives_up: State = State.DONE) -> Probed:
    """DONE when this member answers and has quorum; else TODO with what it waits for."""
    reading = read(outcome)
    if not reading.whole:
        return UNREADABLE
    status = answer.status(reading.json("status"))
    listed = answer.members(reading.json("members"))
    facts: dict[str, Any] = {
        "unit": reading.unit("ActiveState"),
        "restarts": reading.unit("NRestarts"),
        "serves": False,
    }
    if status is not None:
        facts |= {
            "member_id": status.member_id,
            "cluster_id": status.cluster_id,
            "revision": status.revision,
            "index": status.index,
        }
        if reading.get("quorum") == "yes" and listed is not None:
            return Probed(State.DONE, {**facts, "serves": True, "ids": [one.id for one in listed]})
    waits = waits_for(reading, status)
    if is_down(reading):
        why, damaged = why_down(node, reading.raw("journal"))
        waits = f"{waits}; {why}" if why else waits
        if (
            damaged
            or reading.unit("ActiveState") == "failed"
            or (_count(reading, "NRestarts") >= GIVEN_UP_AFTER)
        ):
            return Probed(gives_up, {**facts, "remains": waits}, detail=f"does not come up: {waits}")
    return Probed(State.TODO, facts, detail=waits)


def _count(reading: Reading, key: str) -> int:
    return reading.number(f"unit.{key}") or 0


def is_down(reading: Reading) -> bool:
    active, sub = reading.unit("ActiveState"), reading.unit("SubState")
    return active in ("inactive", "failed") or (active == "activating" and sub == "auto-restart")


def unit_words(reading: Reading) -> str:
    words = f"{reading.unit('ActiveState') or 'unknown'} ({reading.unit('SubState')})"
    if (status := reading.unit("ExecMainStatus")) not in ("", "0"):
        words += f", its last exit {status}"
    return words


def waits_for(reading: Reading, status: answer.Status | None) -> str:
    """What a member that does not serve yet waits for."""
    unit = unit_words(reading)
    if is_down(reading):
        return f"the unit is {unit}"
    if status is None:
        waits = (
            "" if reading.unit("ActiveState") == "active" else ": it reads its data, or waits for its peers"
        )
        return f"the unit is {unit} and does not answer{waits}"
    if not status.leader_id:
        return "it answers, and waits for a leader"
    return "it answers, and waits for a linearizable read"


def why_down(node: str, text: str) -> tuple[str, bool]:
    """Its own last words on what keeps it down, since its last good start, and whether they say that its data is damaged."""
    since = list(since_last_good_start(entries(node, text)))
    told = [(entry, one) for entry, one in judged(since) if one.remedy in (Remedy.RECOVER, Remedy.FIX)]
    if told:
        entry, pattern = told[-1]
        damaged = pattern.unusable and not any(one.excludes for _, one in told)
        return f"{pattern.cause}: {evidence_of(entry).value[:_LAST_CHARS]}", damaged
    loud = [one for one in since if not one.unit_line and one.level is Level.FATAL]
    return (evidence_of(loud[-1]).value[:_LAST_CHARS], False) if loud else ("", False)


# -- what is expected -----------------------------------------------------------------------------------------------


def expected(ctx: Context, *steps: str) -> Expected:
    """The cluster as its members told it in ``steps``, the later ones for those the earlier do not know: the cluster ID that
    most of them have, its member list, and that nothing may be below the highest revision any of them was seen at."""
    told = {
        node: facts
        for step in reversed(steps)
        for node, facts in ctx.facts.get(step, {}).items()
        if facts.get("member_id")
    }
    ids = Counter(facts["cluster_id"] for facts in told.values())
    cluster_id = ids.most_common(1)[0][0] if ids else ""
    lists = [
        facts["ids"] for facts in told.values() if facts["cluster_id"] == cluster_id and facts.get("ids")
    ]
    seen = [known(ctx, step, node, "revision") for step in steps for node in ctx.plan.nodes]
    return Expected(
        cluster_id=cluster_id,
        own={node: str(told.get(node, {}).get("member_id", "")) for node in ctx.plan.nodes},
        ids=frozenset(lists[0]) if lists else frozenset(),
        least=max((int(one) for one in seen if one is not None), default=None),
        least_of="what was seen before",
        least_fact="least_revision",
    )


def remaining(ctx: Context) -> dict[str, str]:
    """Of the step ``start``: which masters did not come up, and why."""
    found = ctx.facts.get("start", {})
    return {node: str(facts["remains"]) for node, facts in found.items() if facts.get("remains")}


def nodes_that_serve(ctx: Context) -> Sequence[str]:
    return [node for node in ctx.plan.nodes if known(ctx, "start", node, "serves")]
