"""Which runs have masters, and what can be done about each: for the screen's page and for ``novatui locks`` alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from novatui.model.cluster import Held
from novatui.present.i18n import _
from novatui.present.numbers import age, dated
from novatui.present.rows import BLANK, Role, Row, row, text_of, wrap


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """One run and the masters it has. ``here``: this machine has its journal, None where that is not known (yet)."""

    run: str
    nodes: tuple[str, ...]
    held: tuple[Held, ...]
    here: bool | None = False

    @property
    def alive(self) -> bool:
        return any(one.alive for one in self.held)

    @property
    def holds(self) -> bool:
        """Whether its hold keeps etcd down on any of them."""
        return any(one.hold == self.run for one in self.held)

    @property
    def leased(self) -> bool:
        return any(one.run == self.run for one in self.held)


def taken(seen: Mapping[str, Held | None], here: Iterable[str] | None = ()) -> list[Taken]:
    """By run, in the order of the masters. ``here``: runs whose journal this machine has. A lease and a hold of two different runs are two."""
    known = None if here is None else set(here)
    runs = dict.fromkeys(name for held in seen.values() if held for name in (held.run, held.hold) if name)
    found = []
    for run in runs:
        mine = {node: held for node, held in seen.items() if held and run in (held.run, held.hold)}
        found.append(
            Taken(
                run=run,
                nodes=tuple(mine),
                held=tuple(mine.values()),
                here=None if known is None else run in known,
            )
        )
    return found


def locks_rows(seen: Mapping[str, Held | None], runs: Sequence[Taken], now_ms: int, width: int) -> list[Row]:
    """Who has which master, then what can be done about each run."""
    rows: list[Row] = []
    size = max((len(node) for node in seen), default=0) + 2
    for node, held in seen.items():
        pieces = wrap(_standing(held, now_ms), max(10, width - size - 2))
        mark = _mark(held)
        rows.append(row((f"{mark[0]} ", mark[1]), (node.ljust(size), Role.BRIGHT), pieces[0]))
        rows += [row(" " * (size + 2), piece) for piece in pieces[1:]]
    for one in runs:
        rows += [BLANK, row((_("Run {run}").format(run=one.run), Role.ACCENT))]
        rows += [row("  ", (piece, Role.DIM)) for piece in wrap(_words(one), width - 2)]
        for command, meaning in ways(one):
            rows += [
                row("  ", (piece, Role.BRIGHT)) for piece in (wrap(command, width - 2) if command else ())
            ]
            rows += [row("    ", piece) for piece in wrap(meaning, width - 4)]
    return rows


def locks_text(seen: Mapping[str, Held | None], runs: Sequence[Taken], now_ms: int) -> str:
    return "\n".join(text_of(line).rstrip() for line in locks_rows(seen, runs, now_ms, 110)) + "\n"


def ways(one: Taken) -> list[tuple[str, str]]:
    """(command, what it does), the most harmless first; a command may be empty where there is only advice."""
    run, node = one.run, one.nodes[0]
    if one.alive and one.here:
        return [
            (f"novatui attach {run}", _("follow it; leaving changes nothing for it")),
            (f"novatui abort {run}", _("ask it to stop at its next safe point")),
        ]
    if one.alive:
        said = _("It works. It is followed and stopped on the machine it was begun on: {who}.").format(
            who=who(one)
        )
        return [
            ("", said),
            ("", _("While its runner lives nobody can take it over, and it cannot be broken.")),
        ]
    return [*_gone_on(one, run, node), _broken(one, run)]


def _gone_on(one: Taken, run: str, node: str) -> list[tuple[str, str]]:
    if not one.leased:
        said = _("What remains by hand lies on {node} in its work directory: {run}/FINISH.txt and UNDO.txt.")
        return [("", said.format(node=node, run=run))]
    if one.here is None:
        said = _("How it goes on depends on whether its journal is on this machine: novatui runs")
        return [("", said)]
    source = "" if one.here else f" --from {node}"
    return [
        (
            f"novatui resume {run}{source} --yes NAME",
            _("adopt it: look at the masters and go on where it stopped; NAME is what confirmed it"),
        ),
        (f"novatui undo {run}{source} --yes NAME", _("take back what it changed, and give the masters free")),
        *([(f"novatui abort {run}", _("before its gate: remove what it staged"))] if one.here else []),
    ]


def _broken(one: Taken, run: str) -> tuple[str, str]:
    if why := why_not_break(one):
        return "", _("It cannot be broken: {why}.").format(why=why)
    return (
        f"novatui locks --break {run} --yes {run}",
        _(
            "the last resort: its lease is put aside, it can never go on, and what it staged stays where it is"
        ),
    )


def why_not_break(one: Taken) -> str:
    """Why a run's lease may not be broken; empty when it may."""
    if one.alive:
        return _("its runner lives")
    if one.holds:
        return _(
            "it keeps etcd held down: only going on, an undo, or FINISH.txt and UNDO.txt by hand end that"
        )
    return "" if one.leased else _("it has no lease any more")


def who(one: Taken) -> str:
    held = next((held for held in one.held if held.operator), None)
    if held is None:
        return _("an unknown operator")
    return f"{held.operator}, {held.host}" if held.host else held.operator


def _words(one: Taken) -> str:
    state = (
        _("its runner lives") if one.alive else _("its runner is silent") if one.leased else _("it is gone")
    )
    hold = _("; etcd is held down") if one.holds else ""
    where = _("; its journal is on this machine") if one.here else _("; its journal is not on this machine")
    if one.here is None:
        where = _("; whether its journal is on this machine is not known")
    return state + hold + where


def _standing(held: Held | None, now_ms: int) -> str:
    if held is None:
        return _("not known: it could not be asked, or its work directory cannot be read")
    if not held.run and not held.hold:
        return _("free")
    parts = []
    if held.run:
        lives = _("its runner lives") if held.alive else _("its runner is silent")
        by = _(" of {who}").format(who=held.operator) if held.operator else ""
        where = _(" on {host}").format(host=held.host) if held.host and held.host not in held.operator else ""
        since = (
            _(", since {when} ({age})").format(
                when=dated(held.since_ms, now_ms), age=age(now_ms - held.since_ms)
            )
            if held.since_ms is not None
            else ""
        )
        parts.append(
            _("run {run}{by}{where}{since}; {lives}").format(
                run=held.run, by=by, where=where, since=since, lives=lives
            )
        )
    if held.hold:
        parts.append(_("etcd is held down by run {run}").format(run=held.hold))
    return "; ".join(parts)


def _mark(held: Held | None) -> tuple[str, Role]:
    if held is None:
        return "?", Role.WARN
    if held.run and held.alive:
        return "▶", Role.ACCENT
    return ("▲", Role.WARN) if held.run or held.hold else ("●", Role.OK)
