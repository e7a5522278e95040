"""The search for changes of the verdict passes over most frames, and finds what a diagnosis of each of them finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import pytest
from msgspec.structs import replace

from novatui.config import ClusterConfig, NodeConfig
from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import ClusterSnapshot, NodeSnapshot
from novatui.model.entries import Entry, Level
from novatui.model.findings import Diagnosis
from novatui.recording.recorder import Recorder
from novatui.recording.recording import Recording, Reel
from novatui.tui.replay.changes import Changes
from tests.diagnosis.build import NOW, down, line, node

MINUTES = 11  # two key frames, and a part after the second


def at(second: int, one: NodeSnapshot) -> NodeSnapshot | None:
    """What is seen of it then; None: nothing comes."""
    number, now = int(one.name[1:]), NOW + second * 1000
    if number == 2 and 60 <= second < 90:
        one = down(one, "inactive", "dead")
    if number == 3 and 200 <= second < 230:
        return None  # its samples stop, while its link is said to live
    if number == 1 and 299 <= second < 301:
        one = down(one, "failed")  # across the first key frame
    if number == 2 and 400 <= second < 402:
        one = replace(one, endpoint=replace(one.endpoint, has_quorum=False))
    endpoint = replace(one.endpoint, index=(one.endpoint.index or 0) + second, revision=300_000 + second)
    if endpoint.answers:
        endpoint = replace(endpoint, answered_ms=now)
    return replace(one, at_ms=now, members_at_ms=now, endpoint=endpoint)


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    path, now = tmp_path_factory.mktemp("tape") / "a.nvr", [NOW]
    masters = [node(number) for number in (1, 2, 3)]
    cluster = ClusterConfig(name="prod", nodes=tuple(NodeConfig(name=m.name, host=m.host) for m in masters))
    recorder = Recorder(path, cluster, clock=lambda: now[0])
    for second in range(MINUTES * 60):
        now[0] = NOW + second * 1000
        seen = tuple(one for master in masters if (one := at(second, master)) is not None)
        recorder.snapshot(ClusterSnapshot(cluster="prod", nodes=seen))
        if second in (120, 140, 500):  # what is said lasts a minute; said again, a minute from then on
            said = line("prober found high clock drift", node="m1", ago_s=-second, level=Level.WARN)
            recorder.entries("m1", [said])
        if second % 3 == 0:
            slow = line("apply request took too long", node="m3", ago_s=-second, level=Level.WARN)
            recorder.entries("m3", [slow])
    recorder.close("it was told to end")
    return Recording.open(path)


def by_every_frame(tape: Recording) -> Iterator[int]:
    reel, judged = Reel(tape.header), []
    for frame in tape.frames():
        reel.apply(frame)
        moment = reel.moment()
        judged.append((frame.at_ms, diagnose(moment.snapshot, moment.entries, frame.at_ms).verdict))
    return (now for (_, before), (now, after) in pairwise(judged) if before is not after)


def test_it_finds_what_a_diagnosis_of_every_frame_finds(tape: Recording) -> None:
    wanted = list(by_every_frame(tape))
    seconds = [(one - tape.start_ms) // 1000 for one in wanted]
    assert seconds == [60, 90, 120, 200, 210, 230, 299, 301, 400, 402, 500, 560]

    changes, found, here = Changes(tape), [], tape.start_ms - 1
    while (then := changes.after(here)) is not None:
        found.append(then)
        here = then
    assert found == wanted
    changes, back, here = Changes(tape), [], tape.end_ms + 1
    while (then := changes.before(here)) is not None:
        back.append(then)
        here = then
    assert back[::-1] == wanted
    assert Changes(tape).after(wanted[5]) == wanted[6] and Changes(tape).before(wanted[6]) == wanted[5]


def test_few_frames_cost_a_diagnosis(tape: Recording, monkeypatch: pytest.MonkeyPatch) -> None:
    from novatui.tui.replay import changes

    calls: list[int] = []

    def counted(snapshot: ClusterSnapshot, entries: Mapping[str, Sequence[Entry]], now_ms: int) -> Diagnosis:
        calls.append(now_ms)
        return diagnose(snapshot, entries, now_ms)

    monkeypatch.setattr(changes, "diagnose", counted)
    assert Changes(tape).after(tape.end_ms) is None
    Changes(tape).before(tape.end_ms + 1)
    frames = sum(1 for _ in tape.frames())
    assert len(calls) < frames / 10
