"""The gate of recover-member: which member and why, the quorum at each moment, what is kept, where the way back ends."""

from __future__ import annotations

from novatui.runbooks.parts.params import places
from novatui.runbooks.recover_member.change import safety_file
from novatui.runbooks.recover_member.params import (
    ADD,
    JOIN,
    REMOVE,
    RecoverParams,
    quorum_rows,
    recover_params,
)
from novatui.runbooks.step import Brief, Context, Gate, Word

_WAYS = {
    REMOVE: "its entry is removed, it is added anew under a new ID, and copies the data of the others",
    ADD: "it is in no member list: it is added under a new ID, and copies the data of the others",
    JOIN: "it was added already and never started: it joins under that ID, and copies the data of the others",
}
_NO_RETURN = {
    REMOVE: "the removal: its ID is banned for good, the old data can never serve again. After it the way is forward",
    ADD: "the adding: what is there now belongs to no member of the list. After it the way is forward",
    JOIN: "the archiving: what is there now belongs to an ID that was removed. After it the way is forward",
}


def gate(params: RecoverParams) -> Gate:
    return Gate(id="confirm", title=f"Stop etcd on {params.target} and replace its member", brief=brief)


def brief(ctx: Context) -> Brief:
    params = recover_params(ctx.plan)
    own = params.nodes[params.target]
    was = f", ID {params.seat}" if params.seat else ""
    rows = [
        ("Member", f"{own.member} on {params.target}{was}; {params.state}"),
        ("Why", params.why),
        ("What is done", _WAYS[params.way]),
        *(("Quorum", f"{when}: {words}") for when, words in quorum_rows(params)),
        (
            "What is kept",
            f"its data, as {places(own, ctx.plan.run).old} on {params.target}, until you purge it",
        ),
        ("What is kept", f"a snapshot of the cluster, as {safety_file(ctx, params)} on {params.via}"),
        ("Way back", f"novatui undo {ctx.plan.run}, until the point of no return"),
        ("No return", _NO_RETURN[params.way]),
    ]
    if params.learner:
        rows.append(("Learner", "it is added as a learner, and votes when it has caught up"))
    if params.overruled:
        rows.append(("Overruled", ", ".join(params.overruled)))
    rows += [("Note", note) for note in params.notes]
    word = Word(params.target, f"stops etcd there, and replaces the member {own.member}")
    return Brief(rows=rows, words=[word])
