"""Planning a restore, pure: what is refused, in which words, by which guard; and what a plan then holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from novatui.errors import HeldByAnother, Refused, UsageError
from novatui.model.plan import Plan, Request
from novatui.model.sources import Trust
from novatui.remote.command import Outcome, Status
from novatui.runbooks import registry, restore_cluster
from novatui.runbooks.parts.params import places, restore_params
from novatui.runbooks.parts.refusal import RefusedPlan
from novatui.runbooks.step import Context, Gate, Step
from novatui.runner.shown import render
from tests.runbooks.survey_text import (
    ARCHIVE,
    DAMAGED,
    NODES,
    REMOVED,
    Master,
    answers,
    b64,
    cluster,
    masters,
    status_json,
)

RUN = "7f3a00aa"
Bend = Callable[[dict[str, Master]], object]


def request(**more: object) -> Request:
    return msgspec.convert({"runbook": "restore-cluster", "snapshot": ARCHIVE, **more}, Request, strict=False)


def draft(found: dict[str, Master], asked: Request | None = None) -> Plan:
    return restore_cluster.draft(cluster(), asked or request(), RUN, answers(found))


def reasons(found: dict[str, Master], asked: Request | None = None) -> dict[str, str]:
    """Every reason by its id, with node and title."""
    with pytest.raises(RefusedPlan) as refused:
        draft(found, asked)
    assert refused.value.exit_code == 2
    return {one.id: f"{one.node}: {one.title} / {one.hint}" for one in refused.value.findings}


def test_a_cluster_without_quorum_may_be_restored() -> None:
    plan = draft(masters())
    params = restore_params(plan)
    assert plan.nodes == NODES
    assert params.cluster_id == "dae05cd826ec589"
    ids = {node: one.member_id for node, one in params.nodes.items()}
    assert ids == {"m1": "4c357ea1a12149d0", "m2": "e42bdaa6ace5c691", "m3": "e7b44abd88b7fad0"}
    one = params.nodes["m1"]
    assert (one.restorer, one.etcd, one.stop_s) == ("/opt/etcd/etcdutl", "/opt/etcd/etcd", 90.0)
    assert one.listening == ("172.31.100.97:2379", "127.0.0.1:2379", "172.31.100.97:2380")
    assert params.source.revision == 376010
    assert places(one, RUN).old == f"/var/lib/etcd.novatui-old-{RUN}"


def set_env(key: str, value: str | None, node: str = "m2") -> Bend:
    def bend(found: dict[str, Master]) -> None:
        if value is None:
            del found[node].env[key]
        else:
            found[node].env[key] = value

    return bend


def set_host(key: str, value: str | None, *nodes: str) -> Bend:
    def bend(found: dict[str, Master]) -> None:
        for node in nodes or ("m2",):
            found[node].host.pop(key, None)
            if value is not None:
                found[node].host[key] = value

    return bend


def set_archive(key: str, value: str | None, node: str = "m2") -> Bend:
    def bend(found: dict[str, Master]) -> None:
        archive = found[node].archive
        assert archive is not None
        archive.pop(key, None)
        if value is not None:
            archive[key] = value

    return bend


def set_api(**words: str) -> Bend:
    """An API server on the second master, otherwise as it should be."""
    return lambda found: found["m2"].api.update({"manifest": "yes", "place": "6443"} | words)


def add(line: str) -> Bend:
    return lambda found: found["m2"].more.append(line)


def without_etcdutl(found: dict[str, Master]) -> None:
    for master in found.values():
        master.host["tool.etcdctl"] = "etcdctl version: 3.6.1"
        del master.host["tool.etcdutl"]


FLAGS = "{ path=/opt/etcd/etcd ; argv[]=/opt/etcd/etcd --name x ; ignore_errors=no ; pid=0 }"
WRAPPER = "{ path=/usr/local/bin/run-etcd.sh ; argv[]=/usr/local/bin/run-etcd.sh ; ignore_errors=no ; pid=0 }"
CASES: list[tuple[str, Bend, str, tuple[str, ...]]] = [
    ("silent", lambda f: setattr(f["m2"], "silent", True), "unreachable", ("m2", "no route to host")),
    ("config file", set_env("ETCD_CONFIG_FILE", "/etc/etcd.yml"), "env-forbidden", ("m2", "/etc/etcd.env", "ETCD_CONFIG_FILE")),
    ("wal dir", set_env("ETCD_WAL_DIR", "/wal"), "env-forbidden", ("m2", "ETCD_WAL_DIR", "not restored")),
    ("proxy", set_env("ETCD_PROXY", "on"), "env-forbidden", ("m2", "ETCD_PROXY", "no member")),
    ("force new", set_env("ETCD_FORCE_NEW_CLUSTER", "true"), "env-forbidden", ("m2", "FORCE_NEW_CLUSTER")),
    ("flags", set_host("unit.ExecStart", FLAGS), "unit-flags", ("m2", "--name x")),
    ("masked", set_host("unit.LoadState", "masked"), "unit-masked", ("m2", "unit etcd", "systemctl unmask etcd")),
    ("wrapper", set_host("unit.ExecStart", WRAPPER), "unit-program", ("m2", "unit etcd", "/usr/local/bin/run-etcd.sh")),
    ("no ExecStart", set_host("unit.ExecStart", None), "unit-command", ("m2",)),
    ("other env files", set_host("unit.EnvironmentFiles", "/etc/default/etcd (ignore_errors=no)"), "unit-env-files", ("m2", "/etc/default/etcd")),
    ("unit environment", set_host("unit.Environment", "GOMAXPROCS=2 ETCD_DEBUG=1"), "unit-environment", ("m2", "ETCD_DEBUG")),
    ("no unit", set_host("unit.LoadState", "not-found"), "unit-missing", ("m2", "not-found")),
    ("no etcdctl", set_host("tool.etcdctl", None), "tool-missing", ("m2", "/opt/etcd/etcdctl")),
    ("versions", set_host("tool.etcd", "etcd Version: 3.5.9"), "tool-versions", ("3.5.9", "3.5.10")),
    ("etcdutl of another minor", set_host("tool.etcdutl", "etcdutl version: 3.6.1", *NODES), "tool-versions", ("etcdutl", "3.6.1", "3.5.10")),
    ("3.6 without etcdutl", without_etcdutl, "tool-missing", ("etcdutl",)),
    ("key missing", set_env("ETCD_INITIAL_CLUSTER_TOKEN", None), "env-key", ("m2", "ETCD_INITIAL_CLUSTER_TOKEN")),
    ("name", set_env("ETCD_NAME", "etcd9"), "env-name", ("m2", "etcd9")),
    ("same name", set_env("ETCD_NAME", "etcd1"), "env-name", ("etcd1",)),
    ("peer url", set_env("ETCD_INITIAL_ADVERTISE_PEER_URLS", "https://10.0.0.9:2380"), "env-peer-url", ("m2", "10.0.0.9")),
    ("initial cluster", set_env("ETCD_INITIAL_CLUSTER", "etcd2=https://172.31.100.105:2380"), "env-initial-cluster", ("m1", "m2")),
    ("token", set_env("ETCD_INITIAL_CLUSTER_TOKEN", "other"), "env-token", ("other", "k8s_etcd")),
    ("link", set_host("data_kind", "link"), "data-dir", ("m2", "symbolic link")),
    ("inner mount", set_host("data_kind", "inner-mount"), "data-dir", ("m2", "file system mounted")),
    ("unmounted", set_host("data_kind", "unmounted"), "data-dir", ("m2", "/etc/fstab", "mount it")),
    ("a certificate in the data", set_env("ETCD_CERT_FILE", "/var/lib/etcd/ssl/m.pem"), "data-dir", ("m2", "/var/lib/etcd/ssl/m.pem (ETCD_CERT_FILE)")),
    ("etcd in the data", lambda f: [bend(f) for bend in (set_env("ETCD_DATA_DIR", "/opt"), set_host("data_dir", "/opt"))], "data-dir", ("m2", "/opt/etcd/etcd (etcd)", "/opt/etcd/etcdctl (etcd.etcdctl)")),
    ("old systemd", add("nv:lacks=systemctl show --value (systemd 230 or later)"), "tool-missing", ("m2", "systemd 230")),
    ("readonly", set_host("unit_dir_writable", "no"), "no-privilege", ("m2", "unit directory")),
    ("api server on two file systems", set_api(one_fs="no"), "api-server-fence", ("m2", "kube-apiserver.yaml", "6443", "--no-fence")),
    ("manifests read-only", set_api(readonly64=b64("/etc/kubernetes")), "no-privilege", ("m2", "/etc/kubernetes")),
    ("manifest left aside", set_api(manifest="no", left64=b64("/etc/kubernetes/.novatui-aabbccdd/kube-apiserver.yaml")), "api-server-aside", ("m2", "aabbccdd", "mv /etc")),
    ("auth", add("nv:local_read64=" + b64("etcdserver: user name is empty")), "auth", ("m2",)),
    ("no room", set_host("free_kib", "1000000"), "space", ("m2", "977 MiB free", "MiB needed")),
    ("work in memory", add("nv:work_volatile=yes"), "work-dir", ("m2", "in memory", "reboot")),
    ("hold left", add("nv:hold_dropin=yes"), "hold-left", ("m2", "00-novatui-hold.conf")),
    ("missing archive", lambda f: setattr(f["m2"], "archive", None), "archive", ("m2", "missing", "--from m1")),
    ("damaged archive", set_archive("damaged64", b64("gzip: unexpected end of file")), "archive", ("m2", "unexpected end")),
    ("refused archive", set_archive("refused64", b64("a name with .. inside: ../x")), "archive", ("m2", ".. inside")),
    ("wrong hash", set_archive("trailer", "bad"), "archive", ("m2", "does not match")),
    ("no hash", set_archive("trailer", "none"), "archive", ("m2", "512")),
    ("no revision", set_archive("status64", None), "archive", ("m2",)),
    ("unread", set_archive("unread", "no room to unpack it"), "archive", ("m2", "no room")),
    ("differs", set_archive("sha256", "bb" * 32), "archive-differs", ("m1", "m2", "--from")),
    ("foreign", set_archive("urls64", b64('"peerURLs":["https://10.9.9.9:2380"]')), "foreign-snapshot", ("m2", "10.9.9.9")),
    ("nobody's", set_archive("urls64", None), "foreign-snapshot", ("m2", "none at all")),
    ("process", add("nv:process_env64=" + b64("ETCD_NAME=etcd2\nETCD_DATA_DIR=/elsewhere\n")), "env-not-effective", ("m2", "/elsewhere")),
]  # fmt: skip


@pytest.mark.invariant("INV-4")
@pytest.mark.parametrize(
    ("bend", "id", "words"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_refused(bend: Bend, id: str, words: tuple[str, ...]) -> None:
    found = masters()
    bend(found)
    said = reasons(found)
    assert id in said
    for word in words:
        assert word in said[id]


@pytest.mark.invariant("INV-11", "INV-13")
@pytest.mark.parametrize(
    ("kind", "work_dir", "refused"),
    [
        ("dir", "/var/lib/etcd/novatui", True),
        ("mount", "/var/lib/etcd/novatui", True),
        ("dir", "/var/lib/etcd-novatui", False),
    ],
)
def test_the_hold_does_not_lie_in_what_is_renamed(kind: str, work_dir: str, refused: bool) -> None:
    """It would go with the data, and etcd be free to start on none."""
    found = masters()
    set_host("data_kind", kind, *NODES)(found)
    nodes = tuple(
        msgspec.structs.replace(node, etcd=msgspec.structs.replace(node.etcd, work_dir=work_dir))
        for node in cluster().nodes
    )
    here = msgspec.structs.replace(cluster(), nodes=nodes)
    if not refused:
        assert restore_cluster.draft(here, request(), RUN, answers(found))
        return
    with pytest.raises(RefusedPlan, match=r"etcd\.work_dir"):
        restore_cluster.draft(here, request(), RUN, answers(found))


def test_what_lies_beside_member_stays_where_a_mount_does() -> None:
    found = masters()
    set_host("data_kind", "mount", *NODES)(found)
    set_env("ETCD_CERT_FILE", "/var/lib/etcd/ssl/m.pem")(found)
    assert draft(found)


@pytest.mark.invariant("INV-4")
def test_all_reasons_come_at_once() -> None:
    found = masters()
    for bend in (
        set_env("ETCD_WAL_DIR", "/wal"),
        set_api(one_fs="no"),
        set_archive("trailer", "bad", "m1"),
    ):
        bend(found)
    assert {"env-forbidden", "api-server-fence", "archive"} <= set(reasons(found))


@pytest.mark.parametrize(
    "text",
    ['ETCD_NAME="{}"', "ETCD_NAME='{}'", "ETCD_NAME={}\r", "  ETCD_NAME={}  ", "ETCD_NAME=x\nETCD_NAME={}"],
)
def test_forms_of_the_env_file(text: str) -> None:
    """Quotes, CR and blanks are read as systemd reads them; a key set twice, differently, is refused."""
    found = masters()
    rest = "".join(f"{key}={value}\n" for key, value in found["m2"].env.items() if key != "ETCD_NAME")
    found["m2"].env_text = "# etcd\n\n" + text.format("etcd2") + "\n" + rest
    if "\n" in text:
        assert "env-repeated" in reasons(found)
        return
    params = restore_params(draft(found))
    assert params.nodes["m2"].member == "etcd2"
    assert any("line ends" in note for note in params.notes) == ("\r" in text)


# -- is a restore the answer at all -----------------------------------------------------------------------------------


@pytest.mark.invariant("INV-10")
def test_a_power_cut_is_never_a_restore() -> None:
    """All down, nothing says damaged: start them together. The same with one of three damaged."""
    found = masters()
    for node in ("m2", "m3"):
        found[node].journal = []
        found[node].host["unit.ActiveState"] = "inactive"
    said = reasons(found)
    assert set(said) == {"data-intact"}
    assert "systemctl start --no-block etcd" in said["data-intact"]
    assert "novatui run start-cluster --yes prod, or w on the screen" in said["data-intact"]
    found["m3"].journal = DAMAGED
    assert set(reasons(found)) == {"data-intact"}
    assert draft(found, request(overrule=["data-intact"]))


@pytest.mark.invariant("INV-10")
@pytest.mark.parametrize("node", NODES)
def test_one_linearizable_read_proves_quorum(node: str) -> None:
    found = masters()
    found[node].host |= {"status64": b64(status_json(7, 400)), "quorum": "yes"}
    said = reasons(found)
    assert set(said) == {"quorum-stands"}
    assert "recover-member" in said["quorum-stands"]
    assert draft(found, request(overrule=["quorum-stands"]))


@pytest.mark.invariant("INV-10")
def test_damage_before_a_good_start_is_no_evidence() -> None:
    found = masters()
    good = {"level": "info", "msg": "ready to serve client requests"}
    found["m2"].journal = [*DAMAGED, good]
    assert set(reasons(found)) == {"data-intact"}


@pytest.mark.invariant("INV-10")
def test_a_master_that_says_it_was_removed_has_no_vote_to_lose() -> None:
    """Two of three were removed one after the other: the one that is left is a cluster, and a start is enough."""
    found = masters()
    for node in ("m2", "m3"):
        found[node].journal = REMOVED
    said = reasons(found)["data-intact"]
    assert "1 of 1 members is damaged (m1), and 1 are enough" in said
    found["m3"].journal = DAMAGED
    assert draft(found), "of the two that vote one is lost"


def test_no_data_at_all_needs_no_journal() -> None:
    found = masters()
    for node in ("m2", "m3"):
        found[node].journal = []
        found[node].host |= {
            "data_kind": "missing",
            "data_wal": "0",
            "data_db": "0",
            "data_inode": "",
            "data_owner": "",
        }
    params = restore_params(draft(found))
    assert not params.nodes["m2"].had_live
    assert params.nodes["m1"].had_live
    assert params.nodes["m2"].owner == "0:0"
    set_host("unit.User", "etcd", "m2")(found)
    assert restore_params(draft(found)).nodes["m2"].owner == "etcd:", (
        "it must be able to read what root restores"
    )


def test_room_is_wanted_for_what_a_member_still_has_too() -> None:
    """Each member's own snapshot is kept until the end, beside the archive and the new data."""
    found = masters()
    wanted = 2048 + 64 + 1024 + 2 * 20 + 1  # a snapshot is 32 bytes longer than its db
    set_host("data_db", str(2048 << 20), "m2")(found)
    set_host("free_kib", str((wanted - 1) << 10), "m2")(found)
    assert f"{wanted} MiB needed" in reasons(found)["space"]
    set_host("free_kib", str(wanted << 10), "m2")(found)
    assert draft(found)


def test_foreign_may_be_overruled_and_nothing_else_with_it() -> None:
    found = masters()
    for node in NODES:
        set_archive("urls64", b64('"peerURLs":["https://10.9.9.9:2380"]'), node)(found)
    with pytest.raises(RefusedPlan) as refused:
        draft(found)
    assert refused.value.guard == "foreign-snapshot"
    assert draft(found, request(overrule=["foreign-snapshot"]))
    set_api(one_fs="no")(found)
    with pytest.raises(RefusedPlan) as refused:
        draft(found, request(overrule=["foreign-snapshot"]))
    assert refused.value.guard == ""


@pytest.mark.invariant("INV-5")
def test_another_runs_masters() -> None:
    found = masters()
    found["m2"].more.append("nv:lease64=" + b64("otherrun:3\n"))
    with pytest.raises(HeldByAnother) as held:
        draft(found)
    assert "otherrun" in held.value.detail
    found["m3"].more.append("nv:hold64=" + b64("otherrun\n"))
    set_env("ETCD_WAL_DIR", "/wal")(found)
    assert {"held", "env-forbidden"} <= set(reasons(found))


# -- sources ----------------------------------------------------------------------------------------------------------


def test_from_a_node_needs_it_there_alone() -> None:
    found = masters()
    found["m1"].archive = None
    found["m3"].archive = None
    plan = draft(found, request(from_node="m2"))
    assert restore_params(plan).source.nodes == ("m2",)
    spread = next(
        step
        for step in restore_cluster.steps(cluster(), plan)
        if not isinstance(step, Gate) and step.id == "spread"
    )
    shown = render(cluster(), plan, [spread])[0]
    assert {node for node, commands in shown.commands.items() if commands} == {"m1", "m3"}
    assert all("m2: archive.sh send" in line for lines in shown.commands.values() for line in lines)
    assert "unknown-node" in reasons(found, request(from_node="m9"))


def test_survivors() -> None:
    found = masters()
    ask = request(snapshot="", survivor="m1")
    assert restore_params(draft(found, ask)).source.nodes == ("m1",)
    assert "unknown-node" in reasons(found, request(snapshot="", survivor="m7"))
    assert "no-source" in reasons(found, request(snapshot=""))
    assert "no-source" in reasons(found, request(survivor="m1"))
    found["m1"].host |= {"data_wal": "0"}
    assert "no-survivor" in reasons(found, ask)


def test_a_mount_point_is_swapped_inside() -> None:
    found = masters()
    for node in NODES:
        found[node].host["data_kind"] = "mount"
    one = restore_params(draft(found)).nodes["m1"]
    assert (one.kind, one.live_inode) == ("mount", "1:3")
    assert places(one, RUN).live == "/var/lib/etcd/member"
    assert places(one, RUN).staged == f"/var/lib/etcd/.novatui-new-{RUN}"


def test_the_listing_of_the_wizard() -> None:
    found = masters()
    found["m1"].host |= {"status64": b64(status_json(7, 376222)), "quorum": "no"}
    set_archive("trailer", "bad", "m3")(found)
    listed = restore_cluster.sources(cluster(), answers(found))
    kinds = [(one.kind, one.trust, one.nodes) for one in listed.sources]
    assert kinds[0] == ("survivor", Trust.LIVE, ("m1",))
    assert kinds[1] == ("archive", Trust.VERIFIED, ("m1", "m2"))
    assert ("archive", Trust.BAD, ("m3",)) in kinds
    assert ("survivor", Trust.BAD, ("m2",)) in kinds
    found["m2"].silent = True
    assert [one.node for one in restore_cluster.sources(cluster(), answers(found)).silent] == ["m2"]


# -- facts and words --------------------------------------------------------------------------------------------------


@pytest.mark.invariant("INV-12")
@pytest.mark.parametrize(
    "bend",
    [
        set_host("env_sha256", "changed"),
        set_host("unit.DropInPaths", "/etc/systemd/system/etcd.service.d/limits.conf"),
        set_host("data_inode", "1:99"),
        set_archive("size", "9"),
        set_archive("damaged64", b64("gzip: unexpected end of file")),
        set_archive("mtime", "1718342139"),
        set_host("tool.etcdutl", "etcdutl version: 3.5.11"),
        lambda found: found["m2"].host.update({"status64": b64(status_json(7, 400)), "quorum": "yes"}),
    ],
)
def test_facts_tell_a_change(bend: Bend) -> None:
    found = masters()
    before = restore_cluster.facts(cluster(), request(), answers(found))
    bend(found)
    assert restore_cluster.facts(cluster(), request(), answers(found)) != before


@pytest.mark.invariant("INV-12")
def test_facts_stay_over_what_a_run_itself_does() -> None:
    """Staged files, the lease, a broken etcd that is being restarted: none of it is a change."""
    found = masters()
    before = restore_cluster.facts(cluster(), request(), answers(found))
    found["m2"].more += [
        "nv:leftover64=" + b64("/var/lib/etcd.novatui-stage-x"),
        "nv:lease64=" + b64(f"{RUN}:1\n"),
    ]
    found["m2"].host |= {
        "free_kib": "5",
        "unit.ActiveState": "failed",
        "now": "1718400100",
        "data_written": "1",
    }
    # This look had no room to open it; what the plan chose is proved in the run, by its SHA-256.
    for key, value in (
        ("unread", "no room to unpack it"),
        ("sha256", None),
        ("status64", None),
        ("trailer", None),
    ):
        set_archive(key, value)(found)
    assert restore_cluster.facts(cluster(), request(), answers(found)) == before


@pytest.mark.parametrize(
    "junk", [b"", b"nv:end=1\n", b"\xff\xfe nv:env64=%%%\nnv:end=1\n", b"nv:status64=e30=\nnv:end=1\n"]
)
def test_odd_answers_never_raise_but_refuse(junk: bytes) -> None:
    odd = Outcome(status=Status.OK, exit=0, stdout=junk)
    everything = {node: {"host": odd, "archives": odd, "journal": odd} for node in NODES}
    restore_cluster.facts(cluster(), request(), everything)
    restore_cluster.sources(cluster(), everything)
    with pytest.raises(Refused):
        restore_cluster.draft(cluster(), request(), RUN, everything)


def test_runbooks_that_are_not_there_yet() -> None:
    assert not set(registry.BY_HAND) & set(registry.RUNBOOKS)
    for name in ("restart-member", "start-cluster", "restore-cluster"):
        assert registry.find(name).name == name
    for name in registry.BY_HAND:
        with pytest.raises(Refused) as refused:
            registry.find(name)
        assert "not in this version" in refused.value.title
        assert refused.value.hint
    with pytest.raises(UsageError):
        registry.find("reformat")


def test_an_upload_is_planned_for_every_master() -> None:
    """It was proved where it lies: the masters are not asked for archives, and each is sent the same bytes."""
    upload = {
        "path": "/home/op/x_k8s-v1.27.11_2024-06-14_081538.db.tar.gz",
        "sha256": "ab" * 32,
        "size": 20 * 1024 * 1024 + 32,
        "taken_ms": 1,
        "dated_by": "name",
        "urls": ["https://172.31.100.97:2380"],
    }
    asked = request(snapshot="", upload=upload)
    assert all("archives" not in one for one in restore_cluster.survey(cluster(), asked).values())
    plan = draft(masters(), asked)
    shown = {step.id: step for step in render(cluster(), plan, restore_cluster.steps(cluster(), plan))}
    for node in NODES:
        assert shown["prove"].commands[node] == (
            f"here: {upload['path']} | archive.sh receive /var/lib/etcd.novatui-stage-{RUN} {'ab' * 32} /opt/etcd/etcdctl {RUN}",
        )
        assert shown["spread"].commands[node] == ()
    elsewhere = request(snapshot="", upload={**upload, "urls": ["https://10.9.9.9:2380"]})
    assert "foreign-snapshot" in reasons(masters(), elsewhere)
    assert "no-source" in reasons(masters(), request(upload=upload))


@pytest.mark.invariant("INV-12")
@pytest.mark.parametrize(
    ("bend", "now", "words"),
    [
        ({"quorum": "no"}, {"survivor": "saved", "how": "live", "revision": 376001}, "from revision 376000 to 376001"),
        ({"quorum": "no"}, {"survivor": "saved", "how": "live", "revision": 376000}, ""),
        ({"quorum": "yes"}, {"survivor": "saved", "how": "live", "revision": 376009}, ""),
        ({}, {"survivor": "saved", "how": "copy", "revision": 5, "written_ms": 1718399001_000}, "was written since"),
        ({}, {"survivor": "saved", "how": "copy", "revision": 5, "written_ms": 1718399000_000}, ""),
        ({}, {"survivor": "unread", "why": "no room"}, ""),
    ],
)  # fmt: skip
def test_a_survivor_that_got_newer_since_the_plan_was_seen(
    bend: dict[str, str], now: dict[str, Any], words: str
) -> None:
    """One with quorum is written to all the time: what that comes to is shown at the gate. The others should not change."""
    found = masters()
    serves = {"status64": b64(status_json(1, 376000)), "unit.ActiveState": "active", **bend}
    found["m1"].host |= serves if bend else {"unit.ActiveState": "inactive"}
    over = ["quorum-stands", "newer-survivor", "data-intact"]
    plan = draft(found, request(overrule=over))
    step = next(
        one
        for one in restore_cluster.steps(cluster(), plan)
        if isinstance(one, Step) and one.id == "survivors"
    )
    assert step.judge is not None
    told = step.judge(Context(plan=plan, cluster=cluster(), node="", facts={"survivors": {"m1": now}}))
    assert [one.node for one in told if one.refuses] == (["m1"] if words else [])
    assert all(words in one.title for one in told)
