"""What a lab needs of the machine it runs on, in words."""

from __future__ import annotations

import os
import shutil
import sys

# Command -> the Debian package that has it.
COMMANDS = {
    "systemd-nspawn": "systemd-container",
    "debootstrap": "debootstrap",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "apt-get": "apt",
}
SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class LabMissing(RuntimeError):
    """This machine cannot have a lab."""


def lacks() -> str:
    """Why no lab can be had here; empty when it can."""
    if sys.platform != "linux":
        return "the lab's hosts are Linux containers: it needs Linux"
    if os.geteuid() != 0:
        return "the lab makes namespaces, mounts and cgroups: it needs root"
    missing = sorted({package for name, package in COMMANDS.items() if not which(name)})
    if missing:
        return f"the lab needs: apt-get install {' '.join(missing)}"
    return ""


def which(name: str) -> str | None:
    """Also what is in sbin, which a login's PATH may lack."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}")


def require() -> None:
    """Raises LabMissing."""
    if why := lacks():
        raise LabMissing(why)
