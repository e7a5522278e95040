"""A declared fake, since no kube-apiserver is to be had: what watches the manifests of one of the demo's masters, and
starts and ends a small HTTPS server there that really writes to etcd.

``fake_kubelet.py ROOT NODE MEMBER HOST LOG``: ends with its standard input. The server answers ``/readyz``, puts one key
every 50 ms through the master's own etcd, and writes a line ``PID BEGAN ENDED`` (ms, UTC) to LOG for each that etcd took.
As the real one it stops to listen first and ends what it was at a little later.
"""

from __future__ import annotations

import http.server
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
from http.client import HTTPException
from pathlib import Path

from novatui.demo.gateway import Gateway
from novatui.demo.layout import MasterFiles

MANIFEST = """apiVersion: v1
kind: Pod
spec:
  hostNetwork: true
  containers:
  - command:
    - kube-apiserver
    - --bind-address={host}
    - --secure-port=6443
"""
WRITE_EVERY_S = 0.05
DRAIN_S = 1.0


class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, format: str, *args: object) -> None:
        return None


def serve(files: MasterFiles, log: Path) -> None:
    """Until SIGTERM."""
    gone = threading.Event()
    server = http.server.ThreadingHTTPServer((files.host, 6443), Ready)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    stem = files.tls / f"member-{files.node}"
    context.load_cert_chain(f"{stem}.pem", f"{stem}-key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def end(*_: object) -> None:
        gone.set()

    signal.signal(signal.SIGTERM, end)
    closed = 0.0
    gateway, number = Gateway(files, timeout_s=2), 0
    with log.open("a", buffering=1) as lines:
        while not closed or time.monotonic() < closed + DRAIN_S:
            if gone.is_set() and not closed:
                server.socket.close()
                closed = time.monotonic()
            number += 1
            began = time.time_ns() // 1_000_000
            try:
                gateway.put({f"/registry/fake/{files.node}": f"{os.getpid()}-{number}"})
                lines.write(f"{os.getpid()} {began} {time.time_ns() // 1_000_000}\n")
            except (OSError, HTTPException, ValueError):
                pass
            time.sleep(WRITE_EVERY_S)
    os._exit(0)


def watch(words: list[str], files: MasterFiles) -> None:
    """Ends when standard input does."""
    over = threading.Event()

    def read() -> None:
        sys.stdin.buffer.read()
        over.set()

    threading.Thread(target=read, daemon=True).start()
    server: subprocess.Popen[bytes] | None = None
    manifest = files.manifests / "kube-apiserver.yaml"
    while not over.wait(0.05):
        if server is not None and server.poll() is not None:
            server = None
        if manifest.exists() and server is None:
            server = subprocess.Popen([sys.executable, __file__, "--serve", *words], stdin=subprocess.DEVNULL)
        elif not manifest.exists() and server is not None:
            server.terminate()
            server.wait(20)
            server = None
    if server is not None:
        server.kill()
        server.wait(20)


def main() -> None:
    words = [word for word in sys.argv[1:] if word != "--serve"]
    root, node, member, host, log = words
    files = MasterFiles(Path(root), node, member, host)
    if "--serve" in sys.argv:
        serve(files, Path(log))
    else:
        watch(words, files)


if __name__ == "__main__":
    main()
