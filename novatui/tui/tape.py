"""The recording that the screen makes when somebody asks for one, and its mark in the frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from novatui import paths
from novatui.config import ClusterConfig
from novatui.diagnosis.recent import Recent
from novatui.errors import NovatuiError
from novatui.model.cluster import ClusterSnapshot
from novatui.model.entries import Entry
from novatui.model.sanitize import clean
from novatui.present.i18n import _, translated
from novatui.present.numbers import age, size
from novatui.present.rows import Role, Row, row
from novatui.recording.masking import Secrets
from novatui.recording.recorder import TOLD, Recorder


class Tape:
    """Off until ``toggle``. A disk that is full or a file that is as great as it may be ends it, and the mark says so."""

    def __init__(self, cluster: ClusterConfig, clock: Callable[[], int], secrets: Secrets = tuple) -> None:
        self._cluster, self._clock, self._secrets = cluster, clock, secrets
        self._recorder: Recorder | None = None

    def toggle(self, snapshot: ClusterSnapshot, window: Mapping[str, Recent]) -> str:
        """Begin with what is known now, or end; what was done, in words."""
        if self._recorder is not None:
            path = self._recorder.path
            self.close()
            return _("recorded: {path}").format(path=path)
        at = datetime.fromtimestamp(self._clock() / 1000, UTC).strftime("%Y%m%d-%H%M%S")
        try:
            place = paths.private_dir(paths.state_dir() / "recordings") / f"{self._cluster.name}-{at}.nvr"
            self._recorder = Recorder(
                place, self._cluster, clock=self._clock, window=window, secrets=self._secrets
            )
        except NovatuiError as error:
            return f"{error.title}: {error.detail}"
        except OSError as error:  # there is no place for it
            return clean(f"{_('The recording cannot be made')}: {error.filename}: {error.strerror or error}")
        self._recorder.snapshot(snapshot)
        return _("recording into {path}; ^R ends it").format(path=place)

    def snapshot(self, snapshot: ClusterSnapshot) -> None:
        if self._recorder is not None:
            self._recorder.snapshot(snapshot)

    def entries(self, node: str, entries: Sequence[Entry]) -> None:
        if self._recorder is not None:
            self._recorder.entries(node, entries)

    def mark(self) -> tuple[Row, ...]:
        """From the fullest to the shortest; empty where nothing is recorded."""
        recorder = self._recorder
        if recorder is None:
            return ()
        if recorder.ended:
            why = _("▲ recording stopped: {why}").format(why=translated(recorder.ended))
            return row((why, Role.WARN)), row((_("▲ recording stopped"), Role.WARN))
        for_ms = self._clock() - recorder.start_ms
        return (row((f"◉ {_('recording')} {age(for_ms)} {size(recorder.size)}", Role.ACCENT)),)

    def close(self) -> None:
        if self._recorder is not None:
            self._recorder.close(TOLD)
            self._recorder = None
