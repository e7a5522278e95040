"""What a walk is: an app in a state, led by keys from screen to screen, each screen with a name of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

from textual.app import App
from textual.pilot import Pilot
from textual.screen import Screen

from novatui.model.cluster import ClusterSnapshot
from novatui.tui.app import NovatuiApp
from novatui.tui.screens.run_client import RunClient
from tests.tui import screen_cases as cases
from tests.tui.run_cases import FakeClient, FakeFollower
from tests.tui.test_journal_keys import AskedFeed
from tests.tui.waiting import until


class Visit:
    """An app on its way: every wait is for what is to be seen, never for a time."""

    def __init__(self, app: App[Any], pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    async def until(self, true: Callable[[], object], why: str) -> None:
        await until(self.pilot, true, why)
        await self.pilot.pause()

    async def at(self, kind: type[Screen[Any]]) -> None:
        """Until such a screen is in front, laid out, done with asking, and no longer deaf."""

        def there() -> bool:
            screen = self.app.screen
            return (
                isinstance(screen, kind)
                and screen.is_attached
                and getattr(screen, "armed", getattr(screen, "_armed", True))
                and not getattr(screen, "waiting", "")
            )

        await self.until(there, f"no {kind.__name__}")

    async def press(self, *keys: str, to: type[Screen[Any]] | None = None) -> None:
        for key in keys:
            await self.pilot.press(key)
            await self.pilot.pause()
        if to is not None:
            await self.at(to)

    async def back(self, key: str = "escape") -> None:
        screen = self.app.screen
        await self.pilot.press(key)
        await self.until(lambda: self.app.screen is not screen, f"{key} does not leave")


Steps = Callable[[Visit], AsyncIterator[str]]


@dataclass(frozen=True)
class Walk:
    """``make`` is called in the walk's language; its steps yield the name of each picture that is to be taken."""

    make: Callable[[], tuple[App[Any], Steps]]
    pictures: tuple[str, ...]
    sizes: tuple[tuple[int, int], ...] = field(default=())


WALKS: dict[str, Walk] = {}


def walk(*pictures: str, sizes: tuple[tuple[int, int], ...] = ()) -> Callable[[Any], Any]:
    """Registers a walk under its function's name."""

    def known(make: Callable[[], tuple[App[Any], Steps]]) -> Callable[[], tuple[App[Any], Steps]]:
        WALKS[make.__name__] = Walk(make, pictures, sizes)
        return make

    return known


def nobody() -> FakeClient:
    return FakeClient(FakeFollower([], live=False))


def app_of(client: RunClient | None = None, count: int = 3, **more: Any) -> NovatuiApp:
    config = more.pop("config", cases.config(count))
    return NovatuiApp(config, feed=AskedFeed(), clock=lambda: cases.NOW, client=client or nobody(), **more)


async def see(visit: Visit, snapshot: ClusterSnapshot, *, past: bool = True) -> None:
    """The snapshot arrives, with the four minutes before it."""
    app = visit.app
    assert isinstance(app, NovatuiApp) and isinstance(app.feed, cases.FakeFeed)
    await visit.until(app.feed.started.is_set, "no feed")
    for ago_s in range(240, 0, -10) if past else ():
        app.trends.add(cases.before(snapshot, ago_s))
    app.feed.snapshot(snapshot)
    await visit.until(lambda: app.view.snapshot is snapshot, "the snapshot does not arrive")
