"""A person who follows FINISH.txt or UNDO.txt to the letter: each line in ``sh`` on the master it names, over plain ssh."""

from __future__ import annotations

import shlex

from tests.e2e.world import World


def by_hand(world: World, text: str) -> list[str]:
    """Every command of ``text`` in its order; what was typed where. A failing one ends it, as it would end a person."""
    assert text.startswith("# Run ") and text.rstrip().endswith("# That is all."), text
    done, node = [], ""
    for line in text.splitlines():
        words = line.lstrip("#").strip()
        if line.startswith("#") and words.startswith("on "):
            node = words.removeprefix("on ").partition(":")[0]
            assert node in world.nodes, line
        elif line and not line.startswith("#"):
            assert node, f"a command for no master: {line}"
            typed = world.shell(node, f"sh -c {shlex.quote(line)}")
            done.append(f"{node} $ {line} -> {typed.returncode}")
            assert typed.returncode == 0, "\n".join([*done, typed.stdout, typed.stderr])
        elif line.startswith("# ") and not line.startswith("#   "):
            node = ""
    assert done
    return done
