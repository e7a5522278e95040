"""What keeps us from asking says nothing of etcd: no quorum is denied for it, and nothing restarted."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from novatui.config import NodeConfig
from novatui.diagnosis.verdict import diagnose
from novatui.model.cluster import Certificate, Endpoint, Link, NodeSnapshot, Upkeep
from novatui.model.findings import Verdict
from novatui.probes import etcd
from novatui.probes.frames import Frame, Piece
from novatui.probes.sight import Sight
from tests.diagnosis import build
from tests.diagnosis.build import NOW

_GRPC = (
    '{"level":"warn","msg":"retrying of unary invoker failed","error":"rpc error: code = DeadlineExceeded desc = latest '
    'balancer error: last connection error: connection error: desc = \\"transport: authentication handshake failed: %s\\""}\n'
    "Failed to get the status of endpoint https://127.0.0.1:2379 (context deadline exceeded)\n[]"
)
_CURL_30 = "curl: (35) OpenSSL/3.0.19: error:0A000412:SSL routines::sslv3 alert bad certificate"


def by_curl(exit: int, said: str) -> Frame:
    return {"status": Piece(("000", "0", "0"), said.encode()), "curl": Piece((str(exit),))}


def by_etcdctl(exit: int, said: str) -> Frame:
    return {"status": Piece(("etcdctl", str(exit)), said.encode())}


def asked(frame: Frame) -> Endpoint:
    return etcd.endpoint(frame, Endpoint(), now_ms=1)


@pytest.mark.parametrize(
    ("frame", "why", "said"),
    [
        (by_curl(35, _CURL_30), "refused", "alert bad certificate"),
        (
            by_curl(56, "curl: (56) OpenSSL SSL_read: x: sslv3 alert certificate expired"),
            "refused",
            "expired",
        ),
        (by_curl(56, "curl: (56) OpenSSL SSL_read: x: tlsv1 alert unknown ca, errno 0"), "refused", "ca"),
        (by_curl(56, "curl: (56) x: tlsv13 alert certificate required"), "refused", "required"),
        (by_curl(58, "curl: (58) could not load PEM client certificate from /x"), "files", "/x"),
        (by_curl(77, "curl: (77) error setting certificate file: /x"), "files", "/x"),
        (
            by_curl(60, "curl: (60) SSL certificate problem: unable to get local issuer certificate"),
            "distrusted",
            "local issuer",
        ),
        (
            by_curl(60, "curl: (60) SSL: no alternative certificate subject name matches target host name"),
            "distrusted",
            "no alternative",
        ),
        (by_curl(2, ""), "curl", "exit 2"),  # --fail-early is unknown
        (by_curl(6, "curl: (6) Could not resolve host: etcd.local"), "curl", "resolve"),
        (by_curl(27, "curl: (27) Out of memory"), "curl", "memory"),
        (by_curl(127, ""), "curl", "exit 127"),
        (by_curl(137, ""), "curl", "exit 137"),
        (by_etcdctl(1, _GRPC % "x509: certificate signed by unknown authority"), "distrusted", "authority"),
        (
            by_etcdctl(1, _GRPC % "x509: certificate is valid for 10.0.0.1, not 127.0.0.1"),
            "distrusted",
            "not 127.0.0.1",
        ),
        (by_etcdctl(1, _GRPC % "remote error: tls: bad certificate"), "refused", "tls: bad certificate"),
        (by_etcdctl(1, _GRPC % "remote error: tls: expired certificate"), "refused", "expired"),
        (by_etcdctl(1, _GRPC % "remote error: tls: certificate required"), "refused", "required"),
        (by_etcdctl(128, "Error: open /x.pem: no such file or directory"), "files", "/x.pem"),
        (by_etcdctl(127, "timeout: failed to run command '/x': No such file"), "etcdctl", "'/x'"),
        (by_etcdctl(126, "timeout: failed to run command '/x': Permission denied"), "etcdctl", "denied"),
    ],
)
def test_what_keeps_us_from_asking_is_named(frame: Frame, why: str, said: str) -> None:
    found = asked(frame)
    assert (found.answers, found.has_quorum, found.unasked) == (None, None, why)
    assert said in (found.error or "")


@pytest.mark.parametrize(
    "frame",
    [
        by_curl(35, "curl: (35) x: sslv3 alert handshake failure"),
        by_curl(35, "curl: (35) TLS connect error: x::tlsv1 alert internal error"),  # its own is gone
        by_curl(35, "curl: (35) x: tlsv1 alert protocol version"),
        by_curl(60, "curl: (60) SSL certificate problem: certificate has expired"),  # its own: nobody asks it
        by_curl(60, "curl: (60) SSL certificate problem: certificate is not yet valid"),
        by_curl(28, "curl: (28) Operation timed out after 2001 milliseconds with 0 bytes received"),
        by_curl(52, "curl: (52) Empty reply from server"),
        by_curl(55, "curl: (55) Send failure: Broken pipe"),
        by_curl(0, "<html>"),
        by_curl(56, "curl: (56) Recv failure: Connection reset by peer"),
        by_curl(7, "curl: (7) Failed to connect to 127.0.0.1 port 2379"),
        by_etcdctl(1, _GRPC % "remote error: tls: internal error"),
        by_etcdctl(
            1, _GRPC % "x509: certificate has expired or is not yet valid: current time .. is after .."
        ),
        by_etcdctl(124, ""),
        by_etcdctl(137, ""),
        # Its gateway asks itself, with its own certificate.
        {
            "status": Piece(("503", "0", "0"), b'{"message":"remote error: tls: bad certificate","code":14}'),
            "curl": Piece(("0",)),
        },
    ],
)
def test_nothing_else_excuses_silence(frame: Frame) -> None:
    found = asked(frame)
    assert (found.answers, found.unasked) == (False, None) and found.error is not None


def test_an_answer_ends_it() -> None:
    before = asked(by_etcdctl(127, "x"))
    answer = b'{"header":{"cluster_id":"1","member_id":"2"},"leader":"2"}'
    after = etcd.endpoint({"status": Piece(("200", "0", "0"), answer)}, before, now_ms=2)
    assert after.answers is True and after.unasked is None


def unasked(number: int, frame: Frame, *, expired: bool = False) -> NodeSnapshot:
    """A master of a healthy cluster whose etcd was last asked with ``frame``, an hour after it answered last."""
    node = build.node(number)
    before = replace(node.endpoint, answered_ms=NOW - 3_600_000)
    ended = Certificate(
        file="/x.pem", keys=("ETCDCTL_CERT",), begins_ms=NOW - 9_000_000, ends_ms=NOW - 5_000_000
    )
    upkeep = Upkeep(at_ms=NOW, log="yes", certificates=(ended,)) if expired else None
    return replace(node, endpoint=etcd.endpoint(frame, before, now_ms=NOW), upkeep=upkeep)


@pytest.mark.parametrize(
    ("frame", "expired", "says"),
    [
        (by_curl(35, _CURL_30), True, "has expired"),
        (by_curl(35, _CURL_30), False, "refuses the certificate"),
        (by_etcdctl(127, "x"), False, "etcd.etcdctl"),
        (by_curl(60, "curl: (60) SSL: unable to get local issuer certificate"), False, "ETCDCTL_CACERT"),
        (by_curl(2, ""), False, "7.52"),
    ],
)
def test_a_healthy_cluster_that_cannot_be_asked_is_not_known_and_nothing_is_restarted(
    frame: Frame, expired: bool, says: str
) -> None:
    snapshot = build.cluster(*(unasked(number, frame, expired=expired) for number in (1, 2, 3)))
    found = diagnose(snapshot, {}, NOW)
    ids = {one.id for one in found.findings}
    assert (found.verdict, found.recommend) == (Verdict.UNKNOWN, "")
    assert "no-answer" not in ids and "unasked" in ids and ("certificate-expired" in ids) is expired
    assert says in found.recommend_why


@pytest.mark.parametrize("expired", [True, False])
def test_one_that_cannot_be_asked_is_not_counted_as_down(expired: bool) -> None:
    snapshot = build.cluster(unasked(1, by_curl(35, _CURL_30), expired=expired), build.node(2), build.node(3))
    found = diagnose(snapshot, {}, NOW)
    assert (found.verdict, found.quorum.unknown, found.recommend) == (Verdict.DEGRADED, 1, "")
    assert ("renew it" in found.recommend_why) is expired


def test_a_failed_unit_is_down_whatever_keeps_us_from_asking() -> None:
    sight = Sight(NodeConfig(name="m1", host="h"))
    sight.connection(Link.LIVE, None, "", NOW)
    sight.look({"clock": Piece(("1", "1", "-")), "unit": Piece(("0",), b"ActiveState=failed\n")}, NOW)
    sight.look(by_etcdctl(127, "x"), NOW)
    assert diagnose(build.cluster(sight.snapshot), {}, NOW).verdict is Verdict.NO_QUORUM


@pytest.mark.parametrize(
    ("members", "quorum", "has_quorum", "said"),
    [
        (b"Error: etcdserver: user name is empty", b"", None, "Error: etcdserver: user name is empty"),
        (b"Error: context deadline exceeded", b"", False, "Error: context deadline exceeded"),
        (
            b'{"level":"warn","error":"' + b"x" * 400 + b'"}\nError: permission denied',
            b"",
            None,
            "Error: permission denied",
        ),
        (b"[]", b"Error: context deadline exceeded", False, "Error: context deadline exceeded"),
        (b"", b"", False, "etcdctl: exit 124"),
        (None, b"", False, "etcdctl: exit 124"),
    ],
)
def test_a_member_list_that_failed_tells_why_there_is_no_word_of_quorum(
    members: bytes | None, quorum: bytes, has_quorum: bool | None, said: str
) -> None:
    """By etcdctl: the read that proves quorum is not asked after a member list that failed."""
    answer = b'[{"Status":{"header":{"cluster_id":1,"member_id":2},"leader":2}}]'
    frame = {
        "status": Piece(("etcdctl", "0"), answer),
        "members": Piece(("etcdctl", "124"), members)
        if members is not None
        else Piece(("etcdctl", "0"), b'{"members":[]}'),
        "quorum": Piece(("etcdctl", "124"), quorum),
    }
    found = asked(frame)
    assert (found.answers, found.has_quorum, found.error) == (True, has_quorum, said)
