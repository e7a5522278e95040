"""The strict loader: what it accepts, and that it names every problem with its path."""

from __future__ import annotations

import os
import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.config import (
    ClusterConfig,
    Config,
    EtcdConfig,
    FileTable,
    KubernetesConfig,
    NodeConfig,
    SshConfig,
    load,
    to_toml,
)
from novatui.errors import ConfigError, UsageError

ROOT = Path(__file__).parent.parent
NODE = '[[clusters.prod.nodes]]\nname = "a"\nhost = "10.0.0.1"\n'


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o644)
    return path


def refusal(path: Path, text: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load(write(path, text))
    assert caught.value.exit_code == 78
    return caught.value.detail


def test_defaults_are_the_platforms(tmp_path: Path, home: Path) -> None:
    cluster = load(write(tmp_path / "c.toml", NODE)).pick(None)
    node = cluster.node("a")
    assert (node.port, node.ssh.user, node.ssh.become) == (0, "", "auto")  # ssh_config's turn
    assert node.ssh.known_hosts == ""
    assert (node.etcd.env_file, node.etcd.etcdctl) == ("/etc/etcd.env", "/opt/etcd/etcdctl")
    assert node.etcd.etcdutl == "/opt/etcd/etcdutl"
    assert node.kubernetes.manifests == "/etc/kubernetes/manifests"
    assert cluster.path == tmp_path / "c.toml"


def test_a_nodes_keys_are_laid_over_the_clusters(tmp_path: Path) -> None:
    text = """
    [clusters.prod.ssh]
    user = "ops"
    become = "sudo"
    [clusters.prod.etcd]
    env_file = "/etc/etcd/etcd.env"
    work_dir = "/srv/novatui"
    [[clusters.prod.nodes]]
    name = "a"
    host = "10.0.0.1"
    [clusters.prod.nodes.etcd]
    work_dir = "/data/novatui"
    [clusters.prod.nodes.ssh]
    user = "root"
    [clusters.prod.nodes.kubernetes]
    manifests = "/srv/manifests"
    [[clusters.prod.nodes]]
    name = "b"
    host = "10.0.0.2"
    [clusters.prod.kubernetes]
    kubectl = "/opt/kubectl"
    """
    cluster = load(write(tmp_path / "c.toml", text)).pick("prod")
    a, b = cluster.nodes
    assert (a.etcd.env_file, a.etcd.work_dir) == ("/etc/etcd/etcd.env", "/data/novatui")
    assert (a.ssh.user, a.ssh.become) == ("root", "sudo")
    assert (b.etcd.work_dir, b.ssh.user) == ("/srv/novatui", "ops")
    assert (a.kubernetes.manifests, a.kubernetes.kubectl) == ("/srv/manifests", "/opt/kubectl")
    assert b.kubernetes.manifests == "/etc/kubernetes/manifests"


def test_every_problem_is_named_at_once(tmp_path: Path) -> None:
    text = """
    default_cluster = "prd"
    surprise = 1
    [clusters.prod]
    enviroment = "prod"
    user = "ops"
    [clusters.prod.ssh]
    connect_timeout = "8"
    become = "sud"
    [[clusters.prod.nodes]]
    name = "a"
    host = "10.0.0.1"
    port = true
    [[clusters.prod.nodes]]
    name = "b/c"
    hots = "10.0.0.2"
    [clusters.prod.nodes.etcd]
    env_fil = "/etc/etcd.env"
    snapshot_dirs = ["/tmp", "backup"]
    """
    detail = refusal(tmp_path / "c.toml", text)
    for line in [
        "surprise: unknown key; known here: clusters, default_cluster",
        "clusters.prod.enviroment: unknown key, did you mean environment?",
        "clusters.prod.user: unknown key, did you mean ssh.user?",
        'clusters.prod.ssh.connect_timeout: must be a number, is the string "8"',
        'clusters.prod.ssh.become: must be one of "auto", "none", "root", "sudo", is "sud", did you mean sudo?',
        "clusters.prod.nodes[0].port: must be a whole number, is true",
        "clusters.prod.nodes[1].name: must be letters, digits",
        "clusters.prod.nodes[1].hots: unknown key, did you mean host?",
        "clusters.prod.nodes[1].host: missing",
        "clusters.prod.nodes[1].etcd.env_fil: unknown key, did you mean env_file?",
        "clusters.prod.nodes[1].etcd.snapshot_dirs[1]: must be an absolute path",
        "default_cluster: no cluster of that name, did you mean prod?",
    ]:
        assert f"  {line}" in detail
    assert detail.count("\n") == 11


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "clusters: missing"),
        ("[clusters]\n", "clusters: names no cluster"),
        ("clusters = 3\n", "clusters: must be a table, is the number 3"),
        ("[clusters.prod]\nnodes = []\n", "clusters.prod.nodes: must have 1 to 7 nodes, has 0"),
        ("[clusters.prod]\nnodes = [1]\n", "clusters.prod.nodes[0]: must be a table, is the number 1"),
        (NODE + NODE.replace("10.0.0.1", "10.0.0.2"), "clusters.prod.nodes: 2 nodes are named a"),
        (NODE + NODE.replace('"a"', '"b"'), "clusters.prod.nodes: 2 nodes are at 10.0.0.1:22"),
        (NODE.replace('"a"', '"-a"'), "clusters.prod.nodes[0].name: must be letters"),
        (NODE.replace('"a"', '"$(id)"'), "clusters.prod.nodes[0].name: must be letters"),
        (NODE.replace("10.0.0.1", "-oProxyCommand=x"), "clusters.prod.nodes[0].host: must be an address"),
        (NODE + "port = 0\n", "clusters.prod.nodes[0].port: must be a port"),
        (NODE + "port = [22]\n", "clusters.prod.nodes[0].port: must be a whole number, is an array"),
        ('[clusters."a b"]\n', 'clusters."a b": its name must be letters'),
        (NODE + '[clusters.prod.etcd]\nwork_dir = "/"\n', "clusters.prod.etcd.work_dir: must be an absolute"),
        (NODE + '[clusters.prod.etcd]\nwork_dir = "/a/../b"\n', "clusters.prod.etcd.work_dir: must be an"),
        (NODE + '[clusters.prod.etcd]\nunit = "-H x"\n', "clusters.prod.etcd.unit: must be a systemd unit"),
        (NODE + '[clusters.prod.ssh]\nidentity_files = ["id"]\n', "ssh.identity_files[0]: must be a path of"),
        (
            NODE + '[clusters.prod.ssh]\nknown_hosts = "~nobody-here/x"\n',
            "known_hosts: whose home is ~nobody",
        ),
        (NODE + "[clusters.prod.ssh]\nconnect_timeout = inf\n", "connect_timeout: must be seconds, 0.5 to"),
        (NODE + '[clusters.prod.ssh]\nuser = "-l root"\n', "clusters.prod.ssh.user: must be a user's name"),
    ],
)
def test_a_problem_has_its_path(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(tmp_path / "c.toml", text)


def test_eight_masters_are_too_many(tmp_path: Path) -> None:
    nodes = [f'[[clusters.prod.nodes]]\nname = "n{i}"\nhost = "10.0.0.{i}"\n' for i in range(1, 9)]
    assert len(load(write(tmp_path / "c.toml", "".join(nodes[:7]))).pick(None).nodes) == 7
    assert "must have 1 to 7 nodes, has 8" in refusal(tmp_path / "d.toml", "".join(nodes))


def test_a_syntax_error_names_the_line(tmp_path: Path) -> None:
    assert "line 2" in refusal(tmp_path / "c.toml", "[clusters]\nx = \n")


def test_a_byte_that_is_no_text_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "c.toml"
    path.write_bytes(b"# one\n# two \xff\n")
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert "line 2" in caught.value.detail


def test_a_missing_file_offers_the_demo(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(tmp_path / "none.toml")
    assert "novatui demo" in caught.value.hint
    assert "novatui init" in caught.value.hint


def test_a_directory_is_not_a_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        load(tmp_path)


@pytest.mark.invariant("INV-8")
@pytest.mark.parametrize("mode", [0o646, 0o664, 0o620])
def test_a_file_others_may_write_is_refused(tmp_path: Path, mode: int) -> None:
    path = write(tmp_path / "c.toml", NODE)
    path.chmod(mode)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert "chmod go-w" in caught.value.hint


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file away")
def test_a_file_of_somebody_else_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "c.toml", NODE)
    os.chown(path, 12345, -1)
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert "12345" in caught.value.detail


def test_hostile_keys_and_values_are_shown_escaped(tmp_path: Path) -> None:
    detail = refusal(
        tmp_path / "c.toml", NODE + '"\\u001b]52;c;x\\u0007" = "\\u001b[31m"\nport = "\\u001b[2J"\n'
    )
    assert "\x1b" not in detail
    assert "\\u001b" in detail


def two(name: str) -> ClusterConfig:
    return ClusterConfig(name=name, nodes=(NodeConfig(name="a", host="h"),))


def test_pick_needs_a_name_when_there_are_several() -> None:
    config = Config(path=Path("/c"), clusters=(two("prod"), two("stage")))
    assert config.pick("stage").name == "stage"
    with pytest.raises(UsageError) as caught:
        config.pick(None)
    assert "prod, stage" in caught.value.detail
    with pytest.raises(UsageError) as caught:
        config.pick("prd")
    assert caught.value.hint == "did you mean prod?"
    assert msgspec.structs.replace(config, default_cluster="stage").pick(None).name == "stage"


def test_the_example_loads_and_names_every_key() -> None:
    text = (ROOT / "config.example.toml").read_text()
    assert load(ROOT / "config.example.toml").pick(None).nodes
    keys = set(re.findall(r"^#? *([a-z_]+) = ", text, re.M))
    known = {field for struct in (SshConfig, EtcdConfig, KubernetesConfig) for field in fields(struct)}
    known |= {"default_cluster", "environment", "name", "host", "port"}
    assert keys == known
    assert fields(FileTable) == {"default_cluster", "clusters"}


def test_the_examples_comments_show_the_defaults(tmp_path: Path) -> None:
    text = (ROOT / "config.example.toml").read_text()
    said = write(tmp_path / "said.toml", re.sub(r"^# (?=[a-z_]+ = )", "", text, flags=re.M))
    assert said.read_text() != text
    assert load(said).clusters[0].nodes == load(ROOT / "config.example.toml").clusters[0].nodes


def fields(struct: type[msgspec.Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)}


NAMES = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,9}\Z")
PATHS = st.from_regex(r"\A(/[a-zA-Z0-9_ '\"$\\-]{1,8}){1,3}\Z")
ETCDS = st.builds(
    EtcdConfig, env_file=PATHS, work_dir=PATHS, snapshot_dirs=st.lists(PATHS, max_size=2).map(tuple)
)
SSHS = st.builds(
    SshConfig, known_hosts=PATHS, identity_files=st.lists(PATHS, max_size=2).map(tuple), user=st.just("x")
)

KUBERNETES = st.builds(KubernetesConfig, kubeconfig=PATHS, manifests=PATHS)


@st.composite
def clusters(draw: st.DrawFn) -> ClusterConfig:
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.lower))
    return ClusterConfig(
        name=draw(NAMES),
        environment=draw(st.sampled_from(["", "prod"])),
        nodes=tuple(
            NodeConfig(
                name=name,
                host=f"10.0.0.{index}",
                port=draw(st.integers(1, 65535)),
                etcd=draw(ETCDS),
                ssh=draw(SSHS),
                kubernetes=draw(KUBERNETES),
            )
            for index, name in enumerate(names)
        ),
    )


@given(cluster=clusters())
def test_what_is_written_is_read_back(
    cluster: ClusterConfig, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = write(tmp_path_factory.getbasetemp() / "round.toml", "")
    cluster = msgspec.structs.replace(cluster, path=path)
    path.write_text(to_toml(Config(path=path, clusters=(cluster,), default_cluster=cluster.name)))
    assert load(path).pick(None) == cluster
