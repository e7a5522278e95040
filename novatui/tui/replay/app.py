"""The app on a recording: its clock is the recording's, its feed the file; it has no way to any master."""

from __future__ import annotations

from typing import ClassVar

from novatui.present.i18n import _, translated
from novatui.present.numbers import dated
from novatui.present.rows import Role, Row, row
from novatui.recording.player import Player
from novatui.recording.recording import Recording
from novatui.tui.actions import no_masters
from novatui.tui.app import NovatuiApp
from novatui.tui.replay.changes import Changes
from novatui.tui.replay.feed import ReplayFeed
from novatui.tui.replay.screen import ReplayDashboard


class ReplayApp(NovatuiApp):
    """``ends``: why the recording ends where it does, in words."""

    CSS_PATH = "../styles/novatui.tcss"
    MODES: ClassVar = {"dashboard": ReplayDashboard}
    replaying: ClassVar[bool] = True

    def __init__(self, recording: Recording, player: Player | None = None) -> None:
        self.player = player or Player(recording)
        self.changes = Changes(recording)
        feed = ReplayFeed(self.player)
        super().__init__(recording.cluster, feed=feed, clock=lambda: self.player.position_ms)
        feed.afresh = self.forget
        feed.passed = lambda snapshot: self.trends.add(snapshot)  # those of after a jump, too
        self.ends = translated(recording.ended) or _("it was interrupted")

    def _offer_living_run(self) -> None:
        """Runs are of now."""

    async def on_unmount(self) -> None:
        self.changes.give_up()

    def mark(self) -> tuple[Row, ...]:
        """Where the line over the dashboard is not to be seen."""
        if isinstance(self.screen, ReplayDashboard):
            return ()
        return (row((f" {_('RECORDING')} ", Role.ENV_OTHER), (f" {dated(self.clock(), 0)}", Role.BRIGHT)),)

    def open_wizard(self, runbook: str, node: str = "") -> None:
        """Whichever screen asks for it: what is seen here may be long over."""
        self.say(no_masters(self))

    def act_locks(self) -> None:
        self.say(no_masters(self))


def run_replay(recording: Recording) -> int:
    """The screen until it is left; as ``run_app``."""
    app = ReplayApp(recording)
    app.run()
    if app.crash is not None:
        raise app.crash
    return 1 if app.return_code is None else app.return_code
