"""etcd's JSON gateway over mutual TLS: how the demo writes its keys in bulk and asks members how they are. Blocking."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import time
from collections.abc import Mapping
from typing import Any

from novatui.demo.addresses import CLIENT_PORT
from novatui.demo.layout import MasterFiles

# etcd's default --max-txn-ops.
TXN_OPS = 128


class Gateway:
    """One member. Every call may raise OSError or ``http.client.HTTPException``."""

    def __init__(self, files: MasterFiles, *, timeout_s: float = 5.0) -> None:
        self._host = files.host
        self._timeout_s = timeout_s
        self._context = ssl.create_default_context(cafile=str(files.tls / "ca.pem"))
        stem = files.tls / f"admin-{files.node}"
        self._context.load_cert_chain(f"{stem}.pem", f"{stem}-key.pem")

    def call(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        link = http.client.HTTPSConnection(
            self._host, CLIENT_PORT, timeout=self._timeout_s, context=self._context
        )
        try:
            link.request("POST", path, json.dumps(body))
            answer = json.loads(link.getresponse().read())
        finally:
            link.close()
        if "error" in answer:
            raise OSError(f"{path}: {answer['error']}")
        return dict(answer)

    def put(self, pairs: Mapping[str, str]) -> int:
        """Write all pairs, as few transactions as etcd allows; returns the revision."""
        revision = 0
        items = list(pairs.items())
        for at in range(0, len(items), TXN_OPS):
            puts = [
                {"requestPut": {"key": _b64(key), "value": _b64(value)}}
                for key, value in items[at : at + TXN_OPS]
            ]
            revision = int(self.call("/v3/kv/txn", {"success": puts})["header"]["revision"])
        return revision

    def get(self, key: str) -> str | None:
        """Linearizable: needs quorum."""
        answer = self.call("/v3/kv/range", {"key": _b64(key)})
        found = answer.get("kvs", [])
        return base64.b64decode(found[0]["value"]).decode() if found else None

    def status(self) -> dict[str, Any]:
        return self.call("/v3/maintenance/status", {})

    def commit(self, revision: int) -> None:
        """Returns once this member has ``revision`` and has it on disk: etcd commits before it hashes."""
        deadline = time.monotonic() + self._timeout_s
        while True:
            try:
                self.call("/v3/maintenance/hash", {"revision": revision})
                return
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


def _b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
