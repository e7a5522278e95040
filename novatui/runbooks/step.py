"""The words a runbook is written in. Steps are pure: they name commands and read outcomes; only the engine does I/O."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Any

from novatui.config import ClusterConfig
from novatui.model.findings import Finding
from novatui.model.plan import Plan, Request
from novatui.remote.command import Command, Outcome

Facts = Mapping[str, Any]  # JSON values only: they go into the journal
Answers = Mapping[str, Mapping[str, Outcome]]  # per node, per name of the survey's command


class Scope(StrEnum):
    ONE = "one"  # ``Step.node`` alone
    EACH = "each"  # all participants at the same time
    FOLLOWERS_THEN_LEADER = "followers-then-leader"
    LOCAL = "local"  # no master: a judgement of facts already gathered


class Effect(IntEnum):
    OBSERVE = 0
    STAGE = 1  # adds files of ours; abandoning it changes nothing
    CHANGE = 2  # can be undone
    NO_RETURN = 3


class State(StrEnum):
    """What a probe found. FOREIGN, FAILED and UNKNOWN never run ``apply``."""

    DONE = "done"
    TODO = "todo"
    PARTIAL = "partial"  # an interrupted apply; running it again finishes it
    FOREIGN = "foreign"  # somebody else's doing: stop and say so
    FAILED = "failed"  # it was done and did not help: waiting changes nothing
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Probed:
    """A reading of the world: its state, its facts (journalled), and words for a person when it is not DONE."""

    state: State
    facts: Facts = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True)
class Ask:
    """A read-only command and how to read its outcome. ``read`` must be total: odd output is State.UNKNOWN."""

    command: Command
    read: Callable[[Outcome], Probed]


@dataclass(frozen=True)
class Relay:
    """Stdout of ``source`` on ``source_node`` into stdin of ``target`` (a changing command) on the step's node."""

    source_node: str
    source: Command
    target: Command


@dataclass(frozen=True)
class Send:
    """A snapshot of the operator's machine, ``size`` bytes of database in ``path``, into stdin of ``target`` (a changing
    command) on the step's node."""

    path: str
    size: int
    target: Command


Act = Command | Relay | Send


@dataclass(frozen=True)
class Context:
    """What a step may know when it names its commands for one node (empty for LOCAL).

    ``facts[step][node]`` are the facts that steps before this one verified, as the journal holds them.
    """

    plan: Plan
    cluster: ClusterConfig
    node: str
    facts: Mapping[str, Mapping[str, Facts]]


def always(ctx: Context) -> bool:
    """For ``Step.again``."""
    return True


@dataclass(frozen=True)
class Step:
    """One step. The engine does, per node: probe; if TODO or PARTIAL apply; then verify (``probe`` again when None)
    until DONE or ``settle_s`` is over. When all nodes are through, ``judge`` may still refuse."""

    id: str
    title: str
    effect: Effect
    scope: Scope = Scope.EACH
    node: str = ""  # for ONE
    among: tuple[str, ...] = ()  # for EACH: these participants alone; empty: all
    last: Callable[[Context], str] | None = None  # for FOLLOWERS_THEN_LEADER: the node that goes last, or ""
    probe: Callable[[Context], Ask] | None = None  # None only for LOCAL
    apply: Callable[[Context], Sequence[Act]] | None = (
        None  # None: an observation, ``probe`` must come to DONE
    )
    verify: Callable[[Context], Ask] | None = None
    judge: Callable[[Context], Sequence[Finding]] | None = (
        None  # after all nodes, ``ctx.facts[self.id]`` filled
    )
    cleanup: Callable[[Context], Sequence[Act]] | None = None  # STAGE only: takes back what it added
    # CHANGE only: what must not stay when a run ends before ``let_go_until`` has begun. The step is then done again by a
    # resume.
    let_go: Callable[[Context], Sequence[Act]] | None = None
    let_go_until: str = ""
    # CHANGE only: in words, what it leaves put aside on a master while ``until`` is not done there, and how that comes back.
    leaves: Callable[[Context], str] | None = None
    # How long the probe/verify of all nodes together with ``judge`` may be repeated; before an act a probe that comes to UNKNOWN
    # too, at most as long as an election takes.
    settle_s: float = 0.0
    retries: int = 2  # applies after the first, each only after a probe said TODO or PARTIAL
    # A resume looks again at what was proved or done before it, unless that is of no matter any more: what an OBSERVE proves
    # once this step has passed, what a CHANGE did once an act of this step was begun (its own: it is never looked at again).
    until: str = ""
    # Of a CHANGE that somebody took back since: whether a resume does it again; else the run goes no further (None: never).
    again: Callable[[Context], bool] | None = None
    optional: bool = False
    rest: bool = False  # of a CHANGE: etcd serves again after it, a person may let the run wait here
    barrier: str = ""  # in words: what all nodes wait for before the next step
    # What is born in this step and named in later ones: the name in the journal -> the fact that holds it.
    binds: Mapping[str, str] = field(default_factory=dict)
    seed: str = ""  # the vendor's step number, e.g. "1.3/7"


@dataclass(frozen=True)
class Gate:
    """The typed confirmation. Nothing before it changes a master beyond STAGE; no human question after it."""

    id: str
    title: str
    brief: Callable[[Context], Brief]


@dataclass(frozen=True)
class Word:
    """One thing to type, and why. ``guard`` is set when ``--overrule GUARD`` says the same."""

    word: str
    why: str
    guard: str = ""


@dataclass(frozen=True)
class Brief:
    """What a gate shows: (label, text) rows, then the words to type."""

    rows: Sequence[tuple[str, str]]
    words: Sequence[Word]


@dataclass(frozen=True)
class Stands:
    """What must still be so where a run goes on past its gate after a break, until the step ``until`` has passed. What the run
    itself did meanwhile may have changed other facts of its plan.

    ``asks``: those of the survey's commands that tell; etcd may be half stopped meanwhile. ``against``: from the plan, the
    facts of now that they tell, and the seconds since the gate's answer, every reason to go no further, in words.
    """

    until: str
    asks: tuple[str, ...]
    against: Callable[[Plan, Mapping[str, Facts], float], Sequence[str]]


@dataclass(frozen=True)
class Runbook:
    """One procedure, as data.

    Planning is pure too: ``survey`` names read-only commands per node (all reachable nodes are asked at once),
    ``facts`` reads from the answers what the plan relies on, ``draft`` turns them into a plan for the given run id or
    raises Refused with every reason. The engine asks the survey again before the first change and at the gate, and
    refuses when ``facts`` differ from the plan's. ``steps`` and ``undo`` are functions of the plan alone, so that what
    was confirmed is what is run, here and after a resume elsewhere.
    """

    name: str
    version: int
    title: str
    survey: Callable[[ClusterConfig, Request], Mapping[str, Mapping[str, Command]]]
    facts: Callable[[ClusterConfig, Request, Answers], Mapping[str, Facts]]
    draft: Callable[[ClusterConfig, Request, str, Answers], Plan]
    steps: Callable[[ClusterConfig, Plan], Sequence[Step | Gate]]
    undo: Callable[[ClusterConfig, Plan], Sequence[Step]]
    confirm: Callable[[ClusterConfig, Plan], str]  # what ``--yes`` must name
    takes: Sequence[str] = ()  # the fields of a Request that it reads: the rest must not be set
    guards: Sequence[str] = ()  # what of it may be overruled
    # For a runbook that leaves nothing to be taken back: why, in words. ``undo`` is then empty, nothing is ever held, and a
    # run that fails gives its masters free. ``instead`` says what then helps.
    no_undo: str = ""
    instead: Callable[[ClusterConfig, Plan], str] | None = None
    stands: Stands | None = None
