"""The archive: its list of contents, and the one file, whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from novatui import __version__
from novatui.bundle.gathering import Gathered, Item
from novatui.errors import NovatuiError
from novatui.present.i18n import _, translated
from novatui.present.numbers import grouped

CONTENTS = "CONTENTS.txt"
# A file system that has no hard links, as vfat, or one of FUSE.
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS)


def contents(cluster: str, at_s: int, since_s: int, gathered: Gathered) -> str:
    """What is in it, piece by piece, and what is missing: shown before it is written, and kept in it."""
    lines = [
        _("Support bundle of the cluster {cluster}, made {when} by novatui {version}").format(
            cluster=cluster, when=_utc(at_s), version=__version__
        ),
        _("Journals from {when} on. Secrets are masked as ***: how often is in the last column.").format(
            when=_utc(since_s)
        ),
        "",
    ]
    table = [
        (item.node or _("(here)"), item.file, translated(item.what), grouped(item.size), str(item.masked))
        for item in gathered.items
    ]
    lines += _table((_("MASTER"), _("FILE"), _("WHAT"), _("BYTES"), _("MASKED")), table)
    size, masked = sum(item.size for item in gathered.items), sum(item.masked for item in gathered.items)
    lines += [
        "",
        _("{n} files, {size} bytes before they are packed, {masked} secrets masked").format(
            n=len(gathered.items), size=grouped(size), masked=masked
        ),
    ]
    if gathered.missing:
        lines += ["", _("Not in it:")]
        lines += [
            f"  {one.node}: {f'{one.file}: ' if one.file else ''}{translated(one.why)}"
            for one in gathered.missing
        ]
    return "\n".join(lines) + "\n"


def write(path: Path, root: str, listing: str, items: Sequence[Item], at_s: int) -> int:
    """A ``.tar.gz``, 0600, whole or none; never over another file. Its size. Raises NovatuiError."""
    part = ""
    try:
        fd, part = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # 0600, and new
        with os.fdopen(fd, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz") as archive:
                for name, text in ((CONTENTS, listing), *((_inside(item), item.text) for item in items)):
                    data = text.encode()
                    info = tarfile.TarInfo(f"{root}/{name}")
                    info.size, info.mtime, info.mode = len(data), at_s, 0o600
                    archive.addfile(info, io.BytesIO(data))
            file.flush()
            os.fsync(file.fileno())
        _place(part, path)
        return path.stat().st_size
    except FileExistsError:
        raise NovatuiError(
            f"{path} is there already", "nothing was written", "name a new file with -o"
        ) from None
    except OSError as error:
        raise NovatuiError(
            "The bundle could not be written", f"{path}: {error.strerror or error}", "nothing was left there"
        ) from error
    finally:
        if part:
            Path(part).unlink(missing_ok=True)


def _place(part: str, path: Path) -> None:
    """Never in another file's place, as a rename would. Raises OSError, and nothing is left at ``path``."""
    try:
        os.link(part, path)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        try:
            with os.fdopen(fd, "wb") as file, Path(part).open("rb") as written:
                shutil.copyfileobj(written, file)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise


def _inside(item: Item) -> str:
    return f"{item.node}/{item.file}" if item.node else item.file


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    right = (3, 4)

    def line(row: Sequence[str]) -> str:
        cells = [
            word.rjust(width) if column in right else word.ljust(width)
            for column, (word, width) in enumerate(zip(row, widths, strict=True))
        ]
        return "  ".join(cells).rstrip()

    return [line(head), *map(line, rows)]


def _utc(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
