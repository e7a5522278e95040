"""What keys do on a recording, besides those of the dashboard: rows of the action registry."""

from __future__ import annotations

from novatui.tui.action import N_, Action

REPLAY = (
    Action(
        "play", "space", "Space", N_("play"), N_("play or pause; at the end from the beginning"), "replay", 1
    ),
    Action("seek-back", "left", "←", N_("10 s"), N_("ten seconds back"), "replay", 1),
    Action("seek-on", "right", "→", N_("10 s"), N_("ten seconds on"), "replay", 1),
    Action(
        "leap-back", "shift+left,left_square_bracket", "[ S-←", N_("1 min"), N_("one minute back"), "replay"
    ),
    Action(
        "leap-on", "shift+right,right_square_bracket", "] S-→", N_("1 min"), N_("one minute on"), "replay"
    ),
    Action(
        "next-verdict",
        "full_stop",
        ".",
        N_("next verdict"),
        N_("to the next change of the verdict"),
        "replay",
        1,
    ),
    Action(
        "previous-verdict",
        "comma",
        ",",
        N_("verdict before"),
        N_("to the change of the verdict before"),
        "replay",
    ),
    Action("faster", "plus,equals_sign", "+", N_("faster"), N_("twice as fast, up to 64x"), "replay", 2),
    Action("slower", "minus", "-", N_("slower"), N_("half as fast, down to 1x"), "replay", 2),
    Action("begin", "0", "0", N_("begin"), N_("to the beginning of the recording"), "replay"),
)
