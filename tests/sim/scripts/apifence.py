"""api-fence.sh: the API server's manifest aside and back."""

from __future__ import annotations

from tests.sim.disk import Dir
from tests.sim.process import Running, Script


def api_fence(run: Running) -> Script:
    verb, *words = run.command.argv
    yield 0.01
    if verb == "survey":
        return _survey(run, words[0])
    return (yield from Manifest(run, *words).do(verb))


def _survey(run: Running, manifests: str) -> int:
    disk, parent = run.disk, manifests.rpartition("/")[0]
    there = disk.there(f"{manifests}/kube-apiserver.yaml")
    run.say("manifest", "yes" if there else "no")
    if there:
        run.say("place", "6443")
        run.say("version", "")
        run.say("one_fs", "yes")
    for name in disk.names(parent):
        if name.startswith(".novatui-") and disk.there(f"{parent}/{name}/kube-apiserver.yaml"):
            run.say64("left", f"{parent}/{name}/kube-apiserver.yaml")
    run.say("end", 1)
    return 0


def kube(run: Running) -> Script:
    yield 0.05
    run.say("ready", "unknown")
    run.say64("why", "no kubectl")
    run.say("end", 1)
    return 0


class Manifest:
    """The manifest of one master, and where it is kept."""

    def __init__(self, run: Running, this: str, manifests: str, aside: str, place: str) -> None:
        self.run, self.disk, self.this, self.place = run, run.disk, this, place
        self.aside, self.manifest = aside, f"{manifests}/kube-apiserver.yaml"
        self.kept = f"{aside}/kube-apiserver.yaml"

    def do(self, verb: str) -> Script:
        if verb == "look":
            self.look()
            return 0
        if verb == "back" and not self.disk.there(self.aside):
            return 0
        if not self.ours():
            self.run.complain(f"{self.aside} is not of this run")
            return 3
        return (yield from (self.put_aside() if verb == "do" else self.put_back()))

    def ours(self) -> bool:
        found = self.disk.line(f"{self.aside}/run")
        return found == self.this or (not found and not self.disk.there(self.kept))

    def same(self) -> bool:
        return self.disk.read(self.manifest) == self.disk.read(self.kept)

    def look(self) -> None:
        run, disk = self.run, self.disk
        there, kept = disk.there(self.manifest), disk.there(self.kept)
        run.say("manifest", "yes" if there else "no")
        run.say("kept", "yes" if kept else "no")
        run.say("aside", "yes" if disk.there(self.aside) else "no")
        if there and kept:
            run.say("same", "yes" if self.same() else "no")
        server = run.master.api
        if self.place and server.listening:
            run.say("listening", self.place)
        if server.alive and disk.read(f"{self.aside}/listeners"):
            run.say("alive", 77)
        if kept:
            disk.sync()
            found = disk.find(self.aside)
            run.say("since", run.master.now() - (found.mtime if isinstance(found, Dir) else 0))
            run.say("kubelet", "active")
        run.say("end", 1)

    def put_aside(self) -> Script:
        disk = self.disk
        if disk.there(self.kept):
            if disk.there(self.manifest):
                self.run.complain(f"somebody has put another {self.manifest} in its place")
                return 3
            return 0
        if not disk.there(self.manifest):
            self.run.complain(f"{self.manifest} is gone")
            return 3
        disk.mkdir(self.aside, 0o700)
        yield 0.01
        disk.write(f"{self.aside}/listeners", b"77 1\n" if self.run.master.api.listening else b"")
        yield 0.01
        disk.write(f"{self.aside}/run", f"{self.this}\n".encode())
        yield 0.01
        disk.sync()
        disk.rename(self.manifest, self.kept)
        yield 0.01
        disk.sync()
        self.run.print(f"put aside: {self.kept}")
        return 0

    def put_back(self) -> Script:
        disk = self.disk
        if disk.there(self.kept):
            if not disk.there(self.manifest):
                disk.rename(self.kept, self.manifest)
                self.run.print(f"put back: {self.manifest}")
            elif self.same():
                disk.remove(self.kept)
            else:
                self.run.print(
                    f"somebody has put another {self.manifest} in its place: ours is kept as {self.kept}"
                )
                return 0
            yield 0.01
            disk.sync()
        disk.remove(f"{self.aside}/listeners")
        yield 0.01
        disk.remove(f"{self.aside}/run")
        yield 0.01
        disk.remove(self.aside)
        yield 0.01
        disk.sync()
        return 0
