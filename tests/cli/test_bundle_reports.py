"""The reports in a support bundle: of a run that has none in it the list says so."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from novatui.bundle import archive
from novatui.bundle.gathering import Gathered
from novatui.cli import support_bundle
from novatui.errors import NovatuiError
from novatui.runner import client, places


def test_what_cannot_be_read_and_what_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def runs(unread: Callable[[str, str], None] = lambda run, why: None) -> list[Any]:
        unread("spoilt", "The journal is damaged")
        numbers = range(support_bundle.REPORTS_MAX + 2)
        found = [SimpleNamespace(run=f"r{n}", cluster="prod", runbook="start-cluster") for n in numbers]
        return [*found, SimpleNamespace(run="other", cluster="test", runbook="start-cluster")]

    def find(run: str) -> Any:
        raise NovatuiError("not needed here")

    monkeypatch.setattr(client, "runs", runs)
    monkeypatch.setattr(places, "find", find)
    cluster: Any = SimpleNamespace(name="prod")
    items, missing = support_bundle._reports(cluster, ())
    whole, _not_in_it, rest = archive.contents(
        "prod", 1_700_000_000, 1_699_990_000, Gathered(tuple(items), tuple(missing))
    ).partition("Not in it:")
    assert "reports/r0.md" in whole and "reports/r19.md" in whole and "r20" not in whole
    assert "(here): reports/spoilt.md: The journal is damaged" in rest
    for run in ("r20", "r21"):
        assert f"(here): reports/{run}.md: only those of the newest 20 runs are in it" in rest
    assert "other" not in whole + rest
