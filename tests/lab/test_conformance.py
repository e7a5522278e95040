"""What the demo's stand-ins must do, done by real systemds: what holds on the demo holds there."""

from __future__ import annotations

import asyncio

import pytest

from tests.demo import conformance
from tests.demo.conformance import Host, Result
from tests.lab import image
from tests.lab.lab import Lab
from tests.lab.shapes import Shape


@pytest.mark.parametrize("used_lab", [Shape(image=name) for name in image.IMAGES], indirect=True, ids=str)
@pytest.mark.parametrize("name", sorted(conformance.CHECKS))
async def test_a_real_master_behaves_as_the_checks_say(used_lab: Lab, name: str) -> None:
    node = used_lab.nodes[0]

    async def run(line: str, stdin: bytes = b"") -> Result:
        words = used_lab.hosts[node].argv(["env", "LANG=C.UTF-8", "/bin/bash", "-c", line])
        process = await asyncio.create_subprocess_exec(*words, stdin=-1, stdout=-1, stderr=-1)
        out, err = await process.communicate(stdin)
        return Result(process.returncode, out, err)

    await conformance.CHECKS[name](Host(run, "/etc/systemd/system"))
