"""What is kept of what a master printed, kind by kind."""

from __future__ import annotations

import json
import ssl
import warnings
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from novatui.bundle.keeping import kept
from novatui.bundle.pieces import Kind, pieces
from novatui.config import NodeConfig
from novatui.model.cluster import EtcdEnv


def certificate() -> tuple[str, str]:
    """A certificate, and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nova-master-1")])
    at = datetime(2024, 6, 14, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(at).not_valid_after(at + timedelta(days=30))
    names = x509.SubjectAlternativeName([x509.DNSName("m1.local")])
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    hidden = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return signed.public_bytes(serialization.Encoding.PEM).decode(), hidden.decode()


def text(raw: str, kind: Kind, *secrets: str) -> tuple[str, int]:
    return kept(raw.encode(), kind, secrets)


def test_of_certificates_subjects_and_dates_are_kept_and_no_more() -> None:
    pem, key = certificate()
    said, masked = text(f"== /etc/ssl/a.pem\n{pem}{key}== /etc/ssl/none.pem\nwhat is this\n", Kind.CERTS)
    assert "/etc/ssl/a.pem" in said and "CN=nova-master-1" in said and "m1.local" in said
    assert "not after  2024-07-14T00:00:00+00:00" in said
    assert "no certificate in it" in said and "what is this" not in said
    assert "PRIVATE" not in said and key.splitlines()[1] not in said and pem.splitlines()[1] not in said
    assert masked == 0
    broken = pem.replace(pem.splitlines()[2], "AAAA")
    assert "cannot be read" in text(f"== /x\n{broken}", Kind.CERTS)[0]


def test_a_certificate_that_is_odd_costs_the_others_nothing() -> None:
    """As makers of certificates get them wrong: its version, the name of a host."""
    pem, _key = certificate()
    good = x509.load_pem_x509_certificate(pem.encode())
    der = good.public_bytes(serialization.Encoding.DER)

    def spoilt(what: bytes, by: bytes) -> str:
        assert der.count(what) == 1 and len(what) == len(by)
        return ssl.DER_cert_to_PEM_cert(der.replace(what, by))

    version = spoilt(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07")
    name = spoilt(b"\x82\x08m1.local", b"\xa3\x08m1.local")  # an X.400 address
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        said, _masked = text(f"== /a\n{version}== /b\n{name}== /c\n{pem}", Kind.CERTS)
    first, second, third = said.split("== ")[1:]
    assert "a certificate that cannot be read: 7" in first
    assert "not after  2024-07-14" in second and "names      (cannot be read" in second
    assert "m1.local" in third


def record(message: object, **more: str) -> str:
    return json.dumps(
        {
            "__REALTIME_TIMESTAMP": "1718368675123456",
            "SYSLOG_IDENTIFIER": "etcd",
            "_PID": "77",
            "MESSAGE": message,
        }
        | more
    )


def test_a_journal_is_lines_of_text_with_its_secrets_out() -> None:
    key = certificate()[1].splitlines()
    lines = [
        'the end of a record that was cut"}',
        record("started"),
        record('{"level":"warn","password":"pl4nted-1"}'),
        record(list(b"bytes \xff \x1b]52;c;aGk=\x07")),
        *map(record, key),
        record("sudo: ops used pl4nted-typed"),
        record(None),
        record("after", __REALTIME_TIMESTAMP="nonsense"),
        "journalctl: it has something to say",
        "[" * 5000,
    ]
    said, masked = text("\n".join(lines), Kind.JOURNAL, "pl4nted-typed", "x")
    assert "2024-06-14T12:37:55.123+00:00 etcd[77]: started" in said
    assert said.startswith("(the beginning is cut off)\n")
    assert "pl4nted" not in said and not any(line in said for line in key[1:-1])
    assert "\x1b" not in said and "\\x1b]52" in said and "\\xff" in said
    assert "(no text)" in said and "it has something to say" in said
    assert masked == 3


@pytest.mark.invariant("INV-18")
@pytest.mark.parametrize(
    "line",
    [
        "\x1b[36mpassword \x1b[0m=hunter2hunter",
        "\x1b[36mpassword\x1b[0m=\x1b[1;31mhunter2hunter\x1b[m",
        "pass\x1b[38:5:208mword\x1b[0K=hunter2hunter\x1b(B\x1b[m",
        "--token\x1b[0m hunter2hunter",
        "\x9b36mpassword\x9b0m=hunter2hunter",
        "it was ty\x1b[1mped-hun\x1b[mter",
        '{"log":"\\u001b[36mpassword\\u001b[0m=hunter2hunter\\n","stream":"stderr"}',
        "\\x1b[36mpassword\\x1b[0m=hunter2hunter",
        "\x1b[password=hunter2hunter",
    ],
)
@pytest.mark.parametrize("kind", [Kind.TEXT, Kind.JOURNAL, Kind.UNIT, Kind.ENV])
def test_colours_hide_no_secret(line: str, kind: Kind) -> None:
    raw = f"{record(list(line.encode()))}\n{record(line)}" if kind is Kind.JOURNAL else f"{line}\nETCD_NAME=a"
    said, masked = text(raw, kind, "typed-hunter")
    assert "hun" not in said and "***" in said
    assert masked >= 1 + (kind is Kind.JOURNAL)
    assert len(said.splitlines()) == 2, "no line is lost"


def test_a_unit_keeps_etcds_variables() -> None:
    raw = (
        "# /etc/systemd/system/etcd.service\n[Service]\n"
        "Environment=\"ETCD_NAME=etcd1\" ETCD_ROOT_PASSWORD=pl4nted-1 'OURS=pl4nted-2 with blanks'\n"
        "Environment=GOGC=pl4nted-3\nEnvironmentFile=/etc/etcd.env\n"
        "ExecStart=/opt/etcd/etcd --password pl4nted-4 --name etcd1\n"
    )
    said, masked = text(raw, Kind.UNIT)
    assert "pl4nted" not in said
    assert "\"ETCD_NAME=etcd1\" ETCD_ROOT_PASSWORD=*** 'OURS=***'" in said
    assert "EnvironmentFile=/etc/etcd.env" in said and "--name etcd1" in said
    assert masked == 4


def test_env_files_are_told_apart() -> None:
    said, masked = text("== /etc/etcd.env\nETCD_NAME=a\nX=pl4nted\n== /etc/more.env\nETCD_NAME=b\n", Kind.ENV)
    assert said == "== /etc/etcd.env\nETCD_NAME=a\nX=***\n== /etc/more.env\nETCD_NAME=b\n"
    assert masked == 1


def test_bytes_that_are_no_text() -> None:
    said, _masked = kept(b"\xff\xfe\x00 \x1b[2J" + b"a" * 40_000, Kind.TEXT)
    assert len(said) < 20_000 and said.replace("\n", "").isprintable()


def test_nothing_is_asked_outside_the_list() -> None:
    env = EtcdEnv(data_dir="/", wal_dir="/wal", endpoint="https://127.0.0.1:2379", key="/k.pem")
    wanted = pieces(NodeConfig(name="m", host="h"), env, ("/c.pem",), 1000)
    assert all(piece.command.script == "bundle" and not piece.command.changes for piece in wanted)
    listed = next(piece for piece in wanted if piece.file == "files.txt")
    assert listed.words == ("files", "/wal", "/var/lib/novatui")  # never the whole of /
    bare = pieces(NodeConfig(name="m", host="h"), EtcdEnv(), (), 1000)
    assert "etcd.txt" not in [piece.file for piece in bare]
    assert next(piece for piece in bare if piece.file == "files.txt").words == ("files", "/var/lib/novatui")
