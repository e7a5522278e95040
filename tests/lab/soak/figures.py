"""What a soak says at its end, in figures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.lab.soak.checks import Found


@dataclass
class Figures:
    """``failed``: seed of each iteration in which something did not hold, with what. Times in seconds."""

    iterations: int = 0
    runs: Counter[str] = field(default_factory=Counter)
    survived: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    keys_lost: int = 0
    applied_twice: int = 0
    blank: int = 0
    leaderless_s: float = 0.0
    took_s: list[float] = field(default_factory=list)
    failed: dict[int, list[str]] = field(default_factory=dict)

    def add(self, found: Found) -> None:
        self.keys_lost += found.keys_lost
        self.applied_twice += found.applied_twice
        self.blank += found.blank

    def text(self) -> str:
        runs = ", ".join(f"{name} {self.survived[name]}/{self.runs[name]}" for name in sorted(self.runs))
        faults = ", ".join(f"{kind} {times}" for kind, times in self.faults.most_common())
        ends = ", ".join(f"{word} {times}" for word, times in self.ends.most_common())
        mean = sum(self.took_s) / len(self.took_s) if self.took_s else 0.0
        return f"""\
iterations {self.iterations}, {mean:.1f} s each
faults injected {self.faults.total()}: {faults}
runs survived {self.survived.total()} of {self.runs.total()}: {runs}; {ends}
keys lost {self.keys_lost}
steps applied twice {self.applied_twice}
blank members that served {self.blank}
longest leaderless time at restart {self.leaderless_s:.1f} s"""
