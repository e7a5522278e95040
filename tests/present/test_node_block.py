"""The status block: five rows whatever happens, and the words that tell the states apart."""

from __future__ import annotations

import re

import msgspec
import pytest

from novatui.model.cluster import Disk, Link, NodeSnapshot, UnitState
from novatui.present.node import block_rows, lag, newest_index, status_block
from novatui.present.rows import Role, Row, text_of, width_of
from novatui.present.standing import standing
from novatui.present.trend import Trends
from tests.tui import screen_cases as cases

EVERY = {
    "healthy": cases.node(1),
    "leader": cases.node(3),
    "dead": cases.dead(2),
    "hung": cases.hung(2),
    "lost": cases.lost(2),
    "refused": cases.refused(2),
    "stale": cases.stale(2),
    "connecting": cases.connecting(2, "checking the host key"),
    "no quorum": cases.no_quorum(2),
    "alarm": cases.alarmed(2),
    "nothing known": NodeSnapshot(name="nova-master-1", host="10.0.0.1", link=Link.LIVE),
}


def block(node: NodeSnapshot, width: int = 36, height: int = 30) -> tuple[Row, ...]:
    snapshot = cases.cluster(node, cases.node(1), cases.node(3))
    trends = Trends()
    for ago_s in range(240, 0, -10):
        trends.add(cases.before(snapshot, ago_s))
    trends.add(snapshot)
    return status_block(node, snapshot, cases.NOW, width, trends.of(node.name, cases.NOW), block_rows(height))


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("width", [20, 36, 76])
@pytest.mark.parametrize(("height", "count"), [(20, 5), (39, 5), (40, 10), (60, 10)])
def test_always_as_many_rows_of_one_width(name: str, width: int, height: int, count: int) -> None:
    rows = block(EVERY[name], width, height)
    assert len(rows) == count == block_rows(height)
    assert {width_of(line) for line in rows} == {width}


@pytest.mark.parametrize(
    ("name", "glyph", "word", "role"),
    [
        ("healthy", "●", "follower", Role.OK),
        ("leader", "★", "leader", Role.OK),
        ("dead", "✖", "restarting", Role.BAD),
        ("hung", "✖", "no answer", Role.BAD),
        ("lost", "✖", "lost", Role.BAD),
        ("refused", "✖", "refused", Role.BAD),
        ("stale", "▲", "stale", Role.WARN),
        ("connecting", "◌", "connecting", Role.WARN),
        ("no quorum", "✖", "no quorum", Role.BAD),
        ("alarm", "▲", "NOSPACE", Role.BAD),
        ("nothing known", "◌", "asking", Role.WARN),
    ],
)
def test_one_word_a_state(name: str, glyph: str, word: str, role: Role) -> None:
    state = standing(EVERY[name])
    assert (state.glyph, state.word, state.role) == (glyph, word, role)


@pytest.mark.parametrize(
    ("active", "sub", "word"),
    [
        ("failed", "failed", "failed"),
        ("inactive", "dead", "stopped"),
        ("deactivating", "stop-sigterm", "stopping"),
        ("activating", "start", "starting"),
        ("maintenance", "", "maintenance"),
    ],
)
def test_systemd_words(active: str, sub: str, word: str) -> None:
    node = msgspec.structs.replace(cases.dead(2), unit=UnitState(active=active, sub=sub))
    assert standing(node).word == word


def test_the_dead_say_how_they_died() -> None:
    texts = [text_of(line).rstrip() for line in block(EVERY["dead"])]
    assert texts[0].startswith("✖ activating  auto-restart") and texts[0].endswith("42 s")
    assert texts[1] == "✖ no answer  exit 2  7 restarts"
    assert texts[2] == "  connection refused"
    assert texts[3] == "  last answer 12:36:58, 57 s ago"


def test_a_signal_is_not_an_exit_status() -> None:
    unit = UnitState(active="failed", sub="failed", exit_status=9, exit_signal=True)
    assert "signal 9" in text_of(block(msgspec.structs.replace(cases.dead(2), unit=unit))[1])


def test_lost_keeps_its_reason_and_dates_its_last_data() -> None:
    texts = [text_of(line).rstrip() for line in block(EVERY["lost"], 76)]
    assert texts[0].startswith("✖ lost") and texts[0].endswith("2m 10s")
    assert "does not answer" in texts[1] and "switched on" in texts[2]
    assert texts[4] == "  last data 12:35:44  active"


def test_never_seen_says_so() -> None:
    assert text_of(block(EVERY["refused"])[4]).rstrip() == "  no data yet"
    assert "checking the host key" in text_of(block(EVERY["connecting"])[1])


def test_unknown_is_never_nought() -> None:
    texts = "".join(text_of(line) for line in block(EVERY["nothing known"]))
    assert " 0" not in texts


def test_stale_values_are_dim() -> None:
    assert {role for line in block(EVERY["stale"]) for _text, role in line} <= {Role.DIM, Role.NORMAL}
    assert all(
        not text.strip() for line in block(EVERY["stale"]) for text, role in line if role is Role.NORMAL
    )


def test_the_fifth_row_tells_the_worst() -> None:
    healthy = cases.node(1)
    full = msgspec.structs.replace(healthy, disk=Disk(path="/", size=100_000_000_000, free=4_000_000_000))
    skewed = msgspec.structs.replace(healthy, clock_skew_ms=-2_500)
    assert text_of(block(EVERY["alarm"])[4]).startswith("✖ alarm NOSPACE")
    assert text_of(block(full)[4]).startswith("▲ disk 4 % free, 4.0 GB left")
    assert text_of(block(skewed)[4]).startswith("▲ clock -2.5 s off ours")
    assert re.fullmatch(r"  fsync p99 +4 ms +[▁▂▃▄▅▆▇█ ]{14}", text_of(block(healthy)[4]))


def test_lag_is_against_members_that_answer_now() -> None:
    behind = msgspec.structs.replace(
        cases.node(1), endpoint=msgspec.structs.replace(cases.node(1).endpoint, index=376_000)
    )
    far = cases.lost(2)
    far = msgspec.structs.replace(far, endpoint=msgspec.structs.replace(far.endpoint, index=999_999_999))
    snapshot = cases.cluster(behind, far, cases.node(3))
    assert newest_index(snapshot) == 376_222
    assert lag(behind.endpoint, newest_index(snapshot)) == 222
    line = status_block(behind, snapshot, cases.NOW, 36)[2]
    assert ("222", Role.WARN) in line and text_of(line).startswith("▲")


def test_one_that_cannot_be_asked_is_not_about_to_be() -> None:
    node = cases.node(1)
    unasked = msgspec.structs.replace(
        node.endpoint, answers=None, has_quorum=None, unasked="refused", error="bad certificate"
    )
    node = msgspec.structs.replace(node, endpoint=unasked)
    told = "\n".join(text_of(line) for line in block(node))
    assert standing(node).word == "not asked" and "▲ not asked" in told and "bad certificate" in told
    assert "asking" not in told and "yet" not in told


@pytest.mark.parametrize("width", [24, 34, 36])
def test_how_far_a_member_is_behind_is_never_cut(width: int) -> None:
    behind = cases.behind(2, 123_456)
    snapshot = cases.cluster(cases.node(1), behind, cases.node(3))
    said = text_of(status_block(behind, snapshot, cases.NOW, width)[2])
    assert re.search(r"lag 123\u2009456\b", said) and "…" not in said
