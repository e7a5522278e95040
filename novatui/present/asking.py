"""Questions for what only a person knows, in words: for whom, for what, and whether the last answer was wrong."""

from __future__ import annotations

from novatui.model.sanitize import clean
from novatui.present.i18n import _, translated

TRIES = 3


def secret_title(kind: str, node: str, what: str) -> str:
    """One line without an end: what is to be typed. ``kind`` is a ``SecretKind``, ``what`` as in ``SecretAsk``."""
    match kind:
        case "passphrase":
            return _("passphrase of the key {what}").format(what=what)
        case "password":
            return _("password of {what}").format(what=what)
        case "sudo":
            return _("sudo password of {what} on {node}").format(what=what, node=node)
    return _("{node} asks: {what}").format(node=node, what=what)


def secret_purpose(kind: str, node: str) -> str:
    """What the answer is used for."""
    match kind:
        case "passphrase":
            return _("opens the key, to log in to {node} and every other host that takes it").format(
                node=node
            )
        case "password":
            return _("to log in, for {node}").format(node=node)
        case "sudo":
            return _("to act as root there; tried on the other masters before they ask for theirs")
    return _("the server's own question, to log in")


def wrong_answer(attempt: int) -> str:
    """Empty at the first try."""
    if attempt <= 1:
        return ""
    return _("That was not it. Try {n} of {tries}.").format(n=attempt, tries=TRIES)


def kept_where() -> str:
    """What becomes of the answer."""
    return _("kept in memory only, gone when novatui ends")


def not_taken(code: str, why: str) -> str:
    """A runner's reply that is no yes. Where none came (``unknown``) it may have taken it all the same."""
    words = _("not known: {why}") if code == "unknown" else _("not taken: {why}")
    return words.format(why=clean(translated(why) or code))


def host_key_facts(node: str, host: str, port: int, key_type: str, fingerprint: str) -> list[tuple[str, str]]:
    """Label and value of an unknown host's key."""
    where = host if port == 22 else _("{host} port {port}").format(host=host, port=port)
    return [(_("Host"), f"{node}  {where}"), (_("Key"), key_type), (_("Fingerprint"), fingerprint)]


def host_key_advice(key_type: str) -> str:
    """How a person finds out whether the key is the right one."""
    name = {"ssh-ed25519": "ed25519", "ssh-rsa": "rsa"}.get(
        key_type, "ecdsa" if key_type.startswith("ecdsa") else ""
    )
    file = f"/etc/ssh/ssh_host_{name}_key.pub" if name else "/etc/ssh/ssh_host_*_key.pub"
    return _("compare on the host's own console: ssh-keygen -lf {file}").format(file=file)
