"""What of an env file goes on on the next line, as systemd reads it (src/basic/env-file.c)."""

from __future__ import annotations

import pytest

from novatui.runbooks.parts.envfile import parse


@pytest.mark.parametrize(
    ("before", "runs_on"),
    [
        ("OTHER=x\\", ("OTHER",)),
        ('OTHER="x', ("OTHER",)),
        ("OTHER='x", ("OTHER",)),
        ("OTHER='x\\", ("OTHER",)),
        ('OTHER="x" \'y', ("OTHER",)),
        ('OTHER="x\\"', ("OTHER",)),
        ("  # was: etcd \\", ("# was: etcd \\",)),
        ("OTHER=it's", ()),
        ("# it's", ()),
        ("OTHER=C:\\\\", ()),
        ('OTHER="x\\"y"', ()),
        ("OTHER='x\\'", ()),
        ("OTHER=x\\ y", ()),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_line_that_takes_the_next_one_in_is_told(before: str, runs_on: tuple[str, ...], end: str) -> None:
    """systemd then sees no ETCD_NAME, or another one: what would be read here is not what etcd gets."""
    assert parse(f"{before}{end}ETCD_NAME=etcd2{end}").runs_on == runs_on
