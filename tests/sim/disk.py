"""The disk of one master, in memory: a tree, inodes, file locks, and what a power-off leaves of it.

What was done since the last ``sync`` may be lost at a power-off, the last of it first (an ordered journal, as ext4 and
xfs keep it). ``watch`` hears of every change before it happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random

Path = str


@dataclass(eq=False)
class File:
    inode: int
    content: bytes = b""
    mode: int = 0o600
    owner: str = "0:0"
    mtime: int = 0
    exclusive: object | None = None  # who holds its flock
    shared: list[object] = field(default_factory=list)


@dataclass(eq=False)
class Dir:
    inode: int
    mode: int = 0o755
    owner: str = "0:0"
    mtime: int = 0
    children: dict[str, File | Dir] = field(default_factory=dict)


class NoSpace(Exception):
    """The disk is full."""


@dataclass(frozen=True)
class Change:
    """One change that is about to happen. ``what``: write, rename, remove, mkdir, chmod. ``node`` is what is at ``path``."""

    what: str
    path: Path
    to: Path = ""
    node: File | Dir | None = None
    content: bytes = b""


class Disk:
    """Paths are absolute. Methods of a missing parent raise FileNotFoundError; none of them ever asks the real disk."""

    def __init__(self, clock: Callable[[], int] = lambda: 0) -> None:
        self._inodes = 1000
        self._clock = clock
        self._undo: list[tuple[Change, Callable[[], None]]] = []
        self.root = Dir(inode=2)
        self.full_under: tuple[Path, ...] = ()
        self.watch: Callable[[Change], None] = lambda change: None
        self.lost: Callable[[Change], None] = lambda change: None

    # looking

    def find(self, path: Path) -> File | Dir | None:
        here: File | Dir | None = self.root
        for name in path.split("/"):
            if name:
                here = here.children.get(name) if isinstance(here, Dir) else None
        return here

    def there(self, path: Path) -> bool:
        return self.find(path) is not None

    def file(self, path: Path) -> File | None:
        found = self.find(path)
        return found if isinstance(found, File) else None

    def read(self, path: Path) -> bytes | None:
        found = self.find(path)
        return found.content if isinstance(found, File) else None

    def text(self, path: Path) -> str | None:
        raw = self.read(path)
        return None if raw is None else raw.decode("utf-8", "replace")

    def line(self, path: Path) -> str:
        """``head -n 1 FILE 2>/dev/null`` in a command substitution."""
        return (self.text(path) or "").split("\n")[0]

    def names(self, path: Path) -> list[str]:
        found = self.find(path)
        return sorted(found.children) if isinstance(found, Dir) else []

    def walk(self, path: Path = "") -> Iterator[tuple[Path, File | Dir]]:
        """All below ``path``, itself excluded, by name."""
        found = self.find(path)
        if isinstance(found, Dir):
            for name in sorted(found.children):
                yield f"{path}/{name}", found.children[name]
                yield from self.walk(f"{path}/{name}")

    def reachable(self, inode: int) -> Path | None:
        return next((path for path, node in self.walk() if node.inode == inode), None)

    # changing

    def mkdir(self, path: Path, mode: int = 0o755, owner: str = "0:0") -> Dir:
        """With parents; what is there stays as it is."""
        found = self.find(path)
        if isinstance(found, Dir):
            return found
        parent, name = self._parent(path, make=True)
        change = self._about(Change("mkdir", path))
        made = Dir(self._inode(), mode, owner, self._clock())
        self._put(change, parent, name, made)
        return made

    def write(self, path: Path, content: bytes, mode: int = 0o600) -> File:
        """Create, or replace the content in place."""
        if content and any(path == top or path.startswith(f"{top}/") for top in self.full_under):
            if not self.there(path):
                self.write(path, b"", mode)  # its name still has room
            raise NoSpace(path)
        parent, name = self._parent(path)
        found = parent.children.get(name)
        change = self._about(Change("write", path, node=found, content=content))
        if isinstance(found, File):
            before = (found.content, found.mtime)
            found.content, found.mtime = content, self._clock()
            self._undo.append((change, lambda: _restore(found, *before)))
            return found
        if isinstance(found, Dir):
            raise IsADirectoryError(path)
        made = File(self._inode(), content, mode, mtime=self._clock())
        self._put(change, parent, name, made)
        return made

    def rename(self, source: Path, target: Path) -> None:
        """``mv -T``: a directory replaces only an empty one. Raises OSError."""
        old_parent, old_name = self._parent(source)
        new_parent, new_name = self._parent(target)
        node = old_parent.children.get(old_name)
        if node is None:
            raise FileNotFoundError(source)
        there = new_parent.children.get(new_name)
        if isinstance(there, Dir) and (isinstance(node, File) or there.children):
            raise FileExistsError(target)
        if isinstance(there, File) and isinstance(node, Dir):
            raise FileExistsError(target)
        change = self._about(Change("rename", source, target, node))
        before_old, before_new = dict(old_parent.children), dict(new_parent.children)
        del old_parent.children[old_name]
        new_parent.children[new_name] = node

        def undo() -> None:
            new_parent.children = before_new
            old_parent.children = before_old

        self._undo.append((change, undo))

    def remove(self, path: Path) -> None:
        """``rm -rf``."""
        found = self.find(path)
        if found is None:
            return
        parent, name = self._parent(path)
        change = self._about(Change("remove", path, node=found))
        before = dict(parent.children)
        del parent.children[name]
        self._undo.append((change, lambda: _refill(parent, before)))

    def chmod(self, path: Path, *, mode: int | None = None, owner: str | None = None) -> None:
        found = self.find(path)
        assert found is not None, path
        self._about(Change("chmod", path, node=found))
        if mode is not None:
            found.mode = mode
        if owner is not None:
            for _, node in [(path, found), *self.walk(path)]:
                node.owner = owner

    def sync(self) -> None:
        """Everything up to here survives."""
        self._undo.clear()

    def crash(self, random: Random) -> int:
        """A power-off: some of what was not synced is lost, the latest first; how many changes. Locks are gone."""
        lost = random.randint(0, len(self._undo)) if self._undo else 0
        for _ in range(lost):
            change, undo = self._undo.pop()
            undo()
            self.lost(change)
        self._undo.clear()
        for _, node in self.walk():
            if isinstance(node, File):
                node.exclusive, node.shared = None, []
        return lost

    def _parent(self, path: Path, *, make: bool = False) -> tuple[Dir, str]:
        above, _, name = path.rstrip("/").rpartition("/")
        parent = self.find(above)
        if parent is None and make:
            parent = self.mkdir(above)
        if not isinstance(parent, Dir):
            raise FileNotFoundError(path)
        return parent, name

    def _about(self, change: Change) -> Change:
        self.watch(change)
        return change

    def _put(self, change: Change, parent: Dir, name: str, node: File | Dir) -> None:
        before = dict(parent.children)
        parent.children[name] = node
        self._undo.append((change, lambda: _refill(parent, before)))

    def _inode(self) -> int:
        self._inodes += 1
        return self._inodes


def _restore(file: File, content: bytes, mtime: int) -> None:
    file.content, file.mtime = content, mtime


def _refill(parent: Dir, children: dict[str, File | Dir]) -> None:
    parent.children = children
