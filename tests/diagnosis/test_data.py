"""Evidence about data: what counts, what is too old, and what has another cause."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from novatui.diagnosis.data import Usability, data_state, is_landmark
from novatui.model.entries import Entry, Level
from novatui.model.sanitize import clean
from tests.diagnosis.build import NOW, damage, down, line, node

STOPPED = down(node(1))
LOOPING = down(node(1), "activating", "auto-restart")


def ready(ago_s: float) -> Entry:
    return line("ready to serve client requests", ago_s=ago_s, level=Level.INFO)


def started(ago_s: float) -> Entry:
    return line("starting an etcd server", ago_s=ago_s, level=Level.INFO)


def test_an_answer_is_the_best_evidence() -> None:
    assert data_state(node(1), [damage("m1")]).state is Usability.USABLE


def test_silence_is_no_evidence() -> None:
    assert data_state(STOPPED, []).state is Usability.UNKNOWN


def test_a_damage_line_since_the_last_good_start() -> None:
    found = data_state(LOOPING, [ready(600), started(10), damage("m1")])
    assert found.state is Usability.UNUSABLE
    assert found.evidence[-1].value == "failed to open database: invalid database"
    assert found.evidence[-1].source == "journal"


def test_a_damage_line_before_the_last_good_start_is_history() -> None:
    assert data_state(STOPPED, [damage("m1", 900), ready(600)]).state is Usability.UNKNOWN


CAPNSLOG = "2021-03-30 07:13:29.281268 I | {package}: {words}"
CONSOLE = "2024-06-14T08:15:38.123456+0300\tinfo\t{package}/file.go:187\t{words}\t{{}}"


@pytest.mark.parametrize("form", ["{words}", "{package}: {words}", CAPNSLOG, CONSOLE])
@pytest.mark.parametrize(
    ("package", "words"),
    [
        ("embed", "ready to serve client requests"),
        (
            "etcdserver",
            "published {Name:etcd1 ClientURLs:[https://10.0.0.1:2379]} to cluster dae05cd826ec589",
        ),
    ],
)
def test_that_it_served_is_known_in_every_form_of_the_log(form: str, package: str, words: str) -> None:
    """3.4 logs by capnslog where nothing else is said, all by ETCD_LOG_FORMAT=console in columns."""
    text = clean(form.format(package=package, words=words))
    said = line(text, ago_s=600, level=Level.INFO)
    old = line("etcdserver: member 4c357ea1a12149d0 has already been bootstrapped", ago_s=800)
    assert data_state(STOPPED, [old]).state is Usability.UNUSABLE
    assert data_state(STOPPED, [old, said]).state is Usability.UNKNOWN


@pytest.mark.parametrize("form", ["{package}: {words}", CAPNSLOG, CONSOLE])
@pytest.mark.parametrize("words", ["etcd Version: 3.4.15", "starting an etcd server"])
def test_a_start_is_known_in_every_form_of_the_log(form: str, words: str) -> None:
    """What a running member may say too counts after one; and a member that is past an old line has got past it."""
    start = line(clean(form.format(package="etcdmain", words=words)), ago_s=40, level=Level.INFO)
    page = line("panic: freepages: failed to get all reachable pages", ago_s=30)
    assert data_state(STOPPED, [page]).state is Usability.UNKNOWN
    assert data_state(STOPPED, [start, page]).state is Usability.UNUSABLE
    waiting = replace(STOPPED, unit=replace(STOPPED.unit, active="activating", sub="start"))
    assert data_state(waiting, [damage("m1", 100), start]).state is Usability.UNKNOWN


def test_what_only_speaks_of_a_start_is_none() -> None:
    for text in ("the words: starting an etcd server", "warn: not Running:", "W | raft: was etcd Version: 3"):
        assert not is_landmark(line(text))


@pytest.mark.parametrize(
    "cause",
    [
        line("cannot access data directory: permission denied"),
        line("failed to preallocate an initial WAL file", "no space left on device"),
        line("listen failed", "listen tcp 10.0.0.1:2380: bind: address already in use"),
        line("rejected connection", "x509: certificate has expired or is not yet valid"),
        line("prober found high clock drift"),
    ],
)
def test_another_cause_since_then_takes_the_proof_away(cause: Entry) -> None:
    found = data_state(LOOPING, [started(10), damage("m1"), cause])
    assert found.state is Usability.UNKNOWN
    assert found.evidence


def test_a_snapshot_file_that_a_start_skips_is_no_lost_data() -> None:
    """etcd puts it aside and takes the next older one. Where its log does not reach back so far, that is the proof."""
    skipped = line("failed to read a snap file", "snap: crc mismatch", ago_s=9)
    assert data_state(LOOPING, [started(10), skipped]).state is Usability.UNKNOWN
    short = line("failed to open WAL", "wal: file not found", ago_s=8)
    assert data_state(LOOPING, [started(10), skipped, short]).state is Usability.UNUSABLE


def test_a_start_that_got_past_it_takes_the_proof_away() -> None:
    waiting = replace(STOPPED, unit=replace(STOPPED.unit, active="activating", sub="start"))
    assert data_state(waiting, [damage("m1", 100), started(40)]).state is Usability.UNKNOWN
    assert data_state(waiting, [damage("m1", 100), started(10)]).state is Usability.UNUSABLE


def test_a_crash_loop_never_gets_past_it() -> None:
    lines = [started(50), damage("m1", 49), started(39)]
    assert data_state(LOOPING, lines).state is Usability.UNUSABLE


def test_systemds_own_lines_and_gaps_prove_nothing() -> None:
    said = replace(damage("m1"), unit_line=True)
    gap = replace(damage("m1"), level=Level.GAP)
    assert data_state(STOPPED, [said, gap]).state is Usability.UNKNOWN


def test_a_clock_that_is_off_is_taken_into_account() -> None:
    """The master is an hour ahead: its lines are, too."""
    ahead = replace(
        STOPPED, clock_skew_ms=3_600_000, unit=replace(STOPPED.unit, active="activating", sub="start")
    )
    shifted = [replace(entry, at_ms=entry.at_ms + 3_600_000) for entry in [damage("m1", 100), started(10)]]
    assert shifted[0].at_ms > NOW
    assert data_state(ahead, shifted).state is Usability.UNUSABLE


def test_a_damage_line_before_our_own_last_answer_is_history() -> None:
    """Also when the line of its good start is no longer in the window."""
    answered = replace(STOPPED, endpoint=replace(STOPPED.endpoint, answered_ms=NOW - 60_000))
    assert data_state(answered, [damage("m1", 900)]).state is Usability.UNKNOWN
    assert data_state(answered, [damage("m1", 30)]).state is Usability.UNUSABLE


def test_landmarks() -> None:
    assert is_landmark(ready(1))
    assert is_landmark(started(1))
    assert not is_landmark(damage("m1"))
    assert not is_landmark(replace(ready(1), unit_line=True))
