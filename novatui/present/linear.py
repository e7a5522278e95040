"""Regular expressions that take time in proportion to the text, whatever they say: no backtracking, so none can hang the
screen.

Python's own parser reads the expression; what it means becomes an automaton whose states are made as they are met
(and forgotten when they are many). Look-around and back-references, which need backtracking, are refused in words.
"""

from __future__ import annotations

import importlib
import re
import warnings
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any

PATTERN_MAX = 200  # characters
NODES_MAX = 1_000  # of the automaton: ``(a{50}){50}`` is refused
STATES_MAX = 2_000  # kept; past that all are forgotten and made anew

_parser: Any = importlib.import_module("re._parser")
_Accepts = Callable[[str], bool]
_HARD = {"ASSERT", "ASSERT_NOT", "GROUPREF", "GROUPREF_EXISTS", "ATOMIC_GROUP", "POSSESSIVE_REPEAT"}


class BadPattern(ValueError):
    """What is wrong with an expression, in words."""


class _Before(Enum):
    """What stands left of a place: all that ``^`` and ``\\b`` need to know."""

    NOTHING = 0
    WORD = 1
    OTHER = 2


class _State:
    """A set of nodes, what was before, and where each character met so far leads; None is a match."""

    __slots__ = ("before", "ends", "leads", "nodes")

    def __init__(self, nodes: frozenset[int], before: _Before) -> None:
        self.nodes, self.before = nodes, before
        self.leads: dict[str, _State | None] = {}
        self.ends: bool | None = None


class Linear:
    """``search`` says whether the expression is found anywhere in a line. Raises BadPattern."""

    def __init__(self, pattern: str) -> None:
        if len(pattern) > PATTERN_MAX:
            raise BadPattern(f"longer than {PATTERN_MAX} characters")
        try:
            with warnings.catch_warnings():  # of what may mean something else one day
                warnings.simplefilter("ignore")
                tree = _parser.parse(pattern)
        except (re.error, RecursionError, OverflowError) as exc:
            raise BadPattern(str(exc)) from exc
        self._accepts: list[_Accepts | None] = []  # a node that takes a character
        self._places: list[str] = []  # or is a place: AT_BEGINNING, AT_BOUNDARY ..
        self._nexts: list[list[int]] = []
        self._match = self._node()
        self._first = self._sequence(tree, self._match, bool(tree.state.flags & re.IGNORECASE))
        self._known: dict[tuple[frozenset[int], _Before], _State] = {}
        self._start = self._state(frozenset((self._first,)), _Before.NOTHING)
        self.literal = "" if tree.state.flags & re.IGNORECASE else _literal(tree)

    def search(self, text: str) -> bool:
        if self.literal and self.literal not in text:
            return False
        state = self._start
        for char in text:
            leads = state.leads
            led = leads[char] if char in leads else self._step(state, char)
            if led is None:
                return True
            state = led
        if state.ends is None:
            state.ends = self._match in self._reached(state, "")
        return state.ends

    # states, as they are met

    def _state(self, nodes: frozenset[int], before: _Before) -> _State:
        key = (nodes, before)
        if key not in self._known:
            if len(self._known) >= STATES_MAX:
                for state in self._known.values():
                    state.leads.clear()
                self._known.clear()
            self._known[key] = _State(nodes, before)
        return self._known[key]

    def _step(self, state: _State, char: str) -> _State | None:
        reached = self._reached(state, char)
        found: _State | None = None
        if self._match not in reached:
            nodes = {self._first}
            for node in reached:
                accepts = self._accepts[node]
                if accepts is not None and accepts(char):
                    nodes.update(self._nexts[node])
            found = self._state(frozenset(nodes), _Before.WORD if _is_word(char) else _Before.OTHER)
        state.leads[char] = found
        return found

    def _reached(self, state: _State, char: str) -> set[int]:
        """Nodes that can be had without taking a character, ``char`` being the next one."""
        reached: set[int] = set()
        left = list(state.nodes)
        while left:
            node = left.pop()
            if node in reached:
                continue
            reached.add(node)
            if self._accepts[node] is None and _holds(self._places[node], state.before, char):
                left += self._nexts[node]
        return reached

    # the automaton, from the last part to the first

    def _node(self, nexts: Iterable[int] = (), accepts: _Accepts | None = None, place: str = "") -> int:
        if len(self._nexts) >= NODES_MAX:
            raise BadPattern("too large when its repetitions are written out")
        self._accepts.append(accepts)
        self._places.append(place)
        self._nexts.append(list(nexts))
        return len(self._nexts) - 1

    def _sequence(self, parts: Any, then: int, small: bool) -> int:
        for what, value in reversed(list(parts)):
            then = self._part(str(what), value, then, small)
        return then

    def _part(self, what: str, value: Any, then: int, small: bool) -> int:
        if what in ("MAX_REPEAT", "MIN_REPEAT"):
            least, most, inside = value
            return self._repeat(least, most, inside, then, small)
        if what == "SUBPATTERN":
            _group, added, removed, inside = value
            small = (small or bool(added & re.IGNORECASE)) and not removed & re.IGNORECASE
            return self._sequence(inside, then, small)
        if what == "BRANCH":
            return self._node([self._sequence(branch, then, small) for branch in value[1]])
        if what == "AT":
            return self._node([then], place=str(value))
        if what in _HARD:
            raise BadPattern("look-around, back-references and possessive repeats are not had here")
        return self._node([then], _accepts(what, value, small))

    def _repeat(self, least: int, most: Any, inside: Any, then: int, small: bool) -> int:
        if str(most) == "MAXREPEAT":
            loop = self._node([then])
            self._nexts[loop].append(self._sequence(inside, loop, small))
            then = loop
        else:
            for _ in range(int(most) - least):
                then = self._node([then, self._sequence(inside, then, small)])
        for _ in range(least):
            before, then = then, self._sequence(inside, then, small)
            if then == before:  # it takes nothing, as ``()``: the same however often
                break
        return then


def _holds(place: str, before: _Before, char: str) -> bool:
    """Whether a place is here; lines have no line ends in them. A node that is no place always holds."""
    match place:
        case "":
            return True
        case "AT_BEGINNING" | "AT_BEGINNING_STRING":
            return before is _Before.NOTHING
        case "AT_END" | "AT_END_STRING":
            return not char
    edge = (before is _Before.WORD) != (bool(char) and _is_word(char))
    return edge if place == "AT_BOUNDARY" else not edge


def _is_word(char: str) -> bool:
    return char.isalnum() or char == "_"


_CATEGORIES: dict[str, _Accepts] = {
    "CATEGORY_DIGIT": str.isdecimal,
    "CATEGORY_SPACE": str.isspace,
    "CATEGORY_WORD": _is_word,
}


def _accepts(what: str, value: Any, small: bool) -> _Accepts:
    """What of one character; with ``small`` in either case, which comes before a negation."""
    negated, accepts = _plainly(what, value, small)
    one = _either_case(accepts) if small else accepts
    return (lambda char: not one(char)) if negated else one


def _plainly(what: str, value: Any, small: bool) -> tuple[bool, _Accepts]:
    match what:
        case "LITERAL" | "NOT_LITERAL":
            return what == "NOT_LITERAL", chr(value).__eq__
        case "ANY":
            return False, lambda char: True
        case "RANGE":
            low, high = value
            return False, lambda char: low <= ord(char) <= high
        case "CATEGORY":
            name = str(value).replace("_NOT_", "_")
            return name != str(value), _CATEGORIES[name]
        case "IN":
            negated = str(value[0][0]) == "NEGATE"
            options = [_accepts(str(one), of, small) for one, of in value[negated:]]
            return negated, lambda char: any(option(char) for option in options)
    raise BadPattern(f"{what.lower()} is not had here")


def _either_case(accepts: _Accepts) -> _Accepts:
    return lambda char: any(
        accepts(one) for one in {char, char.lower(), char.upper(), char.swapcase()} if len(one) == 1
    )


def _literal(parts: Sequence[Any]) -> str:
    """The longest text that every match has in it: most lines are told by its absence."""
    runs = [""]
    for what, value in parts:
        if str(what) == "LITERAL":
            runs[-1] += chr(value)
        else:
            runs.append("")
    return max(runs, key=len)
