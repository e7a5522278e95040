"""Our own bugs: the traceback goes to a file, a calm sentence to the person."""

from __future__ import annotations

import errno
import logging
import os
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from novatui import __version__
from novatui.present.i18n import _

EXIT_BUG = 70
_OF_THE_MACHINE = {
    *(
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EACCES,
        errno.EPERM,
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EIO,
    ),
    *(errno.EMFILE, errno.ENFILE, errno.ENAMETOOLONG, errno.ELOOP),
}


def report(error: BaseException) -> int:
    """Keep ``error``'s traceback in the log, say where, and return 70."""
    text = "".join(traceback.format_exception(error))
    head = f"{datetime.now(UTC).isoformat(timespec='milliseconds')} novatui {__version__} pid {os.getpid()}\n"
    where = _keep(head + text)
    words = _("stopped by a bug of its own ({error}); the traceback is in {where}")
    print(f"novatui: {words.format(error=type(error).__name__, where=where)}", file=sys.stderr)
    return EXIT_BUG


def of_the_machine(error: OSError) -> int:
    """A disk that is full or read-only, a directory that is another user's: said with its path. What is none of that is
    ``report``'s."""
    if error.errno not in _OF_THE_MACHINE:
        return report(error)
    logging.getLogger(__name__).info("ended by this machine", exc_info=error)
    where = str(error.filename or _("standard output"))
    print(": ".join(("novatui", where, error.strerror or str(error))), file=sys.stderr)
    return 1


def _keep(text: str) -> Path:
    """Append to the log of the state directory; where that cannot be had, a new private file under the temp dir."""
    try:
        from novatui import paths

        log = paths.state_dir() / "novatui.log"
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
    except Exception:
        # Whatever is wrong with the state directory must not hide the bug that is being reported.
        handle, name = tempfile.mkstemp(prefix="novatui-", suffix=".log")
        log = Path(name)
    with os.fdopen(handle, "a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text + "\n")
    return log
