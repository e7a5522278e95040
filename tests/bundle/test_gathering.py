"""What becomes of a master's answers: all of it is in the bundle, or what is missing is named."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import pytest
from msgspec.structs import replace

from novatui.bundle import gathering
from novatui.bundle.gathering import Gathered, gather
from novatui.bundle.keeping import kept
from novatui.bundle.pieces import END, NOT_THERE
from novatui.config import ClusterConfig, NodeConfig
from novatui.model.cluster import Link, NodeError
from novatui.remote.command import Command, Outcome, Status
from novatui.remote.fleet import Fleet
from tests.diagnosis.build import cluster, node

NAMES = ("m1", "m2")
CONFIG = ClusterConfig(name="prod", nodes=tuple(NodeConfig(name=name, host=name) for name in NAMES))
WHOLE = Outcome(status=Status.OK, exit=0, stdout=b"== what it says\n" + END)


class Played:
    """Answers by ``answer``: of which master, of which piece (nothing where it is no piece)."""

    def __init__(self, answer: Callable[[str, str], Outcome]) -> None:
        self._answer = answer

    def link(self, node: str) -> tuple[Link, None, str]:
        return Link.LIVE, None, ""

    async def run(self, node: str, command: Command) -> Outcome:
        return self._answer(node, command.argv[0] if command.script == "bundle" else "")


async def gathered(answer: Callable[[str, str], Outcome]) -> Gathered:
    fleet = cast(Fleet, Played(answer))
    seen = cluster(node(1), node(2))
    return await gather(CONFIG, fleet, seen, 1000, ("typed-word",), lambda *_said: None)


def missing(found: Gathered) -> list[tuple[str, str, str]]:
    return [(one.node, one.file, one.why) for one in found.missing]


async def test_what_comes_whole_is_kept_without_the_scripts_last_words() -> None:
    found = await gathered(lambda *_asked: WHOLE)
    assert not found.missing
    text = next(item.text for item in found.items if (item.node, item.file) == ("m1", "os.txt"))
    assert text == "== what it says\n"


async def test_what_was_cut_off_on_its_way_is_kept_and_told() -> None:
    def answer(name: str, piece: str) -> Outcome:
        cut = {("m1", "os"): WHOLE.stdout[:-3], ("m2", "os"): b""}
        return replace(WHOLE, stdout=cut.get((name, piece), WHOLE.stdout))

    found = await gathered(answer)
    why = "cut off: its end did not come"
    assert missing(found) == [("m1", "os.txt", why), ("m2", "os.txt", why)]
    assert [item.node for item in found.items if item.file == "os.txt"] == ["m1"]


async def test_what_failed_is_told_once_and_what_came_is_kept() -> None:
    def answer(name: str, piece: str) -> Outcome:
        if piece == "pods":
            return Outcome(status=Status.FAILED, exit=NOT_THERE)
        said = WHOLE.stdout if name == "m1" else END
        return replace(
            WHOLE, status=Status.FAILED, exit=69, stdout=said, stderr=b"it does not answer typed-word\n"
        )

    found = await gathered(answer)
    assert {one.why for one in found.missing} == {"failed: it does not answer ***"}
    assert {item.node for item in found.items} == {"m1"}
    assert len(found.missing) == 2 * len(found.items)


async def test_a_master_that_gives_no_root_is_named_once() -> None:
    lacking = NodeError("no-privilege", "ops is neither root nor may become it")
    found = await gathered(
        lambda name, _piece: replace(WHOLE, unprivileged=lacking if name == "m1" else None)
    )
    why = "not root there: ops is neither root nor may become it; what only root may read is not in it"
    assert missing(found) == [("m1", "", why)]
    assert {item.node for item in found.items} == set(NAMES)


async def test_our_own_bug_costs_its_piece_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(raw: bytes, *more: object) -> tuple[str, int]:
        if raw.startswith(b"broken"):
            raise ZeroDivisionError("with a secret in its words")
        return kept(raw, *more)  # type: ignore[arg-type]

    monkeypatch.setattr(gathering, "kept", broken)
    found = await gathered(
        lambda name, piece: (
            replace(WHOLE, stdout=b"broken" + END) if (name, piece) == ("m1", "certs") else WHOLE
        )
    )
    why = "a bug of novatui (ZeroDivisionError): left out, for it could not be masked"
    assert missing(found) == [("m1", "certificates.txt", why)]
    assert len([item for item in found.items if item.node == "m2"]) == 1 + len(
        [item for item in found.items if item.node == "m1"]
    )
