"""The stand-ins of a demo master do what a real systemd does."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from novatui.demo.client import Demo
from tests.demo import conformance, ssh

pytestmark = pytest.mark.etcd


@pytest.fixture(scope="module")
def cluster(demo: Callable[..., Demo]) -> Demo:
    return demo()


@pytest.mark.parametrize("name", sorted(conformance.CHECKS))
async def test_a_demo_master_behaves_as_systemd(cluster: Demo, name: str) -> None:
    async with ssh.host(cluster, "nova-master-1") as host:
        await conformance.CHECKS[name](host)
