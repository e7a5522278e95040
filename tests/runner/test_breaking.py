"""The typed break of a lease: not while anything of the run is left that only the run itself would bring back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from novatui.runner.breaking import break_lease
from tests.runner import masters

RUN = "r1"
NODES = ("m1", "m2", "m3")


@pytest.fixture
def fleet(tmp_path: Path) -> masters.Masters:
    """Three masters with the lease of a silent run, an API server each."""
    cluster = masters.cluster(tmp_path)
    nodes = []
    for node in cluster.nodes:
        manifests = tmp_path / node.name / "kubernetes/manifests"
        manifests.mkdir(parents=True)
        (manifests / "kube-apiserver.yaml").write_text("kind: Pod\n")
        active = Path(node.etcd.work_dir) / "active"
        active.mkdir(parents=True)
        (active / "owner").write_text(f"{RUN}:3\n")
        kubernetes = msgspec.structs.replace(node.kubernetes, manifests=str(manifests))
        nodes.append(msgspec.structs.replace(node, kubernetes=kubernetes))
    return masters.Masters(msgspec.structs.replace(cluster, nodes=tuple(nodes)))


def leased(fleet: masters.Masters) -> list[str]:
    return [one.name for one in fleet.config.nodes if Path(one.etcd.work_dir, "active/owner").exists()]


@pytest.mark.invariant("INV-14", "INV-5")
async def test_not_while_an_api_server_is_put_aside(fleet: masters.Masters) -> None:
    """Killed between the fence and the hold, or before the last check: nothing is held, and yet only the run undoes it."""
    manifests = Path(fleet.config.node("m2").kubernetes.manifests)
    kept = manifests.parent / f".novatui-{RUN}" / "kube-apiserver.yaml"
    kept.parent.mkdir()
    (manifests / kept.name).rename(kept)
    found = await break_lease(fleet.config, RUN, NODES, fleet)
    assert leased(fleet) == list(NODES) and not any(one.kept or one.unknown for one in found)
    assert f"mv {kept} {manifests}/kube-apiserver.yaml" in found[1].why
    kept.rename(manifests / kept.name)
    found = await break_lease(fleet.config, RUN, NODES, fleet)
    assert leased(fleet) == [] and all(one.kept for one in found), found


async def test_not_while_that_is_not_known(fleet: masters.Masters) -> None:
    fleet.fault = lambda node, command: "gone" if (node, command.script) == ("m3", "api-fence") else None
    found = await break_lease(fleet.config, RUN, NODES, fleet)
    assert leased(fleet) == list(NODES) and "could not be read" in found[2].why
