"""The gate of a restore: what is lost, what is kept, the way back, how much is done; and what must be typed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from novatui.runbooks.parts.commands import known
from novatui.runbooks.parts.params import RestoreParams, places, restore_params
from novatui.runbooks.parts.refusal import NEWER_SURVIVOR, SURVIVOR_UNREAD
from novatui.runbooks.restore_cluster import fence, token
from novatui.runbooks.restore_cluster.prepare import proved
from novatui.runbooks.step import Brief, Context, Gate, Word

_HOW = {
    "live": "as it answers",
    "copy": "from a copy of its data",
    "copy-of-running": "from a copy of its data, made under a process that does not answer",
}
OLDER = "OLDER"
UNREAD = "UNREAD"


def gate() -> Gate:
    return Gate(id="confirm", title="Stop etcd on all masters and swap the snapshot in", brief=brief)


def brief(ctx: Context) -> Brief:
    """Built from what the run itself has read and proved, not from what the plan hoped."""
    params = restore_params(ctx.plan)
    rows = [
        ("Snapshot", snapshot_words(ctx, params)),
        ("What is lost", lost_words(ctx)),
        ("What is kept", kept_words(ctx, params)),
        ("Way back", f"novatui undo {ctx.plan.run}, any time until you purge what is kept"),
        ("Commands", _count(ctx)),
    ]
    if params.left_out:
        rows.append(
            ("Left out", f"{', '.join(params.left_out)}: takes no part, and may hold newer data, unread")
        )
    if params.fresh_token:
        rows.append(("Token", f"{params.token}: a fresh one, this is another cluster than any before"))
    if params.bump and (revision := proved(ctx, "revision")) is not None:
        rows.append(("Revision", f"raised by {params.bump}: goes on at {revision + params.bump}"))
    if fenced := fence.fenced(ctx.plan):
        said = f"fenced first, back at the end: {', '.join(fenced)}"
        if fenced == ctx.plan.nodes and not params.left_out:
            said = f"{said}. Nothing of Kubernetes answers meanwhile"
        rows.append(("API servers", said))
    rows += [("Survivor", words) for words in survivor_words(ctx)]
    if params.overruled:
        rows.append(("Overruled", ", ".join(params.overruled)))
    rows += [("Note", note) for note in notes(ctx, params)]
    words = []
    revision = proved(ctx, "revision")
    newest = newest_survivor(ctx)
    if newest is not None and (revision is None or newest[1]["revision"] > revision):
        words.append(
            Word(
                OLDER,
                f"{newest[0]} still has revision {newest[1]['revision']}, the snapshot {revision}",
                NEWER_SURVIVOR,
            )
        )
    if unread := unread_members(ctx, params):
        words.append(
            Word(UNREAD, f"not read, may be newer than the snapshot: {', '.join(unread)}", SURVIVOR_UNREAD)
        )
    words.append(Word(ctx.cluster.name, "stops etcd on all its masters and takes its data back"))
    return Brief(rows=rows, words=words)


def newest_survivor(ctx: Context) -> tuple[str, Any] | None:
    """The node whose own data has the highest revision, and its facts."""
    saved = [
        (node, facts)
        for node, facts in ctx.facts.get("survivors", {}).items()
        if facts.get("survivor") == "saved" and facts.get("revision") is not None
    ]
    return max(saved, key=lambda one: int(one[1]["revision"]), default=None)


def unread_members(ctx: Context, params: RestoreParams) -> list[str]:
    """Masters whose data is there and was not read, or that take no part; one that is damaged or has none is not among them."""
    unread = [node for node in ctx.plan.nodes if known(ctx, "survivors", node, "survivor") == "unread"]
    return [*unread, *params.left_out]


def notes(ctx: Context, params: RestoreParams) -> list[str]:
    """The plan's; and of a survivor, what only the run could read in it."""
    found = list(params.notes)
    if params.source.kind == "survivor" and not params.fresh_token and not _had_quorum(params):
        found.append(token.proposal(proved(ctx, "urls") or (), frozenset(params.peer_urls)))
    return [words for words in found if words]


def _had_quorum(params: RestoreParams) -> bool:
    return any(node.had_quorum for node in params.nodes.values())


def survivor_words(ctx: Context) -> list[str]:
    found = []
    for node in ctx.plan.nodes:
        facts = ctx.facts.get("survivors", {}).get(node, {})
        if facts.get("survivor") == "saved":
            how = _HOW.get(str(facts.get("how")), "")
            found.append(f"{node}: revision {facts.get('revision')}, read {how}")
        else:
            found.append(f"{node}: {facts.get('why') or 'not read'}")
    return found


def snapshot_words(ctx: Context, params: RestoreParams) -> str:
    source = params.source
    revision, keys = proved(ctx, "revision"), proved(ctx, "keys")
    if source.kind == "survivor":
        return f"the data of {source.nodes[0]} itself, revision {revision}, {keys} keys"
    by = "by its name" if source.dated_by == "name" else "by the file's time"
    return f"{source.name}, of {date_words(source.taken_ms)} ({by}), revision {revision}, {keys} keys"


def lost_words(ctx: Context) -> str:
    params = restore_params(ctx.plan)
    revision, newest = proved(ctx, "revision"), newest_survivor(ctx)
    taken = params.source.taken_ms
    if newest is None:
        since = (
            f"everything written after {date_words(taken)}" if taken else "everything newer than the snapshot"
        )
        return f"{since}; how much that is cannot be said: no member's own data could be read"
    node, facts = newest
    behind = int(facts["revision"]) - int(revision or 0)
    written = facts.get("written_ms")
    if behind <= 0 and unread_members(ctx, params):
        words = "nothing that a member still has which could be read"
    elif behind <= 0:
        words = "nothing that any member still has"
    else:
        words = f"{behind} revision{'s' if behind > 1 else ''}"
        if taken is not None and written is not None and written > taken:
            words += f", {span_words(written - taken)} of writes"
        words = f"{words} (newest survivor: {node}, revision {facts['revision']})"
    return f"{words}; {_later(node, facts)}" if _had_quorum(params) else words


def _later(node: str, facts: Any) -> str:
    """Whoever serves is written to while the gate is open. How long a reading took is not known, only when it was done."""
    written = facts.get("written_ms")
    if facts.get("how") == "live" and written is not None:
        return f"also what is written from the reading of {node} (done at {_clock(written)} UTC) until etcd is stopped"
    return f"also what is written from the reading of {node} until etcd is stopped"


def kept_words(ctx: Context, params: RestoreParams) -> str:
    kept = {node: places(params.nodes[node], ctx.plan.run).old for node in ctx.plan.nodes}
    if len(set(kept.values())) == 1:
        return f"{next(iter(kept.values()))} on each master, until you purge it"
    return "; ".join(f"{node}: {path}" for node, path in kept.items())


def _count(ctx: Context) -> str:
    counts = dict.fromkeys(ctx.plan.nodes, 0)
    after = False
    for step in ctx.plan.steps:
        after = after or step.scope == "gate"
        if after:
            for node, commands in step.commands.items():
                counts[node] += len(commands)
    return ", ".join(f"{count} on {node}" for node, count in counts.items())


def date_words(at_ms: int | None) -> str:
    if at_ms is None:
        return "unknown date"
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _clock(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%H:%M:%S")


def span_words(span_ms: int) -> str:
    """``2 d 3 h``, ``3 h 22 min``, ``4 min``, ``12 s``."""
    seconds = span_ms // 1000
    sizes: Sequence[tuple[str, int]] = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))
    for position, (name, size) in enumerate(sizes):
        if seconds >= size:
            words = f"{seconds // size} {name}"
            rest = seconds % size
            if position + 1 < len(sizes) and name in ("d", "h") and rest >= sizes[position + 1][1]:
                lower, lower_size = sizes[position + 1]
                words += f" {rest // lower_size} {lower}"
            return words
    return "less than a second"
