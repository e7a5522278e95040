"""Ask a runbook's survey of all masters at the same time: for the plan, and again before what cannot wait."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence

import msgspec

from novatui.config import ClusterConfig
from novatui.model.plan import Plan, Request
from novatui.remote.command import Command, Outcome, Status
from novatui.remote.transport import Transport
from novatui.runbooks.parts import election
from novatui.runbooks.step import Answers, Facts, Runbook

# Called with the masters that are asked again, and why, in words.
Tell = Callable[[Sequence[str], str], None]


def unheard(nodes: Sequence[str], words: str) -> None:
    """For whoever does not listen."""


async def settled(
    cluster: ClusterConfig,
    request: Request,
    runbook: Runbook,
    transport: Transport,
    *,
    nodes: Collection[str] | None = None,
    names: Collection[str] | None = None,
    tell: Tell = unheard,
    pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> Answers:
    """``ask``; and again, of the masters that answered, while an election may be under way: bounded, and each time told."""
    clock = asyncio.get_running_loop().time
    answers = dict(await ask(cluster, request, runbook, transport, nodes=nodes, names=names))
    began = clock()
    while (waits := election.waiting(cluster, answers)) and clock() - began < election.again_s(answers):
        tell(waits, election.words(waits))
        await pause(election.PAUSE_S)
        # All of them: what is compared between members must be of one moment.
        there = [
            node for node, outcomes in answers.items() if (one := outcomes.get("host")) is not None and one.ok
        ]
        now = await ask(cluster, request, runbook, transport, nodes=there, names=election.ASKED_AGAIN)
        waited = election.told(clock() - began)
        answers |= {node: {**answers[node], **outcomes, **waited} for node, outcomes in now.items()}
    return answers


async def ask(
    cluster: ClusterConfig,
    request: Request,
    runbook: Runbook,
    transport: Transport,
    *,
    nodes: Collection[str] | None = None,
    names: Collection[str] | None = None,
) -> Answers:
    """Per node (all, or ``nodes`` alone), per name of the survey's command (all, or ``names`` alone), its outcome. A master
    that cannot be asked, or not as root, is all UNKNOWN outcomes.

    Raises ValueError for a survey that would change something: our own bug.
    """
    survey = runbook.survey(cluster, request)
    if nodes is not None:
        survey = {node: commands for node, commands in survey.items() if node in nodes}
    if names is not None:
        survey = {
            node: {name: command for name, command in commands.items() if name in names}
            for node, commands in survey.items()
        }
    for commands in survey.values():
        for command in commands.values():
            if command.changes:
                raise ValueError(f"a survey changes nothing: {command.shown_line()}")
    answers = await asyncio.gather(*(_node(transport, node, commands) for node, commands in survey.items()))
    return dict(zip(survey, answers, strict=True))


def silent(answers: Answers) -> tuple[str, ...]:
    """Nodes of which an answer is missing: the link broke or a limit ended it."""
    return tuple(
        node
        for node, outcomes in answers.items()
        if any(outcome.status in (Status.UNKNOWN, Status.TIMEOUT) for outcome in outcomes.values())
    )


def differences(plan: Plan, now: Mapping[str, Facts]) -> list[str]:
    """What a plan relies on that is not so any more: node, key, was, is."""
    found = []
    now = msgspec.json.decode(msgspec.json.encode(now))  # as the plan went through JSON: tuples became lists
    for node, was in plan.facts.items():
        if node not in now:
            found.append(f"{node}: could not be read")
            continue
        for key, value in was.items():
            if key not in now[node]:
                found.append(f"{node}: {key} was {value}, cannot be read now")
            elif now[node][key] != value:
                found.append(f"{node}: {key} was {value}, is {now[node][key]}")
    # A master that takes no part may come back meanwhile.
    found += [f"{node}: was not there" for node in now if node not in plan.facts and node in plan.nodes]
    return found


async def _node(transport: Transport, node: str, commands: Mapping[str, Command]) -> Mapping[str, Outcome]:
    # At the same time: what one waits for (a member without quorum), another reads meanwhile (archives). A runbook asks
    # for a handful; a master that allows fewer sessions makes the transport wait.
    outcomes = await asyncio.gather(*(transport.run(node, command) for command in commands.values()))
    if why := next((one.unprivileged for one in outcomes if one.unprivileged), None):
        # What is root's reads as missing to others: no answer is better than one that misleads.
        return {
            name: Outcome(status=Status.UNKNOWN, error=f"not root there: {why.title}", unprivileged=why)
            for name in commands
        }
    return dict(zip(commands, outcomes, strict=True))
