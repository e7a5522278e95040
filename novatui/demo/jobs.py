"""Those who wait for a unit to have started, or to have stopped."""

from __future__ import annotations

import asyncio


class Jobs:
    """Futures of a job result; true while anybody waits."""

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[str]] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def new(self) -> asyncio.Future[str]:
        job: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting.append(job)
        return job

    def finish(self, result: str) -> None:
        """Tell all who wait now; who was cancelled is passed over."""
        for job in self._waiting:
            if not job.done():
                job.set_result(result)
        self._waiting.clear()
