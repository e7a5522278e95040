"""Every member, asked all the time: what it serves, and whether a leader answers. Nothing of novatui judges here."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import threading
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from novatui.demo.addresses import CLIENT_PORT
from novatui.demo.layout import MasterFiles
from tests.lab.lab import Lab

EVERY_S = 0.15
_EVERYTHING = base64.b64encode(b"\0").decode()


class Line:
    """etcd's JSON gateway of one member over one connection, made anew when it is lost. Raises OSError, HTTPException."""

    def __init__(self, files: MasterFiles, timeout_s: float = 2.0) -> None:
        context = ssl.create_default_context(cafile=str(files.tls / "ca.pem"))
        stem = files.tls / f"admin-{files.node}"
        context.load_cert_chain(f"{stem}.pem", f"{stem}-key.pem")
        self._link = http.client.HTTPSConnection(files.host, CLIENT_PORT, timeout=timeout_s, context=context)

    def ask(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            self._link.request("POST", path, json.dumps(body))
            found = json.loads(self._link.getresponse().read())
        except BaseException:
            self._link.close()
            raise
        if "header" not in found:  # an error, in one of the forms that the gateway has for it
            raise OSError(f"{path}: {found}")
        return dict(found)

    def keys(self, revision: int = 0) -> dict[str, str]:
        """All keys with their values, as this member has them by itself (as they were at ``revision``)."""
        asked = {"key": _EVERYTHING, "range_end": _EVERYTHING, "serializable": True, "revision": revision}
        found = self.ask("/v3/kv/range", asked).get("kvs", [])
        return {_text(one["key"]): _text(one.get("value", "")) for one in found}

    def close(self) -> None:
        self._link.close()


class Watch:
    """While it stands: ``fewest``, the smallest number of keys that a member served; ``leaderless_s``, the longest time in
    which no leader answered; ``answers``, how many it had."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._files = lab.files
        self._over = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._ask, args=(node,)) for node in self._files]
        self._led = time.monotonic()
        self.fewest: tuple[int, str] | None = None
        self.leaderless_s = 0.0
        self.answers = 0

    def __enter__(self) -> Watch:
        self._led = time.monotonic()
        with self._lab.inside():  # threads stay where they were started
            for thread in self._threads:
                thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, why: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(20)

    def _ask(self, node: str) -> None:
        line = Line(self._files[node])
        counting = {"key": _EVERYTHING, "range_end": _EVERYTHING, "count_only": True, "serializable": True}
        while not self._over.wait(EVERY_S):
            try:
                count = int(line.ask("/v3/kv/range", counting).get("count", 0))
                status = line.ask("/v3/maintenance/status", {})
            except (OSError, http.client.HTTPException, ValueError):
                continue
            self._saw(node, count, status.get("leader") == status["header"]["member_id"])
        line.close()

    def _saw(self, node: str, count: int, leads: bool) -> None:
        with self._lock:
            self.answers += 1
            if self.fewest is None or count < self.fewest[0]:
                self.fewest = (count, node)
            if leads:
                now = time.monotonic()
                self.leaderless_s = max(self.leaderless_s, now - self._led)
                self._led = now


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode("utf-8", "replace")
