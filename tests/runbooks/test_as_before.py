"""The last look of an undo: a member is what it was, by the cluster and the ID it answers as."""

from __future__ import annotations

import pytest

from novatui.remote.command import Outcome
from novatui.runbooks.parts.proof import _as_before_reader
from novatui.runbooks.step import State
from tests.runbooks.survey_text import b64, said, status_json


def member(number: int | None, quorum: str = "yes") -> Outcome:
    lines = ["nv:unit.ActiveState=active"]
    if number is not None:
        lines += [f"nv:status64={b64(status_json(number, 128))}", f"nv:quorum={quorum}"]
    return said([*lines, "nv:end=1"])


@pytest.mark.invariant("INV-13")
@pytest.mark.parametrize(
    ("number", "was", "quorum", "state"),
    [
        (7, "3d9/7", "yes", State.DONE),
        (8, "3d9/7", "yes", State.FOREIGN),
        (7, "3da/7", "no", State.FOREIGN),
        (7, "3d9/7", "no", State.TODO),
        (8, "", "yes", State.DONE),  # it did not answer at planning
        (None, "3d9/7", "no", State.TODO),  # not yet
    ],
)
def test_another_identity_is_not_as_before(number: int | None, was: str, quorum: str, state: State) -> None:
    found = _as_before_reader(True, True, was)(member(number, quorum))
    assert found.state is state
    if state is State.FOREIGN:
        assert was in found.detail
