"""The real screen on a configuration; each verdict that it has painted is written down with its moment:
``python -m tests.bench.telling CONFIG FILE``. ``Told`` reads that file, on the same clock."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from novatui.config import load
from novatui.model.findings import Severity
from novatui.tui import app
from novatui.tui.app import NovatuiApp
from novatui.tui.state import View

EVERY_S = 0.02
LOUD = (Severity.BAD, Severity.WARN)


class Painted(msgspec.Struct, frozen=True, kw_only=True):
    """``at_s`` is monotonic, the same for all processes of a machine. ``findings``: ``id node`` of what is bad or a
    warning. ``whole``: everything of every master was looked at. ``shown``: the lines on the screen."""

    at_s: float
    verdict: str
    recommend: str
    why: str
    findings: tuple[str, ...]
    links: dict[str, str]
    whole: bool
    shown: tuple[str, ...]


class Told:
    """What a telling screen painted, in order."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.painted: list[Painted] = []
        self._read = 0

    def news(self) -> None:
        with self._file.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._read += len(line)
                self.painted.append(msgspec.json.decode(line, type=Painted))

    def since(self, at_s: float) -> list[Painted]:
        self.news()
        return [one for one in self.painted if one.at_s >= at_s]

    def first(self, right: Callable[[Painted], bool], since_s: float, limit_s: float) -> Painted | None:
        """The first after ``since_s`` that is so; None when none came within ``limit_s`` from now."""
        deadline = time.monotonic() + limit_s
        while True:
            found = next((one for one in self.since(since_s) if right(one)), None)
            if found or time.monotonic() > deadline:
                return found
            time.sleep(EVERY_S)


class TellingApp(NovatuiApp):
    """After each paint of a new view it says what stands on the screen."""

    CSS_PATH = str(Path(app.__file__).with_name("styles") / "novatui.tcss")

    def __init__(self, config: str, file: str) -> None:
        super().__init__(load(Path(config)).pick(None))
        self._told = Path(file).open("ab", buffering=0)  # noqa: SIM115 - as long as the app lives

    def watch_view(self, view: View) -> None:
        self.call_after_refresh(self._tell, view)

    def _tell(self, view: View) -> None:
        found, nodes = view.diagnosis, view.snapshot.nodes
        painted = Painted(
            at_s=time.monotonic(),
            verdict=found.verdict,
            recommend=f"{found.recommend} {found.recommend_node}".strip(),
            why=str(found.recommend_why),
            findings=tuple(f"{one.id} {one.node}".strip() for one in found.findings if one.severity in LOUD),
            links={node.name: node.link for node in nodes},
            whole=all(node.upkeep is not None for node in nodes),
            shown=tuple(line.text for line in self.screen._compositor.render_strips()),
        )
        self._told.write(msgspec.json.encode(painted) + b"\n")


if __name__ == "__main__":
    TellingApp(*sys.argv[1:3]).run()
