"""The dashboard of a recording: a line over it that says so, and keys that move along its time."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import ComposeResult
from textual.binding import BindingType

from novatui.present.i18n import _
from novatui.present.replay import banner
from novatui.present.rows import Role, Row, row
from novatui.tui.actions import bindings, no_masters
from novatui.tui.screens.dashboard import Dashboard
from novatui.tui.state import View
from novatui.tui.widgets.rows_view import RowsView

if TYPE_CHECKING:
    from novatui.tui.replay.app import ReplayApp

STEP_MS, LEAP_MS = 10_000, 60_000
_BANNER_S = 0.25


class ReplayDashboard(Dashboard):
    """What moves is the player's; this screen only tells it."""

    scope: ClassVar[str] = "replay"
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("replay")]

    def __init__(self) -> None:
        super().__init__()
        self._looking = False

    @property
    def replay(self) -> ReplayApp:
        return cast("ReplayApp", self.app)

    def compose(self) -> ComposeResult:
        yield RowsView(id="replay")
        yield from super().compose()

    def on_mount(self) -> None:
        self.set_interval(_BANNER_S, self.draw_banner)

    def draw(self) -> None:
        super().draw()
        self.draw_banner()

    def draw_banner(self) -> None:
        player = self.replay.player
        line = banner(
            player.position_ms,
            player.start_ms,
            player.end_ms,
            speed=player.speed,
            playing=player.playing,
            ends=self.replay.ends,
            looking=self.replay.changes.at_ms if self._looking else None,
            width=self.size.width,
        )
        self.query_one("#replay", RowsView).set_rows([line])

    def _keys(self, view: View) -> Row:
        """What was to be done; no key does it here."""
        recommend = view.diagnosis.recommend
        what = _("wait") if recommend == "wait" else recommend
        return row((f"{what}  " if what else "", Role.DIM), ("d", Role.KEY), f" {_('why')}")

    def act_recover(self) -> None:
        """From the evidence, too."""
        self.say(no_masters(self.nova))

    # moving

    def act_play(self) -> None:
        self.replay.player.toggle()
        self._moved()

    def act_seek_back(self) -> None:
        self._by(-STEP_MS)

    def act_seek_on(self) -> None:
        self._by(STEP_MS)

    def act_leap_back(self) -> None:
        self._by(-LEAP_MS)

    def act_leap_on(self) -> None:
        self._by(LEAP_MS)

    def act_begin(self) -> None:
        self._to(self.replay.player.start_ms)

    def act_faster(self) -> None:
        self.replay.player.faster(1)
        self._moved()

    def act_slower(self) -> None:
        self.replay.player.faster(-1)
        self._moved()

    def act_next_verdict(self) -> None:
        self._find(1)

    def act_previous_verdict(self) -> None:
        self._find(-1)

    def _by(self, ms: int) -> None:
        self._to(self.replay.player.position_ms + ms)

    def _to(self, at_ms: int) -> None:
        self.replay.player.go(at_ms)
        self._moved()

    def _moved(self) -> None:
        self.replay.feed.refresh()
        self.draw_banner()

    def _find(self, direction: int) -> None:
        if not self._looking:
            self._looking = True
            self.draw_banner()
            self.run_worker(self._jump(direction), exit_on_error=False)

    async def _jump(self, direction: int) -> None:
        """The player stands still while the file is searched: "next" means next to what was on the screen."""
        changes, player = self.replay.changes, self.replay.player
        here, playing = player.position_ms, player.playing
        player.pause()
        try:
            find = changes.after if direction > 0 else changes.before
            found = await asyncio.to_thread(find, here)
        finally:
            self._looking = False
            player.go(here)
            player.playing = playing
        if found is None:
            self.say(_("the verdict does not change after this") if direction > 0 else _("nor before this"))
        else:
            self._to(found)
        self._moved()
