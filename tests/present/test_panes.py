"""Which masters have a pane: what is broken at first, and nothing that jumps under a reader's eyes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.present.panes import PINNED, Panes
from tests.tui import screen_cases as cases

Kinds = dict[int, Callable[[int], NodeSnapshot]]


def seen(count: int, kinds: Kinds | None = None) -> ClusterSnapshot:
    """Healthy masters, but for those of ``kinds``."""
    return cases.cluster(
        *(kinds[n](n) if kinds and n in kinds else cases.node(n, count) for n in range(1, count + 1))
    )


def asked(number: int) -> NodeSnapshot:
    return cases.connecting(number, "opening TCP")


def learner(number: int) -> NodeSnapshot:
    healthy = cases.node(number, 7)
    return replace(healthy, endpoint=replace(healthy.endpoint, is_learner=True))


def looked(
    panes: Panes, snapshot: ClusterSnapshot, *, alone: bool = False, read: set[int] | None = None
) -> bool:
    return panes.look(snapshot, alone=alone, read=read or set())


@pytest.mark.parametrize("count", range(1, 8))
def test_all_well_the_first_three(count: int) -> None:
    panes = Panes(count)
    assert not looked(panes, seen(count))
    assert panes.pinned == list(range(1, min(PINNED, count) + 1)) and panes.chosen == 1
    assert panes.partly == (count > 3)


@pytest.mark.parametrize(
    ("broken", "pinned", "chosen"),
    [
        ({5}, [1, 2, 5], 1),
        ({4, 5}, [1, 4, 5], 1),
        ({4, 5, 7}, [4, 5, 7], 4),
        ({2, 4, 6, 7}, [2, 4, 6], 2),
        ({1, 2, 3}, [1, 2, 3], 1),
    ],
)
def test_what_is_broken_is_in_the_first_look(broken: set[int], pinned: list[int], chosen: int) -> None:
    panes = Panes(7)
    looked(panes, seen(7, dict.fromkeys(broken, cases.dead)))
    assert (panes.pinned, panes.chosen) == (pinned, chosen)


def test_a_dead_one_comes_before_a_hurt_one() -> None:
    panes = Panes(7)
    hurt = dict.fromkeys((1, 2, 3, 4), learner)
    looked(panes, seen(7, {**hurt, 6: cases.lost}))
    assert panes.pinned == [1, 2, 6]


def test_who_is_still_asked_is_waited_for() -> None:
    """The first look is over when every master was heard of, not when the first one was."""
    panes = Panes(5)
    looked(panes, seen(5, dict.fromkeys(range(1, 6), asked)))
    assert panes.pinned == [1, 2, 3]
    looked(panes, seen(5, {4: cases.dead, 5: asked}))
    assert panes.pinned == [1, 2, 4]
    looked(panes, seen(5, {4: cases.dead, 5: cases.dead}))
    assert panes.pinned == [1, 4, 5]
    looked(panes, seen(5, {4: cases.dead, 5: cases.dead, 1: cases.dead, 2: cases.dead}))
    assert panes.pinned == [1, 4, 5]


def test_what_breaks_later_takes_a_healthy_ones_place_and_keeps_it() -> None:
    panes = Panes(5)
    looked(panes, seen(5))
    assert looked(panes, seen(5, {4: cases.dead})) and panes.pinned == [1, 2, 4]
    assert not looked(panes, seen(5, {4: cases.dead, 5: cases.dead})), "one that is as badly off waits"
    assert not looked(panes, seen(5)), "nothing jumps back"
    assert looked(panes, seen(5, {3: cases.lost})) and panes.pinned == [1, 2, 3]


def test_a_pane_that_is_chosen_or_read_stays() -> None:
    panes = Panes(5)
    looked(panes, seen(5))
    panes.choose(3)
    looked(panes, seen(5, {4: cases.dead}), read={2})
    assert panes.pinned == [2, 3, 4] and panes.chosen == 3
    panes = Panes(5)
    looked(panes, seen(5))
    assert not looked(panes, seen(5, {4: cases.dead}), read={1, 2, 3})


@pytest.mark.parametrize("kind", [cases.stale, asked])
def test_what_is_not_known_moves_nothing(kind: Callable[[int], NodeSnapshot]) -> None:
    panes = Panes(5)
    looked(panes, seen(5))
    assert not looked(panes, seen(5, {5: kind}))


def test_a_number_pins_in_place_of_the_chosen_one() -> None:
    panes = Panes(7)
    looked(panes, seen(7))
    panes.choose(6)
    assert (panes.pinned, panes.chosen) == ([2, 3, 6], 6)
    panes.choose(2)
    assert (panes.pinned, panes.chosen) == ([2, 3, 6], 2)


def test_with_room_for_one_it_is_the_worst_until_somebody_chooses() -> None:
    panes = Panes(3)
    looked(panes, seen(3, {2: cases.dead}), alone=True)
    assert panes.chosen == 2
    panes = Panes(3)
    looked(panes, seen(3), alone=True)
    assert not looked(panes, seen(3, {3: cases.dead}), alone=True, read={1}), "it is read"
    assert looked(panes, seen(3, {3: cases.dead}), alone=True) and panes.chosen == 3
    panes.choose(1)
    assert not looked(panes, seen(3, {2: cases.dead, 3: cases.dead}), alone=True)
    assert panes.chosen == 1


def test_with_room_for_one_it_is_pinned_too() -> None:
    panes = Panes(5)
    looked(panes, seen(5, {5: cases.dead}), alone=True)
    assert panes.chosen == 5 and panes.pinned == [1, 2, 5]
