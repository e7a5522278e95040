"""A unit file for others: whatever way a variable is set in it, its value is not there."""

from __future__ import annotations

import pytest

from novatui.bundle.keeping import kept
from novatui.bundle.pieces import Kind


def masked(raw: str) -> str:
    return kept(raw.encode(), Kind.UNIT, ())[0]


@pytest.mark.invariant("INV-18")
@pytest.mark.parametrize(
    "raw",
    [
        'Environment="HTTP_X=a" \\\n   "DB_DSN=svc/hun3" MYVAR=hun4\nUser=tail',
        "Environment=\\\n  VAULT_ADDR_X=hun5\nUser=tail",
        "Environment = SPACED=hun6\nUser=tail",
        "\tEnvironment\t=\tA=hun\tB=hun\nUser=tail",
        "environment=lower=hun\nUser=tail",
        "ENVIRONMENT=A=hun\nUser=tail",
        "Environment=A=a \\\n# B=hun\n; more it=hun\n  C=hun\nUser=tail",
        "Environment=A=a \\\r\n  C=hun\r\nUser=tail",
        'Environment="A=a\x0cB=hun\u2028C=hun" D=hun\nUser=tail',
        "Environment=A=x\"hun hun\"y 'B=it\\'s hun' C=hun\\ hun\nUser=tail",
        'Environment="ETCD_"ROOT_PASSWORD=hun\nUser=tail',
        'Environment="A=hun \\\n hun hun" B=hun\nUser=tail',
        'Environment="A=hun hun\nUser=tail',
        "Environment=A\\x3dhun\nUser=tail",
        "Environment=ETCD_X=http://u:h@hun:un@host:1\nUser=tail",
        '#Environment=A=hun B="hun hun" \\\n#  C=hun\nUser=tail',
        "# it was A=hun\nUser=tail",
        "PassEnvironment=PATH A=hun\nUser=tail",
        "UnsetEnvironment=PATH A=hun\nUser=tail",
        "SetCredential=db:hun hun \\\n  hun\nUser=tail",
        "SetCredentialEncrypted=db: \\\n  hun\nUser=tail",
        "ExecStart=/opt/etcd --password hun --name tail",
        'ExecStart=/opt/etcd --password "hun=hun\\" hun=hun" --name tail',
        "ExecStart=/opt/etcd \\\n  --password \\\n  hun,hun \\\n  --name tail",
        "ExecStart=/opt/etcd --proxy http://u:h@hun@host/ --name tail",
        "ExecStart=/usr/bin/env A=hun 'B=hun hun' /opt/etcd tail",
        "ExecStart=/bin/sh -c 'export A=hun; B=\"hun hun\" exec etcd' tail",
        "ExecStart=podman run -e A=hun --env=B=hun --env C=hun -eD=hun etcd tail",
        "ExecStart={ path=/opt/etcd ; argv[]=/opt/etcd --password hun A=hun ; ignore_errors=no ; pid=0 } tail",
        '# /etc/a.service\n[Service]\nExecStart=/opt/etcd \\\n# /etc/a.service.d/b.conf\nEnvironment=A=hun "B=hun"\nUser=tail',
        '   "B=hun" C=hun\nUser=tail',
        "DB_DSN=hun/hun\nUser=tail",
        "Description=ends in \\ \nEnvironment=A=hun\nUser=tail",
    ],
)
def test_no_variable_that_etcd_does_not_know(raw: str) -> None:
    shown = masked(raw)
    assert "hun" not in shown and "***" in shown
    assert "tail" in shown, "what stands beside it stays"
    assert masked(shown) == shown


def test_what_helps_stays_as_it_was() -> None:
    raw = (
        "# /etc/systemd/system/etcd.service\n[Unit]\nDescription=etcd\nAfter=network.target\n\n[Service]\n"
        'EnvironmentFile=-/etc/etcd.env\nEnvironment="ETCD_NAME=m1" \\\n    ETCD_DATA_DIR=/var/lib/etcd\n'
        "PassEnvironment=PATH HOME\nExecStart=/opt/etcd/etcd \\\n    --initial-cluster m1=https://10.0.0.1:2380,m2=https://10.0.0.2:2380 \\\n"
        "    --initial-cluster=m1=https://10.0.0.1:2380 --initial-cluster-token k8s_etcd \\\n    --name=m1\nLimitNOFILE=65536\n"
        "ExecStart={ path=/opt/etcd ; argv[]=/opt/etcd --name m1 ; ignore_errors=no ; start_time=[n/a] ; pid=0 ; code=(null) ; status=0/0 }\n"
        "    Process: 12 ExecStartPre=/bin/true (code=exited, status=0/SUCCESS)\nMainPID=77\n"
    )
    assert masked(raw) == raw


def test_an_env_files_head_is_a_path() -> None:
    shown, _count = kept(
        b"== /etc/etcd.env\nETCD_NAME=a\n== hun\n== /etc/x=hun\n== /etc/more.env\nETCD_NAME=b\n", Kind.ENV
    )
    assert (
        "hun" not in shown
        and shown.startswith("== /etc/etcd.env\n")
        and "\n== /etc/more.env\nETCD_NAME=b" in shown
    )
