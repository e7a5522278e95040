"""Archives and sources that a restore must not take."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

from tests.bad_input import archives as make
from tests.bad_input.archives import DB, gone, on
from tests.bad_input.table import RESTORE, Row, Spoil


def _row(name: str, spoil: Spoil, *names: str, **more: object) -> Row:
    return Row(f"archive: {name}", spoil, names, (RESTORE,), more=more)


def nothing(masters: object) -> None:
    """The masters are well; what is asked for is not."""


ROWS = [
    _row("on no master", gone("m1", "m2", "m3"), "{m1}:", "{archive}", "missing", "none of the masters"),
    _row("missing on one", gone("m2"), "{m2}:", "{archive}", "missing", "--from {m1}"),
    _row("--from one that has none", gone("m2"), "{m2}:", "{archive}", "missing", from_node="nova-master-2"),
    _row("a directory", make.instead(Path.mkdir), "{m2}:", "{archive}", "not a file"),
    _row("a pipe", make.instead(lambda path: os.mkfifo(path)), "{m2}:", "{archive}", "not a file"),
    _row("a dangling link", make.instead(lambda path: path.symlink_to("gone")), "{m2}:", "{archive}", "missing"),
    _row("empty", on(make.empty, "m2"), "{m2}:", "{archive}", "damaged"),
    _row("truncated", on(make.cut, "m2"), "{m2}:", "{archive}", "truncated"),
    _row("bit flipped", on(make.flipped, "m2"), "{m2}:", "{archive}", "damaged"),
    _row("not gzip", on(make.plain_text, "m2"), "{m2}:", "{archive}", "damaged", "gzip"),
    _row("gzip of no tar", on(make.zipped_text, "m2"), "{m2}:", "{archive}", "damaged", "tar"),
    _row("bit flipped in the db", on(make.flipped_inside, "m2"), "{m2}:", "{archive}", "hash at its end"),
    _row("no trailer", on(make.without_trailer, "m2"), "{m2}:", "{archive}", "not a whole etcd snapshot"),
    _row("half a snapshot", on(make.cut_inside, "m2"), "{m2}:", "{archive}", "hash at its end"),
    _row("no database of etcd", on(make.no_database), "{m2}:", "{archive}", "revision cannot be read"),
    _row("no .db", on(make.named("opt/backup/x.txt"), "m2"), "{m2}:", "{archive}", "no .db inside"),
    _row("two .db", on(make.named("a.db", "b.db"), "m2"), "{m2}:", "{archive}", "2 .db files inside"),
    _row("../x", on(make.named("opt/../../x.db"), "m2"), "{m2}:", "{archive}", ".. inside", "x.db"),
    _row("absolute", on(make.named("/etc/x.db"), "m2"), "{m2}:", "{archive}", "absolute name inside: /etc/x.db"),
    _row("a link", on(make.beside("opt/etcd", tarfile.SYMTYPE, "/etc"), "m2"), "{m2}:", "{archive}", "symbolic link inside"),
    _row("a hard link", on(make.beside("y.db", tarfile.LNKTYPE, DB), "m2"), "{m2}:", "{archive}", "hard link inside"),
    _row("a device", on(make.beside("null", tarfile.CHRTYPE), "m2"), "{m2}:", "{archive}", "neither a file nor a directory inside: null"),
    _row("a pipe inside", on(make.beside("pipe", tarfile.FIFOTYPE), "m2"), "{m2}:", "{archive}", "neither a file nor a directory inside: pipe"),
    _row("an odd name", on(make.named("x\ny.db"), "m2"), "{m2}:", "{archive}", "odd file name"),
    _row("foreign", on(make.of("10")), "{m2}:", "{archive}", "not of this cluster", "https://10", "--overrule foreign-snapshot"),
    _row("another on one", on(make.other, "m2"), "{archive}", "{m1}: sha256", "{m2}: sha256", "--from NODE"),
    _row("a path that is not there", nothing, "{m2}:", "/tmp/none.db.tar.gz is missing", snapshot="/tmp/none.db.tar.gz"),
    _row("a relative path", nothing, "--snapshot tmp/x.db", "absolute path", snapshot="tmp/x.db"),
    _row("--from nobody", nothing, "--from nova-master-9", "{m1}, {m2}, {m3}", from_node="nova-master-9"),
    _row("--survivor nobody", nothing, "--survivor nova-master-9", "{m1}, {m2}, {m3}", survivor="nova-master-9"),
    _row("two sources", nothing, "--snapshot", "--survivor", "exclude each other", snapshot="x", survivor="nova-master-1"),
    _row("no source", nothing, "no snapshot was chosen", "--snapshot PATH", snapshot=""),
    _row("--without nobody", nothing, "--without nova-master-9", "{m1}, {m2}, {m3}", without=("nova-master-9",)),
    _row("--without all", nothing, "--without", "nobody is left", without=("nova-master-1", "nova-master-2", "nova-master-3")),
    _row("--without most", nothing, "{m1}, {m3}", "answer", without=("nova-master-1", "nova-master-3")),
    _row("--without its source", nothing, "--from nova-master-2", "left out", without=("nova-master-2",), from_node="nova-master-2"),
    _row("--without, token kept", nothing, "--token keep", "--without", without=("nova-master-2",), token="keep"),
    _row("--bump-revision of 3.5.1", nothing, "{m2}:", "--bump-revision", "3.5.10", "3.5.1", bump_revision=True),
]  # fmt: skip
