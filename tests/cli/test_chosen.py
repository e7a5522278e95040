"""Which run is meant: with ``--cluster`` none of another cluster, also where none is named."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from novatui.cli import follow
from novatui.errors import Refused, UsageError
from novatui.runner import client, places


@pytest.fixture(autouse=True)
def _runs(monkeypatch: pytest.MonkeyPatch) -> None:
    runs = [
        SimpleNamespace(run="c3", cluster="prod", alive=False),
        SimpleNamespace(run="b2", cluster="prod", alive=True),
        SimpleNamespace(run="a1", cluster="test", alive=False),
    ]
    found = {one.run: SimpleNamespace(run=one.run, plan=lambda one=one: one) for one in runs}
    monkeypatch.setattr(client, "runs", lambda unread: runs)
    monkeypatch.setattr(places, "find", lambda run: found[run])


@pytest.mark.parametrize(
    ("run", "cluster", "meant"),
    [
        ("", None, "b2"),
        ("", "prod", "b2"),
        ("", "test", "a1"),
        ("c3", None, "c3"),
        ("a1", "test", "a1"),
    ],
)
def test_the_run_that_is_meant(run: str, cluster: str | None, meant: str) -> None:
    assert follow.chosen(run, cluster) == meant


@pytest.mark.parametrize(
    ("run", "cluster", "said"),
    [
        ("b2", "test", "run b2 is of cluster prod, not of test"),
        ("", "stage", "There are no runs of cluster stage here"),
    ],
)
def test_one_of_another_cluster_is_refused(run: str, cluster: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        follow.chosen(run, cluster)


def test_the_newest_of_runs_that_cannot_all_be_read_is_nobodys_guess(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An older run would be undone in place of the one that is meant."""
    told = client.runs

    def runs(unread: Callable[[str, str], None]) -> object:
        unread("d4", "The journal is damaged")
        return told(unread)

    monkeypatch.setattr(client, "runs", runs)
    with pytest.raises(Refused, match="d4: The journal is damaged"):
        follow.chosen("", "prod")
    assert follow.chosen("a1", None) == "a1"
