"""What makes a demo's masters harder to enter: a key with a passphrase, a sudo with a password."""

from __future__ import annotations

import hashlib
from pathlib import Path

import asyncssh

from novatui.demo.layout import MasterFiles


def sudo(master: MasterFiles, password: str) -> None:
    """sudo of ``master`` wants ``password``; an empty one: none."""
    if not password:
        master.sudo_file.unlink(missing_ok=True)
        return
    master.sudo_file.touch(mode=0o600)
    master.sudo_file.write_text(hashlib.sha256(password.encode()).hexdigest())


def encrypt_key(path: Path, passphrase: str) -> None:
    """The OpenSSH key at ``path``, in place, 0600."""
    key = asyncssh.read_private_key(str(path))
    part = path.with_name(f".{path.name}.part")
    part.touch(mode=0o600)
    part.write_bytes(key.export_private_key("openssh", passphrase=passphrase))
    part.rename(path)
