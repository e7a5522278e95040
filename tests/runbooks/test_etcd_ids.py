"""IDs as etcd computes them, against those the vendor's procedure shows and those a real restore makes."""

from __future__ import annotations

from novatui.runbooks import etcd_ids

HOSTS = {"etcd1": "172.31.100.97", "etcd2": "172.31.100.105", "etcd3": "172.31.100.106"}


def test_the_vendors_example() -> None:
    """The seed's restore prints exactly these for its three masters and its token."""
    ids = {name: etcd_ids.member_id([f"https://{host}:2380"], "k8s_etcd") for name, host in HOSTS.items()}
    assert {name: etcd_ids.shown(one) for name, one in ids.items()} == {
        "etcd1": "4c357ea1a12149d0",
        "etcd2": "e42bdaa6ace5c691",
        "etcd3": "e7b44abd88b7fad0",
    }
    assert etcd_ids.shown(etcd_ids.cluster_id(ids.values())) == "dae05cd826ec589"


def test_order_of_urls_and_members_does_not_count() -> None:
    one, two = "https://10.0.0.1:2380", "https://10.0.0.2:2380"
    assert etcd_ids.member_id([one, two], "t") == etcd_ids.member_id([two, one], "t")
    assert etcd_ids.member_id([one], "t") != etcd_ids.member_id([one], "u")
    assert etcd_ids.cluster_id([1, 2, 3]) == etcd_ids.cluster_id([3, 1, 2])


def test_an_id_is_shown_without_leading_zeros() -> None:
    assert etcd_ids.shown(0x0DAE05CD826EC589) == "dae05cd826ec589"
