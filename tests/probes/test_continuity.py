"""A journal that rotates, forgets and is cut off, heard in pieces: nothing twice, and where something is missing a mark."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from novatui.probes.continuity import Continuity, Record

SHOWN = 5  # what a stream without a place begins with


def stream(journal: list[int], cursor: str) -> list[int]:
    """What journal.sh gives: from the cursor's record, or the next one there is; the newest where there is none."""
    found = [one for one in journal if cursor and one >= int(cursor)]
    return found or journal[-SHOWN:]


EVENTS = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.integers(1, 8)),
        st.tuples(st.just("connect"), st.integers(0, 12)),  # and cut after so many records
        st.tuples(st.just("vacuum"), st.integers(0, 6)),  # all but so many
    ),
    max_size=40,
)


@given(EVENTS)
def test_nothing_is_lost_or_doubled_or_a_mark_says_so(events: list[tuple[str, int]]) -> None:
    place, journal, heard = Continuity(known=SHOWN + 1), list[int](), list[tuple[Record, int, bool]]()
    last = 0
    for what, count in [*events, ("connect", 1000)]:
        match what:
            case "write":
                journal += range(last + 1, last + 1 + count)
                last += count
            case "vacuum":
                journal = journal[len(journal) - count :] if count < len(journal) else journal
            case _:
                place.begin()
                lost_place = bool(place.cursor) and int(place.cursor) not in journal
                for one in stream(journal, place.cursor)[:count]:
                    fate = place.take(str(one))
                    if fate is not Record.KNOWN:
                        heard.append((fate, one, lost_place))
    numbers = [one for _fate, one, _lost in heard]
    assert numbers == sorted(set(numbers))
    for (_fate, one, _lost), (fate, other, lost_place) in pairwise(heard):
        assert fate is Record.AFTER_GAP or other == one + 1
        assert fate is Record.NEW or lost_place, "a mark where nothing can be missing"
    if journal:
        assert numbers[-1] == last


def test_lines_shown_again_by_a_stream_that_lost_its_place_join_it_without_a_gap() -> None:
    place = Continuity()
    place.begin()
    assert [place.take(one) for one in "abc"] == [Record.NEW] * 3
    place.begin()
    assert [place.take(one) for one in "bcd"] == [Record.KNOWN, Record.KNOWN, Record.NEW]


def test_where_nothing_is_known_a_gap() -> None:
    place = Continuity()
    place.begin()
    place.take("a")
    place.begin()
    assert [place.take(one) for one in "xy"] == [Record.AFTER_GAP, Record.NEW]
