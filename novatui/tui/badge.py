"""The cluster's badge in the lower edge of what lies over a screen: whose gate, whose password, whose page it is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen

from novatui.present.environment import badges
from novatui.present.rows import Row

if TYPE_CHECKING:
    from novatui.tui.app import NovatuiApp


def badge(screen: Screen[Any]) -> Row:
    """That of the cluster this app is of."""
    cluster = cast("NovatuiApp", screen.app).cluster
    return badges(cluster.name, cluster.environment)[0]


def stamp(box: Vertical, screen: Screen[Any]) -> None:
    """Put it into the edge of a modal's box."""
    ((text, role),) = badge(screen)
    box.border_subtitle = Content.styled(text, f"bold #ffffff on ${role.value}")
