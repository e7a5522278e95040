"""What may have become of the cluster while a restore that is past its gate had no runner. Then nothing more is stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from novatui.model.plan import Plan
from novatui.model.run import GATE_S
from novatui.runbooks.restore_cluster.swap import is_inode
from novatui.runbooks.step import Facts, Stands

_DATA = ("data_dir", "data_kind", "has_data")


def against(plan: Plan, now: Mapping[str, Facts], since_s: float) -> Sequence[str]:
    """Quorum that came back, or went on for longer than a gate is open, is writing that nobody gave up; other data is not
    what was looked at."""
    found = []
    for node in plan.nodes:
        was, found_now = plan.facts[node], now[node]
        if found_now["quorum"] and not was["quorum"]:
            found.append(
                f"{node}: it has quorum again, it had none when this was planned: "
                "a restore would give up what was written since"
            )
        elif found_now["quorum"] and since_s > GATE_S:
            found.append(
                f"{node}: it has quorum, and the words were typed {since_s / 60:.0f} min ago: "
                "what was written since then is more than what was said to be lost"
            )
        found += [
            f"{node}: {key} was {was[key]}, is {found_now[key]}"
            for key in ("data_inode", *_DATA)
            if not (is_inode(found_now[key], was[key]) if key == "data_inode" else found_now[key] == was[key])
        ]
    return found


STANDS = Stands(until="stop", asks=("host",), against=against)
