"""Each broken state of the demo is recovered by keys alone: from the dashboard's recommendation to healthy again."""

from __future__ import annotations

import pytest

from tests.e2e.keys import run_of, type_words
from tests.e2e.terminal import Terminal, needs_tmux
from tests.e2e.world import NOVATUI, until

pytestmark = [pytest.mark.etcd, pytest.mark.slow, pytest.mark.timeout(300), needs_tmux]

VICTIM = "nova-master-2"
MENU = "opening one only looks"


@pytest.mark.invariant("INV-10")
@pytest.mark.parametrize("size", [(120, 40), (80, 24)], ids=["120x40", "80x24"])
@pytest.mark.parametrize(
    ("fault", "runbook", "typed"),
    [
        ("member-down", "restart-member", VICTIM),
        ("hung-member", "restart-member", VICTIM),
        ("power-cut", "start-cluster", "demo"),
        ("corrupt-member", "recover-member", VICTIM),
    ],
)
def test_recovered_by_keys_alone(fault: str, runbook: str, typed: str, size: tuple[int, int]) -> None:
    with Terminal([NOVATUI, "demo", "--fault", fault], size) as screen:
        screen.until(lambda shown: "DEGRADED" in shown or "NO QUORUM" in shown, limit_s=60)
        named = f"w {runbook}" if size[0] >= 108 else "w recover"
        screen.until(lambda shown: named in shown.splitlines()[1], limit_s=60)
        screen.keys("w")
        shown = screen.until(lambda text: MENU in text or "Which master?" in text or "preflight" in text)
        if MENU in shown:  # several are possible: the recommended one comes first
            screen.until(lambda text: f"{runbook}  {VICTIM}" in text and "recommended" in text)
            _press_until(screen, "Enter", f"{runbook} ", "Which master?")
        if runbook != "start-cluster":
            screen.until("Which master?", f"› 2 {VICTIM}")
            screen.keys("n")
        screen.until("Nothing speaks against it", "n plan", limit_s=60)
        print(screen.screen())
        screen.keys("n")
        screen.until("p prepare: nothing stops yet")
        print(screen.screen())
        screen.keys("p")
        type_words(screen, typed)
        screen.until("done and verified", "Verified  ", limit_s=120)
        print(screen.screen())
        assert len(run_of(screen)) == 8
        screen.keys("q")
        screen.until("HEALTHY", "3/3", limit_s=60)
        screen.keys("q")
        assert until(lambda: (screen.ended(),) if screen.ended() is not None else None, "the end", 60) == (0,)


def _press_until(screen: Terminal, key: str, *what: str) -> None:
    """A modal is deaf for its first 300 ms."""
    for _ in range(20):
        screen.keys(key)
        try:
            screen.until(*what, limit_s=1)
            return
        except AssertionError:
            continue
    raise AssertionError(f"{key} does not bring {what}\n{screen.screen()}")
