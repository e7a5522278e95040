"""Keys of the wizard and of what wants words typed, as a person presses them: look, then press."""

from __future__ import annotations

import re

from tests.e2e.terminal import Terminal
from tests.e2e.world import World


def choose_the_archive(screen: Terminal, world: World) -> None:
    """The survivor is newer and so preselected: go down until the chosen one is the archive."""
    name = world.info["snapshot"]["name"]
    screen.until("j k choose", limit_s=60)
    screen.keys("j")
    screen.until(lambda shown: any("› " in line and name in line for line in shown.splitlines()))


def type_words(screen: Terminal, *words: str) -> None:
    """Into a modal that wants them, then ``y`` on its button."""
    screen.until(*(f"type  {word}" for word in words), limit_s=90)
    for word in words:
        screen.until("Tab")
        _type_until(screen, word)
        screen.keys("Tab")
    screen.until(lambda shown: "press y" in shown)
    screen.keys("y")


def _type_until(screen: Terminal, word: str) -> None:
    """The modal is deaf for its first 300 ms: type again until the word stands there."""

    def field(shown: str) -> str:
        return next(
            (line.partition(f"type  {word}")[2] for line in shown.splitlines() if f"type  {word}" in line),
            "?",
        )

    for _ in range(20):
        screen.type(word)
        try:
            screen.until(lambda shown: "✔ right" in field(shown), limit_s=2)
            return
        except AssertionError:
            screen.keys(*["BSpace"] * (2 * len(word)))
            screen.until(lambda shown: not field(shown).partition("│")[0].strip())
    raise AssertionError(f"{word} cannot be typed\n{screen.screen()}")


def run_of(screen: Terminal) -> str:
    found = re.search(r"run ([0-9a-f]{8})", screen.screen())
    assert found, screen.screen()
    return found.group(1)
