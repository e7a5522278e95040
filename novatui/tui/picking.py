"""The picker alone, before any cluster is looked at: for a configuration of several that names none of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import ClassVar

from textual.app import App
from textual.binding import BindingType

from novatui.config import ClusterConfig
from novatui.recording.recorder import wall_ms
from novatui.tui.screens.clusters import ClusterPicker
from novatui.tui.theme import DARK, THEMES, first


class PickApp(App[None], inherit_bindings=False):
    """``picked`` stays None where it was left without choosing."""

    TITLE = "novatui"
    CSS_PATH = "styles/novatui.tcss"
    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, clusters: Sequence[ClusterConfig]) -> None:
        super().__init__()
        for theme in THEMES.values():
            self.register_theme(theme)
        self.clusters = clusters
        self.picked: ClusterConfig | None = None

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return DARK.variables

    def on_mount(self) -> None:
        self.theme = first(os.environ).name
        self.push_screen(ClusterPicker(self.clusters, wall_ms), self._chosen)

    def _chosen(self, cluster: ClusterConfig | None) -> None:
        self.picked = cluster
        self.exit()

    def _print_error_renderables(self) -> None:
        """No traceback on the terminal: ``pick`` raises the error, and the command line keeps it in the log."""
        self._exit_renderables.clear()


def pick(clusters: Sequence[ClusterConfig]) -> ClusterConfig | None:
    """The one a person chose; None when they left. An error of ours is raised."""
    app = PickApp(clusters)
    app.run()
    if app._exception is not None:
        raise app._exception
    return app.picked
