"""``novatui locks`` without masters: what its exit code says, and the ways that a refusal names."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from msgspec.structs import replace

from novatui.cli import locks
from novatui.cli import main as cli
from novatui.model.cluster import ClusterSnapshot, Held, Link
from tests.diagnosis.build import NOW, healthy

FREE = Held()
HELD = Held(run="7f3a", epoch=1, operator="ops@desk", since_ms=NOW, alive=False)
HOLDING = replace(HELD, hold="7f3a")


def seen(monkeypatch: pytest.MonkeyPatch, *held: Held | None) -> None:
    """The masters answer so; None: that one cannot be asked."""
    whole = healthy()
    nodes = [
        replace(node, held=one, link=Link.LIVE if one else Link.LOST)
        for node, one in zip(whole.nodes, held, strict=True)
    ]
    snapshot = replace(whole, nodes=tuple(nodes))

    async def look(*_args: object) -> ClusterSnapshot:
        return snapshot

    monkeypatch.setattr(locks, "_look", look)
    monkeypatch.setattr(cli, "open_cluster", lambda args: SimpleNamespace(name="prod"))


@pytest.mark.parametrize(
    ("held", "code"),
    [
        ((FREE, FREE, FREE), 0),
        ((FREE, FREE, None), 1),
        ((None, None, None), 1),
        ((FREE, HELD, None), 4),
    ],
)
def test_free_is_said_only_of_masters_that_could_be_asked(
    held: tuple[Held | None, ...], code: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen(monkeypatch, *held)
    assert cli.run(["locks"]) == code


def test_the_ways_that_a_refused_break_names_can_be_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen(monkeypatch, FREE, HOLDING, FREE)
    assert cli.run(["locks", "--break", "7f3a", "--yes", "7f3a"]) == 2
    said = capsys.readouterr().err
    assert "novatui resume 7f3a --from m2 --yes NAME: " in said and "NAME is what confirmed it" in said
    assert "novatui undo 7f3a --from m2 --yes NAME: " in said and "nothing was changed" in said
