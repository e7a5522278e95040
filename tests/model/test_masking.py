"""What is given to others has no secret in it, and how many there were is counted; what helps stays."""

from __future__ import annotations

import pytest

from novatui.model.masking import mask, mask_env

KEY = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIPl4nted\nq+/=\n-----END EC PRIVATE KEY-----"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        (f"before {KEY} after", "Pl4nted"),
        ("x -----BEGIN PRIVATE KEY-----\\nMIIEpl4nted", "pl4nted"),
        ('{"password":"pl4nted"}', "pl4nted"),
        ('"{\\"password\\": \\"pl4nted\\"}"', "pl4nted"),
        ("ETCD_ROOT_PASSWORD=pl4nted", "pl4nted"),
        ("db-passwd: 'pl4nted with blanks'", "pl4nted"),
        ("client_secret = pl4nted", "pl4nted"),
        ("AWS_SECRET_ACCESS_KEY=pl4nted", "pl4nted"),
        ("X-Api-Key: pl4nted", "pl4nted"),
        ("Authorization: Bearer pl4nted.token", "pl4nted"),
        ("sent bearer pl4ntedtoken", "pl4nted"),
        ("got eyJhbGciOiJSUzI1NiIsImtpZCI6IiJ9.eyJpc3Mi.pl4nted-_ here", "pl4nted"),
        ("proxy http://user:pl4nted@10.0.0.1:3128/", "pl4nted"),
        ("ran etcdctl --user root:pl4nted get", "pl4nted"),
        ("ran x --password pl4nted", "pl4nted"),
        ("ETCDCTL_USER=root:pl4nted", "pl4nted"),
        ("join with abcdef.0123456789pl4nte", "pl4nte"),
        ("client-key-data: TFMwcGw0bnRlZA==", "TFMwcGw0bnRlZA"),
        ("a line of a key\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCpl4ntedAAAAAA\n", "pl4nted"),
    ],
)
def test_a_secret_goes_and_is_counted(text: str, secret: str) -> None:
    shown, count = mask(text)
    assert secret not in shown and "***" in shown
    assert count >= 1
    assert mask(shown) == (shown, 0)


@pytest.mark.parametrize(
    "piece",
    [
        "a-",
        "token",
        "token-",
        "--",
        "--user=",
        "eyJ-",
        "eyJa.",
        "http://a",
        "://a:b",
        "-----BEGIN PRIVATE KEY-----",
        'passwd="',
        "0f",
    ],
)
def test_no_text_makes_it_slow(piece: str) -> None:
    """A search that goes back over what it read would take hours here, and the test's own limit ends it."""
    text = f"token {piece * (1_000_000 // len(piece))}"
    mask(text)
    mask_env(text)


def test_a_key_that_never_ends_takes_its_line_only() -> None:
    shown, count = mask("a -----BEGIN PRIVATE KEY-----MIIpl4nted\nnext line\n" + "x y\n" * 9000)
    assert "pl4nted" not in shown and "next line" in shown and count == 1
    assert mask(shown) == (shown, 0)


@pytest.mark.parametrize(
    "text",
    [
        '"initial-cluster-token":"k8s_etcd","key-file":"/etc/ssl/etcd/member-key.pem"',
        "ETCD_KEY_FILE=/etc/ssl/etcd/ssl/member-key.pem",
        "range request key:/registry/secrets/kube-system/x took too long",
        "sha256 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "https://172.31.100.97:2379 member 56be76cb75b1242d raft 3.5.10",
        "etcdutl snapshot restore x.db --initial-cluster-token k8s_etcd --skip-hash-check=false",
        "ETCD_METRICS=basic\nETCD_LISTEN_CLIENT_URLS=https://127.0.0.1:2379",
        "ETCD_PASSWORD=\nETCD_NAME=etcd1",
        "ETCD_CLIENT_CERT_AUTH=true\nETCD_PEER_CLIENT_CERT_AUTH=true --client-cert-auth=true",
        "rejected connection: tls: first record does not look like a TLS handshake",
    ],
)
def test_what_is_none_stays(text: str) -> None:
    assert mask(text) == (text, 0)


def test_an_env_file_keeps_what_etcd_needs_and_nothing_that_it_does_not_know() -> None:
    text = (
        "# comment, old: ETCD_ROOT_PASSWORD=pl4nted-1\n"
        "ETCD_NAME=etcd1\nETCD_INITIAL_CLUSTER_TOKEN=k8s_etcd\nETCDCTL_KEY=/etc/ssl/admin-key.pem\n"
        "ETCDCTL_USER=root:pl4nted-2\nETCDCTL_PASSWORD='pl4nted-3'\nVAULT_ADDR_OF_OURS=pl4nted-4\n"
        "ETCD_DISCOVERY_PROXY=http://u:pl4nted-5@proxy:1\nexport ETCD_ROOT_TOKEN=pl4nted-6\n"
        "-----BEGIN PRIVATE KEY-----\nMIIEpl4nted-7\n\nETCD_EMPTY=\n"
    )
    shown, count = mask_env(text)
    assert "pl4nted" not in shown
    for kept in ("ETCD_NAME=etcd1", "TOKEN=k8s_etcd", "ETCDCTL_KEY=/etc/ssl/admin-key.pem", "ETCD_EMPTY="):
        assert kept in shown
    assert "VAULT_ADDR_OF_OURS=***" in shown and "http://u:***@proxy:1" in shown
    assert count == 8
