"""systemctl show, the env file, df: what is read from each, and what is not believed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from novatui.model.cluster import Disk, EtcdEnv, UnitState
from novatui.probes import disk, envfile, systemd

# As systemd 252 prints it.
RESTARTING = b"""LoadState=loaded
ActiveState=activating
SubState=auto-restart
Result=exit-code
MainPID=0
NRestarts=7
ExecMainStatus=2
ExecMainCode=1
InvocationID=4c0c0e0d5b8a4f0d9b0f0e1d2c3b4a59
ActiveEnterTimestampMonotonic=0
InactiveEnterTimestampMonotonic=99000000
InactiveExitTimestampMonotonic=100000000
"""


def unit(text: bytes) -> UnitState:
    return systemd.unit_state(text, now_ms=1_000_000, uptime_s=130.0)


def test_a_unit_that_restarts_shows_its_last_exit_and_since_when() -> None:
    found = unit(RESTARTING)
    assert (found.active, found.sub, found.restarts) == ("activating", "auto-restart", 7)
    assert (found.exit_status, found.exit_signal, found.main_pid) == (2, False, None)
    assert found.since_ms == 1_000_000 - 30_000


def test_how_long_it_was_up_is_told_of_the_end_that_it_is_in_now() -> None:
    """After a start that failed ActiveExit still is that of the time before."""
    ended = b"ActiveEnterTimestampMonotonic=30000000\nActiveExitTimestampMonotonic=99999000\n"
    served = RESTARTING.replace(b"ActiveEnterTimestampMonotonic=0\n", ended)
    assert unit(served).ran_ms == 69_999
    assert (
        unit(served.replace(b"ExitTimestampMonotonic=100000000", b"ExitTimestampMonotonic=111000000")).ran_ms
        is None
    )
    assert unit(served.replace(b"SubState=auto-restart", b"SubState=start")).ran_ms is None
    assert unit(RESTARTING).ran_ms is None


def test_while_it_runs_there_is_no_exit_status() -> None:
    running = RESTARTING.replace(b"MainPID=0", b"MainPID=42").replace(b"ExecMainCode=1", b"ExecMainCode=0")
    assert unit(running).exit_status is None and unit(running).main_pid == 42


def test_a_missing_unit_does_not_pass_for_one_that_succeeded() -> None:
    found = unit(
        b"LoadState=not-found\nActiveState=inactive\nSubState=dead\nResult=success\nExecMainStatus=0\n"
    )
    assert found == UnitState(load="not-found", active="inactive", sub="dead")


def test_what_is_not_set_is_unknown_not_zero() -> None:
    found = unit(b"LoadState=loaded\nActiveState=active\nNRestarts=[not set]\n")
    assert (found.restarts, found.since_ms, found.exit_status, found.result) == (None, None, None, None)


@given(st.binary(max_size=300))
def test_systemctl_may_print_anything(text: bytes) -> None:
    unit(text)
    systemd.env_file_problems(text, "/etc/etcd.env")


def test_other_sources_of_configuration_are_named() -> None:
    shown = (
        b"LoadState=loaded\nEnvironmentFiles=/etc/other.env (ignore_errors=no)\n"
        b"Environment=ETCD_NAME=x GOGC=50\n"
    )
    problems = systemd.env_file_problems(shown, "/etc/etcd.env")
    assert len(problems) == 3
    assert (
        "does not read it" in problems[0] and "/etc/other.env" in problems[1] and "ETCD_NAME" in problems[2]
    )
    good = b"LoadState=loaded\nEnvironmentFiles=/etc/etcd.env (ignore_errors=yes)\nEnvironment=\n"
    assert systemd.env_file_problems(good, "/etc/etcd.env") == ()


# -- the env file

GOOD = b"""# etcd
ETCD_NAME=etcd1
ETCD_DATA_DIR=/var/lib/etcd
ETCD_INITIAL_CLUSTER=etcd1=https://172.31.100.97:2380,etcd2=https://172.31.100.105:2380
ETCD_INITIAL_CLUSTER_STATE=new
ETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd
ETCD_INITIAL_ADVERTISE_PEER_URLS=https://172.31.100.97:2380
ETCD_ADVERTISE_CLIENT_URLS=https://172.31.100.97:2379
ETCD_LISTEN_CLIENT_URLS=https://172.31.100.97:2379,https://127.0.0.1:2379
ETCD_TRUSTED_CA_FILE=/etc/ssl/etcd/ssl/ca.pem
ETCD_CERT_FILE=/etc/ssl/etcd/ssl/member.pem
ETCD_KEY_FILE=/etc/ssl/etcd/ssl/member-key.pem

ETCDCTL_CACERT=/etc/ssl/etcd/ssl/ca.pem
ETCDCTL_CERT=/etc/ssl/etcd/ssl/admin.pem
ETCDCTL_KEY=/etc/ssl/etcd/ssl/admin-key.pem
"""


def parse(raw: bytes) -> EtcdEnv:
    return envfile.parse(raw, file="/etc/etcd.env")


def test_a_good_file_has_no_problems() -> None:
    env = parse(GOOD)
    assert env.problems == ()
    assert (env.name, env.data_dir, env.token, env.initial_state) == (
        "etcd1",
        "/var/lib/etcd",
        "k8s_etcd",
        "new",
    )
    assert env.initial_cluster.startswith("etcd1=https://172.31.100.97:2380,")
    assert env.endpoint == "https://127.0.0.1:2379"
    assert (env.cert, env.key) == ("/etc/ssl/etcd/ssl/admin.pem", "/etc/ssl/etcd/ssl/admin-key.pem")


@pytest.mark.parametrize(
    "spelled",
    [b"ETCD_NAME=etcd1\r\n", b'ETCD_NAME="etcd1"\n', b"ETCD_NAME='etcd1'\r\n", b"  ETCD_NAME = etcd1  \n"],
)
def test_quotes_blanks_and_line_ends_are_not_part_of_a_value(spelled: bytes) -> None:
    assert parse(GOOD.replace(b"ETCD_NAME=etcd1\n", spelled)).name == "etcd1"


def test_crlf_throughout_changes_nothing() -> None:
    assert parse(GOOD.replace(b"\n", b"\r\n")) == parse(GOOD)


@pytest.mark.parametrize(
    ("change", "key", "words"),
    [
        ((b"ETCD_NAME=etcd1\n", b""), "ETCD_NAME", "is missing"),
        ((b"ETCD_NAME=etcd1\n", b"ETCD_NAME=\n"), "ETCD_NAME", "is missing"),
        ((b"ETCD_NAME=etcd1\n", b'ETCD_NAME="etcd1\n'), "ETCD_NAME", "without its end"),
        ((b"ETCD_NAME=etcd1\n", b"ETCD_NAME=a\nETCD_NAME=etcd1\n"), "ETCD_NAME", "set twice"),
        ((b"# etcd\n", b"export ETCD_X=1\n"), "line 1", "export"),
        ((b"# etcd\n", b"what is this\n"), "line 1", "no KEY=value"),
        ((b"# etcd\n", b"ETCD_CONFIG_FILE=/etc/etcd.yml\n"), "ETCD_CONFIG_FILE", "ignores"),
        ((b"https://172.31.100.97:2379,", b"https//172.31.100.97,"), "ETCD_LISTEN_CLIENT_URLS", "is no URL"),
    ],
)
def test_a_problem_names_file_and_key(change: tuple[bytes, bytes], key: str, words: str) -> None:
    found = [line for line in parse(GOOD.replace(*change)).problems if key in line and words in line]
    assert len(found) == 1 and found[0].startswith("/etc/etcd.env: ")


@pytest.mark.parametrize(
    ("lines", "endpoint"),
    [
        (
            b"ETCDCTL_ENDPOINTS=https://10.0.0.1:2379\nETCD_LISTEN_CLIENT_URLS=https://10.0.0.1:2379",
            "https://10.0.0.1:2379",
        ),
        (b"ETCDCTL_ENDPOINTS=https://10.0.0.1:2379,https://127.0.0.1:2379", "https://127.0.0.1:2379"),
        (b"ETCDCTL_ENDPOINTS=127.0.0.1:2379", "https://127.0.0.1:2379"),
        (b"ETCD_LISTEN_CLIENT_URLS=https://0.0.0.0:2379", "https://127.0.0.1:2379"),
        (
            b"ETCDCTL_ENDPOINTS=https://10.0.0.1:2379\nETCD_LISTEN_CLIENT_URLS=https://10.0.0.2:2379",
            "https://10.0.0.2:2379",
        ),
        (
            b"ETCDCTL_ENDPOINTS=https://10.0.0.1:2379,https://10.0.0.2:2379/\n"
            b"ETCD_LISTEN_CLIENT_URLS=https://10.0.0.2:2379",
            "https://10.0.0.2:2379",
        ),
        (
            b"ETCDCTL_ENDPOINTS=https://10.0.0.2:2379\nETCD_ADVERTISE_CLIENT_URLS=https://10.0.0.2:2379",
            "https://10.0.0.2:2379",
        ),
        (b"ETCDCTL_ENDPOINTS=https://10.0.0.1:2379", "https://10.0.0.1:2379"),
        (b"ETCD_LISTEN_CLIENT_URLS=https://[::]:2379", "https://[::1]:2379"),
        (b"ETCD_LISTEN_CLIENT_URLS=http://localhost:2379/", "http://localhost:2379"),
        (b"ETCD_LISTEN_CLIENT_URLS=nonsense", ""),
        (b"", ""),
    ],
)
def test_the_own_member_is_asked_on_loopback_first(lines: bytes, endpoint: str) -> None:
    assert parse(lines).endpoint == endpoint


@pytest.mark.parametrize(
    ("endpoints", "others"),
    [
        (b"https://172.31.100.105:2379", ("https://172.31.100.105:2379",)),
        (b"https://172.31.100.105:2379,https://172.31.100.97:2379", ()),
        (b"https://127.0.0.1:2379", ()),
        (b"172.31.100.97:2379", ()),
        (b"", ()),
    ],
)
def test_endpoints_that_are_all_another_masters_are_told(endpoints: bytes, others: tuple[str, ...]) -> None:
    env = parse(GOOD + b"ETCDCTL_ENDPOINTS=" + endpoints + b"\n")
    assert env.asks_others == others and env.endpoint == "https://127.0.0.1:2379"


@pytest.mark.parametrize(
    ("line", "quota"), [(b"", 2**31), (b"0", 2**31), (b"8589934592", 2**33), (b"-1", None), (b"8G", None)]
)
def test_the_quota_is_known_also_where_nothing_is_said_of_it(line: bytes, quota: int | None) -> None:
    assert parse(GOOD + b"ETCD_QUOTA_BACKEND_BYTES=" + line + b"\n").quota == quota


def test_certificates_are_listed_and_keys_are_not() -> None:
    named = dict(parse(GOOD).certificates)
    assert set(named) == {"ETCD_CERT_FILE", "ETCDCTL_CERT", "ETCD_TRUSTED_CA_FILE", "ETCDCTL_CACERT"}


@given(st.binary(max_size=400))
def test_any_file_is_read(raw: bytes) -> None:
    env = parse(raw)
    assert all(problem.isprintable() for problem in env.problems)


# -- df


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (
            b"Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/sda1 1000 400 600 40% /var/lib/etcd\n",
            Disk(path="/var/lib/etcd", size=1_024_000, free=614_400),
        ),
        (b"//srv/my share 1000 400 600 40% /mnt/a b\n", Disk(path="/mnt/a b", size=1_024_000, free=614_400)),
        (b"df: /x: No such file or directory\n", None),
        (b"/dev/sda1 - - - - /x\n", None),
        (b"", None),
    ],
)
def test_df(text: bytes, found: Disk | None) -> None:
    assert disk.disk(text) == found


@given(st.binary(max_size=200))
def test_df_may_print_anything(text: bytes) -> None:
    disk.disk(text)
