"""The typed break of a lease: not while anything of the run is left that only the run itself would bring back."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from novatui.cli.locks import told
from novatui.runner.breaking import Broken, break_lease
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


def test_a_master_that_could_not_be_asked_is_said_and_is_no_success() -> None:
    """It may hold the lease still: whoever reads exit 0 would begin a run that cannot have that master."""
    free = Broken(node="m1", kept="/var/lib/novatui/broken-r1-3")
    lines, code = told(RUN, [free], ["m3"])
    assert code == 1
    assert "m3: could not be asked; it may hold a lease of this run, which then stands" in lines
    assert "novatui locks --break r1 --yes r1" in lines[-1] and "m3" in lines[-1]
    assert told(RUN, [free], [])[1] == 0
    assert told(RUN, [Broken(node="m1", why="its runner lives")], ["m3"])[1] == 2


async def test_not_while_that_is_not_known(fleet: masters.Masters) -> None:
    fleet.fault = lambda node, command: "gone" if (node, command.script) == ("m3", "api-fence") else None
    found = await break_lease(fleet.config, RUN, NODES, fleet)
    assert leased(fleet) == list(NODES) and "could not be read" in found[2].why
