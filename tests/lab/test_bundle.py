"""The support bundle and a recording of real hosts: what systemd, journald and etcd there say comes home, no secret does."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from novatui.recording.recording import Recording
from tests.lab.lab import Lab

pytestmark = pytest.mark.lab


def inside(path: Path) -> dict[str, str]:
    found = {}
    with tarfile.open(path) as archive:
        for info in archive:
            file = archive.extractfile(info)
            assert file is not None
            found[info.name.partition("/")[2]] = file.read().decode()
    return found


def test_a_bundle_of_real_hosts(lab: Lab, tmp_path: Path) -> None:
    first, second, gone = lab.nodes
    lab.run(first, "echo ETCD_ROOT_PASSWORD=pl4nted-env >>/etc/etcd.env")
    lab.run(
        first,
        "mkdir -p /etc/systemd/system/etcd.service.d && printf '[Service]\\nEnvironment=OURS=pl4nted-unit\\n' "
        ">/etc/systemd/system/etcd.service.d/90-ours.conf && systemctl daemon-reload",
    )
    lab.run(
        first,
        "printf '[Service]\\nType=oneshot\\nExecStart=/bin/echo got Bearer pl4nted-journal\\n' "
        ">/run/systemd/system/kubelet.service && systemctl daemon-reload && systemctl start kubelet",
    )
    lab.power_off(gone)
    path = tmp_path / "b.tar.gz"
    done = lab.novatui("support-bundle", "--yes", "-o", str(path))
    assert done.returncode == 0, done.stderr
    assert f"  {gone}: not asked" in done.stdout
    found = inside(path)
    assert "pl4nted" not in "\n".join(found.values())
    for node in (first, second):
        assert "Started" in found[f"{node}/journal-etcd.txt"] and "etcd[" in found[f"{node}/journal-etcd.txt"]
        assert "Active: active (running)" in found[f"{node}/unit-state.txt"]
        assert "ExecStart=" in found[f"{node}/unit.txt"]
        assert "etcd Version" in found[f"{node}/versions.txt"]
        assert "(exit" not in found[f"{node}/etcd.txt"], found[f"{node}/etcd.txt"]
        assert found[f"{node}/certificates.txt"].count("not after") >= 2
        assert "member/wal" in found[f"{node}/files.txt"]
    assert "90-ours.conf" in found[f"{first}/unit.txt"] and "OURS=***" in found[f"{first}/unit.txt"]
    assert "got Bearer ***" in found[f"{first}/journal-kubelet.txt"]
    assert f"{second}/journal-kubelet.txt" not in found
    moment = tmp_path / "moment.nvr"
    moment.write_text(found["moment.nvr"])
    assert {node.name for node in Recording.open(moment).first().snapshot.nodes} == set(lab.nodes)


def test_a_recording_of_real_hosts(lab: Lab, tmp_path: Path) -> None:
    path = tmp_path / "a.nvr"
    done = lab.novatui("record", str(path), "--for", "8s")
    assert done.returncode == 0, done.stderr
    found = Recording.open(path)
    assert found.ended == "its time was over"
    nodes = {entry.node for frame in found.frames() for entry in frame.entries}
    assert nodes == set(lab.nodes)
