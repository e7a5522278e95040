"""A demo is three real TLS members behind three real SSH servers, with data and a snapshot of it."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import shlex
import stat
import tarfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from novatui import config
from novatui.demo.client import Demo
from tests.demo import ssh

pytestmark = pytest.mark.etcd

# etcdctl as a person would: the variables of the env file, by environment only.
ETCDCTL = "env $(grep ^ETCDCTL_ {root}/etc/etcd.env) {root}/opt/etcd/etcdctl"


@pytest.fixture(scope="module")
def cluster(demo: Callable[..., Demo]) -> Demo:
    return demo()


async def etcdctl(cluster: Demo, node: str, words: str) -> Any:
    line = f"{ETCDCTL.format(root=shlex.quote(str(cluster.root(node))))} {words}"
    result = await ssh.once(cluster, node, line)
    assert result.exit == 0, result
    return json.loads(result.out) if "-w json" in words else result.text


async def test_three_members_of_one_cluster_answer_and_have_quorum(cluster: Demo) -> None:
    statuses = [
        (await etcdctl(cluster, node, "endpoint status -w json"))[0]["Status"] for node in cluster.nodes
    ]
    assert len({status["header"]["cluster_id"] for status in statuses}) == 1
    assert len({status["header"]["member_id"] for status in statuses}) == 3
    assert len({status["leader"] for status in statuses}) == 1
    assert {status["header"]["revision"] for status in statuses} == {cluster.info["revision"]}
    for node in cluster.nodes:
        await etcdctl(cluster, node, "endpoint health")
    members = (await etcdctl(cluster, cluster.nodes[0], "member list -w json"))["members"]
    assert sorted(member["name"] for member in members) == ["etcd1", "etcd2", "etcd3"]
    assert all(url.startswith("https://127.") for member in members for url in member["clientURLs"])


async def test_the_data_is_newer_than_the_snapshot_and_the_canary_tells(cluster: Demo) -> None:
    canary = cluster.info["canary"]
    value = await etcdctl(cluster, cluster.nodes[2], f"get --print-value-only {canary['key']}")
    assert value.strip() == canary["live"] != canary["snapshot"]
    count = await etcdctl(cluster, cluster.nodes[0], "get --prefix /registry/ --keys-only -w json")
    assert count["count"] > 300
    assert cluster.info["snapshot"]["revision"] < cluster.info["revision"]


async def test_each_master_has_the_archive_in_the_platforms_form(cluster: Demo) -> None:
    facts = cluster.info["snapshot"]
    contents = set()
    for node in cluster.nodes:
        path = Path(facts["paths"][node])
        assert path.parent == cluster.root(node) / "tmp"
        assert path.name.startswith("etcd_snapshot_nova-v5.1.2_k8s-v1.27.11_20")
        assert path.name.endswith(".db.tar.gz")
        age = time.time() - path.stat().st_mtime
        assert 3 * 3600 - 5 < age < 4 * 3600
        with tarfile.open(path) as tar:
            assert tar.getnames() == [f"opt/backup/{facts['name']}"]
        contents.add(gzip.decompress(path.read_bytes()))
    assert len(contents) == 1
    node = cluster.nodes[1]
    where = f"{cluster.root(node)}/home/unpacked"
    root = cluster.root(node)
    line = (
        f"mkdir {where} && tar -C {where} -xzf {facts['paths'][node]} && {root}/opt/etcd/etcdutl "
        f"snapshot restore {where}/opt/backup/{facts['name']} --data-dir {where}/data >/dev/null 2>&1 && "
        f"{root}/opt/etcd/etcdutl snapshot status {where}/opt/backup/{facts['name']} -w json; rm -rf {where}"
    )
    result = await ssh.once(cluster, node, line)
    assert json.loads(result.out)["revision"] == facts["revision"], result


async def test_the_configuration_is_complete_and_loads_strictly(cluster: Demo) -> None:
    loaded = config.load(cluster.config_path).pick(None)
    assert loaded.name == "demo"
    assert loaded.environment == "demo"
    assert [node.name for node in loaded.nodes] == list(cluster.nodes)
    for node in loaded.nodes:
        root = cluster.root(node.name)
        assert node.etcd.env_file == str(root / "etc/etcd.env")
        assert node.ssh.known_hosts == str(cluster.dir / "ssh/known_hosts")
        assert os.access(node.etcd.etcdctl, os.X_OK)
        assert os.access(node.etcd.etcdutl, os.X_OK)
        assert list(Path(node.kubernetes.manifests).iterdir()) == []
        assert Path(node.etcd.unit_dir, "etcd.service").is_file()


async def test_nothing_of_it_is_open_to_others(cluster: Demo) -> None:
    for path in (cluster.dir, cluster.dir.parent, cluster.dir / "ssh"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for path in (cluster.dir / "ssh/id_ed25519", cluster.config_path, cluster.dir / "control"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sockets = [path for path in cluster.dir.rglob("*") if path.is_socket()]
    assert len(sockets) >= 4
    assert all(len(str(path)) < 100 for path in sockets)


async def test_ssh_wants_the_key_and_shows_the_right_one(cluster: Demo) -> None:
    where = cluster.info["nodes"][cluster.nodes[0]]
    stranger = asyncssh.generate_private_key("ssh-ed25519")
    known = str(cluster.dir / "ssh/known_hosts")
    with pytest.raises(asyncssh.PermissionDenied):
        await asyncssh.connect(
            where["host"],
            where["port"],
            client_keys=[stranger],
            known_hosts=known,
            config=None,
            agent_path=None,
        )
    with pytest.raises(asyncssh.HostKeyNotVerifiable):
        await asyncssh.connect(
            where["host"], where["port"], client_keys=[stranger], known_hosts=b"", config=None
        )


async def test_exit_codes_signals_and_streams_come_through(cluster: Demo) -> None:
    async with ssh.connected(cluster, cluster.nodes[0]) as link:
        result = await ssh.execute(link, "cat; echo err >&2; exit 7", b"in \xff\x00 out")
        assert (result.exit, result.out, result.err) == (7, b"in \xff\x00 out", b"err\n")
        killed = await link.run("kill -TERM $$", encoding=None)
        assert killed.exit_signal is not None
        assert killed.exit_signal[0] == "TERM"
        assert (await ssh.execute(link, "nonesuch-command")).exit == 127


async def test_a_large_stream_is_whole_in_both_directions(cluster: Demo) -> None:
    size = 64 << 20
    async with ssh.connected(cluster, cluster.nodes[0]) as link:
        down = await ssh.execute(link, f"head -c {size} /dev/zero")
        up = await ssh.execute(link, "wc -c", bytes(size))
    assert len(down.out) == size
    assert int(up.out) == size


async def test_a_slow_reader_holds_the_command_back(cluster: Demo) -> None:
    """Backpressure: output that nobody takes must not pile up in the supervisor."""
    pid = cluster.supervisor_pid
    async with ssh.connected(cluster, cluster.nodes[0]) as link:
        process = await link.create_process("head -c 500000000 /dev/zero", encoding=None)
        await asyncio.sleep(1.0)
        resident = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        assert resident < 300e6
        process.close()


async def test_the_shell_is_a_masters_own(cluster: Demo) -> None:
    node = cluster.nodes[1]
    result = await ssh.once(
        cluster, node, "pwd; command -v systemctl; env | grep -c ^NOVATUI; sudo -n -- id -un; id -un"
    )
    home, systemctl, leaked, become, me = result.text.split()
    assert home == str(cluster.root(node) / "home")
    assert systemctl == str(cluster.root(node) / "bin/systemctl")
    assert leaked == "0"
    assert become == me
    rc = cluster.root(node) / "home/.bashrc"
    rc.write_text("echo noise of a shell\n")
    try:
        assert (await ssh.once(cluster, node, "true")).out == b"noise of a shell\n"
    finally:
        rc.unlink()


async def test_at_most_ten_sessions_a_connection(cluster: Demo) -> None:
    async with ssh.connected(cluster, cluster.nodes[2]) as link:
        held = [await link.create_process("cat", encoding=None) for _ in range(10)]
        with pytest.raises(asyncssh.ChannelOpenError):
            await link.create_process("cat", encoding=None)
        held[0].stdin.write_eof()
        await held[0].wait()
        assert (await ssh.execute(link, "echo again")).out == b"again\n"
        for process in held:
            process.close()


async def test_two_demos_live_side_by_side(cluster: Demo, demo: Callable[..., Demo]) -> None:
    second = await asyncio.to_thread(demo)
    try:
        ours = {where["host"] for where in cluster.info["nodes"].values()}
        theirs = {where["host"] for where in second.info["nodes"].values()}
        assert not ours & theirs
        assert second.dir != cluster.dir
        assert (await ssh.once(second, second.nodes[0], "systemctl is-active etcd")).text == "active\n"
        assert (await ssh.once(cluster, cluster.nodes[0], "systemctl is-active etcd")).text == "active\n"
    finally:
        await second.stop()
    assert cluster.dir.exists()
