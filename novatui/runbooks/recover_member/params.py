"""What a plan of recover-member holds, and the arithmetic of its quorum."""

from __future__ import annotations

import msgspec

from novatui.diagnosis.quorum import needed
from novatui.model.plan import Plan
from novatui.runbooks.parts.params import ClusterParams

# How the member comes back: its old entry is removed first; there is none any more; an entry that was never started waits
# for it. The first step that can only be gone on from is `remove`, `add` and `archive`.
REMOVE = "remove"
ADD = "add"
JOIN = "join"


class Other(msgspec.Struct, frozen=True, kw_only=True):
    """Another entry of the member list. ``node``: the master that answers as this member; empty when none of ours does."""

    id: str
    name: str
    peer_urls: tuple[str, ...]
    client_urls: tuple[str, ...]
    node: str = ""


class RecoverParams(ClusterParams, frozen=True, kw_only=True):
    """``target`` is recovered, ``via`` is the master whose member is asked to change the list. ``seat``: the ID that is removed
    (REMOVE) or joined (JOIN). ``up``: how many others vote and answer; ``voters``: how many vote now, with the target where
    its entry ``votes``.

    ``odd``: it serves, and its keys are not those of the majority. ``corrupt``: a CORRUPT alarm stands. ``learner``: it is
    added as one and promoted when it has caught up. ``state`` and ``why`` are words for the gate. Sizes in bytes.
    """

    target: str
    via: str
    way: str
    seat: str
    others: tuple[Other, ...]
    learner: bool
    odd: bool
    corrupt: bool
    voters: int
    votes: bool
    up: int
    db_size: int
    state: str
    why: str


def recover_params(plan: Plan) -> RecoverParams:
    """Raises msgspec.ValidationError for a plan that is not recover-member's."""
    return msgspec.convert(plan.params, RecoverParams)


def quorum_rows(params: RecoverParams) -> list[tuple[str, str]]:
    """(when, words) of each moment at which votes change, in order: what answers, of how many, and what is needed."""
    votes = params.voters
    rows = [("now", _words(params.up + params.odd, votes))]
    if params.odd:
        rows.append(("it is stopped", _words(params.up, votes)))
    if params.way == REMOVE:
        votes -= params.votes
        rows.append(("it is removed", _words(params.up, votes)))
    if params.way in (REMOVE, ADD):
        votes += not params.learner
        rows.append(
            (f"it is added as a {'learner' if params.learner else 'voter'}", _words(params.up, votes))
        )
    end = votes + params.learner if params.way != JOIN else votes
    rows.append(("it has joined", _words(params.up + 1, end)))
    return rows


def quorum_after(params: RecoverParams, when: str) -> str:
    """``quorum: 2 of 2 voters, 2 needed``; empty for a moment that this plan does not have."""
    return next((f"quorum: {words}" for name, words in quorum_rows(params) if name.startswith(when)), "")


def _words(up: int, voters: int) -> str:
    least = needed(voters)
    spare = up - least
    rest = "none may fail" if spare == 0 else f"{spare} may fail"
    return f"{up} of {voters} voters up, {least} needed, {rest}"
