"""Models of the scripts in ``novatui/remote/scripts``: one function a script, with its effects in its order.

Each is held against the real script by ``test_drift.py``. A model yields wherever the real one could be interrupted with
a different tree than before; times are rough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.sim.process import Running, Script
from tests.sim.scripts import apifence, begin, changing, guard, leaving, looks, recovering, staging
from tests.sim.scripts.guard import Heartbeat

__all__ = ["MODELS", "Heartbeat", "behind_fence"]

MODELS: Mapping[str, Callable[[Running], Script]] = {
    "fence": guard.fence,
    "lease": guard.lease,
    "mirror": guard.mirror,
    "survey": looks.survey,
    "reach": looks.reach,
    "member": looks.member,
    "last-gate": looks.last_gate,
    "journalctl": looks.journalctl,
    "kept": looks.kept,
    "archive": staging.archive,
    "survivor": staging.survivor,
    "stage": staging.stage,
    "unstage": staging.unstage,
    "api-fence": apifence.api_fence,
    "kube": apifence.kube,
    "hold": changing.hold,
    "token": leaving.token,
    "ports": leaving.ports,
    "stop": changing.stop,
    "swap": changing.swap,
    "start": changing.start,
    "release": changing.release,
    "begin": begin.begin,
    "evidence": begin.evidence,
    "systemctl": begin.systemctl,
    "trial": recovering.trial,
    "hash": recovering.hash_,
    "steady": recovering.steady,
    "save": recovering.save,
    "roster": recovering.roster_,
    "aside": recovering.aside,
    "join": recovering.join,
}


def behind_fence(running: Running, models: Mapping[str, Callable[[Running], Script]]) -> Script:
    """The command as ``shell_line`` puts it together: the fence if it changes something, the limit, the script."""
    if running.fence is not None:
        refused = yield from models["fence"](running)
        if refused:
            return refused
    running.passed = True
    running.begin_limit()
    yield 0.005
    command = running.command
    return (yield from models[command.script or command.argv[0]](running))
