"""ports.sh and token.sh: what concerns masters that take no part."""

from __future__ import annotations

from tests.sim.process import Running, Script
from tests.sim.unit import environment

TOKEN = "ETCD_INITIAL_CLUSTER_TOKEN="


def ports(run: Running) -> Script:
    """An address that no master of the fleet has is silent."""
    env = environment(run.disk.text(run.command.argv[0]) or "")
    yield 3.0
    masters = {one.config.host: one for one in run.master.fleet.masters.values()}
    for pair in env["ETCD_INITIAL_CLUSTER"].split(","):
        name, url = pair.split("=", 1)
        host = url.removeprefix("https://").partition(":")[0]
        other = masters.get(host)
        if name != env["ETCD_NAME"]:
            up = other is not None and other.on and other.unit.daemon is not None
            for port in ("2380", "2379"):
                run.say("port", f"{name} {host}:{port} {'yes' if up else 'no'}")
    run.say("end", 1)
    return 0


def _token_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line.lstrip(" \t").startswith(TOKEN)]


def token(run: Running) -> Script:
    verb, this, env_file, wanted = run.command.argv
    disk, copy = run.disk, f"{env_file}.novatui-{this}"
    yield 0.01
    env, before = disk.text(env_file) or "", disk.text(copy)
    here = _token_lines(env)
    if verb == "look":
        word = "before" if before is not None and here == _token_lines(before) else "other"
        run.say("token", "fresh" if here == [f"{TOKEN}{wanted}"] else word)
        run.say("copy", "yes" if before is not None else "no")
        run.say("end", 1)
        return 0
    new = [f"{TOKEN}{wanted}"] if verb == "do" else _token_lines(before or "")
    if before is None or not new:
        run.complain(f"there is no copy of the env file from before: {copy}")
        return 3
    if here == new:
        return 0
    following, found = f"{env_file}.novatui-{this}.next", disk.file(env_file)
    assert found is not None
    lines: list[str] = []
    for line in env.removesuffix("\n").split("\n"):
        if line not in here:
            lines.append(line)
        elif new:
            lines, new = [*lines, *new], []
    made = disk.write(following, "".join(f"{line}\n" for line in lines).encode(), found.mode)
    made.owner = found.owner
    yield 0.01
    disk.sync()
    disk.rename(following, env_file)
    yield 0.01
    disk.sync()
    return 0
