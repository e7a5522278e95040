"""From what a master printed to what is kept of it: one form a kind, every secret masked and counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from novatui.bundle.pieces import Kind
from novatui.bundle.units import masked_unit
from novatui.model.masking import mask, mask_env, struck
from novatui.model.sanitize import clean

LINE_CAP = 16_384  # characters of one line
_PEM = re.compile(r"-----BEGIN CERTIFICATE-----\s[A-Za-z0-9+/=\s]+?-----END CERTIFICATE-----")
_HEAD = "== "
# What only draws, and colours as JSON writes them: a name that is coloured would hide from the masks. No more than
# loggers use: a sequence that is broken off must not take a name's first letter with it.
_DRAWN = re.compile(
    r"""(?:\x1b\[|\x9b)(?:[HJKm]|[?0-9;:]{1,64}[A-HJKSTfhlmnr])|\x1b[()][0B]
      |\\{1,16}(?:x|u00)1[bB]\[[0-9;:]{0,64}m""",
    re.X,
)


def kept(raw: bytes, kind: Kind, secrets: Sequence[str] = ()) -> tuple[str, int]:
    """The text, and how often something was masked in it. ``secrets``: known values, struck out wherever they stand."""
    text = raw.decode("utf-8", "backslashreplace")
    if kind is Kind.CERTS:
        text = certificates(text)
    elif kind is Kind.JOURNAL:
        text = journal(text.split("\n"))  # a message may have other ends of lines in it
    text, count = struck(_DRAWN.sub("", text), secrets)
    found = 0
    if kind is Kind.ENV:
        text, found = _env_files(text)
    elif kind is Kind.UNIT:
        text, found = masked_unit(text)
    text, more = mask(text)
    lines = (clean(line, cap=LINE_CAP) for line in text.splitlines())
    return "\n".join(lines).rstrip("\n") + "\n", count + found + more


def journal(lines: Iterable[str]) -> str:
    """``journalctl -o json`` as lines of text: time (UTC), identifier and pid, message. What is no record stays as it is."""
    out: list[str] = []
    for line in lines:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            # The first line may be the end of one: more than what is taken was there.
            out.append("(the beginning is cut off)" if not out and line.endswith("}") else line)
            continue
        if isinstance(record, dict):
            out.append(_record(record))
    return "\n".join(out)


def certificates(text: str) -> str:
    """Subjects, issuers and dates of every certificate; of the file nothing else."""
    out = []
    for block in re.split(rf"(?m)^(?={_HEAD})", text):
        if not block.startswith(_HEAD):
            continue
        out.append(block.splitlines()[0])
        found = _PEM.findall(block)
        out += [_certificate(pem) for pem in found] or ["   no certificate in it, or it cannot be read"]
    return "\n".join(out)


def _certificate(pem: str) -> str:
    from cryptography import x509

    try:
        one = x509.load_pem_x509_certificate(pem.encode("ascii"))
        words = [
            f"   subject    {one.subject.rfc4514_string()}",
            f"   issuer     {one.issuer.rfc4514_string()}",
            f"   not before {one.not_valid_before_utc.isoformat()}",
            f"   not after  {one.not_valid_after_utc.isoformat()}",
        ]
        names = _names(one)
        return "\n".join(words + ([f"   names      {names}"] if names else []))
    except Exception as error:  # what may be wrong in one has many classes, and no base of them
        return f"   a certificate that cannot be read: {error}"


def _names(one: Any) -> str:
    from cryptography import x509

    try:
        found = one.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return ""
    except Exception as error:  # as above; subject and dates were read
        return f"(cannot be read: {error})"
    return ", ".join(str(name.value) for name in found)


def _record(record: dict[str, Any]) -> str:
    stamp = str(record.get("__REALTIME_TIMESTAMP", ""))
    micros = int(stamp) if stamp.isascii() and stamp.isdigit() and len(stamp) < 18 else 0
    when = datetime.fromtimestamp(micros / 1e6, UTC).isoformat(timespec="milliseconds")
    who, pid = record.get("SYSLOG_IDENTIFIER"), record.get("_PID")
    name = f"{who if isinstance(who, str) else '?'}{f'[{pid}]' if isinstance(pid, str) else ''}"
    return f"{when} {name}: {_message(record.get('MESSAGE'))}"


def _message(value: object) -> str:
    if isinstance(value, list) and all(isinstance(one, int) and 0 <= one < 256 for one in value):
        return bytes(value).decode("utf-8", "backslashreplace")
    return value if isinstance(value, str) else "(no text)"


def _env_files(text: str) -> tuple[str, int]:
    """The heads of the files are ours: a path, and nothing that an env file could assign."""
    out, count = [], 0
    for part in re.split(rf"(?m)^({_HEAD}/[^=\n]*\n?)", text):
        shown, found = (part, 0) if part.startswith(f"{_HEAD}/") else mask_env(part)
        out.append(shown)
        count += found
    return "".join(out), count
