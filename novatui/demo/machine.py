"""What a unit needs of its master."""

from __future__ import annotations

from dataclasses import dataclass

from novatui.demo.children import Children
from novatui.demo.journal import Journal
from novatui.demo.layout import MasterFiles


@dataclass
class Machine:
    """The master's files, its journal, and who starts its processes."""

    files: MasterFiles
    journal: Journal
    children: Children

    @property
    def owner(self) -> str:
        return str(self.files.root)
