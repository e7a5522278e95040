"""etcd's environment file, parsed as systemd reads it and never sourced -> EtcdEnv."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from novatui.model.cluster import EtcdEnv
from novatui.model.sanitize import clean
from novatui.probes.numbers import whole

_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_REQUIRED = ("ETCD_NAME", "ETCD_DATA_DIR")
# What etcd and etcdctl show and what they trust. Keys are secrets and are left alone.
_CERTIFICATES = (
    "ETCD_CERT_FILE",
    "ETCD_PEER_CERT_FILE",
    "ETCDCTL_CERT",
    "ETCDCTL_CERT_FILE",
    "ETCD_TRUSTED_CA_FILE",
    "ETCD_PEER_TRUSTED_CA_FILE",
    "ETCDCTL_CACERT",
    "ETCDCTL_CA_FILE",
)
_QUOTA = 2 * 1024**3
_URL_KEYS = (
    "ETCDCTL_ENDPOINTS",
    "ETCD_LISTEN_CLIENT_URLS",
    "ETCD_INITIAL_ADVERTISE_PEER_URLS",
    "ETCD_ADVERTISE_CLIENT_URLS",
)


def values(raw: bytes) -> tuple[dict[str, str], list[tuple[str, str]]]:
    """The assignments, last one wins, and the problems as (key or line number, words).

    ``#`` and ``;`` begin comments, blank lines are skipped, a CR at the end is dropped, one pair of quotes around a value is
    taken off; ``=`` in a value is part of it.
    """
    found: dict[str, str] = {}
    problems: list[tuple[str, str]] = []
    for number, line in enumerate(raw.decode("utf-8", "backslashreplace").split("\n"), 1):
        line = line.rstrip("\r").strip(" \t")
        if not line or line[0] in "#;":
            continue
        key, equals, value = line.partition("=")
        key = key.rstrip(" \t")
        if not equals or not _KEY.match(key):
            words = (
                "begins with export: systemd does not read it"
                if key.startswith("export ")
                else "is no KEY=value"
            )
            problems.append((f"line {number}", words))
            continue
        value, trouble = _unquoted(value.strip(" \t"))
        if trouble:
            problems.append((key, trouble))
        if key in found and found[key] != value:
            problems.append((key, "is set twice, the last one counts"))
        found[key] = value
    return found, problems


def parse(raw: bytes, *, file: str, cksum: str = "") -> EtcdEnv:
    """The whole file. ``problems`` name file, key and what is wrong."""
    found, problems = values(raw)
    problems += [(key, "is missing") for key in _REQUIRED if not found.get(key)]
    if found.get("ETCD_CONFIG_FILE"):
        problems.append(("ETCD_CONFIG_FILE", "is set: etcd ignores all other keys"))
    for key in _URL_KEYS:
        problems += [(key, f"{url} is no URL") for url in _list(found, key) if not _is_url(url)]
    chosen = endpoint(found)
    if not chosen:
        problems.append(
            ("ETCD_LISTEN_CLIENT_URLS", "is missing, as is ETCDCTL_ENDPOINTS: etcd cannot be asked")
        )
    cacert, cert, key_file = client_tls(found)
    return EtcdEnv(
        name=_text(found, "ETCD_NAME"),
        data_dir=_text(found, "ETCD_DATA_DIR"),
        wal_dir=_text(found, "ETCD_WAL_DIR"),
        initial_cluster=_text(found, "ETCD_INITIAL_CLUSTER"),
        initial_state=_text(found, "ETCD_INITIAL_CLUSTER_STATE"),
        token=_text(found, "ETCD_INITIAL_CLUSTER_TOKEN"),
        peer_urls=tuple(_list(found, "ETCD_INITIAL_ADVERTISE_PEER_URLS")),
        client_urls=tuple(_list(found, "ETCD_ADVERTISE_CLIENT_URLS")),
        endpoint=chosen,
        asks_others=asks_others(found),
        quota=_quota(found),
        certificates=tuple((key, _text(found, key)) for key in _CERTIFICATES if _text(found, key)),
        cacert=cacert,
        cert=cert,
        key=key_file,
        cksum=cksum,
        problems=tuple(clean(f"{file}: {key} {words}", cap=300) for key, words in problems),
    )


def endpoint(found: Mapping[str, str]) -> str:
    """Where this node's own etcd is asked: a loopback URL first, of ETCDCTL_ENDPOINTS, else of the listening URLs.

    A listener on all addresses is asked on loopback. What ETCDCTL_ENDPOINTS names besides is believed only where the
    member listens there, or nothing says where it listens: another master's answers would pass for this one's.
    """
    named, own = _urls(found, "ETCDCTL_ENDPOINTS"), _own(found)
    urls = [url for url in named if not own or url in own] + _urls(found, "ETCD_LISTEN_CLIENT_URLS")
    loopback = [url for url in [*named, *urls] if _is_loopback(url)]
    return (loopback or urls or named or [""])[0].rstrip("/")


def asks_others(found: Mapping[str, str]) -> tuple[str, ...]:
    """The endpoints etcdctl would ask with this file, when none of them is the member's own."""
    named, own = _urls(found, "ETCDCTL_ENDPOINTS"), _own(found)
    if not own or any(_is_loopback(url) or url in own for url in named):
        return ()
    return tuple(named)


def _own(found: Mapping[str, str]) -> list[str]:
    """Where this member can be asked, as far as its own keys say."""
    return _urls(found, "ETCD_LISTEN_CLIENT_URLS") + _urls(found, "ETCD_ADVERTISE_CLIENT_URLS")


def _urls(found: Mapping[str, str], key: str) -> list[str]:
    return [asked for url in _list(found, key) if _is_url(asked := _asked(url).rstrip("/"))]


def _quota(found: Mapping[str, str]) -> int | None:
    """0 and nothing are etcd's default; less than 0 is no quota."""
    given = whole(found.get("ETCD_QUOTA_BACKEND_BYTES", "") or "0")
    return _QUOTA if given == 0 else given


def client_tls(found: Mapping[str, str]) -> tuple[str, str, str]:
    """CA, certificate and key for asking: etcdctl's own, its old names, else the server's."""
    names = (
        ("ETCDCTL_CACERT", "ETCDCTL_CA_FILE", "ETCD_TRUSTED_CA_FILE"),
        ("ETCDCTL_CERT", "ETCDCTL_CERT_FILE", "ETCD_CERT_FILE"),
        ("ETCDCTL_KEY", "ETCDCTL_KEY_FILE", "ETCD_KEY_FILE"),
    )
    cacert, cert, key = (next((_text(found, name) for name in row if found.get(name)), "") for row in names)
    return cacert, cert, key


def _unquoted(value: str) -> tuple[str, str]:
    """The value without its quotes, and what is odd about them."""
    for quote in "\"'":
        if value.startswith(quote):
            if len(value) > 1 and value.endswith(quote):
                return value[1:-1], ""
            return value, f"has an opening {quote} without its end"
    return value, ""


def _text(found: Mapping[str, str], key: str) -> str:
    return clean(found.get(key, ""))


def _list(found: Mapping[str, str], key: str) -> list[str]:
    return [clean(url.strip(), cap=300) for url in found.get(key, "").split(",") if url.strip()]


def _asked(url: str) -> str:
    if "://" not in url:  # etcdctl takes bare host:port
        url = f"https://{url}"
    return url.replace("://0.0.0.0:", "://127.0.0.1:").replace("://[::]:", "://[::1]:")


def _is_url(url: str) -> bool:
    try:
        parts = urlsplit(_asked(url))
        return (
            parts.scheme in ("http", "https", "unix", "unixs") and bool(parts.hostname) and bool(parts.port)
        )
    except ValueError:
        return False


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    return host == "localhost" or host == "::1" or host.startswith("127.")
