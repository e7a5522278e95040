"""--upload: what is accepted of the operator's machine, and that it comes to the masters whole or not at all."""

from __future__ import annotations

import asyncio
import hashlib
import io
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from novatui.errors import Refused
from novatui.remote.command import Command, Fence, Status
from novatui.runner.upload import describe, pieces
from tests.bad_input.archives import flipped

NAME = "etcd_snapshot_nova-v5.1.2_k8s-v1.27.11_2024-06-14_081538.db"
URL = b'"peerURLs":["https://10.0.0.1:2380"]'


def snapshot(size: int = 600_000) -> bytes:
    """With a list of URLs right across the border of two pieces that are read."""
    body = bytearray(os.urandom(size))
    at = 256 * 1024 - 10
    body[at : at + len(URL)] = URL
    body += b"\0" * (-len(body) % 512)
    return bytes(body) + hashlib.sha256(bytes(body)).digest()


def packed(path: Path, *entries: tuple[str, bytes | None], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        for name, content in entries:
            info = tarfile.TarInfo(name)
            if content is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
                tar.addfile(info)
            else:
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
    return path


@pytest.mark.parametrize("form", ["db", "tar.gz", "tgz", "tar"])
def test_forms(tmp_path: Path, form: str) -> None:
    raw = snapshot()
    path = tmp_path / (NAME if form == "db" else f"{NAME}.{form}")
    if form == "db":
        path.write_bytes(raw)
    else:
        packed(path, (f"opt/backup/{NAME}", raw), mode="w" if form == "tar" else "w:gz")
    found = describe(path)
    assert (found.sha256, found.size) == (hashlib.sha256(raw).hexdigest(), len(raw))
    assert found.urls == ("https://10.0.0.1:2380",)
    assert found.dated_by == "name" and found.path == str(path)
    sent = b"".join(pieces(path, found.size))
    assert sent == b"\nnv-stream %d\n" % len(raw) + raw


def _cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def _flip(path: Path) -> None:
    path.write_bytes(flipped(path.read_bytes()))


def _directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: path.unlink(), "No such file"),
    "truncated": (_cut, "truncated or damaged"),
    "flipped": (_flip, "damaged"),
    "dots": (lambda path: packed(path, ("../x.db", snapshot())), "leave its directory"),
    "absolute": (lambda path: packed(path, ("/x.db", snapshot())), "leave its directory"),
    "a link": (lambda path: packed(path, ("x.db", None)), "neither a file nor a directory"),
    "two": (lambda path: packed(path, ("a.db", snapshot()), ("b.db", snapshot())), "2 .db files"),
    "none": (lambda path: packed(path, ("a.txt", b"x")), "0 .db files"),
    "no snapshot": (lambda path: packed(path, ("a.db", b"x" * 512)), "not a whole etcd snapshot"),
    "wrong hash": (lambda path: packed(path, ("a.db", snapshot()[:-32] + b"x" * 32)), "does not match"),
    "a directory": (_directory, "Is a directory"),
}


@pytest.mark.invariant("INV-4")
@pytest.mark.parametrize("how", BAD)
def test_what_is_not_one_whole_snapshot_is_refused_here(tmp_path: Path, how: str) -> None:
    spoil, words = BAD[how]
    path = packed(tmp_path / f"{NAME}.tar.gz", ("x.db", snapshot()))
    spoil(path)
    with pytest.raises(Refused) as refused:
        describe(path)
    assert words in refused.value.detail and str(path) in refused.value.title


@pytest.mark.etcd
@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.invariant("INV-4")
def test_over_ssh_it_comes_whole_or_not_at_all(demo: Callable[..., Any], tmp_path: Path) -> None:
    """Real SSH to one of the demo's masters: bytes, back-pressure, progress; a reader that fails in the middle."""
    from novatui.config import load
    from novatui.remote.ssh import SshTransport

    made = demo()
    raw = os.urandom(20 << 20)
    cluster = load(made.config_path).pick(None)
    node = cluster.nodes[0]
    into = made.root(node.name) / "tmp/fed"
    lease = Path(node.etcd.work_dir) / "active"
    lease.mkdir(parents=True)
    (lease / "owner").write_text("0123abcd:1\n")
    fence = Fence(work_dir=node.etcd.work_dir, run="0123abcd", epoch=1, wait_s=5)
    # Slower than we read: what is on the way stays little.
    command = Command(argv=("sh", "-c", 'sleep 0.5; cat >"$1"', "x", str(into)), timeout_s=60, changes=True)

    async def send(fail_at: int) -> tuple[Any, list[int]]:
        transport, seen = SshTransport(cluster), list[int]()

        def cut() -> Any:
            for at in range(0, len(raw), 256 * 1024):
                if at == fail_at:
                    raise OSError("the disk is gone")
                yield raw[at : at + 256 * 1024]

        try:
            return await transport.feed(
                cut(), (node.name, command), fence=fence, on_progress=seen.append
            ), seen
        finally:
            await transport.close()

    outcome, seen = asyncio.run(send(-1))
    assert outcome.ok, outcome
    assert into.read_bytes() == raw and seen[-1] == len(raw) and len(seen) == 80
    outcome, seen = asyncio.run(send(10 << 20))
    assert outcome.status is Status.FAILED and "the disk is gone" in outcome.error
    assert len(into.read_bytes()) < len(raw)


@pytest.mark.etcd
@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.invariant("INV-4")
def test_a_restore_from_the_operators_machine(demo: Callable[..., Any], tmp_path: Path) -> None:
    from tests.runbooks.test_restore_demo import CANARY, archive, ctl, novatui, world

    made = demo("quorum-lost")
    here = tmp_path / archive(made)
    for node in made.nodes:
        found = made.root(node) / "tmp" / archive(made)
        here.write_bytes(found.read_bytes())
    for node in made.nodes:
        (made.root(node) / "tmp" / here.name).unlink()
    before = world(made)
    # Another file under that name between plan and sending would be told by its hash; here: another cluster's.
    with tarfile.open(here) as tar:
        member = next(one for one in tar.getmembers() if one.isfile())
        body = tar.extractfile(member).read()[:-32]  # type: ignore[union-attr]
    body = body.replace(b'"peerURLs":["https://127.', b'"peerURLs":["https://10x.')
    foreign = tmp_path / "foreign.db"
    foreign.write_bytes(body + hashlib.sha256(body).digest())
    asked = ["restore-cluster", "--yes", "demo", "--overrule", "newer-survivor"]
    refused = novatui(made, "run", *asked, "--upload", str(foreign))
    assert refused.returncode == 2 and "foreign-snapshot" in refused.stderr, refused.stdout + refused.stderr
    assert world(made) == before
    done = novatui(made, "run", *asked, "--upload", str(here))
    assert done.returncode == 0, done.stdout + done.stderr
    for node in made.nodes:
        assert ctl(made, node, "get", CANARY, "--print-value-only").strip() == "written before the snapshot"
